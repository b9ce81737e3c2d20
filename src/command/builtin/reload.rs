//! `/reload`: reloads all plugins and skills.

use std::sync::Arc;

use super::Administration;
use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler};
use crate::contract::BoxFuture;

pub(super) fn command(administration: Arc<dyn Administration>) -> Command {
    Command::built_in("reload", "", "Reloads all plugins and skills", "", Reload(administration))
        .for_owner()
}

struct Reload(Arc<dyn Administration>);

impl CommandHandler for Reload {
    fn run<'a>(
        &'a self,
        _call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move { Ok(CommandOutcome::text(self.0.reload().await?)) })
    }
}
