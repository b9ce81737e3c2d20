//! The files of proposals: `pending/NAME` has a record and the skill's folder, `previous/NAME` the version before.
//!
//! A proposal appears by one renaming, so it is there as a whole or not at all.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::error::ProposalError;
use super::proposal::{Proposal, ProposalKind, content_digest};
use crate::contract::json_line;
use crate::package::digest::RECORD_FILE;
use crate::package::home::{FileAccess, HomeError, HomeLock, folder as home_folder};
use crate::package::kind::is_id;
use crate::package::uninstall::clear_namespace;
use crate::skill::{at_most, open_regular};
use crate::store::DurableStore;

/// The files that a proposed skill has, and no others.
pub(super) const FILES: [&str; 4] = ["SKILL.md", "recipe.yaml", "weft.plugin.json", "plugin.wasm"];
/// Bytes of a proposal, its record among them.
pub(super) const PROPOSAL_BYTES: usize = 256 * 1024;

const RECORD: &str = "proposal.json";
/// The folder of the skill beside the record.
const SKILL: &str = "skill";
/// The namespace of observed calls, and how the names of its files begin.
const OBSERVATIONS: &str = "observations";

/// `$WEFT_HOME/autonomous`.
pub(super) fn folder(home: &Path) -> PathBuf {
    home.join("autonomous")
}

/// Where a proposal waits.
pub(super) fn place(home: &Path, name: &str) -> PathBuf {
    folder(home).join("pending").join(name)
}

/// Where a proposal's skill is.
pub(super) fn skill_folder(home: &Path, name: &str) -> PathBuf {
    place(home, name).join(SKILL)
}

/// Where the version before the approved one is kept.
pub(super) fn previous(home: &Path, name: &str) -> PathBuf {
    folder(home).join("previous").join(name)
}

fn staging(home: &Path) -> PathBuf {
    folder(home).join(".staging")
}

/// Makes the folder, and removes what an interrupted change left in it.
pub(super) fn make(lock: &HomeLock) -> Result<(), HomeError> {
    make_folder(&folder(lock.home()))?;
    remove(&staging(lock.home()))
}

fn make_folder(path: &Path) -> Result<(), HomeError> {
    home_folder::make_folder(path, FileAccess::Owner).map_err(|error| HomeError::io(path, &error))
}

/// Removes a file or folder; nothing where there is none.
pub(super) fn remove(path: &Path) -> Result<(), HomeError> {
    match path.symlink_metadata() {
        Ok(_) => home_folder::remove_all(path),
        Err(_) => Ok(()),
    }
}

/// The names of what waits, damaged ones among them.
pub(super) fn names(home: &Path) -> Result<Vec<String>, HomeError> {
    let children = home_folder::children(&folder(home).join("pending"))?;
    let names = children.iter().filter_map(|child| child.file_name()?.to_str());
    Ok(names.filter(|name| is_id(name)).map(str::to_owned).collect())
}

/// Writes a proposal whole. One of the same name is replaced.
pub(super) fn write(lock: &HomeLock, proposal: &Proposal) -> Result<(), HomeError> {
    let home = lock.home();
    make(lock)?;
    let staged = staging(home).join(&proposal.draft.name);
    make_folder(&staged)?;
    write_file(&staged, RECORD, json_line(&proposal.to_record()).as_bytes())?;
    if proposal.kind == ProposalKind::Skill {
        write_files(&staged.join(SKILL), &proposal.draft.files)?;
    }
    let place = place(home, &proposal.draft.name);
    remove(&place)?;
    make_folder(&folder(home).join("pending"))?;
    lock.rename(&staged, &place)?;
    remove(&staging(home))
}

/// Keeps files as the version before.
pub(super) fn keep(
    lock: &HomeLock,
    name: &str,
    files: &[(String, Vec<u8>)],
) -> Result<(), HomeError> {
    let home = lock.home();
    make(lock)?;
    let staged = staging(home).join(name);
    write_files(&staged, files)?;
    let place = previous(home, name);
    remove(&place)?;
    make_folder(&folder(home).join("previous"))?;
    lock.rename(&staged, &place)?;
    remove(&staging(home))
}

