//! The options of the loader.

use std::path::PathBuf;
use std::sync::Arc;

use crate::package::{Approval, ReadLimits};
use crate::skill::{SkillHost, SkillLevel};

/// The folders of plugins and skills, and how they are loaded.
#[derive(Clone)]
pub struct LoaderOptions {
    /// Folders of skills with their level, in path order. Only [`SkillLevel::Workspace`] and
    /// [`SkillLevel::Managed`] belong here: the others come with plugins and with the program.
    pub skill_roots: Vec<(PathBuf, SkillLevel)>,
    /// Plugins' folders, or folders of such folders.
    pub plugin_folders: Vec<PathBuf>,
    /// The permissions that are approved for plugins from `plugin_folders`.
    pub approval: Approval,
    /// `$WEFT_HOME`, with installed plugins, approvals and switches.
    pub weft_home: Option<PathBuf>,
    /// The workspace, by its real path: approvals for its skills hold for it alone.
    pub workspace: PathBuf,
    /// Whether bundled plugins and skills are loaded.
    pub bundled: Bundled,
    /// The size limits of packages.
    pub read_limits: ReadLimits,
    /// The configuration's files with their texts at the start, the operator's own first. Later changes of `plugins`
    /// in that one take effect; any other change is only logged.
    pub settings: Vec<(PathBuf, String)>,
    /// The host that the requirements of skills are checked against.
    pub skill_host: Arc<dyn SkillHost>,
}

/// Whether bundled plugins and skills are loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bundled {
    /// They are loaded.
    #[default]
    Included,
    /// They are not loaded.
    LeftOut,
}

impl Bundled {
    /// Whether they are loaded.
    #[cfg(feature = "bundled")]
    pub(super) fn is_included(self) -> bool {
        self == Self::Included
    }
}
