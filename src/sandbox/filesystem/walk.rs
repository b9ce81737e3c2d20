//! The walk from a grant's folder to the file of a permit: one part of the path after the other, each an open
//! handle that is compared with the closed places.
//!
//! No path of the guest's is resolved as a whole, so nothing that is swapped in between is followed unseen: each
//! part is opened without following links, and a link is read and walked as more parts (T17, T22).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::Dir;
use rustix::fs::{FileType, Mode, OFlags};

use super::FileError;
use super::closed::{LocatedPlaces, Standing};
use super::identity::{FileStatus, Identity};
use super::permit::{Access, FilePermit, LinkPolicy};
use super::reserved::{is_reserved, is_setting};

/// Links that one walk follows.
const MAX_LINKS: usize = 40;
/// Folders that one write may create.
const MAX_NEW_FOLDERS: usize = 32;
/// The mode in which folders are opened: only to go on from, which needs no permission to list them.
#[cfg(target_os = "linux")]
const FOLDER: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags = OFlags::RDONLY;

/// The end of a walk: the file, or the place where it would be.
pub(super) struct Destination<'a> {
    permit: &'a FilePermit,
    places: LocatedPlaces<'a>,
    access: Access,
    last: OpenFolder,
    suspects: Vec<Identity>,
    /// Folders that a write has to create.
    missing: Vec<OsString>,
    /// The file's name in the last folder.
    name: OsString,
    /// The kind of file of that name, if there is one.
    kind: Option<FileType>,
}

/// One open folder on the way.
#[derive(Clone)]
struct OpenFolder {
    folder: Arc<Dir>,
    status: FileStatus,
    standing: Standing,
    /// Whether a name on the way from the workspace or the user's home is a setting's.
    is_setting: bool,
}

/// A walk under way.
struct Walk<'a> {
    permit: &'a FilePermit,
    places: LocatedPlaces<'a>,
    access: Access,
    trail: Vec<OpenFolder>,
    last: OpenFolder,
    suspects: Vec<Identity>,
}

/// Follows the permit's path as far as it leads.
///
/// # Errors
///
/// A refusal of a link that leads out of the grant, a refusal of closed places, whether they exist or not, and
/// the operating system's errors.
pub(super) fn walk(permit: &FilePermit, access: Access) -> Result<Destination<'_>, FileError> {
    let places = permit.closed().locate();
    let folder = Arc::clone(permit.folder());
    let io = |error| FileError::from_io(permit.asked(), error);
    let (status, standing, _) = places.standing_of_grant(&*folder).map_err(io)?;
    let last = OpenFolder { folder, status, standing, is_setting: false };
    let mut walk = Walk { permit, places, access, trail: Vec::new(), last, suspects: Vec::new() };
    let mut parts = VecDeque::new();
    put_before(&mut parts, permit.path());
    match walk.follow(&mut parts) {
        Ok((name, kind)) => Ok(walk.found(parts.into(), name, kind)),
        // An error must not show whether a closed file exists.
        Err(error) => Err(walk.permit.refuse(walk.last.standing, access).unwrap_or(error)),
    }
}

impl<'a> Walk<'a> {
    /// Walks to the file's folder, or as far as folders exist. `parts` keeps those that don't.
    fn follow(
        &mut self,
        parts: &mut VecDeque<OsString>,
    ) -> Result<(OsString, Option<FileType>), FileError> {
        let permit = self.permit;
        let io = |error| FileError::from_io(permit.asked(), error);
        let mut links = 0;
        while let Some(part) = parts.pop_front() {
            if part == ".." {
                self.last = self.trail.pop().ok_or_else(|| FileError::symlink(permit.asked()))?;
                continue;
            }
            let names = || std::iter::once(&*part).chain(parts.iter().map(OsString::as_os_str));
            if is_reserved(&part) || self.places.is_coming(&self.last.status, &names()) {
                self.last.standing = Standing::Closed;
                return Err(FileError::outside(permit.asked()));
            }
            let mut failed = io::ErrorKind::NotADirectory.into();
            if !parts.is_empty() {
                match self.enter(&part) {
                    Ok(()) => continue,
                    Err(error) => failed = error,
                }
            }
            let status = match FileStatus::at(&*self.last.folder, &part) {
                Ok(status) => status,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return self.missing(parts, part);
                }
                Err(error) => return Err(io(error)),
            };
            if status.kind == FileType::Symlink {
                links += 1;
                let target = self.last.folder.read_link_contents(&part).map_err(io)?;
                if links > MAX_LINKS {
                    return Err(io(rustix::io::Errno::LOOP.into()));
                }
                if permit.links() == LinkPolicy::Refuse || target.is_absolute() {
                    return Err(FileError::symlink(permit.asked()));
                }
                put_before(parts, &target);
            } else if parts.is_empty() {
                self.last.standing = self.places.standing_of(&status, self.last.standing);
                self.check_settings([&part])?;
                return Ok((part, Some(status.kind)));
            } else {
                return Err(io(failed));
            }
        }
        Err(FileError::NotRegular)
    }

    /// Refuses to write settings or prompts of other programs: below such a folder, or with such a name in the
    /// rest of the path.
    fn check_settings<'n>(
        &mut self,
        rest: impl IntoIterator<Item = &'n OsString>,
    ) -> Result<(), FileError> {
        let may = self.access == Access::Read || !self.permit.has_settings();
        let is_one = self.last.is_setting || rest.into_iter().any(|name| is_setting(name));
        if may || !is_one || self.last.standing != Standing::Open {
            return Ok(());
        }
        self.last.standing = Standing::Setting;
        Err(FileError::outside(self.permit.asked()))
    }

    /// Goes into a folder. The one above stays open on the trail, so that `..` returns to it even if it was moved.
    fn enter(&mut self, name: &OsStr) -> io::Result<()> {
        let mut entered = self.last.enter(&self.places, name, &mut self.suspects)?;
        entered.is_setting = (entered.is_setting || is_setting(name))
            && !self.permit.closed().is_top(entered.status.identity);
        let above = std::mem::replace(&mut self.last, entered);
        self.trail.push(above);
        Ok(())
    }

    /// The end of a path that doesn't exist. `first` is the first missing part of it.
    fn missing(
        &mut self,
        parts: &mut VecDeque<OsString>,
        first: OsString,
    ) -> Result<(OsString, Option<FileType>), FileError> {
        if parts.iter().any(|part| is_reserved(part)) {
            self.last.standing = Standing::Closed;
        }
        parts.push_front(first);
        self.check_settings(&*parts)?;
        let not_found = FileError::from_io(self.permit.asked(), io::ErrorKind::NotFound.into());
        match parts.pop_back() {
            Some(name) if parts.iter().all(|part| part != "..") && name != ".." => Ok((name, None)),
            _ => Err(not_found),
        }
    }

    /// Ends the walk. `missing` are the folders between the last one and the file.
    fn found(
        self,
        missing: Vec<OsString>,
        name: OsString,
        kind: Option<FileType>,
    ) -> Destination<'a> {
        let Self { permit, places, access, last, suspects, .. } = self;
        Destination { permit, places, access, last, suspects, missing, name, kind }
    }
}

