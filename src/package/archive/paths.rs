//! Which paths a package may hold: plain ones that name the same file on every system.

use super::error::PackError;
use crate::contract::{SortedMap, limits};

/// The paths of one package, as far as they are known.
#[derive(Debug, Default)]
pub(in crate::package) struct PackagePaths {
    entries: usize,
    /// Each path by what it is without regard to case.
    seen: SortedMap<String, KnownPath>,
}

#[derive(Debug)]
struct KnownPath {
    path: String,
    is_file: bool,
}

impl PackagePaths {
    /// Adds a folder: its path in plain form, or `None` for the package itself.
    pub(in crate::package) fn folder(&mut self, path: &str) -> Result<Option<String>, PackError> {
        self.count()?;
        let Some(path) = plain(path)? else { return Ok(None) };
        self.parents(&path)?;
        self.add(&path, false)?;
        Ok(Some(path))
    }

    /// Adds a file: its path in plain form.
    pub(in crate::package) fn file(&mut self, path: &str) -> Result<String, PackError> {
        self.count()?;
        let plain = if path.ends_with('/') { None } else { plain(path)? };
        let Some(path) = plain else { return refused(path, "it is no file's path") };
        self.parents(&path)?;
        self.add(&path, true)?;
        Ok(path)
    }

    /// Counts an entry that is left out, whose name need not follow the rules.
    pub(in crate::package) fn left_out(&mut self) -> Result<(), PackError> {
        self.count()
    }

    fn count(&mut self) -> Result<(), PackError> {
        self.entries += 1;
        let limit = limits::PACKAGE_ENTRIES;
        if self.entries > limit { Err(PackError::TooManyEntries { limit }) } else { Ok(()) }
    }

    fn parents(&mut self, path: &str) -> Result<(), PackError> {
        path.match_indices('/').try_for_each(|(end, _)| self.add(&path[..end], false))
    }

    fn add(&mut self, path: &str, is_file: bool) -> Result<(), PackError> {
        match self.seen.get(&path.to_lowercase()) {
            Some(seen) if seen.path != path => {
                refused(path, &format!("it differs from `{}` only in case", seen.path))
            }
            Some(seen) if is_file || seen.is_file => refused(path, "it is there twice"),
            Some(_) => Ok(()),
            None => {
                self.seen.insert(path.to_lowercase(), KnownPath { path: path.to_owned(), is_file });
                Ok(())
            }
        }
    }
}

/// The path without `./` before it and `/` behind it; `None` for the package's own folder.
fn plain(path: &str) -> Result<Option<String>, PackError> {
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

pub(in crate::package) fn refused<T>(path: &str, problem: &str) -> Result<T, PackError> {
    let path: String = path.chars().take(80).flat_map(char::escape_debug).collect();
    Err(PackError::Entry { path, problem: problem.to_owned() })
}
