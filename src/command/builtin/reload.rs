//! `/reload`: reloads all plugins and skills.

use std::sync::Arc;

use super::Administration;
use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;

/// `/reload`, for the owner alone: it can put changed code into service.
pub(super) fn command(administration: Arc<dyn Administration>) -> Command {
    Command::built_in("reload", "", "Reloads all plugins and skills", "", Reload(administration))
        .for_owner()
}

/// Scans all folders at once, also where no watcher runs.
struct Reload(Arc<dyn Administration>);

impl CommandHandler for Reload {
    fn run<'a>(
        &'a self,
        _call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move { Ok(CommandOutcome::text(self.0.reload().await?)) })
    }
}
