//! The digest list of a package: one line for every file, which is what a signature covers.
//!
//! Whether a file is executable is no part of it. Nothing of a package is ever run but its module, which needs no
//! such bit. A script of a skill is run, if at all, by an agent with a shell of its own, which can read it to
//! a shell without the bit as well: what it does is in its content, and that is covered. Other bits, as setuid,
//! no file of a package has.

use std::path::Path;

use crate::contract::SortedMap;
use crate::package::archive::{PackError, PackageFile, files};
use crate::package::digest::{self, ReadBudget, SIGNATURE_FILE, sha256_hex};

/// The SHA-256 digest of each file in a package, but for the signature itself.
///
/// Its text has a line `sha256:<hex>  <path>` for each file, in the order of the paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestList {
    by_path: SortedMap<String, String>,
}

impl DigestList {
    /// Reads every file of the package in `folder`, as it was installed or unpacked.
    ///
    /// # Errors
    ///
    /// [`PackError`] for links and other things that no package may hold, for a package over
    /// its limits and for files that can't be read.
    pub fn of(folder: &Path) -> Result<Self, PackError> {
        Self::of_files(files::all(folder)?)
    }

    /// Reads the files of the package that is made of its author's `folder`: the files that are packed, and
    /// what a signature there covers.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn to_pack(folder: &Path) -> Result<Self, PackError> {
        Self::of_files(files::to_pack(folder)?)
    }

    fn of_files(files: Vec<PackageFile>) -> Result<Self, PackError> {
        let mut by_path = SortedMap::new();
        for file in files {
            if file.path == SIGNATURE_FILE {
                continue;
            }
            let mut budget = ReadBudget::of_a_package();
            let digest = digest::digest_of(&file.place, &file.path, &mut budget)
                .map_err(|error| PackError::unreadable(&file.place, &error))?;
            by_path.insert(file.path, digest);
        }
        Ok(Self { by_path })
    }

    /// The list of these digests by path.
    pub(in crate::package) fn of_digests(by_path: SortedMap<String, String>) -> Self {
        Self { by_path }
    }

    /// A list from its lines, or `None` if one of them isn't such a line.
    pub(in crate::package) fn from_lines(lines: &[String]) -> Option<Self> {
        let entry = |line: &String| {
            // With a line feed in it, it would be signed as several.
            let line = Some(line).filter(|line| !line.contains(char::is_control))?;
            let (digest, path) = line.strip_prefix("sha256:")?.split_once("  ")?;
            Some((path.to_owned(), digest.to_owned()))
        };
        let entries: Vec<_> = lines.iter().map(entry).collect::<Option<_>>()?;
        Some(Self { by_path: SortedMap::from_iter(entries) })
    }

    /// The lines, without their ends.
    pub(in crate::package) fn lines(&self) -> Vec<String> {
        self.by_path.iter().map(|(path, digest)| format!("sha256:{digest}  {path}")).collect()
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        digest::digest_list(&self.by_path)
    }

    /// The digest of the whole list, as hex.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256_hex(self.text().as_bytes())
    }

    /// The first file in which `self`, the files that are there, differs from `signed`.
    pub(in crate::package) fn difference(&self, signed: &Self) -> Option<(String, Difference)> {
        let of = |path: &String| match (self.by_path.get(path), signed.by_path.get(path)) {
            (Some(_), None) => Some(Difference::Added),
            (None, Some(_)) => Some(Difference::Removed),
            (here, there) => (here != there).then_some(Difference::Changed),
        };
        let mut paths = self.by_path.keys().chain(signed.by_path.keys());
        paths.find_map(|path| Some((path.clone(), of(path)?)))
    }
}

/// What became of a file after a package was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It was not signed.
    Added,
    /// It is gone.
    Removed,
    /// Its content is another.
    Changed,
}
