//! The files of a package that lies in a folder: all of them where it is installed, and where its
//! author works on it those that belong into a package.
//!
//! Signing, packing and copying all ask here, so that they agree on the files.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use super::error::{LINK, NOT_FILE_OR_FOLDER, PackError};
use super::paths::{self, PackagePaths};
use crate::contract::{PluginManifest, limits, sort_by};
use crate::package::digest::RECORD_FILE;
use crate::package::read::source;
use crate::skill::{is_ignored_folder, is_ignored_name, is_leftover};

/// Whether macOS puts it beside files, by the names in its path: no part of a package, wherever that
/// comes from.
pub(in crate::package) fn is_of_macos(path: &str) -> bool {
    path.split('/').any(|name| matches!(name, ".DS_Store" | "__MACOSX") || name.starts_with("._"))
}

/// A file of a package that lies in a folder.
#[derive(Debug)]
pub(in crate::package) struct PackageFile {
    /// Its path inside the package.
    pub(in crate::package) path: String,
    /// Where it is.
    pub(in crate::package) place: PathBuf,
    /// Whether its owner may run it.
    pub(in crate::package) executable: bool,
}

/// Every file of the staged or installed package in `folder`, in the order of the paths. Links and
/// devices are refused, and so is what is over the limits.
pub(in crate::package) fn all(folder: &Path) -> Result<Vec<PackageFile>, PackError> {
    walk(folder, None).map(|walk| walk.files)
}

/// The files that become the package when it is made of `folder`; refused is what [`all`] refuses.
pub(in crate::package) fn to_pack(folder: &Path) -> Result<Vec<PackageFile>, PackError> {
    walk(folder, Some(named(folder))).map(|walk| walk.files)
}

/// What packing, signing and installing `folder` leave out: histories, builds and caches (`.git`,
/// `target`, `node_modules`, what has a `CACHEDIR.TAG`), and the leftovers of editors. The files in them that the
/// manifest names, as its module, are part of the package nevertheless.
///
/// # Errors
///
/// [`PackError`] for what no package may hold, and for a package over its limits.
pub fn left_out_of_package(folder: &Path) -> Result<Vec<String>, PackError> {
    let mut left_out = walk(folder, Some(named(folder)))?.left_out;
    sort_by(&mut left_out, Ord::cmp);
    Ok(left_out)
}

/// Whether a file of this name in the author's `folder` is what packing it left there, and no part of
/// the package: `<id>.tar.gz`, or `<id>-<version>.tar.gz`.
#[must_use]
pub fn is_own_archive(folder: &Path, name: &str) -> bool {
    let id = source::manifest(folder).ok().map(|it| it.id);
    let folder = folder.canonicalize().unwrap_or_default();
    let folder_name = folder.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    let id = id.as_deref().unwrap_or(folder_name);
    let rest = name.strip_suffix(".tar.gz").and_then(|stem| stem.strip_prefix(id));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The paths that the manifest names: module, skills, and grants inside the package. What keeps a
/// manifest from being read is said when the package is.
fn named(folder: &Path) -> Vec<String> {
    let Ok(PluginManifest { wasm_module, skills, permissions, .. }) = source::manifest(folder)
    else {
        return Vec::new();
    };
    let grants = permissions.filesystem.iter().filter_map(|it| it.strip_prefix("$PLUGIN_DIR/"));
    let paths = skills.iter().map(String::as_str).chain(grants).chain([wasm_module.as_str()]);
    let plain = |path: &str| {
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        parts.collect::<Vec<_>>().join("/")
    };
    paths.map(plain).filter(|path| !path.is_empty()).collect()
}

fn walk(folder: &Path, named: Option<Vec<String>>) -> Result<PackageWalk, PackError> {
    let paths = PackagePaths::default();
    let mut walk = PackageWalk { paths, named, files: Vec::new(), left_out: Vec::new(), bytes: 0 };
    walk.folder(folder, "", FolderPart::All)?;
    sort_by(&mut walk.files, |a, b| a.path.cmp(&b.path));
    Ok(walk)
}

/// Which part of a folder belongs to the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FolderPart {
    All,
    /// What is named, and what leads to it.
    Named,
    Nothing,
}

struct PackageWalk {
    paths: PackagePaths,
    /// What the author's manifest names; none where everything belongs to the package.
    named: Option<Vec<String>>,
    files: Vec<PackageFile>,
    left_out: Vec<String>,
    bytes: u64,
}

impl PackageWalk {
    fn folder(&mut self, folder: &Path, prefix: &str, from: FolderPart) -> Result<(), PackError> {
        let unreadable = |error: std::io::Error| PackError::unreadable(folder, &error);
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                match from {
                    FolderPart::All => {
                        return paths::refused(&name.to_string_lossy(), "its name is not UTF-8");
                    }
                    FolderPart::Named | FolderPart::Nothing => continue,
                }
            };
            let path = format!("{prefix}{name}");
            if path == RECORD_FILE {
                continue;
            }
            // This is the entry's own kind: a link is not followed.
            let metadata = entry.metadata().map_err(unreadable)?;
            let taken = match from {
                FolderPart::All
                    if self.is_left_out(name, &entry.path(), &metadata)
                        || self.is_packed(folder, &path, &metadata) =>
                {
                    self.left_out.push(path.clone());
                    self.taken(&path)
                }
                FolderPart::All => FolderPart::All,
                FolderPart::Named | FolderPart::Nothing => self.taken(&path),
            };
            match taken {
                FolderPart::Nothing => {}
                _ if metadata.is_dir() => {
                    self.paths.folder(&path)?;
                    self.folder(&entry.path(), &format!("{path}/"), taken)?;
                }
                FolderPart::All if metadata.is_file() => {
                    self.bytes = self.bytes.saturating_add(metadata.len());
                    if self.bytes > limits::PACKAGE_BYTES {
                        return Err(PackError::too_large());
                    }
                    let path = self.paths.file(&path)?;
                    let executable = is_executable(&metadata);
                    self.files.push(PackageFile { path, place: entry.path(), executable });
                }
                _ if metadata.is_symlink() => return paths::refused(&path, LINK),
                _ => return paths::refused(&path, NOT_FILE_OR_FOLDER),
            }
        }
        Ok(())
    }

    /// Whether what is found under this name is no part of a package by itself.
    fn is_left_out(&self, name: &str, place: &Path, metadata: &Metadata) -> bool {
        // In a worktree, `.git` is a file.
        let by_name = match metadata.is_file() {
            true => is_leftover(name) || name == ".git",
            false => is_ignored_name(name),
        } || is_of_macos(name);
        self.named.is_some() && (by_name || (metadata.is_dir() && is_ignored_folder(place)))
    }

    /// Whether this file, directly in the author's folder, was packed of it.
    fn is_packed(&self, folder: &Path, path: &str, metadata: &Metadata) -> bool {
        let is_candidate = metadata.is_file() && path.ends_with(".tar.gz") && !path.contains('/');
        self.named.is_some() && is_candidate && is_own_archive(folder, path)
    }

    /// What is taken of `path`, which is or lies in what is left out.
    fn taken(&self, path: &str) -> FolderPart {
        let named = self.named.as_deref().unwrap_or_default();
        let leads_to =
            |named: &String| named.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        if named.iter().any(|named| named == path) {
            FolderPart::All
        } else if named.iter().any(leads_to) {
            FolderPart::Named
        } else {
            FolderPart::Nothing
        }
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &Metadata) -> bool {
    false
}
