//! The folders and files that no grant opens: the places of authority, and the kernel's folders
//! (`/proc`, `/sys` and `/dev`), which the code calls windows.
//!
//! The decision depends on the folder or file that an open handle is, not on the path that led there, so that
//! no link, mount or folder that is moved meanwhile gets around it. Nothing here needs `/proc`. If the
//! standing of a file can't be determined, it is closed.
//!
//! This is the rule that authority never comes from what a guest can write: who could write a manifest, an
//! approval or a setting would have everything these permit.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::authority::{Authority, OF_HOME, real};
use super::identity::{FileStatus, Identity, is_kernels};
use super::reserved::folded;
use super::roots::GrantRoots;

/// The folders in which the kernel shows itself and its processes.
const WINDOWS: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Entries of closed places that are compared with a file that has several names (hard links). With more, its
/// standing is unknown.
const MAX_ENTRIES: usize = 50_000;
/// Folders between a grant's folder and the root. With more, its standing is unknown.
const MAX_DEPTH: usize = 256;

/// The places that are closed to one plugin, as paths without links.
#[derive(Debug)]
pub(super) struct ClosedPlaces {
    home: Option<PathBuf>,
    /// The plugin's own folder, which it may read.
    own: Option<PathBuf>,
    /// Its data, which it may also write.
    data: Option<PathBuf>,
    authority: Authority,
    /// The workspace and the user's home.
    tops: Vec<PathBuf>,
}

/// The relation of a folder or file to the closed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not closed.
    Open,
    /// In the plugin's own folder.
    Own,
    /// In a place of authority.
    Closed,
    /// In a folder or file from which other programs read settings or prompts.
    Setting,
    /// In one of the kernel's folders.
    Window,
    /// It can't be determined.
    Unknown,
}

/// The folders and files that the paths of [`ClosedPlaces`] lead to at this moment.
#[derive(Debug)]
pub(super) struct LocatedPlaces<'a> {
    closed: &'a ClosedPlaces,
    home: Option<Identity>,
    own: Option<Identity>,
    data: Option<Identity>,
    others: Vec<Identity>,
    windows: Vec<Identity>,
    /// The devices that hold nothing but a window.
    devices: Vec<u64>,
    /// Places that don't exist yet: the last folder that exists, and the names below it.
    coming: Vec<(Identity, Vec<String>)>,
}

impl ClosedPlaces {
    /// The places of one plugin. Their paths are resolved here; which files they lead to is found again at each
    /// access.
    pub(super) fn new(roots: &GrantRoots<'_>) -> Self {
        let home = roots.weft_home.map(real);
        let authority = roots.authority.clone();
        let tops = [roots.home, Some(roots.workspace)].into_iter().flatten().map(real).collect();
        let (own, data) = (roots.plugin_dir.map(real), roots.plugin_data.map(real));
        Self { home, own, data, authority, tops }
    }

    /// The places for a plugin without grants. Looking up real ones costs some forty system calls.
    pub(super) fn none(authority: &Authority) -> Self {
        Self { home: None, own: None, data: None, authority: authority.clone(), tops: Vec::new() }
    }

    /// Whether it is the workspace or the user's home: names above them don't make anything a setting.
    pub(super) fn is_top(&self, folder: Identity) -> bool {
        self.tops.iter().any(|top| identity(top) == Some(folder))
    }

    /// Whether a path without links is in the plugin's own data.
    pub(super) fn is_data(&self, path: &Path) -> bool {
        self.data.as_ref().is_some_and(|data| path.starts_with(data))
    }

    /// The standing of a path without links, by its text: for paths that don't exist.
    pub(super) fn standing_by_path(&self, path: &Path) -> Standing {
        let is = |place: &Option<PathBuf>| place.as_ref().is_some_and(|place| within(path, place));
        if is(&self.data) {
            Standing::Open
        } else if is(&self.own) {
            Standing::Own
        } else if is(&self.home) || self.authority.places().iter().any(|place| within(path, place))
        {
            Standing::Closed
        } else if WINDOWS.iter().any(|window| path.starts_with(window)) {
            Standing::Window
        } else {
            Standing::Open
        }
    }

    /// Finds the folders and files that are closed at this moment.
    pub(super) fn locate(&self) -> LocatedPlaces<'_> {
        let mut places = LocatedPlaces {
            closed: self,
            home: None,
            own: self.own.as_deref().and_then(identity),
            data: self.data.as_deref().and_then(identity),
            others: Vec::new(),
            windows: Vec::new(),
            devices: Vec::new(),
            coming: Vec::new(),
        };
        places.home = self.home.as_deref().and_then(|home| places.find(home));
        let others = self.authority.places();
        places.others = others.iter().filter_map(|place| places.find(place)).collect();
        if let Some(home) = &self.home {
            places.others.extend(OF_HOME.iter().filter_map(|name| identity(&home.join(name))));
        }
        let root = identity(Path::new("/")).map(|root| root.device);
        for window in WINDOWS.iter().filter_map(|window| identity(Path::new(window))) {
            if root.is_some_and(|root| root != window.device) {
                places.devices.push(window.device);
            }
            places.windows.push(window);
        }
        places
    }

    /// Whether one of these is in a place of authority; `None` if that can't be determined.
    fn holds_any(&self, wanted: &[Identity], own_too: bool) -> Option<bool> {
        let others = self.authority.places();
        let mut folders: Vec<PathBuf> = self.home.iter().chain(&*others).cloned().collect();
        folders.extend(self.own.clone().filter(|_| own_too));
        let mut entries = 0;
        while let Some(folder) = folders.pop() {
            let is_own = !own_too && self.own.as_ref() == Some(&folder);
            if is_own || self.data.as_ref() == Some(&folder) {
                continue;
            }
            let listed = match fs::read_dir(&folder) {
                Ok(listed) => listed,
                // A file is compared by itself, and a missing folder holds nothing.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotADirectory | io::ErrorKind::NotFound
                    ) =>
                {
                    continue;
                }
                Err(_) => return None,
            };
            for entry in listed {
                let entry = entry.ok()?;
                entries += 1;
                if entries > MAX_ENTRIES {
                    return None;
                }
                let is_folder = entry.file_type().ok()?.is_dir();
                if !is_folder && wanted.iter().all(|it| it.inode != entry.ino()) {
                    continue;
                }
                let found = fs::symlink_metadata(entry.path());
                let Ok(found) = found else { continue };
                let found = Identity { device: found.dev(), inode: found.ino() };
                if wanted.contains(&found) {
                    return Some(true);
                }
                if is_folder {
                    folders.push(entry.path());
                }
            }
        }
        Some(false)
    }
}

