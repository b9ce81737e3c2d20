//! `weft-lite skill pending`, `approve`, `reject` and `rollback`: decides on proposed skills.

use argh::FromArgs;
use serde_json::{Value, json};
use weft_lite::check_proposal;
use weft_lite::errors::{ActionableError, ProposalError};
use weft_lite::package::{
    Decision, PackageKind, Prompt, Proposal, ProposalKind, Proposals, describe_proposal,
};
use weft_lite::text::listed;

use crate::cli::clock::now_seconds;
use crate::cli::flags::Options;
use crate::cli::package::{self, Approve};
use crate::cli::terminal::Terminal;
use crate::cli::{CommandFailure, Status, output};

/// List the skills that are proposed, or show one in full.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "pending",
    example = "{command_name}\n{command_name} word-report",
    note = "Skills are proposed if `autonomous_skills: {{enabled: true}}` is in config.yaml. Nothing that is\nproposed can be called before you approve it."
)]
pub(super) struct PendingSkills {
    /// the proposal's name
    #[argh(positional, arg_name = "NAME")]
    name: Option<String>,
}

/// Approve a proposed skill, or what an installed one asks for; exits with 1 while something is left.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "approve",
    example = "{command_name} deploy\n{command_name} deploy --yes --approve shell\n{command_name} word-report --digest 3f2a9c01",
    note = "A proposed skill is shown in full and asked about on a terminal. Elsewhere --digest says which\ncontent you have read: `skill pending NAME` ends with it.\n\nFor an installed skill, each permission is asked about on a terminal. Elsewhere --yes approves files,\nhosts and tools that are named, and storage; --approve all hosts (network), env, secrets, all tools\n(tools), shell, webhook and size (a large module).\nIf the content has changed, the command shows the changes and approves them."
)]
pub(super) struct ApproveSkill {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// of an installed skill, approve the files, hosts and tools that it names, and its storage
    #[argh(switch)]
    yes: bool,
    /// of a proposed skill, the digest that was shown, or its first 8 digits
    #[argh(option, arg_name = "HEX")]
    digest: Option<String>,
}

/// Reject a proposed skill; the same work brings no new proposal.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "reject", example = "{command_name} word-report")]
pub(super) struct RejectSkill {
    /// the proposal's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
}

/// Put the version before of a proposed and approved skill back; without one, remove the skill.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "rollback",
    example = "{command_name} word-report\n{command_name} word-report --yes"
)]
pub(super) struct RollbackSkill {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// don't ask before the first version is removed
    #[argh(switch)]
    yes: bool,
}

fn proposals(options: &Options) -> Result<Proposals, CommandFailure> {
    Ok(Proposals::of_home(&options.weft_home()?))
}

pub(super) fn pending(
    command: &PendingSkills,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let proposals = proposals(options)?;
    if let Some(name) = &command.name {
        let proposal = proposals.find(name)?;
        match options.json {
            true => output::json(&in_full(&proposal))?,
            false => output::data(&describe_proposal(&proposal))?,
        }
        return Ok(Status::Done);
    }
    let pending = proposals.pending()?;
    if options.json {
        let damaged = pending.damaged.iter().map(|(name, error)| {
            json!({ "name": name, "problem": error.to_string(), "next_step": error.next_step() })
        });
        output::json(&pending.proposals.iter().map(summary).chain(damaged).collect::<Vec<_>>())?;
        return Ok(Status::Done);
    }
    let row = |it: &Proposal| {
        let draft = &it.draft;
        let (kind, digest) = (what(it).to_owned(), it.short_digest().to_owned());
        [draft.name.clone(), draft.version.clone(), kind, listed(&draft.tools), digest]
    };
    let rows: Vec<_> = pending.proposals.iter().map(row).collect();
    output::table(["name", "version", "what", "calls", "digest"], &rows)?;
    for (_, error) in &pending.damaged {
        output::advise(&format_args!("warning: {error}"), &error.next_step());
    }
    Ok(Status::Done)
}

/// What a proposal would change, in a word or two.
fn what(proposal: &Proposal) -> &'static str {
    match (proposal.kind, &proposal.draft.replaces) {
        (ProposalKind::Removal, _) => "removal",
        (ProposalKind::Skill, Some(_)) => "new version",
        (ProposalKind::Skill, None) => "new",
    }
}

