//! Where the loader looks for plugins and skills.

use std::path::PathBuf;
use std::sync::Arc;

use crate::package::{Approval, ReadLimits};
use crate::skill::{SkillHost, SkillLevel};

/// Where the loader looks, and what it goes by.
#[derive(Clone)]
pub struct LoaderOptions {
    /// Folders of skills with their level, in path order. Only [`SkillLevel::Workspace`] and
    /// [`SkillLevel::Managed`] belong here: the others come with plugins and with the program.
    pub skill_roots: Vec<(PathBuf, SkillLevel)>,
    /// Plugins' folders, or folders of such folders.
    pub plugin_folders: Vec<PathBuf>,
    /// What plugins from `plugin_folders` may have.
    pub approval: Approval,
    /// `$WEFT_HOME`, with installed plugins, approvals and switches.
    pub weft_home: Option<PathBuf>,
    /// The workspace, by its real path: approvals for its skills hold for it alone.
    pub workspace: PathBuf,
    /// Whether what is compiled in is loaded.
    pub bundled: Bundled,
    /// The sizes of what is read from packages.
    pub read_limits: ReadLimits,
    /// The configuration's files and what they said when they were read, once and for all. That one
    /// of them is another now is logged.
    pub settings: Vec<(PathBuf, String)>,
    /// What skills find around them.
    pub surroundings: Arc<dyn SkillHost>,
}

/// Whether the plugins and skills that are compiled in are loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bundled {
    /// They are.
    #[default]
    Included,
    /// They are not.
    LeftOut,
}

impl Bundled {
    #[cfg(feature = "bundled")]
    pub(super) fn is_included(self) -> bool {
        self == Self::Included
    }
}
