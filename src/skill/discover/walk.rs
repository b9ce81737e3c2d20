//! Finding skills beneath a root: every folder with a `SKILL.md` in it, and nothing beneath such a
//! folder. What lies inside a skill is its content, whatever it is called: one package has one
//! identity. A collection of skills is a folder without a `SKILL.md` of its own.
//!
//! Folders whose names begin with a dot and `node_modules` are left out. A link to a folder counts
//! where it stays inside the root; the walk never goes on behind one, so it can't go in circles.
//!
//! That rule is one of safety as well: a package could otherwise carry a folder with the name of another skill,
//! and take its place and its approvals.
//!
//! The walk blocks on the file system and reads no file. What it finds is in the order of the folders as the
//! system lists them; who needs another order sorts it.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::contract::sort_by;
use crate::skill::format::{Diagnostic, Severity};

/// The names of a skill's file; the first one that exists is read.
pub const SKILL_FILES: [&str; 3] = ["SKILL.md", "skill.md", "Skill.md"];

/// Folders inside each other beneath a root.
const DEPTH: usize = 8;

/// Where skills are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillRoot {
    /// The folder, as it was named.
    pub path: PathBuf,
    /// Its real path.
    pub real: PathBuf,
}

/// A folder beneath a root that is a skill, or can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFolder {
    /// The folder, beneath the root as that was named.
    pub path: PathBuf,
    /// Its files, or the reason why they can't be read.
    pub content: Result<SkillFiles, Diagnostic>,
}

/// The files of a folder that make it a skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillFiles {
    /// Which of [`SKILL_FILES`] there is.
    pub file: &'static str,
    /// Modules and plugin manifests, by name and sorted.
    pub code: Vec<String>,
    /// The folder's path beneath the root, without a link in it.
    pub place: PathBuf,
    /// Whether the folder or its file is a link, so that it may change by a change elsewhere.
    pub linked: bool,
}

/// A folder as it is listed.
///
/// Other entries are content of a skill, which the walk does not examine.
#[derive(Default)]
struct Listing {
    /// The place of the skill's file in [`SKILL_FILES`], and whether it is a link.
    file: Option<(usize, bool)>,
    code: Vec<String>,
    folders: Vec<PathBuf>,
    /// Links that don't lead to a file: to folders, or to nothing.
    links: Vec<PathBuf>,
}

impl SkillRoot {
    /// The root at `path`, if there is such a folder.
    #[must_use]
    pub fn open(path: &Path) -> Option<Self> {
        let real = fs::canonicalize(path).ok().filter(|real| real.is_dir())?;
        Some(Self { path: path.to_owned(), real })
    }

    /// Every skill beneath the root, and the root itself where it is one.
    #[must_use]
    pub fn walk(&self) -> Vec<SkillFolder> {
        let mut found = Vec::new();
        self.visit(&self.path, 0, &mut found);
        found
    }

