//! `weft-lite tools`: what can be called.

use argh::FromArgs;
use serde_json::{Map, Value};
use weft_lite::{ToolDescription, ToolEntry};

use super::logs::{self, Verbosity};
use super::options::Options;
use super::{Failure, Status, output, report};

/// List the tools that can be called; with --json, with their schemas.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "tools",
    example = "{command_name}\n{command_name} --json",
    note = "The options of `weft-lite --help` apply."
)]
pub(super) struct Tools {}

pub(super) fn run(options: &Options) -> Result<Status, Failure> {
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
    } = tool.description().clone();
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    set("name", tool.full_name().into());
    set("plugin", tool.plugin.manifest.id.clone().into());
    set("tool", name.into());
    set("description", description.into());
    set("input_schema", input_schema);
    if let Some(schema) = output_schema {
        set("output_schema", schema);
    }
    set("read_only", read_only.into());
    set("asks_for_input", asks_for_input.into());
    fields.into()
}
