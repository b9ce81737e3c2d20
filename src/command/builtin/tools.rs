//! `/tools`: lists the tools.

use std::fmt::Write;

use serde_json::Value;

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler, Completes};
use crate::command::skill::summary;
use crate::contract::BoxFuture;

/// `/tools`.
pub(super) fn command() -> Command {
    Command::built_in(
        "tools",
        "[TOOL]",
        "Lists the tools, or shows one with its parameters",
        "A line `TOOL {JSON}` calls a tool, for instance `text_stats {\"text\": \"one two\"}`.",
        ToolsCommand,
    )
}

/// Lists the tools of guests and of the embedder, or shows one.
struct ToolsCommand;

impl CommandHandler for ToolsCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            Ok(CommandOutcome::text(match call.arguments {
                "" => all(&call),
                name => one(&call, name)?,
            }))
        })
    }

    fn completes(&self) -> Option<Completes> {
        Some(Completes::Tools)
    }
}

/// A line for each tool, guests first.
fn all(call: &CommandCall<'_>) -> String {
    let guests = call.host.registry().tools();
    let guests =
        guests.iter().map(|tool| (tool.full_name(), summary(&tool.description().description)));
    let native = call.host.native_tools();
    let native = native.iter().map(|tool| (tool.name().to_owned(), summary(tool.description())));
    let tools: Vec<_> = guests.chain(native).collect();
    if tools.is_empty() {
        return "there are no tools".into();
    }
    let lines = tools.iter().map(|(name, summary)| format!("{name}  {summary}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// One tool with its parameters, as far as its schema names them in plain form.
///
/// # Errors
///
/// The host's error for a name that is unknown or ambiguous.
fn one(call: &CommandCall<'_>, name: &str) -> Result<String, CommandError> {
    let tool = call.host.tool(name)?;
    let mut text = format!("{}\n{}\n\nparameters:", tool.name(), tool.description());
    let schema = tool.parameters_schema();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    match schema["properties"].as_object().filter(|properties| !properties.is_empty()) {
        None => text.push_str(" any object"),
        Some(properties) => {
            for (name, property) in properties {
                let kind = property["type"].as_str().unwrap_or("any");
                let description = property["description"].as_str().unwrap_or_default();
                let needed = if required.contains(&name.as_str()) { ", required" } else { "" };
                // Writing to a string can't fail.
                let _ = write!(text, "\n  {name} ({kind}{needed})  {description}");
            }
        }
    }
    Ok(text)
}
