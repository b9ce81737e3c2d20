//! The commands that plugins contribute: tools whose description names a `command`.

use serde_json::{Value, json};

use super::answer::{Answer, CommandOutcome};
use super::error::CommandError;
use super::registry::{Audience, CLEAR, Command, CommandCall, CommandHandler};
use super::skill::summary;
use super::source::CommandSource;
use crate::actor::{PluginRegistry, ToolEntry};
use crate::contract::{BoxFuture, json_line};

/// One command for each tool of these plugins that is for people. Those for `/clear` run with the built-in one.
pub(super) fn commands(plugins: &PluginRegistry) -> Vec<Command> {
    let tools = plugins.tools();
    let command = |entry: &ToolEntry| {
        let description = entry.description();
        let name = description.command.clone().filter(|name| name != CLEAR)?;
        let plugin = entry.plugin.manifest.id.clone();
        Some(Command {
            aliases: Vec::new(),
            argument_hint: "[TEXT]".to_owned(),
            summary: summary(&description.description),
            help: description.description.clone(),
            source: CommandSource::PluginTool { tool: entry.full_name(), plugin },
            audience: Audience::Everyone,
            handler: std::sync::Arc::new(ToolCommand {
                tool: entry.full_name(),
                command: name.clone(),
            }),
            name,
        })
    };
    tools.iter().filter_map(command).collect()
}

/// Calls a tool with the text after the command.
struct ToolCommand {
    tool: String,
    command: String,
}

impl CommandHandler for ToolCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let value = call_tool(&call, &self.tool, &self.command).await?;
            Ok(CommandOutcome::Answer(Answer::value(value)))
        })
    }
}

/// Calls the tool of a command for the sender. A result that is no JSON is a text.
async fn call_tool(
    call: &CommandCall<'_>,
    tool: &str,
    command: &str,
) -> Result<Value, CommandError> {
    let params = json!({ "command": call.arguments, "commandName": command });
    let text = call.call_tool(tool, json_line(&params)).await.result?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Calls every tool that forgets something at `/clear`, and returns what each says.
pub(super) async fn clear(call: &CommandCall<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in call.host.registry().tools() {
        if entry.description().command.as_deref() != Some(CLEAR) {
            continue;
        }
        lines.push(match call_tool(call, &entry.full_name(), CLEAR).await {
            Ok(Value::String(text)) => text,
            Ok(value) => json_line(&value),
            Err(error) => format!("`{}` has not forgotten: {error}", entry.full_name()),
        });
    }
    lines
}
