//! Finds every `SKILL.md` beneath a path, in the order of their paths. Links out of the path are not followed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use weft_lite::skill::is_ignored_folder;
use weft_lite::sorted::{SortedMap, SortedSet};

/// The most levels of folders.
const DEPTH: usize = 16;

/// The name of a skill's file; any letter case is accepted.
pub(super) const FILE_NAME: &str = "SKILL.md";

/// The skills beneath a path.
#[derive(Debug, Default)]
pub(super) struct FoundSkills {
    /// The skills' files.
    pub(super) files: Vec<PathBuf>,
    /// Paths that were skipped, with the reason.
    pub(super) skipped: Vec<(PathBuf, String)>,
}

/// Whether a file's name is that of a skill's file.
pub(super) fn is_skill_file(name: &str) -> bool {
    name.eq_ignore_ascii_case(FILE_NAME)
}

/// Finds skills beneath `root`; if it is a file, its name does not matter.
///
/// # Errors
///
/// The path itself is missing or can't be read.
pub(super) fn find(root: &Path) -> io::Result<FoundSkills> {
    let mut found = FoundSkills::default();
    if fs::metadata(root)?.is_dir() {
        let canonical = root.canonicalize()?;
        fs::read_dir(root)?;
        let seen = SortedSet::from([canonical.clone()]);
        let mut walk = SkillWalk { root: canonical, seen, links: Vec::new(), found };
        walk.folder(root, DEPTH);
        // Real folders come before links, so that a folder is found by its own path.
        while let Some((link, depth)) = walk.links.pop() {
            walk.enter(&link, depth);
        }
        found = walk.found;
        found.files = SortedSet::from_iter(found.files).into_iter().collect();
    } else {
        found.files.push(root.to_owned());
    }
    Ok(found)
}

struct SkillWalk {
    root: PathBuf,
    /// The real paths of visited folders, because links can lead back.
    seen: SortedSet<PathBuf>,
    links: Vec<(PathBuf, usize)>,
    found: FoundSkills,
}

impl SkillWalk {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries: SortedMap<_, _> = match entries {
            Ok(entries) => entries.into_iter().map(|it| (it.file_name(), it)).collect(),
            Err(error) => return self.skip(folder.to_owned(), format!("can't be read: {error}")),
        };
        for (name, entry) in entries {
            let path = entry.path();
            let is_file = name.to_str().is_some_and(is_skill_file);
            let kind = entry.file_type();
            let is_link = kind.as_ref().is_ok_and(fs::FileType::is_symlink);
            if is_link && !self.leads_inside(&path) {
                if is_file || path.is_dir() {
                    self.skip(path, "is a link that leads out, and is not followed".into());
                }
            } else if is_file {
                self.found.files.push(path);
            } else if is_link && path.is_dir() {
                self.links.push((path, depth));
            } else if kind.is_ok_and(|kind| kind.is_dir()) && !is_ignored_folder(&path) {
                self.enter(&path, depth);
            }
        }
    }

    /// Visits a folder once.
    fn enter(&mut self, folder: &Path, depth: usize) {
        match folder.canonicalize() {
            Ok(real) if self.seen.contains(&real) => {}
            _ if depth == 0 => {
                self.skip(folder.to_owned(), "is too deep, and is not looked into".into());
            }
            Ok(real) => {
                self.seen.insert(real);
                self.folder(folder, depth - 1);
            }
            Err(error) => self.skip(folder.to_owned(), format!("can't be read: {error}")),
        }
    }

    fn leads_inside(&self, link: &Path) -> bool {
        link.canonicalize().is_ok_and(|target| target.starts_with(&self.root))
    }

    fn skip(&mut self, path: PathBuf, reason: String) {
        self.found.skipped.push((path, reason));
    }
}
