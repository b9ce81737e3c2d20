//! The packages that are installed in `$WEFT_HOME`: where each lies, and removing one.

use std::path::{Path, PathBuf};

use super::folder::{HomeError, HomeLock, children};
use crate::package::approval::Approvals;
use crate::package::kind::{PackageKind, is_id};

/// Removes a package from `$WEFT_HOME`, with its approvals and its data. Returns whether it
/// was there.
///
/// # Errors
///
/// [`HomeError`] if something can't be written.
pub fn uninstall(home: &Path, kind: PackageKind, id: &str) -> Result<bool, HomeError> {
    let lock = HomeLock::acquire(home)?;
    // In this order, what is interrupted leaves a package without approvals and never the reverse.
    Approvals::forget(&lock, &kind.approval_id(id))?;
    lock.discard_data(kind, id)?;
    let Some(folder) = installed_folder(home, kind, id) else { return Ok(false) };
    lock.discard(kind, &folder)?;
    Ok(true)
}

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
