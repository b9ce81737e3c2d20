//! `/clear` and `/quit`: clears the conversation, and ends the session.

use crate::command::answer::{Answer, CommandOutcome};
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;

/// `/clear`.
pub(super) fn clear() -> Command {
    Command::built_in("clear", "", "Removes the skills from this conversation", "", Clear)
}

/// `/quit`, also `/exit`.
pub(super) fn quit() -> Command {
    let mut command =
        Command::built_in("quit", "", "Leaves the console or closes the connection", "", Quit);
    command.aliases.push("exit".into());
    command
}

/// Forgets the skills in use, and says how many there were.
struct Clear;

impl CommandHandler for Clear {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            Ok(CommandOutcome::text(match call.conversation.clear() {
                0 => "there was nothing to forget".into(),
                1 => "forgot one skill".to_owned(),
                count => format!("forgot {count} skills"),
            }))
        })
    }
}

/// Ends the sender's session, after the answer.
struct Quit;

impl CommandHandler for Quit {
    fn run<'a>(
        &'a self,
        _call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async { Ok(CommandOutcome::Leave(Answer::text("goodbye"))) })
    }
}
