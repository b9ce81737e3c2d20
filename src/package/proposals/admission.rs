//! What may be proposed: the names, files, sizes and permissions of a draft.
//!
//! Every draft is checked here when it is added, and again when it is approved, since it lay on the disk meanwhile.

use std::path::Path;

use semver::Version;

use super::disk::{FILES, PROPOSAL_BYTES};
use super::error::ProposalError;
use super::proposal::{NewProposal, Proposal};
use super::state::ProposalState;
use crate::contract::{GeneratedFrom, PluginManifest, PluginPermissions, json_line, shown};
use crate::package::home::{folder, installed_folder};
use crate::package::kind::{PackageKind, is_id};
use crate::package::read::contents;
use crate::skill::{BUNDLED_SKILLS, ParseMode, Severity, parse_skill, slug};

/// Characters of a key.
const KEY_CHARS: usize = 128;

/// Checks a draft by itself.
pub(super) fn check_draft(proposal: &Proposal) -> Result<(), ProposalError> {
    let draft = &proposal.draft;
    let fault = check_name(draft)
        .and_then(|()| check_files(proposal))
        .and_then(|()| check_skill(proposal))
        .and_then(|()| check_manifest(proposal));
    fault.map_err(|problem| ProposalError::Invalid { name: draft.name.clone(), problem })
}

fn check_name(draft: &NewProposal) -> Result<(), String> {
    if !is_id(&draft.name) || slug(&draft.name) != draft.name || draft.name == "skill" {
        return Err("a name has a-z, 0-9 and single hyphens".into());
    }
    if Version::parse(&draft.version).is_err() {
        return Err("its version is not like `1.2.0`".into());
    }
    let is_key = |key: &str| key.len() <= KEY_CHARS && key.bytes().all(|it| it.is_ascii_hexdigit());
    match draft.key.is_empty() || !is_key(&draft.key) {
        true => Err("its key is not a digest".into()),
        false => Ok(()),
    }
}

fn check_files(proposal: &Proposal) -> Result<(), String> {
    let files = &proposal.draft.files;
    if let Some((other, _)) = files.iter().find(|(name, _)| !FILES.contains(&&**name)) {
        return Err(format!("the file {} has no place in it", shown(other)));
    }
    let count = |name: &&str| files.iter().filter(|(file, _)| file == name).count();
    if let Some(name) = FILES.iter().find(|name| count(name) != 1) {
        return Err(format!("it has to have one file {name}"));
    }
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    match bytes + json_line(&proposal.to_record()).len() > PROPOSAL_BYTES {
        true => Err(format!("it has more than {PROPOSAL_BYTES} bytes")),
        false => Ok(()),
    }
}

fn check_skill(proposal: &Proposal) -> Result<(), String> {
    let Proposal { draft, .. } = proposal;
    for file in [FILES[0], FILES[1], FILES[2]] {
        let bytes = proposal.file(file).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| format!("{file} is not UTF-8"))?;
    }
    let bytes = proposal.file(FILES[0]).unwrap_or_default();
    let parsed = parse_skill(bytes, &draft.name, ParseMode::Strict);
    let is_error = |it: &&crate::skill::Diagnostic| it.severity == Severity::Error;
    if let Some(error) = parsed.diagnostics.iter().find(is_error) {
        return Err(format!("SKILL.md:{error}"));
    }
    let Some(document) = parsed.document else { return Err("SKILL.md can't be read".into()) };
    if document.name != draft.name {
        return Err("SKILL.md has another name".into());
    }
    if document.version.as_ref().is_some_and(|version| *version != draft.version) {
        return Err("SKILL.md has another version".into());
    }
    match document.shell_tools().is_empty() {
        true => Ok(()),
        false => Err("SKILL.md asks for a shell".into()),
    }
}

fn check_manifest(proposal: &Proposal) -> Result<(), String> {
    let Proposal { draft, .. } = proposal;
    let parsed = PluginManifest::from_json(proposal.text(FILES[2]));
    let manifest = parsed.map_err(|error| format!("weft.plugin.json: {error}"))?.manifest;
    if manifest.generated != Some(GeneratedFrom::Recipe) {
        return Err("weft.plugin.json does not say that it is generated".into());
    }
    if manifest.id != draft.name || manifest.wasm_module != FILES[3] || !manifest.skills.is_empty()
    {
        return Err("weft.plugin.json is about something else".into());
    }
    if !asks_exactly(&manifest.permissions, &draft.tools) {
        return Err(
            "weft.plugin.json asks for other permissions than the tools of its steps".into()
        );
    }
    match draft.effects.iter().find(|name| !draft.tools.contains(name)) {
        Some(other) => Err(format!("{} is not one of its tools", shown(other))),
        None => Ok(()),
    }
}

/// Whether exactly these tools are asked for, and nothing else.
pub(super) fn asks_exactly(asked: &PluginPermissions, tools: &[String]) -> bool {
    let others = PluginPermissions { tools: Vec::new(), ..asked.clone() };
    others.is_empty()
        && asked.tools.len() == tools.len()
        && tools.iter().all(|tool| asked.tools.contains(tool))
}

/// Checks that the draft is no second thing of a name, and a newer version of the skill that it replaces.
pub(super) fn check_place(
    home: &Path,
    draft: &NewProposal,
    state: &ProposalState,
) -> Result<(), ProposalError> {
    let NewProposal { name, replaces, .. } = draft;
    let invalid =
        |problem: &str| ProposalError::Invalid { name: name.clone(), problem: problem.to_owned() };
    match (replaces, state.skills.get(name)) {
        (Some(old), Some(skill)) if *old == skill.current.version => {
            let versions = (Version::parse(&draft.version), Version::parse(old));
            match versions {
                (Ok(new), Ok(old)) if new <= old => {
                    Err(invalid("its version is not newer than the one that it replaces"))
                }
                _ => Ok(()),
            }
        }
        (Some(_), _) => Err(invalid("the version that it replaces is not installed")),
        (None, _) => match owner(home, name)? {
            Some(by) => Err(ProposalError::NameTaken { name: name.clone(), by }),
            None => Ok(()),
        },
    }
}

/// The first tool of a draft whose installed plugin may do more now than when it was proposed. Plugins that are not
/// installed are not looked at.
pub(super) fn grown<'d>(home: &Path, draft: &'d NewProposal) -> Option<&'d str> {
    let may_do_harm = |tool: &str| {
        let (id, _) = tool.split_once("__")?;
        let folder = installed_folder(home, PackageKind::Plugin, id)?;
        let text = folder::read(&folder.join(FILES[2])).ok()??;
        Some(PluginManifest::from_json(&text).ok()?.manifest.permissions.may_do_harm())
    };
    let is_grown =
        |tool: &&String| !draft.effects.contains(tool) && may_do_harm(tool).unwrap_or(false);
    draft.tools.iter().find(is_grown).map(String::as_str)
}

/// What has this name already.
fn owner(home: &Path, name: &str) -> Result<Option<String>, ProposalError> {
    if contents::is_bundled(name) || BUNDLED_SKILLS.iter().any(|(skill, _)| *skill == name) {
        return Ok(Some("a part of weft-lite".into()));
    }
    for kind in [PackageKind::Skill, PackageKind::Plugin] {
        if installed_folder(home, kind, name).is_some() {
            return Ok(Some(format!("an installed {kind}")));
        }
    }
    let plugins = folder::children(&home.join(PackageKind::Plugin.folder()))?;
    let brings = plugins
        .iter()
        .find(|plugin| contents::shipped_skills(plugin).iter().any(|skill| skill == name));
    Ok(brings.map(|_| "a skill of an installed plugin".into()))
}
