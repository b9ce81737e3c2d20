//! A package that is being assembled, in a folder that nothing else reads.
//!
//! Every file goes through one door, whatever it comes from: paths, sizes and numbers are checked
//! before a byte is written, and a file's mode is one of two.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::InstallError;
use crate::contract::limits;
use crate::package::archive::{PackError, PackageFile, PackagePaths, files};
use crate::package::digest::RECORD_FILE;
use crate::package::home::{FileAccess, HomeError, folder};
use crate::skill::at_most;

/// The folder, and the paths and sizes of its files.
pub(super) struct StagedPackage<'a> {
    folder: &'a Path,
    paths: PackagePaths,
    bytes_left: u64,
    after_file: &'a dyn Fn(),
}

impl<'a> StagedPackage<'a> {
    /// An empty package in `folder`. `after_file` is called after each file.
    pub(super) fn new(folder: &'a Path, after_file: &'a dyn Fn()) -> Self {
        let paths = PackagePaths::default();
        Self { folder, paths, bytes_left: limits::PACKAGE_BYTES, after_file }
    }

    /// Copies the package that its author has in another folder.
    pub(super) fn copy(&mut self, source: &Path) -> Result<(), InstallError> {
        for PackageFile { path, place, executable } in files::to_pack(source)? {
            let unreadable = |error: io::Error| PackError::unreadable(&place, &error);
            let mut file = File::open(&place).map_err(unreadable)?;
            self.file(&path, executable, &mut file, &unreadable)?;
        }
        Ok(())
    }

    pub(super) fn folder(&mut self, path: &str) -> Result<(), InstallError> {
        if files::is_of_macos(path) {
            return Ok(self.paths.left_out()?);
        }
        match self.paths.folder(path)? {
            Some(path) => self.make_folder(&self.folder.join(path)),
            None => Ok(()),
        }
    }

    /// Adds a file: the bytes that were written, or `None` where it is left out.
    pub(super) fn file(
        &mut self,
        path: &str,
        executable: bool,
        content: &mut dyn Read,
        unreadable: &dyn Fn(io::Error) -> PackError,
    ) -> Result<Option<u64>, InstallError> {
        if files::is_of_macos(path) {
            self.paths.left_out()?;
            return Ok(None);
        }
        let path = self.paths.file(path)?;
        if path == RECORD_FILE {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        at_most(content, self.bytes_left + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        self.bytes_left =
            self.bytes_left.checked_sub(bytes.len() as u64).ok_or_else(PackError::too_large)?;
        let place = self.folder.join(&path);
        if let Some(parent) = place.parent() {
            self.make_folder(parent)?;
        }
        let access = if executable { FileAccess::Program } else { FileAccess::Everyone };
        folder::write_new(&place, &bytes, access).map_err(|error| HomeError::io(&place, &error))?;
        (self.after_file)();
        Ok(Some(bytes.len() as u64))
    }

    /// Makes what is in the one folder the package, if there is nothing beside it: archives are often
    /// made of a folder.
    pub(super) fn take_wrapping_folder_off(&self) -> Result<(), InstallError> {
        let children = folder::children(self.folder)?;
        let [only] = children.as_slice() else { return Ok(()) };
        if !only.is_dir() {
            return Ok(());
        }
        let aside = self.folder.with_extension("unwrapped");
        let failed = |error: io::Error| HomeError::io(self.folder, &error);
        fs::rename(only, &aside)
            .and_then(|()| fs::remove_dir(self.folder))
            .and_then(|()| fs::rename(&aside, self.folder))
            .map_err(failed)?;
        match fs::remove_file(self.folder.join(RECORD_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error).into()),
            _ => Ok(()),
        }
    }

    fn make_folder(&self, path: &Path) -> Result<(), InstallError> {
        folder::make_folder(path, FileAccess::Everyone)
            .map_err(|error| HomeError::io(path, &error).into())
    }
}

/// Syncs `folder` and every folder in it to disk. The contents of files are synced already.
pub(super) fn sync(folder: &Path) -> Result<(), HomeError> {
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let children = folder::children(&folder)?;
        let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
        open.extend(children.into_iter().filter(is_folder));
        folder::sync_folder(&folder).map_err(|error| HomeError::io(&folder, &error))?;
    }
    Ok(())
}