impl LocatedPlaces<'_> {
    /// The folder or file at `place`. If none exists, keeps the way to where it would be.
    fn find(&mut self, place: &Path) -> Option<Identity> {
        let mut rest = Vec::new();
        for there in place.ancestors() {
            if let Some(identity) = identity(there) {
                if rest.is_empty() {
                    return Some(identity);
                }
                rest.reverse();
                self.coming.push((identity, rest));
                return None;
            }
            rest.push(folded(there.file_name()?));
        }
        None
    }

    /// Whether these names, from this folder on, would lead to or create a place that doesn't exist yet.
    pub(super) fn is_coming<'n>(
        &self,
        folder: &FileStatus,
        names: &(impl Iterator<Item = &'n std::ffi::OsStr> + Clone),
    ) -> bool {
        let here = self.coming.iter().filter(|(anchor, _)| *anchor == folder.identity);
        here.into_iter()
            .any(|(_, rest)| names.clone().zip(rest).all(|(name, coming)| folded(name) == *coming))
    }

    /// The standing of a folder or file, if its parent's is `above`.
    pub(super) fn standing_of(&self, status: &FileStatus, above: Standing) -> Standing {
        let it = Some(status.identity);
        if it == self.home {
            Standing::Closed
        } else if self.devices.contains(&status.identity.device)
            || self.windows.contains(&status.identity)
        {
            Standing::Window
        } else if it == self.data {
            Standing::Open
        } else if it == self.own {
            Standing::Own
        } else if self.others.contains(&status.identity) {
            Standing::Closed
        } else {
            above
        }
    }

    /// The standing of an open handle, which may be the root of another file system.
    pub(super) fn standing_of_opened(
        &self,
        handle: &impl AsFd,
        status: &FileStatus,
        from: &FileStatus,
        above: Standing,
    ) -> Standing {
        let standing = self.standing_of(status, above);
        if status.identity.device == from.identity.device {
            return standing;
        }
        self.standing_on_mount(handle, standing)
    }

    /// The standing of an open handle on a file system that has not been checked yet.
    pub(super) fn standing_on_mount(&self, handle: &impl AsFd, standing: Standing) -> Standing {
        match is_kernels(handle) {
            Ok(false) => standing,
            Ok(true) => Standing::Window,
            Err(_) => Standing::Unknown,
        }
    }

    /// The status and standing of a grant's folder where it is now, and the mounts above it.
    pub(super) fn standing_of_grant(
        &self,
        folder: &impl AsFd,
    ) -> io::Result<(FileStatus, Standing, Vec<Identity>)> {
        let first = FileStatus::at(folder, "")?;
        let (mut below, mut path, mut mounted) = (first, PathBuf::from(".."), Vec::new());
        let mut standing = Standing::Open;
        let mut is_decided = false;
        for _ in 0..MAX_DEPTH {
            // The nearest place above decides.
            let open = self.standing_of(&below, Standing::Unknown);
            if !is_decided && open != Standing::Unknown {
                (standing, is_decided) = (open, true);
            }
            let above = FileStatus::at(folder, &path)?;
            if above.identity == below.identity {
                return Ok((first, standing, mounted));
            }
            if below.is_mounted_on(&above) {
                mounted.push(below.identity);
            }
            below = above;
            path.push("..");
        }
        Ok((first, Standing::Unknown, mounted))
    }

    /// The final standing: a file of several names or on a mount may also be in a place of authority.
    pub(super) fn final_standing(
        &self,
        standing: Standing,
        suspects: &[Identity],
        own_too: bool,
    ) -> Standing {
        if suspects.is_empty() || !matches!(standing, Standing::Open | Standing::Own) {
            return standing;
        }
        match self.closed.holds_any(suspects, own_too) {
            Some(false) => standing,
            Some(true) => Standing::Closed,
            None => Standing::Unknown,
        }
    }
}

/// What a path leads to now; `None` if it leads to nothing.
fn identity(path: &Path) -> Option<Identity> {
    FileStatus::of_path(path).ok().map(|status| status.identity)
}

/// Whether the path is the place or in it, as a file system that folds case would say.
fn within(path: &Path, place: &Path) -> bool {
    let mut parts = path.components().map(|part| folded(part.as_os_str()));
    place.components().all(|part| parts.next() == Some(folded(part.as_os_str())))
}
