//! `/audit`: shows the last requests of plugins to the host.

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;
use crate::sandbox::audit_line;

/// Records that are shown unless another number is asked for, and at most.
const SHOWN: usize = 10;
/// Records that are shown at most: a chat is no place for a whole log.
const AT_MOST: usize = 100;

/// `/audit`, for the owner alone: the log names files and hosts.
pub(super) fn command() -> Command {
    Command::built_in(
        "audit",
        "[COUNT]",
        "Shows the last host calls of plugins",
        "Ten of them, or as many as are asked for up to 100.",
        AuditCommand,
    )
    .for_owner()
}

/// Shows the newest records.
struct AuditCommand;

impl CommandHandler for AuditCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let count = match call.arguments {
                "" => SHOWN,
                number => number
                    .parse()
                    .ok()
                    .filter(|count| (1..=AT_MOST).contains(count))
                    .ok_or_else(|| CommandError::Usage { usage: "/audit 100".into() })?,
            };
            let records = call.host.recent_audit(count).await;
            if records.is_empty() {
                return Ok(CommandOutcome::text("no plugin has asked the host for anything"));
            }
            Ok(CommandOutcome::text(records.iter().map(audit_line).collect::<Vec<_>>().join("\n")))
        })
    }
}