    /// Every skill at `path`, which is beneath the root or was there, and beneath it; none where that
    /// is a part of another skill.
    #[must_use]
    pub fn walk_from(&self, path: &Path) -> Vec<SkillFolder> {
        let mut found = Vec::new();
        match self.depth(path) {
            None => {}
            Some(_) if is_content(&self.path, path) => {}
            Some(0) => self.visit(path, 0, &mut found),
            Some(depth) => match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_dir() => self.visit(path, depth, &mut found),
                Ok(metadata) if metadata.is_symlink() => {
                    found.extend(self.behind_link(path, depth));
                }
                _ => {}
            },
        }
        found
    }

    /// The skill in this one folder, if it is one.
    #[must_use]
    pub fn look(&self, folder: &Path) -> Option<SkillFolder> {
        let depth = self.depth(folder)?;
        if is_content(&self.path, folder) {
            return None;
        }
        match fs::symlink_metadata(folder) {
            Ok(metadata) if depth > 0 && metadata.is_symlink() => self.behind_link(folder, depth),
            _ => self.skill(folder, &list(folder).ok()?),
        }
    }

    /// How deep beneath the root a folder is. `None` if the walk never visits it.
    fn depth(&self, folder: &Path) -> Option<usize> {
        let beneath = folder.strip_prefix(&self.path).ok()?;
        let mut depth = 0;
        for component in beneath.components() {
            let Component::Normal(name) = component else { return None };
            if is_left_out(Path::new(name)) {
                return None;
            }
            depth += 1;
        }
        (depth <= DEPTH).then_some(depth)
    }

    /// Adds the skill in this folder, or those beneath it. A folder that can't be listed is an entry with the
    /// reason.
    fn visit(&self, folder: &Path, depth: usize, found: &mut Vec<SkillFolder>) {
        let listing = match list(folder) {
            Ok(listing) => listing,
            // It went away in between, or was no folder.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return;
            }
            Err(error) => {
                let message = format!("the folder can't be listed: {error}");
                let write = "check who may read it";
                let content = Err(refusal("unreadable", message, write));
                found.push(SkillFolder { path: folder.to_owned(), content });
                return;
            }
        };
        let skill = self.skill(folder, &listing);
        let is_end = skill.is_some() || depth == DEPTH;
        found.extend(skill);
        if is_end {
            return;
        }
        for link in &listing.links {
            found.extend(self.behind_link(link, depth + 1));
        }
        for child in listing.folders {
            self.visit(&child, depth + 1, found);
        }
    }

    /// The skill that a link leads to. `None` if the walk finds the same folder by its real path.
    fn behind_link(&self, link: &Path, depth: usize) -> Option<SkillFolder> {
        let refused =
            |diagnostic| Some(SkillFolder { path: link.to_owned(), content: Err(diagnostic) });
        let Ok(target) = fs::canonicalize(link) else {
            // Deeper down the link is a part of some skill's content.
            let message = "the link leads nowhere".to_owned();
            let broken = refusal("broken-link", message, "remove it, or the skill's folder here");
            return if depth == 1 { refused(broken) } else { None };
        };
        let files = files(&list(&target).ok()?)?;
        let Ok(inside) = target.strip_prefix(&self.real) else {
            let message = format!("the link leads out of {}", self.path.display());
            return refused(refusal("link-outside", message, "copy the folder to here instead"));
        };
        let is_found_itself = !inside.components().any(|part| is_left_out(part.as_ref()))
            && !is_content(&self.real, &target);
        if is_found_itself {
            return None;
        }
        let files = SkillFiles { linked: true, place: inside.to_owned(), ..files };
        Some(SkillFolder { path: link.to_owned(), content: Ok(files) })
    }

    /// The skill in a listed folder, if its listing has a skill's file.
    fn skill(&self, folder: &Path, listing: &Listing) -> Option<SkillFolder> {
        let place = folder.strip_prefix(&self.path).unwrap_or(folder).to_owned();
        let files = SkillFiles { place, ..files(listing)? };
        Some(SkillFolder { path: folder.to_owned(), content: Ok(files) })
    }
}

/// Lists the entries of a folder that matter for skills.
fn list(folder: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in fs::read_dir(folder)? {
        listing.add(&entry?)?;
    }
    sort_by(&mut listing.code, Ord::cmp);
    Ok(listing)
}

impl Listing {
    /// Keeps one entry, if it matters. Links are not followed here.
    fn add(&mut self, entry: &DirEntry) -> io::Result<()> {
        let kind = entry.file_type()?;
        let name = entry.file_name();
        if kind.is_dir() {
            if !is_left_out(Path::new(&name)) {
                self.folders.push(entry.path());
            }
            return Ok(());
        }
        // Neither skills nor code have names that are not UTF-8.
        let name = name.to_str().unwrap_or_default();
        if let Some(rank) = SKILL_FILES.iter().position(|file| *file == name) {
            let better = self.file.is_none_or(|(other, _)| rank < other);
            if better {
                self.file = Some((rank, kind.is_symlink()));
            }
        } else if name.ends_with(".wasm") || name.contains(".plugin.") {
            self.code.push(name.to_owned());
        } else if kind.is_symlink() && !is_left_out(Path::new(name)) {
            let leads_to_a_file = fs::metadata(entry.path()).is_ok_and(|target| target.is_file());
            if !leads_to_a_file {
                self.links.push(entry.path());
            }
        }
        Ok(())
    }
}

/// What makes a folder a skill, but for its place.
fn files(listing: &Listing) -> Option<SkillFiles> {
    let (rank, linked) = listing.file?;
    let (file, code) = (SKILL_FILES[rank], listing.code.clone());
    Some(SkillFiles { file, code, place: PathBuf::new(), linked })
}

/// Whether a folder beneath a root is inside a skill, and so a part of its content.
fn is_content(root: &Path, folder: &Path) -> bool {
    let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(root));
    let mut files = above.flat_map(|above| SKILL_FILES.map(|file| above.join(file)));
    files.any(|file| fs::symlink_metadata(file).is_ok_and(|it| !it.is_dir()))
}

/// Whether the walk passes over a folder of this name.
fn is_left_out(name: &Path) -> bool {
    // A folder of skills may well be called `target`.
    name.as_os_str().as_encoded_bytes().starts_with(b".")
        || [Path::new("node_modules"), Path::new("__pycache__")].contains(&name)
}

/// Why a folder is not read. It is about no line of a file, so it is about the first.
pub(super) fn refusal(code: &'static str, message: String, write: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        line: 1,
        column: 1,
        message,
        suggestion: Some(write.to_owned()),
    }
}
