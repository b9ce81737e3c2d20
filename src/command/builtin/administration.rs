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

    /// A line for each skill that is proposed, with what to type. By default nothing is proposed.
    #[cfg(feature = "autonomous")]
    fn proposed(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }

    /// Answers the proposal of a skill `name`. `None` if nothing of this name is proposed, as by default.
    #[cfg(feature = "autonomous")]
    fn answer_proposal<'a>(
        &'a self,
        _name: &'a str,
        _answer: ProposalAnswer,
    ) -> BoxFuture<'a, Option<Result<String, CommandError>>> {
        Box::pin(async { None })
    }

    /// Reloads all plugins and skills.
    ///
    /// # Errors
    ///
    /// The loader or the host has stopped.
    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>>;
}

/// What the owner says to a proposed skill.
#[cfg(feature = "autonomous")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposalAnswer {
    /// It is to be shown in full.
    Show,
    /// Yes to the content with this digest.
    Approve(String),
    /// No.
    Reject,
}
