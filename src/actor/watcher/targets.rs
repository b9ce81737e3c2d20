//! The folders to watch, as the kernel needs them: real folders that exist.
//!
//! For a folder that doesn't exist yet, the nearest existing folder above it is watched. The parent of an
//! existing folder is watched as well, so that the folder's removal and return are noticed. Events have real
//! paths, which are translated to the paths that the loader knows.

use std::fs;
use std::path::{Path, PathBuf};

use crate::actor::loader::{WatchDepth, WatchedFolder};
use crate::contract::sort_by;
use crate::skill::{SKILL_FILES, is_ignored_folder, is_ignored_name};

/// How many levels of folders are watched.
const LEVELS: usize = 32;

/// The folders to watch, and the loader's paths for them.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// Real paths, in order.
    real: Vec<PathBuf>,
    /// Real paths with the paths by which they were reached.
    names: Vec<(PathBuf, PathBuf)>,
    watched: Vec<WatchedFolder>,
}

impl Targets {
    /// Finds the real folders for what the loader wants to be watched. It reads folders, so it runs
    /// off the executor.
    pub(super) fn of(watched: &[WatchedFolder]) -> Self {
        let mut targets = Self { watched: watched.to_vec(), ..Self::default() };
        for folder in watched {
            targets.add(folder);
        }
        sort_by(&mut targets.names, Ord::cmp);
        targets.names.dedup();
        sort_by(&mut targets.real, Ord::cmp);
        targets.real.dedup();
        targets
    }

    /// Adds the real folders for one wish: the folder itself, what is beneath it, and the nearest
    /// folder above.
    fn add(&mut self, folder: &WatchedFolder) {
        let path = folder.path.as_path();
        if folder.depth == WatchDepth::Itself {
            self.want_target(path);
        }
        if folder.depth != WatchDepth::Itself
            && let Some(real) = real_folder(path)
        {
            if real != path
                && let Some(parent) = real.parent()
            {
                // Behind a link, the real folder may go and return as well.
                self.want(parent.to_owned(), parent);
            }
            if folder.depth == WatchDepth::Beneath {
                self.want_beneath(&real, LEVELS);
            }
            self.want(real, path);
        }
        let above = path.ancestors().skip(1).find_map(|above| Some((real_folder(above)?, above)));
        if let Some((real, above)) = above {
            self.want(real, above);
        }
    }

    /// Adds the folder of what a link leads to. Where nothing is there, it is the nearest folder above,
    /// and what appears in it on the way to the target counts as a change of the link.
    fn want_target(&mut self, link: &Path) {
        let Ok(target) = fs::read_link(link) else { return };
        let target = link.parent().unwrap_or(link).join(target);
        if let Ok(real) = fs::canonicalize(&target) {
            if let Some(parent) = real.parent() {
                self.want(parent.to_owned(), parent);
            }
            self.names.push((real, link.to_owned()));
            return;
        }
        let above = target.ancestors().skip(1).find_map(|above| Some((real_folder(above)?, above)));
        let Some((real, above)) = above else { return };
        let next = target.strip_prefix(above).ok().and_then(|rest| rest.iter().next());
        self.names.extend(next.map(|next| (real.join(next), link.to_owned())));
        self.want(real, above);
    }

    /// Adds a real folder that the loader knows by this name.
    fn want(&mut self, real: PathBuf, name: &Path) {
        self.names.push((real.clone(), name.to_owned()));
        self.real.push(real);
    }

    /// Every folder beneath a real one, without the ignored ones. Links are not followed: their targets are
    /// watched by their real paths, if they have to be watched.
    fn want_beneath(&mut self, real: &Path, levels: usize) {
        let Ok(entries) = fs::read_dir(real) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if levels == 0
                || !entry.file_type().is_ok_and(|kind| kind.is_dir())
                || (is_ignored_folder(&path) && !is_skill(&path))
            {
                continue;
            }
            self.want_beneath(&path, levels - 1);
            self.real.push(path);
        }
    }

    /// The real folders, each with a watch of its own.
    pub(super) fn real(&self) -> impl Iterator<Item = &Path> {
        self.real.iter().map(PathBuf::as_path)
    }

    /// The names by which a real path was reached.
    pub(super) fn names_of(&self, real: &Path) -> Vec<PathBuf> {
        let names = self.names.iter().filter_map(|(folder, name)| {
            let rest = real.strip_prefix(folder).ok()?;
            // Joining an empty path would leave a slash at the end.
            Some(if rest.as_os_str().is_empty() { name.clone() } else { name.join(rest) })
        });
        names.collect()
    }

    /// The loader's paths for a real path that is in a watched folder, or above one.
    pub(super) fn relevant(&self, real: &Path) -> Vec<PathBuf> {
        let mut names = self.names_of(real);
        names.retain(|name| self.watched.iter().any(|folder| folder.concerns(name)));
        names
    }
}

impl WatchedFolder {
    /// Whether a change of this path may matter here. A change above the folder does: the folder
    /// may have gone with it.
    fn concerns(&self, path: &Path) -> bool {
        if self.path.starts_with(path) {
            return true;
        }
        let Ok(inside) = path.strip_prefix(&self.path) else { return false };
        let has = |left_out: &dyn Fn(&[u8]) -> bool| {
            inside.components().any(|part| left_out(part.as_os_str().as_encoded_bytes()))
        };
        match self.depth {
            WatchDepth::Itself => false,
            WatchDepth::Direct => {
                inside.components().count() == 1 && !has(&|name| name.starts_with(b"."))
            }
            // Links may lead to hidden folders, though hardly into a repository.
            // Directly beneath a root a folder's name is a skill's.
            WatchDepth::Beneath => {
                let mut content = inside.iter().skip(1).filter_map(|part| part.to_str());
                !has(&|name| name == b".git") && !content.any(is_ignored_name)
            }
        }
    }
}

/// Whether a folder is a skill, whatever its name.
fn is_skill(folder: &Path) -> bool {
    SKILL_FILES.iter().any(|file| folder.join(file).is_file())
}

/// The folder without links; `None` if it is no folder, or is not there.
fn real_folder(path: &Path) -> Option<PathBuf> {
    // The nearest folder above a relative path may be the current one, whose name is empty.
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    fs::canonicalize(path).ok().filter(|real| real.is_dir())
}
