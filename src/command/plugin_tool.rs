//! The commands that plugins contribute: tools whose description names a `command`.

use std::time::Duration;

use serde_json::json;

use super::answer::{Answer, CommandOutcome};
use super::error::CommandError;
use super::registry::{Audience, CLEAR, Command, CommandCall, CommandHandler};
use super::skill::summary;
use super::source::CommandSource;
use crate::actor::{PluginRegistry, ToolEntry};
use crate::contract::{ActionableError, BoxFuture, CallError, guest_words, json_line};
use crate::package::PackageOrigin;
use crate::task::{all, within};

/// Which plugins' commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Providers {
    /// Those of the program itself.
    Bundled,
    /// All others.
    Others,
}

/// One command for each tool of these plugins that is for people. Those for `/clear` run with the built-in one.
pub(super) fn commands(plugins: &PluginRegistry, providers: Providers) -> Vec<Command> {
    let tools = plugins.tools();
    let command = |entry: &ToolEntry| {
        let is_bundled = matches!(entry.plugin.origin, PackageOrigin::Bundled);
        if is_bundled != (providers == Providers::Bundled) {
            return None;
        }
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
            let answer = call_tool(&call, &self.tool, &self.command).await?;
            Ok(CommandOutcome::Answer(answer))
        })
    }
}

/// Calls the tool of a command for the sender.
async fn call_tool(
    call: &CommandCall<'_>,
    tool: &str,
    command: &str,
) -> Result<Answer, CommandError> {
    let params = json!({ "command": call.arguments, "commandName": command });
    let called = call.call_tool(tool, json_line(&params)).await.result;
    let text = called.map_err(|error| match error {
        CallError::Guest { message } => {
            let (message, next_step) = guest_words(&message);
            let next_step = next_step.unwrap_or("`/help` says what the command takes");
            CommandError::Guest { message: message.to_owned(), next_step: next_step.to_owned() }
        }
        error => error.into(),
    })?;
    Ok(Answer::of_result(text))
}

/// How long the plugins may take to forget.
const CLEAR_TIME: Duration = Duration::from_secs(10);

/// Calls every tool that forgets something at `/clear`, all at once. Returns what each says, behind its plugin's id.
pub(super) async fn clear(call: &CommandCall<'_>) -> Vec<String> {
    let clock = call.host.clock();
    let is_one = |entry: &&ToolEntry| entry.description().command.as_deref() == Some(CLEAR);
    let name = |entry: &ToolEntry| (entry.plugin.manifest.id.clone(), entry.full_name());
    let tools: Vec<_> = call.host.registry().tools().iter().filter(is_one).map(name).collect();
    let forget = |(plugin, tool): (String, String)| -> BoxFuture<'_, String> {
        let clock = &*clock;
        Box::pin(async move {
            let line = match within(clock, CLEAR_TIME, call_tool(call, &tool, CLEAR)).await {
                Some(Ok(Answer { text, .. })) => format!("{plugin}: {text}"),
                Some(Err(error)) => {
                    let next_step = error.next_step();
                    format!("{plugin} has not forgotten: {error}; {next_step}")
                }
                None => format!("{plugin} has not forgotten in time; try `/clear` again"),
            };
            // No plugin writes another one's line.
            line.replace('\n', "\n  ")
        })
    };
    all(tools.into_iter().map(forget).collect()).await
}
