//! Answers to proposed skills, and the check that a proposed skill runs what its recipe says.

use std::path::Path;

use super::autonomous::grown;
use crate::actor::Snapshot;
use crate::command::{CommandError, ProposalAnswer};
use crate::contract::{ActionableError, PluginManifest, listed, shown};
use crate::package::{
    Decision, Proposal, ProposalError, ProposalKind, Proposals, ReadLimits, describe_proposal,
};
use crate::recipe::{RecipeIdentity, compile};
use crate::wasm::CompiledModule;

/// Checks that the code of a proposed skill is what its recipe compiles to, and can run: what the user reads is
/// what is approved.
///
/// # Errors
///
/// What is different, or keeps the module from running.
pub fn check_proposal(proposal: &Proposal, limits: ReadLimits) -> Result<(), String> {
    let written = proposal.text("weft.plugin.json");
    let manifest = PluginManifest::from_json(written).map_err(|error| error.to_string())?.manifest;
    let version = manifest.version.to_string();
    let identity = RecipeIdentity {
        name: &proposal.draft.name,
        version: Some(&version),
        description: manifest.description.as_deref(),
    };
    let compiled = compile(proposal.text("recipe.yaml"), &identity);
    let compiled = compiled.map_err(|error| format!("recipe.yaml: {error}"))?;
    let module = proposal.file("plugin.wasm").unwrap_or_default();
    if compiled.module != module || compiled.manifest != written {
        return Err("its code is not what its recipe.yaml compiles to".into());
    }
    let module = CompiledModule::with_limit(module, limits.module_bytes);
    module.map(drop).map_err(|error| error.to_string())
}

/// A line for each proposal, with what to type.
pub(super) fn lines(home: &Path) -> Vec<String> {
    let pending = match Proposals::of_home(home).pending() {
        Ok(pending) => pending,
        Err(error) => return vec![format!("{error}\n  try: {}", error.next_step())],
    };
    let line = |proposal: &Proposal| {
        let (draft, name) = (&proposal.draft, &proposal.draft.name);
        let what = match (proposal.kind, draft.tools.as_slice()) {
            (ProposalKind::Removal, _) => "is to be removed, since nobody uses it".to_owned(),
            (ProposalKind::Skill, []) => "is a proposed skill, and calls nothing".to_owned(),
            (ProposalKind::Skill, tools) => {
                format!("is a proposed skill, and calls {}", listed(tools))
            }
        };
        format!("{name}  {what}\n  try: `/approve {name}` to look at it, or `/reject {name}`")
    };
    let damaged = pending.damaged.iter().map(|(name, error)| {
        format!("{name}  can't be approved: {error}\n  try: `/reject {name}`")
    });
    pending.proposals.iter().map(line).chain(damaged).collect()
}

/// What came of an answer, and whether something has to be loaded now. `None` if nothing of the name is proposed.
pub(super) fn answer(
    home: &Path,
    limits: ReadLimits,
    name: &str,
    answer: ProposalAnswer,
    snapshot: &Snapshot,
    now_seconds: u64,
) -> Option<Result<(String, bool), CommandError>> {
    let proposals = Proposals::of_home(home);
    if !proposals.is_pending(name) {
        return None;
    }
    let answered = match answer {
        ProposalAnswer::Show => {
            proposals.find(name).map(|proposal| (describe_proposal(&proposal), false))
        }
        ProposalAnswer::Reject => proposals.reject(name, now_seconds).map(|kind| match kind {
            ProposalKind::Skill => (format!("`{name}` is not proposed again"), false),
            ProposalKind::Removal => (format!("`{name}` stays"), false),
        }),
        ProposalAnswer::Approve(digest) => {
            let check = |proposal: &Proposal| match grown(proposal, snapshot) {
                Some(tool) => Err(format!(
                    "`{}` may write, send or spend now, and could not when this was proposed",
                    shown(tool)
                )),
                None => check_proposal(proposal, limits),
            };
            let decision = proposals.approve(name, &digest, &check, limits, now_seconds);
            decision.map(|decision| match decision {
                Decision::Installed { version } => {
                    let what = "it is a tool and a command";
                    (format!("`{name}` {version} is installed: {what}, `/{name}`"), true)
                }
                Decision::Removed => (format!("`{name}` is removed"), true),
            })
        }
    };
    Some(answered.map_err(|error| in_chat(name, &error)))
}

/// The same error for the person in the chat.
fn in_chat(name: &str, error: &ProposalError) -> CommandError {
    let next_step = match error {
        ProposalError::OtherDigest { .. } => {
            format!("`/approve {name}` shows it with its digest; read it first")
        }
        ProposalError::Changed { .. } | ProposalError::Refused { .. } => {
            format!("`/reject {name}` takes it away")
        }
        error => error.next_step(),
    };
    CommandError::Administration { message: error.to_string(), next_step }
}