fn write_files(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<(), HomeError> {
    make_folder(folder)?;
    files.iter().try_for_each(|(name, bytes)| write_file(folder, name, bytes))?;
    home_folder::sync_folder(folder).map_err(|error| HomeError::io(folder, &error))
}

fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
    let path = folder.join(name);
    home_folder::write_new(&path, bytes, FileAccess::Owner)
        .map_err(|error| HomeError::io(&path, &error))
}

/// The record of a proposal without its files; `None` if nothing of this name waits.
pub(super) fn record(home: &Path, name: &str) -> Result<Option<Proposal>, ProposalError> {
    if !is_id(name) || place(home, name).symlink_metadata().is_err() {
        return Ok(None);
    }
    let path = place(home, name).join(RECORD);
    let changed = |problem: String| {
        let problem = format!("{}: {problem}", path.display());
        ProposalError::Changed { name: name.to_owned(), problem }
    };
    // What is behind a link may be somebody else's to change.
    let folders = [place(home, name), path.clone(), skill_folder(home, name)];
    let is_link = |path: &PathBuf| path.symlink_metadata().is_ok_and(|it| it.is_symlink());
    if let Some(link) = folders.iter().find(|path| is_link(path)) {
        return Err(changed(format!("{} is a link", link.display())));
    }
    let text = home_folder::read(&path)?.ok_or_else(|| changed("it is not there".into()))?;
    let proposal: Proposal = home_folder::parse_json(&text).map_err(changed)?;
    if proposal.draft.name != name {
        return Err(changed("it is about another name".into()));
    }
    Ok(Some(proposal))
}

/// A proposal with its files, which are what was drafted.
pub(super) fn read(home: &Path, name: &str) -> Result<Option<Proposal>, ProposalError> {
    let Some(mut proposal) = record(home, name)? else { return Ok(None) };
    if proposal.kind == ProposalKind::Skill {
        let folder = skill_folder(home, name);
        let changed = |problem| ProposalError::Changed { name: name.to_owned(), problem };
        proposal.draft.files = files(&folder).map_err(changed)?;
        if content_digest(&proposal.draft.files) != proposal.digest {
            return Err(changed(format!("{} was edited", folder.display())));
        }
    }
    Ok(Some(proposal))
}

/// The four files in a folder, which has no others but the record of an install.
///
/// # Errors
///
/// Which of them can't be read, or which file is none of them.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let children = home_folder::children(folder).map_err(|error| error.to_string())?;
    let is_other = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_none_or(|name| !FILES.contains(&name) && name != RECORD_FILE)
    };
    if let Some(other) = children.iter().find(is_other) {
        return Err(format!("{} was added", other.display()));
    }
    let mut left = PROPOSAL_BYTES as u64;
    let mut files = Vec::new();
    for name in FILES {
        let path = folder.join(name);
        let linked = path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file());
        let mut bytes = Vec::new();
        let read = open_regular(&path)
            .and_then(|mut file| at_most(&mut file, left + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if linked => return Err(format!("{} is not a file", path.display())),
            Ok(_) => {}
            Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
        }
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("{} is too large", path.display()))?;
        files.push((name.to_owned(), bytes));
    }
    Ok(files)
}

/// Bytes of the observations of calls.
pub(super) fn observed_bytes(home: &Path) -> u64 {
    let files = observations(home).unwrap_or_default();
    files.iter().filter_map(|file| fs::symlink_metadata(file).ok()).map(|it| it.len()).sum()
}

/// Erases the observed calls. A process that observes notices it.
pub(super) fn forget_observations(home: &Path) -> Result<(), HomeError> {
    clear_namespace(&DurableStore::new(folder(home)), OBSERVATIONS, home)?;
    observations(home)?.iter().try_for_each(|file| remove(file))
}

/// The files in which calls are observed.
fn observations(home: &Path) -> Result<Vec<PathBuf>, HomeError> {
    let mut children = home_folder::children(&folder(home))?;
    children.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.trim_start_matches('.').starts_with(OBSERVATIONS)
    });
    Ok(children)
}
