//! `$WEFT_HOME`: one writer at a time, whole writes, and the repair of what was interrupted.
//!
//! A writer holds the [`HomeLock`]. A reader needs no lock, because
//! files and packages change by renaming, from one whole state to the next.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::contract::{ActionableError, from_state_json, sort_by};
use crate::package::kind::PackageKind;
use crate::skill::{at_most, open_regular};
use crate::task::HeldByMark;

/// Where packages are assembled before they are renamed into place, and where removed ones are
/// deleted. Discovery skips folders with such a name.
const STAGING: &str = ".staging";
/// Where a replaced version waits until the new one is in place.
const REPLACED: &str = ".old";
/// The folders in `$WEFT_HOME` of files that are written one by one, and it itself.
const OF_FILES: [&str; 5] = ["", "secrets", "trusted-keys", DESCRIPTIONS, "autonomous"];
/// The folder of what modules have described.
pub(super) const DESCRIPTIONS: &str = "descriptions";
/// The lock, in `$WEFT_HOME`.
const LOCK: &str = ".lock";

/// How the name of a file ends until the whole of it is written; it begins with a dot.
const UNFINISHED: &str = ".new";

/// Bytes of a file of `$WEFT_HOME` that are read.
const STATE_BYTES: u64 = 1024 * 1024;

/// Why a file of `$WEFT_HOME` could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeError(Box<HomeFault>);

/// The fields of a [`HomeError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeFault {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: HomeErrorKind,
}

/// What is wrong with a file of `$WEFT_HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HomeErrorKind {
    /// The system refused to read or write it.
    Io {
        /// The system's words.
        problem: String,
    },
    /// Another process keeps it locked.
    Busy,
    /// Its content is not what it should be.
    Malformed {
        /// What is wrong with it. It may name a key that is given twice, and never a value.
        problem: String,
    },
}

impl HomeError {
    pub(in crate::package) fn io(path: &Path, error: &dyn fmt::Display) -> Self {
        Self::new(path, HomeErrorKind::Io { problem: error.to_string() })
    }

    #[cfg(feature = "store")]
    pub(in crate::package) fn busy(path: &Path) -> Self {
        Self::new(path, HomeErrorKind::Busy)
    }

    pub(in crate::package) fn malformed(path: &Path, problem: impl Into<String>) -> Self {
        Self::new(path, HomeErrorKind::Malformed { problem: problem.into() })
    }

    fn new(path: &Path, kind: HomeErrorKind) -> Self {
        Self(Box::new(HomeFault { path: path.to_owned(), kind }))
    }
}

impl fmt::Display for HomeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            HomeErrorKind::Io { problem } => write!(formatter, "{path} can't be used: {problem}"),
            HomeErrorKind::Busy => write!(formatter, "another process keeps {path} locked"),
            HomeErrorKind::Malformed { problem } => {
                write!(formatter, "{path} is damaged: {problem}")
            }
        }
    }
}

impl ActionableError for HomeError {
    fn next_step(&self) -> String {
        match self.kind {
            HomeErrorKind::Io { .. } => {
                "check the owner of the folder, its permissions and the space on the disk".into()
            }
            HomeErrorKind::Busy => "end the other process, or try again when it is done".into(),
            HomeErrorKind::Malformed { .. } => {
                "restore the file, or remove it and set up again what it held".into()
            }
        }
    }
}

impl std::error::Error for HomeError {}

impl std::ops::Deref for HomeError {
    type Target = HomeFault;

    fn deref(&self) -> &HomeFault {
        &self.0
    }
}

impl From<HomeError> for HomeFault {
    fn from(error: HomeError) -> Self {
        *error.0
    }
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::package) enum FileAccess {
    /// The owner alone.
    Owner,
    /// Everyone who may read the folder.
    #[cfg(feature = "package")]
    Everyone,
    /// The same, and everyone who may read it may run it.
    #[cfg(feature = "package")]
    Program,
}

/// The right to change `$WEFT_HOME`, which one process has at a time. It ends with the process,
/// however that ends.
#[derive(Debug)]
pub(in crate::package) struct HomeLock {
    home: PathBuf,
    _file: File,
    _held: HeldByMark,
}

impl HomeLock {
    /// Waits for the lock, makes the folder if it isn't there, and repairs what was interrupted.
    ///
    /// # Errors
    ///
    /// [`HomeError`] if the folder can't be written.
    pub(in crate::package) fn acquire(home: &Path) -> Result<Self, HomeError> {
        make_folder(home, FileAccess::Owner).map_err(|error| HomeError::io(home, &error))?;
        let path = home.join(LOCK);
        let file = lock_file(&path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| HomeError::io(&path, &error))?;
        let lock = Self { home: home.to_owned(), _file: file, _held: HeldByMark::one() };
        lock.repair()?;
        Ok(lock)
    }

