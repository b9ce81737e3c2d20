//! `/plugins`: lists the plugins, with the reason if one is not loaded.

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::{ActionableError, BoxFuture};

/// `/plugins`.
pub(super) fn command() -> Command {
    Command::built_in(
        "plugins",
        "",
        "Lists the plugins, with the reason if one does not run",
        "",
        PluginsCommand,
    )
}

/// A line for each plugin in service, then the refused ones with the reason and a next step.
struct PluginsCommand;

impl CommandHandler for PluginsCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let registry = call.host.registry();
            let running = registry.plugins().map(|plugin| {
                let manifest = &plugin.manifest;
                let kinds: Vec<_> =
                    manifest.capabilities.iter().map(|kind| kind.as_str()).collect();
                let (id, version, tools) = (&manifest.id, &manifest.version, plugin.tools.len());
                format!("{id} {version}  {}, {tools} tools  ({})", kinds.join(", "), plugin.origin)
            });
            let refused = registry.refused().iter().map(|plugin| {
                let (error, origin) = (&plugin.error, &plugin.origin);
                let reason = call.reason(error);
                let name = match &plugin.id {
                    Some(id) => format!("{id} ({origin})"),
                    None => origin.clone(),
                };
                format!("{name}  not loaded: {reason}\n  try: {}", error.next_step())
            });
            let mut lines: Vec<String> = running.chain(refused).collect();
            if lines.is_empty() {
                lines.push("there are no plugins".into());
            }
            Ok(CommandOutcome::text(lines.join("\n")))
        })
    }
}