impl OpenFolder {
    /// Opens one folder in this one, without following a link, and finds its standing.
    fn enter(
        &self,
        places: &LocatedPlaces<'_>,
        name: &OsStr,
        suspects: &mut Vec<Identity>,
    ) -> io::Result<Self> {
        let flags = FOLDER | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(&*self.folder, name, flags, Mode::empty())?;
        let folder = Dir::from_std_file(File::from(folder));
        let status = FileStatus::at(&folder, "")?;
        if status.is_mounted_on(&self.status) {
            suspects.push(status.identity);
        }
        let standing = places.standing_of_opened(&folder, &status, &self.status, self.standing);
        Ok(Self { folder: Arc::new(folder), status, standing, is_setting: self.is_setting })
    }
}

impl Destination<'_> {
    /// The file's folder, or the last one on the way that exists.
    pub(super) fn folder(&self) -> &Dir {
        &self.last.folder
    }

    /// The file's name in it.
    pub(super) fn name(&self) -> &Path {
        Path::new(&self.name)
    }

    /// The number of folders that a write has to create.
    pub(super) fn new_folders(&self) -> usize {
        self.missing.len()
    }

    /// The kind of file at the end of the path, if there is one.
    pub(super) fn kind(&self) -> Option<FileType> {
        self.kind
    }

    /// Checks the way to the file, and the file's place.
    ///
    /// # Errors
    ///
    /// A refusal, if no grant opens it.
    pub(super) fn check(&self) -> Result<(), FileError> {
        self.check_standing(self.last.standing, &self.suspects)
    }

    /// Checks the file itself, once it is open.
    ///
    /// # Errors
    ///
    /// A refusal, if no grant opens it.
    pub(super) fn check_opened(&self, file: &impl AsFd) -> Result<(), FileError> {
        let status = FileStatus::at(file, "").map_err(|error| self.io(error))?;
        let mut suspects = self.suspects.clone();
        let is_file = status.kind == FileType::RegularFile;
        if is_file && (status.links > 1 || status.is_mounted_on(&self.last.status)) {
            suspects.push(status.identity);
        }
        let standing =
            self.places.standing_of_opened(file, &status, &self.last.status, self.last.standing);
        self.check_standing(standing, &suspects)
    }

    /// Creates the missing folders.
    ///
    /// # Errors
    ///
    /// A refusal for too many of them, and the operating system's errors.
    pub(super) fn make_folders(&mut self) -> Result<(), FileError> {
        if self.missing.len() > MAX_NEW_FOLDERS {
            let rule = format!("filesystem access denied: more than {MAX_NEW_FOLDERS} new folders");
            return Err(FileError::denied(self.permit.asked(), &rule));
        }
        for name in std::mem::take(&mut self.missing) {
            match self.last.folder.create_dir(&name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(self.io(error));
                }
                _ => {}
            }
            let entered = self.last.enter(&self.places, &name, &mut self.suspects);
            self.last = entered.map_err(|error| match error.kind() {
                // Something else, like a link, has replaced it meanwhile.
                io::ErrorKind::NotADirectory => FileError::symlink(self.permit.asked()),
                _ => self.io(error),
            })?;
            self.check()?;
        }
        Ok(())
    }

    /// Refuses the access if the standing, or that of a file with other names, does not permit it.
    fn check_standing(&self, standing: Standing, suspects: &[Identity]) -> Result<(), FileError> {
        let standing = self.places.final_standing(standing, suspects, self.access == Access::Write);
        self.permit.refuse(standing, self.access).map_or(Ok(()), Err)
    }

    /// An error of the operating system, for the path as the guest wrote it.
    fn io(&self, error: io::Error) -> FileError {
        FileError::from_io(self.permit.asked(), error)
    }
}

/// Puts the parts of `path` before those that are left. The caller has refused absolute paths.
fn put_before(parts: &mut VecDeque<OsString>, path: &Path) {
    let kept = PathBuf::from(path);
    for part in kept.components().rev() {
        if let Component::Normal(_) | Component::ParentDir = part {
            parts.push_front(part.as_os_str().to_owned());
        }
    }
}