    /// The lock, unless somebody has it or there is no such folder. Nothing is made or repaired.
    pub(in crate::package) fn try_acquire(home: &Path) -> io::Result<Option<Self>> {
        let file = match lock_file(&home.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => {
                let held = HeldByMark::one();
                Ok(Some(Self { home: home.to_owned(), _file: file, _held: held }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The folder.
    pub(in crate::package) fn home(&self) -> &Path {
        &self.home
    }

    /// A new, empty folder beside the packages of a kind, readable by its owner alone.
    #[cfg(feature = "package")]
    pub(in crate::package) fn staging(&self, kind: PackageKind) -> Result<PathBuf, HomeError> {
        let folder = self.scratch(kind)?;
        make_folder(&folder, FileAccess::Owner).map_err(|error| HomeError::io(&folder, &error))?;
        Ok(folder)
    }

    /// A path beside the packages of a kind that doesn't exist.
    fn scratch(&self, kind: PackageKind) -> Result<PathBuf, HomeError> {
        let staging = self.home.join(kind.folder()).join(STAGING);
        make_folder(&staging, FileAccess::Owner)
            .map_err(|error| HomeError::io(&staging, &error))?;
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)
            .map_err(|error| HomeError::io(&staging, &io::Error::other(error.to_string())))?;
        Ok(staging.join(format!("{:016x}", u64::from_be_bytes(bytes))))
    }

    /// Where a version waits that is about to be replaced.
    #[cfg(feature = "package")]
    pub(in crate::package) fn replaced(
        &self,
        kind: PackageKind,
        id: &str,
    ) -> Result<PathBuf, HomeError> {
        let folder = self.home.join(kind.folder()).join(REPLACED);
        make_folder(&folder, FileAccess::Owner).map_err(|error| HomeError::io(&folder, &error))?;
        Ok(folder.join(id))
    }

    /// Renames a folder to another place among those of its kind, and has the disk remember it.
    pub(in crate::package) fn rename(&self, from: &Path, to: &Path) -> Result<(), HomeError> {
        let parents = [from.parent(), to.parent()];
        fs::rename(from, to)
            .and_then(|()| parents.into_iter().flatten().try_for_each(sync_folder))
            .map_err(|error| HomeError::io(to, &error))
    }

    /// Removes a package: it is renamed out of its place first, and then deleted.
    pub(in crate::package) fn discard(
        &self,
        kind: PackageKind,
        folder: &Path,
    ) -> Result<(), HomeError> {
        let scratch = self.scratch(kind)?;
        self.rename(folder, &scratch)?;
        remove_all(&scratch)
    }

    /// Removes what the plugin of a package kept for itself (`$PLUGIN_DATA`). The `id` can be a folder's name.
    pub(in crate::package) fn discard_data(
        &self,
        kind: PackageKind,
        id: &str,
    ) -> Result<(), HomeError> {
        let data = data_folder(&self.home, kind, id);
        match data.symlink_metadata() {
            Ok(_) => remove_all(&data),
            Err(_) => Ok(()),
        }
    }

    /// Brings each package into one of its whole states: the new version where it has arrived, the
    /// old one where it has not.
    pub(in crate::package) fn repair(&self) -> Result<(), HomeError> {
        for kind in PackageKind::ALL {
            let packages = self.home.join(kind.folder());
            for old in children(&packages.join(REPLACED))? {
                let place = packages.join(old.file_name().unwrap_or_default());
                if place.symlink_metadata().is_ok() {
                    self.discard(kind, &old)?;
                } else {
                    self.rename(&old, &place)?;
                }
            }
            children(&packages.join(STAGING))?.iter().try_for_each(|folder| remove_all(folder))?;
        }
        unfinished(&self.home).iter().try_for_each(|file| remove_all(file))
    }

    /// Replaces a file by one that is whole on the disk before it has the name.
    pub(in crate::package) fn write(
        &self,
        path: &Path,
        bytes: &[u8],
        access: FileAccess,
    ) -> Result<(), HomeError> {
        let folder = path.parent().unwrap_or(&self.home);
        let written = self.replace_by(path, |new| write_new(new, bytes, access));
        let written = written.and_then(|()| sync_folder(folder));
        written.map_err(|error| HomeError::io(path, &error))
    }

    /// The same without waiting for the disk, for what may be lost when the system stops.
    pub(in crate::package) fn replace(
        &self,
        path: &Path,
        bytes: &[u8],
        access: FileAccess,
    ) -> io::Result<()> {
        self.replace_by(path, |new| create_new(new, access)?.write_all(bytes))
    }

    fn replace_by(
        &self,
        path: &Path,
        write: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.home);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Only one process writes at a time: what has this name was left by one that was killed.
        let new = folder.join([".", &name, UNFINISHED].concat());
        let replaced = match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => write(&new).and_then(|()| fs::rename(&new, path)),
        };
        if replaced.is_err() {
            // What can't be removed now is removed by the next one.
            let _ = fs::remove_file(&new);
        }
        replaced
    }
}

/// Where the plugin of a package keeps what it has written for itself (`$PLUGIN_DATA`).
pub(in crate::package) fn data_folder(home: &Path, kind: PackageKind, id: &str) -> PathBuf {
    home.join("data").join(kind.folder()).join(id)
}

/// The files that were being written when a process ended.
fn unfinished(home: &Path) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED))
    };
    let folders = OF_FILES.iter().map(|folder| home.join(folder));
    folders.flat_map(|folder| children(&folder).unwrap_or_default()).filter(is_one).collect()
}

