//! Removing an installed package, with its approvals and its data.

use std::path::Path;

use super::approval::Approvals;
use super::home::{HomeError, HomeLock, installed_folder};
use super::kind::PackageKind;

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
