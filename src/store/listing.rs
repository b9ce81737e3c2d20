//! The namespaces of a folder for their owner: what there is, all of one, and the end of one.

use std::fs;
use std::io;

use super::durable::{DurableStore, ENDING};
use super::error::StoreError;
use super::index::Index;
use super::log_file::{self, OpenFor};
use super::tail::sync_folder;
use crate::contract::{percent_decoded, sort_by};

/// A namespace and how much is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceSummary {
    /// Its name: the id of a plugin.
    pub name: String,
    /// How many keys it has.
    pub entries: usize,
    /// Bytes of all keys and values.
    pub bytes: usize,
    /// Whether a part of its file can't be read. Then the other figures are of what can be.
    pub is_damaged: bool,
}

impl DurableStore {
    /// All namespaces, in the order of their names. Reads all files.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] and [`StoreError::Busy`].
    pub fn namespaces(&self) -> Result<Vec<NamespaceSummary>, StoreError> {
        let failed = |error: io::Error| StoreError::io(self.folder(), &error);
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut summaries = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let Some(file_name) = path.file_stem().and_then(|it| it.to_str()) else { continue };
            if file_name.starts_with('.') || path.extension().is_none_or(|it| it != ENDING) {
                continue;
            }
            let name = percent_decoded(file_name).filter(|name| self.file(name) == path);
            let damaged = |name: &str| NamespaceSummary {
                name: name.to_owned(),
                entries: 0,
                bytes: 0,
                is_damaged: true,
            };
            match log_file::open(&path, name.as_deref(), OpenFor::Read) {
                Ok(Some(opened)) => {
                    let index = Index::of(opened.scan.changes);
                    summaries.push(NamespaceSummary {
                        name: opened.name,
                        entries: index.len(),
                        bytes: index.bytes(),
                        is_damaged: opened.scan.damage.is_some(),
                    });
                }
                Ok(None) => {}
                Err(StoreError::Damaged { name, .. }) => summaries.push(damaged(&name)),
                Err(error) => return Err(error),
            }
        }
        sort_by(&mut summaries, |one, other| one.name.cmp(&other.name));
        Ok(summaries)
    }

    /// Passes every key and value of a namespace on, in the order of the keys. Returns `false` if there is no such
    /// namespace.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. On [`StoreError::Damaged`], what can be read has been passed on before.
    pub fn export(
        &self,
        name: &str,
        mut to: impl FnMut(&str, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let path = self.file(name);
        let Some(opened) = log_file::open(&path, Some(name), OpenFor::Read)? else {
            return Ok(false);
        };
        let mut damage = opened.scan.damage;
        let index = Index::of(opened.scan.changes);
        // The file stays as it is without the lock, even if another takes its place.
        drop(opened.lock);
        for (key, place) in index.entries() {
            let value = log_file::read(&opened.tail.file, key, place, opened.tail.salt)
                .map_err(|error| StoreError::io(&path, &error))?;
            match value {
                Some(value) => to(key, value)?,
                None => damage = damage.or(Some(place.at)),
            }
        }
        match damage {
            Some(at) => Err(StoreError::Damaged { name: name.to_owned(), path, at }),
            None => Ok(true),
        }
    }

    /// Removes a namespace, whatever state it is in. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Io`] and [`StoreError::Busy`].
    pub fn clear(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.file(name);
        // A writer that is at work ends first; what can't be locked as a store is removed all the same.
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
