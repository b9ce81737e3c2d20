//! `/status`: shows the state of everything that runs.

use std::fmt::Write;

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;

/// `/status`.
pub(super) fn command() -> Command {
    Command::built_in(
        "status",
        "",
        "Shows the state of everything that runs",
        "States: registered, starting, running, stopping, stopped, failed.",
        StatusCommand,
    )
}

/// Shows the state.
struct StatusCommand;

impl CommandHandler for StatusCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move { Ok(CommandOutcome::text(status(&call))) })
    }
}

/// The counts of the snapshot and the memory in use, then the members with their states.
fn status(call: &CommandCall<'_>) -> String {
    let snapshot = call.host.snapshot();
    let memory = call.host.memory_budget();
    let mut text = format!(
        "generation {}: {} plugins, {} tools, {} skills active\nguests' memory: {} of {} bytes",
        snapshot.generation,
        snapshot.plugins.plugins().count(),
        snapshot.plugins.tools().len(),
        snapshot.skills.active().count(),
        memory.held(),
        memory.limit(),
    );
    // Writing to a string can't fail.
    for member in call.host.members().iter() {
        let (kind, name, origin, state) =
            (member.kind, &member.name, &member.origin, &member.state);
        let restarts = match member.restarts {
            0 => String::new(),
            1 => ", restarted once".to_owned(),
            times => format!(", restarted {times} times"),
        };
        let _ = write!(text, "\n{kind} {name} ({origin}{restarts})  {state}");
    }
    for plugin in snapshot.plugins.plugins() {
        let _ = write!(text, "\nplugin {}  running", plugin.manifest.id);
    }
    for plugin in snapshot.plugins.refused() {
        let id = plugin.id.as_deref().unwrap_or(&plugin.origin);
        let _ = write!(text, "\nplugin {id}  failed: {}", call.reason(&plugin.error));
    }
    for collision in call.registry.collisions() {
        let _ = write!(text, "\nerror: {collision}\n  try: {}", collision.next_step());
    }
    text
}
