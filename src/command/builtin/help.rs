//! `/help`: lists the commands.

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler, Completes};
use crate::contract::BoxFuture;

/// `/help`.
pub(super) fn command() -> Command {
    Command::built_in("help", "[COMMAND]", "Lists the commands, or explains one", "", Help)
}

/// Lists the commands, or shows one. Both come from the registry, so that no command can be missing.
struct Help;

impl CommandHandler for Help {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            Ok(CommandOutcome::text(match call.arguments {
                "" => call.registry.overview(),
                name => call.registry.help(name)?,
            }))
        })
    }

    fn completes(&self) -> Option<Completes> {
        Some(Completes::Commands)
    }
}
