//! `/approve` and `/reject`: approves or rejects plugins and skills that wait.

use std::sync::Arc;

use super::Administration;
#[cfg(feature = "autonomous")]
use super::ProposalAnswer;
use crate::actor::{LoadError, MemberOrigin, MemberStatus, Snapshot};
use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler, Completes};
use crate::contract::{BoxFuture, PluginCapability};
use crate::package::Approval;
use crate::skill::SkillState;

/// `/approve`, for the owner alone: it widens what a plugin may do.
pub(super) fn approve(administration: Arc<dyn Administration>) -> Command {
    Command::built_in(
        "approve",
        "[ID [network,env,secrets,tools,shell,webhook,size]]",
        "Lists what waits for approval, or approves it",
        "An id alone approves the files, hosts and tools that the plugin names, and its storage. All hosts (network), \
         variables (env), secrets, all tools (tools), shell, a webhook and the size of a large module each need to be named.\n\
         The name of a proposed skill alone shows it; with the digest that is shown, it is approved.",
        ApproveCommand(administration),
    )
    .for_owner()
}

/// `/reject`, for the owner alone.
pub(super) fn reject(administration: Arc<dyn Administration>) -> Command {
    Command::built_in(
        "reject",
        "ID",
        "Rejects a plugin's requests and stops it",
        "It stays out until it is approved. A proposed skill that is rejected is not proposed again.",
        RejectCommand(administration),
    )
    .for_owner()
}

/// Lists what waits, or approves one with the kinds of permissions that are named.
struct ApproveCommand(Arc<dyn Administration>);

impl CommandHandler for ApproveCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let (id, kinds) =
                call.arguments.split_once(char::is_whitespace).unwrap_or((call.arguments, ""));
            if id.is_empty() {
                let lines = list(&call.host.snapshot());
                #[cfg(feature = "autonomous")]
                let lines = [lines, self.0.proposed().await].concat();
                return Ok(CommandOutcome::text(match lines.is_empty() {
                    true => "nothing waits for approval".to_owned(),
                    false => lines.join("\n"),
                }));
            }
            not_over_plugin(&call, "approve")?;
            #[cfg(feature = "autonomous")]
            if let Some(answer) = proposal_answer(kinds.trim())
                && let Some(answered) = self.0.answer_proposal(id, answer).await
            {
                return answered.map(CommandOutcome::text);
            }
            let granted = granted(kinds).ok_or_else(|| CommandError::Usage {
                usage: format!("/approve {id} network,env,secrets,tools,shell,webhook,size"),
            })?;
            Ok(CommandOutcome::text(self.0.approve(id, granted).await?))
        })
    }

    fn completes(&self) -> Option<Completes> {
        Some(Completes::Waiting)
    }
}

/// Rejects one.
struct RejectCommand(Arc<dyn Administration>);

impl CommandHandler for RejectCommand {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            if call.arguments.is_empty() {
                return Err(CommandError::Usage { usage: "/reject ID".into() });
            }
            not_over_plugin(&call, "reject")?;
            #[cfg(feature = "autonomous")]
            if let Some(answered) =
                self.0.answer_proposal(call.arguments, ProposalAnswer::Reject).await
            {
                return answered.map(CommandOutcome::text);
            }
            Ok(CommandOutcome::text(self.0.reject(call.arguments).await?))
        })
    }

    fn completes(&self) -> Option<Completes> {
        Some(Completes::Waiting)
    }
}

/// Refuses calls over a plugin's channel: there the plugin can write any text as any sender, even the owner.
fn not_over_plugin(call: &CommandCall<'_>, name: &str) -> Result<(), CommandError> {
    let of_plugin = |member: &MemberStatus| {
        member.kind == PluginCapability::Channel
            && member.name == call.caller.channel
            && matches!(member.origin, MemberOrigin::Plugin(_))
    };
    match call.host.members().iter().any(of_plugin) {
        true => Err(CommandError::OverPlugin { name: name.to_owned() }),
        false => Ok(()),
    }
}

/// The kinds of permissions that the words name; `None` if a word is not a kind.
fn granted(kinds: &str) -> Option<Approval> {
    let words = kinds.split(|letter: char| letter == ',' || letter.is_whitespace());
    // An id alone approves what the manifest names one by one; what is wide has to be typed as a word.
    let named = Approval { named: true, ..Approval::NONE };
    words.filter(|word| !word.is_empty()).try_fold(named, Approval::with_kind)
}

/// A line for each that waits, with what it asks for and what to type.
fn list(snapshot: &Snapshot) -> Vec<String> {
    let lines = waiting(snapshot).into_iter().map(|(id, unapproved)| {
        format!(
            "{id}  asks for {}\n  try: `/approve {id}` or `/reject {id}`",
            unapproved.join(", ")
        )
    });
    lines.collect()
}

/// What the words after the name of a proposal say; `None` if they are kinds of permissions.
#[cfg(feature = "autonomous")]
fn proposal_answer(words: &str) -> Option<ProposalAnswer> {
    match words {
        "" => Some(ProposalAnswer::Show),
        words if granted(words).is_some() => None,
        digest => Some(ProposalAnswer::Approve(digest.to_owned())),
    }
}

/// The plugins and skills that wait for approval, each with its unapproved permissions.
pub(in crate::command) fn waiting(snapshot: &Snapshot) -> Vec<(String, Vec<String>)> {
    let plugins = snapshot.plugins.refused().iter().filter_map(|plugin| match &plugin.error {
        LoadError::Pending { unapproved, .. } => Some((plugin.id.clone()?, unapproved.clone())),
        _ => None,
    });
    let mut waiting: Vec<_> = plugins.collect();
    for entry in snapshot.skills.effective() {
        if let SkillState::Pending { unapproved } = &entry.state {
            let id = entry.provider.as_ref().unwrap_or(&entry.name);
            if !waiting.iter().any(|(known, _)| **known == **id) {
                waiting.push((id.to_string(), unapproved.clone()));
            }
        }
    }
    waiting
}
