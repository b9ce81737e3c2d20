//! The paths that one reload reads again, and the settings that decide how it reads them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::contract::SortedSet;
use crate::package::{Approvals, PackageContent, ReadLimits};
use crate::sandbox::Authority;
use crate::skill::{SkillDocument, SkillHost};

/// The paths that may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// Everything, as after lost events. File times and sizes decide what is read.
    All,
    /// These paths, and everything beneath them. They are read even if no file time has changed.
    Paths(SortedSet<PathBuf>),
}

/// The treatment of unchanged modules that failed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failures {
    /// Compile and describe them again, because a person asked for it.
    TryAgain,
    /// Report the failure again. A watcher would otherwise compile a broken module with every
    /// change elsewhere.
    Remember,
}

impl Scope {
    /// Whether all of `root` may have changed.
    pub(super) fn covers(&self, root: &Path) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|path| root.starts_with(path)),
        }
    }

    /// Whether anything in `root`, or above it, may have changed.
    pub(super) fn touches(&self, root: &Path) -> bool {
        self.names(root) || self.covers(root)
    }

    /// Whether a path in `folder` is among the changed ones, even if no file time has changed.
    pub(super) fn names(&self, folder: &Path) -> bool {
        match self {
            Self::All => false,
            Self::Paths(paths) => {
                // In this order, the contents of a folder follow it.
                paths.range_from(folder).next().is_some_and(|path| path.starts_with(folder))
            }
        }
    }
}

/// The settings that decide how files are read and whether skills can be used.
pub(super) struct ScanContext {
    pub(super) limits: ReadLimits,
    pub(super) host: Arc<dyn SkillHost>,
    /// `$WEFT_HOME`, with its approvals.
    pub(super) home: Option<PathBuf>,
    pub(super) approvals: Approvals,
    /// The places that stay closed to plugins. Every folder that is found is added.
    pub(super) authority: Authority,
}

impl ScanContext {
    /// The content of the package in a folder, if approvals are kept at all.
    pub(super) fn package_content(
        &self,
        folder: &Path,
        version: Option<&str>,
    ) -> Option<PackageContent> {
        let home = self.home.as_ref()?;
        Some(PackageContent::read(folder, home, version))
    }

    /// The requirements of a skill that this machine does not meet, one sentence each.
    pub(super) fn unmet(&self, document: &SkillDocument) -> Vec<String> {
        document.requirements.unmet(&*self.host)
    }
}
