//! `/clear` and `/quit`: clears the conversation, and ends the session.

use crate::command::answer::{Answer, CommandOutcome};
use crate::command::error::CommandError;
use crate::command::plugin_tool;
use crate::command::registry::{CLEAR, Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;

/// `/clear`.
pub(super) fn clear() -> Command {
    let summary = "Forgets this conversation: the skills in use, and what plugins remember of it";
    Command::built_in(CLEAR, "", summary, "", Clear)
}

/// `/quit`, also `/exit`.
pub(super) fn quit() -> Command {
    let mut command =
        Command::built_in("quit", "", "Leaves the console or closes the connection", "", Quit);
    command.aliases.push("exit".into());
    command
}

/// Forgets the skills in use, says how many there were, and lets plugins forget.
struct Clear;

impl CommandHandler for Clear {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            // First what nobody else can hold up.
            let skills = call.conversation.clear();
            let mut lines = plugin_tool::clear(&call).await;
            match skills {
                0 if lines.is_empty() => lines.push("there was nothing to forget".into()),
                0 => {}
                1 => lines.push("forgot one skill".into()),
                count => lines.push(format!("forgot {count} skills")),
            }
            Ok(CommandOutcome::text(lines.join("\n")))
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
