//! The folders and files to watch.
//!
//! The list is made anew after each reload, because it depends on what was found: a manifest names
//! the module's path, and a new plugin has skills of its own.

use std::path::{Path, PathBuf};

use super::Disk;
use crate::actor::loader::skills::SkillTree;
use crate::contract::sort_by;
use crate::package::{Approvals, SkillSwitches};

/// A folder or file to watch, and how deep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WatchedFolder {
    /// Its path; it need not exist.
    pub path: PathBuf,
    /// How deep it is watched.
    pub depth: WatchDepth,
}

/// How deep a folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchDepth {
    /// It is a file or a link, which is watched through its folder. What a link leads to is watched as
    /// well.
    Itself,
    /// Only its own entries.
    Direct,
    /// Everything beneath it.
    Beneath,
}

impl Disk {
    /// The folders and files to watch, so that every change is noticed: sorted and without
    /// duplicates.
    pub(in crate::actor::loader) fn watched(&self) -> Vec<WatchedFolder> {
        let beneath = |path: &Path| WatchedFolder { path: path.into(), depth: WatchDepth::Beneath };
        let direct = |path: &Path| WatchedFolder { path: path.into(), depth: WatchDepth::Direct };
        let mut watched: Vec<_> = self.skills.iter().map(|tree| beneath(tree.path())).collect();
        let state = self.options.weft_home.iter();
        let state = state.flat_map(|home| [Approvals::path(home), SkillSwitches::path(home)]);
        for file in state.chain(self.settings.iter().map(|file| file.path().to_owned())) {
            watched.push(WatchedFolder { path: file, depth: WatchDepth::Itself });
        }
        let shipped = self.plugins.iter().flat_map(|tree| tree.plugins.values());
        let shipped = shipped.flat_map(|plugin| &plugin.skills);
        for (folder, skill) in self.skills.iter().chain(shipped).flat_map(SkillTree::linked) {
            // A folder that is refused is not read, and may be large.
            let is_read = **skill.path() != **folder;
            watched.extend(is_read.then(|| beneath(folder)));
            let path = skill.path().to_path_buf();
            watched.push(WatchedFolder { path, depth: WatchDepth::Itself });
        }
        // A module may be in a folder that is not watched otherwise, such as `target`.
        for tree in &self.skills {
            let with_code = tree.with_code.iter();
            watched.extend(with_code.filter_map(|folder| {
                let module = tree.skills.get(folder)?.code.as_ref()?.module_path()?;
                folder.join(module).parent().map(direct)
            }));
        }
        if let Some(home) = &self.options.weft_home {
            watched.extend([keys_folder(home), secrets_folder(home)].map(|folder| direct(&folder)));
        }
        for tree in &self.plugins {
            watched.push(direct(tree.path()));
            watched.extend(tree.unfilled().iter().map(|folder| direct(folder)));
            for (folder, plugin) in &tree.plugins {
                // A plugin's folder may be a whole project, so only its relevant parts are watched.
                watched.push(direct(folder));
                let module = plugin.code.module_path().map(|path| folder.join(path));
                watched.extend(module.as_deref().and_then(Path::parent).map(direct));
                let shipped = plugin.skills.iter().map(SkillTree::path);
                watched.extend(shipped.filter(|path| path != folder).map(beneath));
            }
        }
        sort_by(&mut watched, Ord::cmp);
        watched.dedup();
        watched
    }
}

/// The folder of trusted keys.
pub(super) fn keys_folder(home: &Path) -> PathBuf {
    home.join("trusted-keys")
}

/// The folder of secrets.
pub(super) fn secrets_folder(home: &Path) -> PathBuf {
    home.join("secrets")
}
