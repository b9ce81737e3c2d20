//! The packages beneath a folder: itself if it is one, otherwise its direct children.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{PackageError, PackageErrorKind};
use super::source::{MANIFEST_NAMES, PluginPackage, ReadLimits};
use crate::contract::sort_by;

/// Reads every package in `root`, in the order of the folders' names.
///
/// If `root` has a manifest, it is the one package. Otherwise each direct child folder with a
/// manifest is one; a child without a manifest is reported if it holds a `.wasm` file and ignored
/// if not. Children whose names begin with a dot are ignored. A `root` that doesn't exist holds
/// nothing.
#[must_use]
pub fn discover(root: &Path, limits: ReadLimits) -> Vec<Result<PluginPackage, PackageError>> {
    match package_folders(root) {
        Ok(folders) => folders.iter().map(|folder| PluginPackage::read(folder, limits)).collect(),
        Err(error) => vec![Err(error)],
    }
}

/// The folders that [`discover`] reads, without reading them.
///
/// # Errors
///
/// [`PackageErrorKind::Unreadable`] if `root` is there and can't be listed.
pub fn package_folders(root: &Path) -> Result<Vec<PathBuf>, PackageError> {
    if has_manifest(root) {
        return Ok(vec![root.to_owned()]);
    }
    match children(root) {
        Ok(mut children) => {
            children.retain(|child| has_manifest(child) || has_module(child));
            Ok(children)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            let kind =
                PackageErrorKind::Unreadable { file: String::new(), problem: error.to_string() };
            Err(PackageError::new(root, kind))
        }
    }
}

/// The folders in `root` that may become packages: they have neither a manifest nor a module yet.
///
/// None if `root` is a package itself, or can't be listed. There are at most so many as are worth
/// watching.
pub(crate) fn unfilled_folders(root: &Path) -> Vec<PathBuf> {
    const FOLDERS: usize = 64;
    if has_manifest(root) {
        return Vec::new();
    }
    let mut folders = children(root).unwrap_or_default();
    folders.retain(|child| !has_manifest(child) && !has_module(child));
    folders.truncate(FOLDERS);
    folders
}

/// The folders directly inside `root`, sorted.
fn children(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let path = entry.path();
        if !hidden && path.is_dir() {
            folders.push(path);
        }
    }
    sort_by(&mut folders, Ord::cmp);
    Ok(folders)
}

/// Whether anything has a manifest's name, a broken link included: reading it reports the fault.
fn has_manifest(folder: &Path) -> bool {
    MANIFEST_NAMES.iter().any(|name| folder.join(name).symlink_metadata().is_ok())
}

fn has_module(folder: &Path) -> bool {
    let is_module = |entry: DirEntry| entry.path().extension().is_some_and(|end| end == "wasm");
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_module))
}
