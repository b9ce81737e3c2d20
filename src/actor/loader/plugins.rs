//! What is known of the plugins in one folder of them, and of the skills that they ship.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::skills::{SkillTree, WalkScope};
use super::{Scope, Surroundings};
use crate::contract::SortedMap;
use crate::package::{
    MANIFEST_NAMES, PackageContent, PackageError, package_folders, unfilled_folders,
};
use crate::skill::{Fingerprint, SkillLevel};

/// How the plugins of a folder come by their permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PluginSource {
    /// Whoever named the folder approves by kind.
    Named,
    /// They are installed, and have what was approved for each.
    Installed,
}

/// The plugins in one folder.
pub(super) struct PluginTree {
    path: PathBuf,
    pub(super) source: PluginSource,
    /// Why the folder can't be listed.
    pub(super) unreadable: Option<PackageError>,
    /// By folder.
    pub(super) plugins: SortedMap<PathBuf, Box<KnownPlugin>>,
    /// Folders that are no plugins yet, and may be filled.
    unfilled: Vec<PathBuf>,
    /// Names of shipped skills that are no longer what they were, and their folders.
    touched: Vec<(Arc<str>, PathBuf)>,
}

/// A plugin as it was read last.
pub(super) struct KnownPlugin {
    fingerprint: Fingerprint,
    pub(super) code: Code,
    /// What it is made of, if it is installed.
    pub(super) made_of: Option<PackageContent>,
    pub(super) skills: Vec<SkillTree>,
    /// Its id, as the provider of the skills it ships.
    pub(super) provider: Option<Arc<str>>,
}

impl PluginTree {
    pub(super) fn new(path: PathBuf, source: PluginSource) -> Self {
        let (plugins, touched) = (SortedMap::new(), Vec::new());
        Self { path, source, unreadable: None, plugins, unfilled: Vec::new(), touched }
    }

    /// What has changed since this was asked last.
    pub(super) fn touched(&mut self) -> Vec<(Arc<str>, PathBuf)> {
        let trees = self.plugins.values_mut().flat_map(|plugin| &mut plugin.skills);
        let mut touched: Vec<_> = trees.flat_map(SkillTree::touched).collect();
        touched.append(&mut self.touched);
        touched
    }

    /// Notes that the skills in these folders are gone.
    fn lose(&mut self, trees: impl IntoIterator<Item = SkillTree>) {
        for mut tree in trees {
            tree.clear();
            self.touched.append(&mut tree.touched());
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Folders that become plugins when somebody fills them.
    pub(super) fn unfilled(&self) -> &[PathBuf] {
        &self.unfilled
    }

    /// Brings the tree up to date. `scope` names what may have changed.
    pub(super) fn refresh(&mut self, scope: &Scope, around: &Surroundings) {
        if !scope.touches(&self.path) {
            return;
        }
        let folders = match package_folders(&self.path) {
            Ok(folders) => folders,
            Err(error) => {
                // What is in service stays there: that a folder can't be read says nothing of it.
                self.unreadable = Some(error);
                return;
            }
        };
        // Before anything in them is read, so that no plugin has its hand in what is.
        let root = around.authority.root(&self.path);
        folders.iter().for_each(|folder| root.hold(folder));
        self.unreadable = None;
        self.unfilled = unfilled_folders(&self.path);
        let mut known = std::mem::take(&mut self.plugins);
        for folder in folders {
            let before = known.remove(&folder).map(|plugin| *plugin);
            let (plugin, lost) = KnownPlugin::read(&folder, before, self.source, scope, around);
            self.lose(lost);
            self.plugins.insert(folder, Box::new(plugin));
        }
        let gone: Vec<_> = known.into_values().flat_map(|plugin| plugin.skills).collect();
        self.lose(gone);
    }
}

impl KnownPlugin {
    /// The plugin, and the folders of skills that it ships no more.
    fn read(
        folder: &Path,
        known: Option<Self>,
        source: PluginSource,
        scope: &Scope,
        around: &Surroundings,
    ) -> (Self, Vec<SkillTree>) {
        let mut lost = Vec::new();
        let module = known.as_ref().and_then(|known| known.code.module_path());
        let files = MANIFEST_NAMES.into_iter().chain(module).map(|name| folder.join(name));
        let fingerprint = Fingerprint::of(files);
        let mut plugin = match known {
            Some(known) if !scope.names(folder) && fingerprint.is_same_as(&known.fingerprint) => {
                known
            }
            known => {
                let (code, skills) =
                    known.map_or((None, Vec::new()), |known| (Some(known.code), known.skills));
                let code = Code::of_plugin(folder, code, around.limits);
                let provider = code.content.as_ref().ok().map(|it| it.manifest.id.as_str().into());
                let (mut skills, gone) = shipped(folder, &code, skills);
                lost = gone;
                // They may have another provider now.
                skills.iter_mut().for_each(SkillTree::touch_all);
                let version = code.content.as_ref().ok().map(|it| it.manifest.version.to_string());
                let made_of = match source {
                    PluginSource::Named => None,
                    PluginSource::Installed => around.made_of(folder, version.as_deref()),
                };
                Self { fingerprint, code, made_of, skills, provider }
            }
        };
        for tree in &mut plugin.skills {
            tree.refresh(scope, around);
        }
        (plugin, lost)
    }
}

/// The folders in which a plugin ships skills, its own and those that the manifest names; and those
/// in which it ships none any more.
fn shipped(
    folder: &Path,
    code: &Code,
    mut known: Vec<SkillTree>,
) -> (Vec<SkillTree>, Vec<SkillTree>) {
    let named = match &code.content {
        Ok(content) => content.manifest.skills.as_slice(),
        // A manifest that can't be read for now takes no skill away.
        Err(_) => return (known, Vec::new()),
    };
    let own = (folder.to_owned(), WalkScope::Own);
    let named = named.iter().map(|path| (folder.join(path), WalkScope::Inside(folder.to_owned())));
    let trees = [own].into_iter().chain(named).map(|(path, scope)| {
        match known.iter().position(|tree| tree.path() == path) {
            Some(at) => known.swap_remove(at),
            None => SkillTree::new(path, SkillLevel::Plugin, scope),
        }
    });
    let trees = trees.collect();
    (trees, known)
}
