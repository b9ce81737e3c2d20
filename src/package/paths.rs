//! Which paths a package may hold: plain ones, that mean the same file on every system.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::install_error::InstallError;
use super::record::RECORD_FILE;
use crate::contract::{limits, sort_by};

/// The paths of one package, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct PackagePaths {
    entries: usize,
    /// Each path by what it is without regard to case.
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    path: String,
    is_file: bool,
}

impl PackagePaths {
    /// Adds a folder: its path in plain form, or `None` for the package itself.
    pub(super) fn folder(&mut self, path: &str) -> Result<Option<String>, InstallError> {
        self.count()?;
        let Some(path) = plain(path)? else { return Ok(None) };
        self.parents(&path)?;
        self.add(&path, false)?;
        Ok(Some(path))
    }

    /// Adds a file: its path in plain form.
    pub(super) fn file(&mut self, path: &str) -> Result<String, InstallError> {
        self.count()?;
        let plain = if path.ends_with('/') { None } else { plain(path)? };
        let Some(path) = plain else { return refused(path, "it is no file's path") };
        self.parents(&path)?;
        self.add(&path, true)?;
        Ok(path)
    }

    fn count(&mut self) -> Result<(), InstallError> {
        self.entries += 1;
        let limit = limits::PACKAGE_ENTRIES;
        if self.entries > limit { Err(InstallError::TooManyEntries { limit }) } else { Ok(()) }
    }

    fn parents(&mut self, path: &str) -> Result<(), InstallError> {
        path.match_indices('/').try_for_each(|(end, _)| self.add(&path[..end], false))
    }

    fn add(&mut self, path: &str, is_file: bool) -> Result<(), InstallError> {
        match self.seen.get(&path.to_lowercase()) {
            Some(seen) if seen.path != path => {
                refused(path, &format!("it differs from `{}` only in case", seen.path))
            }
            Some(seen) if is_file || seen.is_file => refused(path, "it is there twice"),
            Some(_) => Ok(()),
            None => {
                self.seen.insert(path.to_lowercase(), Seen { path: path.to_owned(), is_file });
                Ok(())
            }
        }
    }
}

/// The path without `./` before it and `/` behind it; `None` for the package's own folder.
fn plain(path: &str) -> Result<Option<String>, InstallError> {
    let text = path.strip_prefix("./").unwrap_or(path);
    let text = text.strip_suffix('/').unwrap_or(text);
    if text.is_empty() || text == "." {
        return if path.starts_with('/') { refused(path, "it is absolute") } else { Ok(None) };
    }
    if text.starts_with('/') {
        return refused(path, "it is absolute");
    }
    if text.len() > limits::PACKAGE_PATH_BYTES {
        let problem = format!("it is longer than {} bytes", limits::PACKAGE_PATH_BYTES);
        return refused(path, &problem);
    }
    if text.chars().any(|char| char.is_control() || matches!(char, '\\' | ':')) {
        return refused(path, "it holds a backslash, a colon or a control character");
    }
    if text.split('/').any(|part| part == "..") {
        return refused(path, "it leads out of the package");
    }
    if text.split('/').any(|part| matches!(part, "" | ".")) {
        return refused(path, "it has an empty part");
    }
    Ok(Some(text.to_owned()))
}

pub(super) fn refused<T>(path: &str, problem: &str) -> Result<T, InstallError> {
    let path: String = path.chars().take(80).flat_map(char::escape_debug).collect();
    Err(InstallError::Entry { path, problem: problem.to_owned() })
}

/// A file of a package that lies in a folder.
#[derive(Debug)]
pub(super) struct PackageFile {
    /// Its path inside the package.
    pub(super) path: String,
    /// Where it is.
    pub(super) place: PathBuf,
}

/// Every file of the package in `folder`, in the order of the paths. Links and devices are
/// refused, and so is what is over the limits.
pub(super) fn files(folder: &Path) -> Result<Vec<PackageFile>, InstallError> {
    let mut walk = Walk { paths: PackagePaths::default(), files: Vec::new(), bytes: 0 };
    walk.folder(folder, "")?;
    sort_by(&mut walk.files, |a, b| a.path.cmp(&b.path));
    Ok(walk.files)
}

struct Walk {
    paths: PackagePaths,
    files: Vec<PackageFile>,
    bytes: u64,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str) -> Result<(), InstallError> {
        let unreadable = |error: std::io::Error| InstallError::Source {
            source: folder.display().to_string(),
            problem: error.to_string(),
        };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return refused(&name.to_string_lossy(), "its name is not UTF-8");
            };
            let path = format!("{prefix}{name}");
            if path == RECORD_FILE {
                continue;
            }
            // This is the entry's own kind: a link is not followed.
            let metadata = entry.metadata().map_err(unreadable)?;
            if metadata.is_dir() {
                self.paths.folder(&path)?;
                self.folder(&entry.path(), &format!("{path}/"))?;
            } else if metadata.is_file() {
                self.bytes = self.bytes.saturating_add(metadata.len());
                if self.bytes > limits::PACKAGE_BYTES {
                    return Err(InstallError::TooLarge { limit_bytes: limits::PACKAGE_BYTES });
                }
                let path = self.paths.file(&path)?;
                self.files.push(PackageFile { path, place: entry.path() });
            } else {
                return refused(&path, "it is neither a file nor a folder");
            }
        }
        Ok(())
    }
}
