//! What the operator does with the namespaces of a folder: list, export and clear.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::durable::{DurableStore, ENDING};
use super::error::StoreError;
use super::index::Index;
use super::log_file::{self, OpenFor, OpenedLog};
use super::scan::LogScan;
use super::tail::sync_folder;
use crate::contract::{percent_decoded, sort_by};

/// A namespace and how much is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceSummary {
    /// Its name: the id of a plugin. That of the file, if nothing says whose file it is.
    pub name: String,
    /// How many keys it has.
    pub entries: usize,
    /// Bytes of all keys and values.
    pub bytes: usize,
    /// Why a part of its file can't be read, or all of it. The other figures are of what can be.
    pub problem: Option<StoreError>,
}

impl DurableStore {
    /// All namespaces, in the order of their names. Reads all files. One that can't be read is listed with the
    /// problem.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] if the folder can't be read.
    pub fn namespaces(&self) -> Result<Vec<NamespaceSummary>, StoreError> {
        let failed = |error: io::Error| StoreError::io(self.folder(), &error);
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut summaries = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let Some(stem) = path.file_stem().and_then(|it| it.to_str()) else { continue };
            if stem.starts_with('.') || path.extension().is_none_or(|it| it != ENDING) {
                continue;
            }
            let name = percent_decoded(stem).filter(|name| self.file(name) == path);
            let shown_as = name.as_deref().unwrap_or(stem);
            summaries.extend(self.summarized(&path, shown_as, name.as_deref()));
        }
        sort_by(&mut summaries, |one, other| one.name.cmp(&other.name));
        Ok(summaries)
    }

    /// One namespace; `None` if there is no such one.
    #[must_use]
    pub fn summary(&self, name: &str) -> Option<NamespaceSummary> {
        self.summarized(&self.file(name), name, Some(name))
    }

    /// The summary of a file, which is that of the namespace `name`, or else of the one that its header names.
    fn summarized(
        &self,
        path: &Path,
        shown_as: &str,
        name: Option<&str>,
    ) -> Option<NamespaceSummary> {
        let opened = log_file::open(path, name, OpenFor::Read).transpose()?;
        let damaged =
            |name, at| StoreError::Damaged { name: Some(name), path: path.to_owned(), at };
        let (name, scan, problem) = match opened {
            // A copy beside the file.
            Ok(opened) if self.file(&opened.name) != path => {
                let problem = StoreError::Damaged { name: None, path: path.to_owned(), at: 0 };
                (shown_as.to_owned(), LogScan::default(), Some(problem))
            }
            Ok(OpenedLog { name, scan, .. }) => {
                let problem = scan.damage.map(|at| damaged(name.clone(), at));
                (name, scan, problem)
            }
            Err(error) => (shown_as.to_owned(), LogScan::default(), Some(error)),
        };
        let index = Index::of(scan.changes);
        Some(NamespaceSummary { name, entries: index.len(), bytes: index.bytes(), problem })
    }

    /// Passes every key and value of a namespace on, in the order of the keys, until `to` breaks off. Returns `false`
    /// if there is no such namespace.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`], [`StoreError::Busy`] and [`StoreError::Damaged`]. What can be read has been passed on
    /// before.
    pub fn export(
        &self,
        name: &str,
        mut to: impl FnMut(&str, Vec<u8>) -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let path = self.file(name);
        let Some(opened) = log_file::open(&path, Some(name), OpenFor::Read)? else {
            return Ok(false);
        };
        let damaged =
            |at| StoreError::Damaged { name: Some(name.to_owned()), path: path.clone(), at };
        let mut problem = opened.scan.damage.map(damaged);
        let index = Index::of(opened.scan.changes);
        // The file stays as it is without the lock, even if another takes its place.
        drop(opened.lock);
        for (key, place) in index.entries() {
            match log_file::read(&opened.tail.file, key, place, opened.tail.salt) {
                Ok(Some(value)) => {
                    if to(key, value).is_break() {
                        return Ok(true);
                    }
                }
                Ok(None) => problem = problem.or_else(|| Some(damaged(place.at))),
                Err(error) => problem = problem.or_else(|| Some(StoreError::io(&path, &error))),
            }
        }
        problem.map_or(Ok(true), Err)
    }

    /// Removes a namespace, whatever state it is in. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] and [`StoreError::Busy`].
    pub fn clear(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        // A writer that is at work ends first. What can't be opened is removed without the lock.
        let opened = match log_file::open(&path, Some(name), OpenFor::Read) {
            Err(StoreError::Busy { path }) => return Err(StoreError::Busy { path }),
            Ok(None) => return Ok(false),
            opened => opened,
        };
        let removed = fs::remove_file(&path).and_then(|()| sync_folder(&path));
        let _ = fs::remove_file(log_file::unfinished(&path));
        drop(opened);
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io(&path, &error)),
        }
    }
}