fn summary(proposal: &Proposal) -> Value {
    let Proposal { kind, draft, digest } = proposal;
    json!({
        "name": draft.name, "version": draft.version, "kind": kind.as_str(),
        "replaces": draft.replaces, "effects": draft.effects, "tools": draft.tools,
        "at_seconds": draft.at_seconds, "digest": digest,
    })
}

fn in_full(proposal: &Proposal) -> Value {
    let mut value = summary(proposal);
    let call = |call: &weft_lite::package::RecordedCall| json!({ "tool": call.tool, "params": call.params, "result": call.result });
    let runs: Vec<Vec<Value>> =
        proposal.draft.runs.iter().map(|run| run.iter().map(call).collect()).collect();
    value["skill"] = proposal.text("SKILL.md").into();
    value["recipe"] = proposal.text("recipe.yaml").into();
    value["runs"] = json!(runs);
    value["diff"] = json!(proposal.draft.diff);
    value
}

pub(super) fn approve(command: &ApproveSkill, options: &Options) -> Result<Status, CommandFailure> {
    let ApproveSkill { name, yes, digest } = command;
    let proposals = proposals(options)?;
    if digest.is_none() && !proposals.is_pending(name) {
        let command = Approve { id: name.clone(), yes: *yes };
        return package::approve(&command, PackageKind::Skill, options);
    }
    let proposal = proposals.find(name)?;
    let digest = match digest {
        Some(digest) => digest,
        None => {
            output::message(&describe_proposal(&proposal));
            let question = match proposal.kind {
                ProposalKind::Skill => format!("install `{name}`?"),
                ProposalKind::Removal => format!("remove `{name}`?"),
            };
            match Terminal.confirm(&question) {
                Some(true) => &proposal.digest,
                Some(false) => return Ok(Status::Failed),
                None => {
                    return Err(CommandFailure::usage(
                        &format_args!("nobody is there to ask about `{name}`"),
                        &"say with `--digest` which content you have read; it is at the end of what is shown",
                    ));
                }
            }
        }
    };
    let limits = options.read_limits()?;
    let check = |it: &Proposal| check_proposal(it, limits);
    let decision = proposals.approve(name, digest, &check, limits, now_seconds())?;
    decided(name, &decision, options)
}

pub(super) fn reject(command: &RejectSkill, options: &Options) -> Result<Status, CommandFailure> {
    let name = &command.name;
    let kind = proposals(options)?.reject(name, now_seconds())?;
    let sentence = match kind {
        ProposalKind::Skill => format!("rejected: {name} is not proposed again"),
        ProposalKind::Removal => format!("rejected: {name} stays"),
    };
    output::done(options.form(), &[("rejected", name)], &sentence)
}

pub(super) fn roll_back(
    command: &RollbackSkill,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let RollbackSkill { name, yes } = command;
    let proposals = proposals(options)?;
    let state = proposals.state()?;
    let Some(skill) = state.skills.get(name) else {
        return Err(ProposalError::NotApproved { name: name.clone() }.into());
    };
    if skill.previous.is_none() && !yes {
        let question = format!("there is no version before. remove `{name}`?");
        match Terminal.confirm(&question) {
            Some(true) => {}
            Some(false) => return Ok(Status::Failed),
            None => {
                return Err(CommandFailure::usage(
                    &format_args!(
                        "there is no version before, and nobody to ask whether to remove `{name}`"
                    ),
                    &"say so with `--yes`",
                ));
            }
        }
    }
    let limits = options.read_limits()?;
    let decision = proposals.roll_back(name, &|it| check_proposal(it, limits), limits)?;
    decided(name, &decision, options)
}

/// Prints what came of an answer.
fn decided(name: &str, decision: &Decision, options: &Options) -> Result<Status, CommandFailure> {
    match decision {
        Decision::Installed { version } => output::done(
            options.form(),
            &[("installed", &name), ("version", version)],
            &format_args!("installed: {name} {version}, as a tool and as the command /{name}"),
        ),
        Decision::Removed => {
            let sentence = format_args!("removed: {name}");
            output::done(options.form(), &[("removed", &name)], &sentence)
        }
    }
}
