//! What no grant opens: the places that weft-lite takes authority from, and the kernel's windows.
//!
//! What counts is which folder or file an opened handle is, not the path that led there, so that no
//! link, mount or folder that is moved meanwhile gets around it. Nothing here needs `/proc`, and what
//! can't be told is closed.

use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::authority::{Authority, OF_HOME, real};
use super::identity::{FileStatus, Identity, is_kernels};
use super::reserved::folded;
use super::roots::GrantRoots;

/// By these the kernel shows itself and its processes.
const WINDOWS: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Entries of the places that are compared with a file of several names; beyond, it can't be told.
const MAX_ENTRIES: usize = 50_000;
/// Folders above one another.
const MAX_DEPTH: usize = 256;

/// What is closed to one plugin, by paths without links.
#[derive(Debug)]
pub(super) struct Closed {
    home: Option<PathBuf>,
    /// The plugin's own folder, which it may read.
    own: Option<PathBuf>,
    /// Its data, which it may also write.
    data: Option<PathBuf>,
    authority: Authority,
    /// The workspace and the user's home.
    tops: Vec<PathBuf>,
}

/// How a folder or file stands to what is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not closed.
    Open,
    /// In the plugin's own folder.
    Own,
    /// In a place of authority.
    Closed,
    /// In what other programs take settings or prompts from.
    Setting,
    /// In a window of the kernel's.
    Window,
    /// It can't be told.
    Unknown,
}

/// Where everything of [`Closed`] is at this moment.
#[derive(Debug)]
pub(super) struct Places<'a> {
    closed: &'a Closed,
    home: Option<Identity>,
    own: Option<Identity>,
    data: Option<Identity>,
    others: Vec<Identity>,
    windows: Vec<Identity>,
    /// The devices that hold nothing but a window.
    devices: Vec<u64>,
    /// What isn't there yet: a folder that is, and the names that lead on from it.
    coming: Vec<(Identity, Vec<String>)>,
}

impl Closed {
    pub(super) fn new(roots: &GrantRoots<'_>) -> Self {
        let home = roots.weft_home.map(real);
        let authority = roots.authority.clone();
        let tops = [roots.home, Some(roots.workspace)].into_iter().flatten().map(real).collect();
        let (own, data) = (roots.plugin_dir.map(real), roots.plugin_data.map(real));
        Self { home, own, data, authority, tops }
    }

    /// Whether it is the workspace or the user's home: names on the way there say nothing.
    pub(super) fn is_top(&self, folder: Identity) -> bool {
        self.tops.iter().any(|top| identity(top) == Some(folder))
    }

    /// Whether a path without links is in the plugin's own data.
    pub(super) fn is_data(&self, path: &Path) -> bool {
        self.data.as_ref().is_some_and(|data| path.starts_with(data))
    }

    /// How a path without links stands, by its text; for what isn't there.
    pub(super) fn by_path(&self, path: &Path) -> Standing {
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

    /// Looks where everything is.
    pub(super) fn look(&self) -> Places<'_> {
        let mut places = Places {
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

    /// Whether one of these is in a place of authority; none, where that can't be told.
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
                // It is a file, and known by itself, or not there.
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

impl Places<'_> {
    /// Where a place is; where it isn't there, what it would be is kept.
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

    /// Whether these names, from this folder on, would lead to or make a place that isn't there yet.
    pub(super) fn is_coming<'n>(
        &self,
        folder: &FileStatus,
        names: &(impl Iterator<Item = &'n std::ffi::OsStr> + Clone),
    ) -> bool {
        let here = self.coming.iter().filter(|(anchor, _)| *anchor == folder.identity);
        here.into_iter()
            .any(|(_, rest)| names.clone().zip(rest).all(|(name, coming)| folded(name) == *coming))
    }

    /// How something stands that is beneath something that stands so.
    pub(super) fn beneath(&self, status: &FileStatus, above: Standing) -> Standing {
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

    /// The same of an open handle, where another file system may begin.
    pub(super) fn entered(
        &self,
        handle: &impl AsFd,
        status: &FileStatus,
        from: &FileStatus,
        above: Standing,
    ) -> Standing {
        let standing = self.beneath(status, above);
        if status.identity.device == from.identity.device {
            return standing;
        }
        self.mounted(handle, standing)
    }

    /// The same of an open handle, of which nothing is known but how it stands otherwise.
    pub(super) fn mounted(&self, handle: &impl AsFd, standing: Standing) -> Standing {
        match is_kernels(handle) {
            Ok(false) => standing,
            Ok(true) => Standing::Window,
            Err(_) => Standing::Unknown,
        }
    }

    /// How a grant's folder stands where it is now, and on what mounts it lies.
    pub(super) fn above(
        &self,
        folder: &impl AsFd,
    ) -> io::Result<(FileStatus, Standing, Vec<Identity>)> {
        let first = FileStatus::at(folder, "")?;
        let (mut below, mut path, mut mounted) = (first, PathBuf::from(".."), Vec::new());
        let mut standing = Standing::Open;
        let mut is_decided = false;
        for _ in 0..MAX_DEPTH {
            // Whatever it would be beneath: the nearest place decides.
            let open = self.beneath(&below, Standing::Unknown);
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

    /// How it stands in the end: what has several names or lies on a mount may be a place too.
    pub(super) fn settle(
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

fn identity(path: &Path) -> Option<Identity> {
    FileStatus::of_path(path).ok().map(|status| status.identity)
}

/// Whether the path is the place or in it, as a file system that folds case would say.
fn within(path: &Path, place: &Path) -> bool {
    let mut parts = path.components().map(|part| folded(part.as_os_str()));
    place.components().all(|part| parts.next() == Some(folded(part.as_os_str())))
}
