//! Removing an installed package, with its approvals, its data and what it has stored.

use std::path::Path;

use super::approval::Approvals;
use super::home::{HomeError, HomeLock, data_folder, installed_folder};
use super::kind::{PackageKind, is_id};
#[cfg(feature = "store")]
use crate::store::{DurableStore, StoreError};

/// Removes a package from `$WEFT_HOME`, with its approvals, its data and, with the feature `store`, the keys and
/// values that it has stored. Returns whether it was there.
///
/// # Errors
///
/// [`HomeError`] if something can't be written.
pub fn uninstall(home: &Path, kind: PackageKind, id: &str) -> Result<bool, HomeError> {
    let lock = HomeLock::acquire(home)?;
    // In this order, what is interrupted leaves a package without approvals and never the reverse.
    Approvals::forget(&lock, &kind.approval_id(id))?;
    discard_kept(&lock, kind, id)?;
    let Some(folder) = installed_folder(home, kind, id) else { return Ok(false) };
    lock.discard(kind, &folder)?;
    // A program that had it loaded may have kept something meanwhile.
    discard_kept(&lock, kind, id)?;
    Ok(true)
}

/// Whether something is there that a package has kept: its data, or its keys and values. It stays if the package's
/// folder is deleted by hand.
#[must_use]
pub fn has_kept(home: &Path, kind: PackageKind, id: &str) -> bool {
    is_id(id)
        && (data_folder(home, kind, id).symlink_metadata().is_ok() || has_store(home, kind, id))
}

/// Removes what a package has kept: its data, and its keys and values. Those of a package that was taken away by hand
/// are not for another one of its name.
pub(super) fn discard_kept(lock: &HomeLock, kind: PackageKind, id: &str) -> Result<(), HomeError> {
    if !is_id(id) {
        return Ok(());
    }
    lock.discard_data(kind, id)?;
    clear_store(lock.home(), kind, id)
}

#[cfg(feature = "store")]
fn has_store(home: &Path, kind: PackageKind, id: &str) -> bool {
    DurableStore::of_home(home).summary(&kind.approval_id(id)).is_some()
}

#[cfg(not(feature = "store"))]
fn has_store(_: &Path, _: PackageKind, _: &str) -> bool {
    false
}

/// Removes the keys and values of a package: their name is that of its approvals.
#[cfg(feature = "store")]
fn clear_store(home: &Path, kind: PackageKind, id: &str) -> Result<(), HomeError> {
    clear_namespace(&DurableStore::of_home(home), &kind.approval_id(id), home)
}

/// Removes the keys and values under a name.
#[cfg(feature = "store")]
pub(super) fn clear_namespace(
    store: &DurableStore,
    name: &str,
    home: &Path,
) -> Result<(), HomeError> {
    store.clear(name).map(|_| ()).map_err(|error| match error {
        StoreError::Busy { path } => HomeError::busy(&path),
        StoreError::Io { path, problem } => HomeError::io(&path, &problem),
        error => HomeError::io(&home.join("store"), &error),
    })
}

/// Without the feature nothing is stored.
#[cfg(not(feature = "store"))]
fn clear_store(_: &Path, _: PackageKind, _: &str) -> Result<(), HomeError> {
    Ok(())
}
