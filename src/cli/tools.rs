//! `weft-lite tools`: lists the tools.

use argh::FromArgs;
use serde_json::Value;
use weft_lite::ToolDescription;
use weft_lite::actor::ToolEntry;

use super::flags::Options;
use super::logs::{self, Verbosity};
use super::output::{self, AsJson};
use super::{CommandFailure, Status, report};

/// List the tools that can be called; with --json, with their schemas.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "tools",
    example = "{command_name}\n{command_name} --json",
    note = "The options of `weft-lite --help` apply."
)]
pub(super) struct ListTools {}

pub(super) fn run(options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let runtime = options.load()?;
    let registry = runtime.host().registry();
    if options.verbose {
        report::granted(&registry, options);
    }
    report::refused(registry.refused());
    let tools = registry.tools();
    if options.json {
        output::json(&tools.iter().map(described).collect::<Vec<_>>())?;
    } else {
        let row = |tool: &ToolEntry| [tool.full_name(), summary(tool.description()).to_owned()];
        output::table(["tool", "description"], &tools.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(Status::Done)
}

/// The first sentence or line of the tool's description.
pub(super) fn summary(tool: &ToolDescription) -> &str {
    let text = tool.description.trim();
    let line = text.lines().next().unwrap_or_default();
    line.split_once(". ").map_or(line, |(sentence, _)| sentence).trim_end_matches('.')
}

fn described(tool: &ToolEntry) -> Value {
    let ToolDescription {
        name,
        description,
        input_schema,
        output_schema,
        read_only,
        asks_for_input,
        command,
    } = tool.description();
    let full_name = tool.full_name();
    let mut fields: Vec<(&str, &dyn AsJson)> = vec![
        ("name", &full_name),
        ("plugin", &tool.plugin.manifest.id),
        ("tool", name),
        ("description", description),
        ("input_schema", input_schema),
    ];
    if let Some(schema) = output_schema {
        fields.push(("output_schema", schema));
    }
    fields.extend([("read_only", read_only as &dyn AsJson), ("asks_for_input", asks_for_input)]);
    if let Some(command) = command {
        fields.push(("command", command));
    }
    output::object(&fields)
}
