//! The packages that are installed in `$WEFT_HOME`, and where each is.

use std::path::{Path, PathBuf};

use super::folder::children;
use crate::package::digest::RECORD_FILE;
use crate::package::kind::{PackageKind, is_id};

/// The folder of the plugin of this id, or of the skill of this name, if it is installed.
#[must_use]
pub fn installed_folder(home: &Path, kind: PackageKind, id: &str) -> Option<PathBuf> {
    let place = place(home, kind, id);
    (is_id(id) && place.symlink_metadata().is_ok()).then_some(place)
}

/// The ids of the plugins, or the names of the skills, that are installed.
#[must_use]
pub fn installed_ids(home: &Path, kind: PackageKind) -> Vec<String> {
    let children = children(&home.join(kind.folder())).unwrap_or_default();
    let names = children.iter().filter_map(|child| child.file_name()?.to_str());
    names.filter(|name| is_id(name)).map(str::to_owned).collect()
}

/// Where a package is installed, or would be.
pub(in crate::package) fn place(home: &Path, kind: PackageKind, id: &str) -> PathBuf {
    home.join(kind.folder()).join(id)
}

/// Whether the package in `folder` was installed there.
pub(crate) fn is_installed(folder: &Path) -> bool {
    folder.join(RECORD_FILE).symlink_metadata().is_ok()
}
