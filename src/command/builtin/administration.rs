//! The operations of the program that commands may use.

use crate::command::error::CommandError;
use crate::contract::BoxFuture;
use crate::package::Approval;

/// Changes to the program that commands can ask for. The answers are for people.
pub trait Administration: Send + Sync {
    /// Approves, for the plugin or skill `id`, the part of its requests that `granted` covers, and
    /// brings it into service where nothing is left to approve.
    ///
    /// # Errors
    ///
    /// There is no such plugin, or the approval can't be kept.
    fn approve<'a>(
        &'a self,
        id: &'a str,
        granted: Approval,
    ) -> BoxFuture<'a, Result<String, CommandError>>;

    /// Takes back what was approved for `id`, and keeps it out of service.
    ///
    /// # Errors
    ///
    /// There is no such plugin, or the refusal can't be kept.
    fn reject<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, CommandError>>;

    /// Reloads all plugins and skills.
    ///
    /// # Errors
    ///
    /// Nothing could be looked at.
    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>>;
}
