//! The known plugins of one folder, and the skills that they ship.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::skills::{SkillTree, WalkScope};
use super::{ScanContext, Scope};
use crate::contract::SortedMap;
use crate::package::{
    MANIFEST_NAMES, PackageContent, PackageError, package_folders, unfilled_folders,
};
use crate::skill::{Fingerprint, SkillLevel};

/// How the permissions of a folder's plugins are approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PluginSource {
    /// By kind, where the folder is named.
    Named,
    /// Plugin by plugin, as stored.
    Installed,
}

/// The plugins in one folder.
pub(super) struct PluginTree {
    path: PathBuf,
    pub(super) source: PluginSource,
    /// Why the folder can't be listed.
    pub(super) unreadable: Option<PackageError>,
    /// By folder.
    ///
    /// They are boxed, because a sorted map moves its entries when one is inserted.
    pub(super) plugins: SortedMap<PathBuf, Box<KnownPlugin>>,
    /// Folders without a plugin, which may be filled later.
    unfilled: Vec<PathBuf>,
    /// Names and folders of shipped skills that have changed.
    touched: Vec<(Arc<str>, PathBuf)>,
}

/// A plugin as it was read last.
pub(super) struct KnownPlugin {
    fingerprint: Fingerprint,
    pub(super) code: Code,
    /// Its content, if it is installed.
    pub(super) package_content: Option<PackageContent>,
    pub(super) skills: Vec<SkillTree>,
    /// Its id, as the provider of the skills it ships.
    pub(super) provider: Option<Arc<str>>,
}

impl PluginTree {
    /// A tree in which nothing was read yet.
    pub(super) fn new(path: PathBuf, source: PluginSource) -> Self {
        let (plugins, touched) = (SortedMap::new(), Vec::new());
        Self { path, source, unreadable: None, plugins, unfilled: Vec::new(), touched }
    }

    /// The shipped skills that have changed since the last call.
    pub(super) fn touched(&mut self) -> Vec<(Arc<str>, PathBuf)> {
        let trees = self.plugins.values_mut().flat_map(|plugin| &mut plugin.skills);
        let mut touched: Vec<_> = trees.flat_map(SkillTree::touched).collect();
        touched.append(&mut self.touched);
        touched
    }

    /// Records that every shipped skill may have changed.
    pub(super) fn touch_all(&mut self) {
        let plugins = self.plugins.values_mut();
        plugins.flat_map(|plugin| &mut plugin.skills).for_each(SkillTree::touch_all);
    }

    /// Records that the skills in these folders are gone.
    fn forget(&mut self, trees: impl IntoIterator<Item = SkillTree>) {
        for mut tree in trees {
            tree.clear();
            self.touched.append(&mut tree.touched());
        }
    }

    /// The folder. It may be one plugin's, or one of such folders.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Folders without a plugin, which may be filled later.
    pub(super) fn unfilled(&self) -> &[PathBuf] {
        &self.unfilled
    }

    /// Brings the tree up to date. `scope` names what may have changed.
    pub(super) fn refresh(&mut self, scope: &Scope, context: &ScanContext) {
        if !scope.touches(&self.path) {
            return;
        }
        let folders = match package_folders(&self.path) {
            Ok(folders) => folders,
            Err(error) => {
                // The known plugins stay: an unreadable folder does not mean that they are gone.
                self.unreadable = Some(error);
                return;
            }
        };
        // The folders are closed to plugins before they are read, so that no plugin can change them.
        let root = context.authority.root(&self.path);
        folders.iter().for_each(|folder| root.close_if_outside(folder));
        self.unreadable = None;
        self.unfilled = unfilled_folders(&self.path);
        let mut known = std::mem::take(&mut self.plugins);
        for folder in folders {
            let before = known.remove(&folder).map(|plugin| *plugin);
            let (plugin, lost) = KnownPlugin::read(&folder, before, self.source, scope, context);
            self.forget(lost);
            self.plugins.insert(folder, Box::new(plugin));
        }
        let gone: Vec<_> = known.into_values().flat_map(|plugin| plugin.skills).collect();
        self.forget(gone);
    }
}

impl KnownPlugin {
    /// The plugin, and the skills that it no longer ships.
    fn read(
        folder: &Path,
        known: Option<Self>,
        source: PluginSource,
        scope: &Scope,
        context: &ScanContext,
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
                let code = Code::of_plugin(folder, code, context.limits);
                let provider = code.content.as_ref().ok().map(|it| it.manifest.id.as_str().into());
                let (mut skills, gone) = shipped(folder, &code, skills);
                lost = gone;
                // Their provider may have changed.
                skills.iter_mut().for_each(SkillTree::touch_all);
                let version = code.content.as_ref().ok().map(|it| it.manifest.version.to_string());
                let package_content = match source {
                    PluginSource::Named => None,
                    PluginSource::Installed => context.package_content(folder, version.as_deref()),
                };
                Self { fingerprint, code, package_content, skills, provider }
            }
        };
        for tree in &mut plugin.skills {
            tree.refresh(scope, context);
        }
        (plugin, lost)
    }
}

/// The folders in which a plugin ships skills: its own and those that the manifest names. Then the known folders
/// that are no longer among them.
fn shipped(
    folder: &Path,
    code: &Code,
    mut known: Vec<SkillTree>,
) -> (Vec<SkillTree>, Vec<SkillTree>) {
    let named = match &code.content {
        Ok(content) => content.manifest.skills.as_slice(),
        // With an unreadable manifest the known skills stay.
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