/// Repairs what an interrupted install or removal left, unless one is at work right now. Does
/// nothing, and writes nothing, where there is nothing to repair.
///
/// # Errors
///
/// [`HomeError`] if there is something to repair and it can't be.
pub fn recover_home(home: &Path) -> Result<(), HomeError> {
    let mut left = unfinished(home);
    for folder in PackageKind::ALL.map(|kind| home.join(kind.folder())) {
        left.append(&mut children(&folder.join(STAGING))?);
        left.append(&mut children(&folder.join(REPLACED))?);
    }
    if left.is_empty() {
        return Ok(());
    }
    let path = home.join(LOCK);
    let file = lock_file(&path).map_err(|error| HomeError::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => {
            HomeLock { home: home.to_owned(), _file: file, _held: HeldByMark::one() }.repair()
        }
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(HomeError::io(&path, &error)),
    }
}

/// The content of a file of bounded size, or `None` where there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, HomeError> {
    let mut text = String::new();
    let opened = open_regular(path);
    match opened.and_then(|mut file| at_most(&mut file, STATE_BYTES + 1).read_to_string(&mut text))
    {
        Ok(bytes) if bytes as u64 > STATE_BYTES => {
            Err(HomeError::malformed(path, format!("it is over {STATE_BYTES} bytes")))
        }
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(HomeError::malformed(path, "it is not UTF-8 text"))
        }
        Err(error) => Err(HomeError::io(path, &error)),
    }
}

/// Parses the JSON text of a file. Every JSON file of `$WEFT_HOME`, every signature and every index is read
/// here.
///
/// # Errors
///
/// The fault, without a value of the text: wrong syntax, a key that is given twice, a value that does not
/// belong there.
pub(in crate::package) fn parse_json<T: TryFrom<Value>>(text: &str) -> Result<T, String> {
    from_state_json(text)?.try_into().map_err(|_| "a value does not belong there".into())
}

/// Writes a file that must not exist yet, and waits until the disk has it.
pub(in crate::package) fn write_new(
    path: &Path,
    bytes: &[u8],
    access: FileAccess,
) -> io::Result<()> {
    let mut file = create_new(path, access)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn create_new(path: &Path, access: FileAccess) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, access.file_mode());
    options.open(path)
}

/// Makes a folder and those above it, unless they are there.
pub(in crate::package) fn make_folder(path: &Path, access: FileAccess) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, access.folder_mode());
    builder.create(path)
}

/// Waits until the disk has the names in a folder.
pub(in crate::package) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is directly inside a folder; nothing where there is no such folder.
pub(in crate::package) fn children(folder: &Path) -> Result<Vec<PathBuf>, HomeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HomeError::io(folder, &error)),
    };
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| HomeError::io(folder, &error))?;
    sort_by(&mut paths, Ord::cmp);
    Ok(paths)
}

/// Removes a file, or a folder with everything in it.
pub(in crate::package) fn remove_all(path: &Path) -> Result<(), HomeError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.map_err(|error| HomeError::io(path, &error))
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

#[cfg(unix)]
impl FileAccess {
    fn file_mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            #[cfg(feature = "package")]
            Self::Everyone => 0o644,
            #[cfg(feature = "package")]
            Self::Program => 0o755,
        }
    }

    fn folder_mode(self) -> u32 {
        match self {
            Self::Owner => 0o700,
            #[cfg(feature = "package")]
            Self::Everyone | Self::Program => 0o755,
        }
    }
}
