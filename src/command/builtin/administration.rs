//! The operations of the program that commands may use.

use crate::command::error::CommandError;
use crate::contract::BoxFuture;
use crate::package::Approval;

/// Changes to the program that commands can ask for. The answers are for people.
pub trait Administration: Send + Sync {
    /// Approves the present content of the plugin or skill `id` and the permissions that `granted` covers, and puts
    /// it into service if nothing is left to approve.
    ///
    /// # Errors
    ///
    /// There is no such plugin or skill, or the approval can't be stored.
    fn approve<'a>(
        &'a self,
        id: &'a str,
        granted: Approval,
    ) -> BoxFuture<'a, Result<String, CommandError>>;

    /// Revokes the approval of `id`, and keeps it out of service.
    ///
    /// # Errors
    ///
    /// There is no such plugin or skill, or the rejection can't be stored.
    fn reject<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, CommandError>>;

    /// Reloads all plugins and skills.
    ///
    /// # Errors
    ///
    /// The loader or the host has stopped.
    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>>;
}
