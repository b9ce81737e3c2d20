//! The places of authority that are known: those that are named, and those that links and mounts in them lead
//! to. All sandboxes of a host share them, so that a place which is added later is closed to each of them at
//! once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::identity::FileStatus;
use crate::contract::SortedSet;
use crate::task::Lock;

/// The places of authority in weft-lite's own folder. Each access closes the folders that these names lead
/// to at that moment, also by a link or a mount.
pub(super) const OF_HOME: [&str; 6] =
    ["descriptions", "plugins", "secrets", "skills", "store", "trusted-keys"];
/// Links behind one another.
const MAX_LINKS: usize = 40;

/// The places that no grant opens, beside weft-lite's own folder, whether they exist yet or not. Clones share
/// them.
#[derive(Debug, Clone, Default)]
pub struct Authority(Arc<KnownPlaces>);

/// Behind one `Arc`, so that every sandbox sees a place as soon as it is added.
#[derive(Debug, Default)]
struct KnownPlaces {
    /// The places as the host named them at the start.
    named: Vec<PathBuf>,
    /// The named places, and all that were found since.
    places: Lock<Arc<SortedSet<PathBuf>>>,
}

/// A folder of plugins or skills that is about to be read.
pub(crate) struct PackageRoot<'a> {
    authority: &'a Authority,
    status: Option<FileStatus>,
}

impl Authority {
    /// Closes these files and folders from now on, and the targets of those that are links.
    pub fn add(&self, places: impl IntoIterator<Item = PathBuf>) {
        let known = self.places();
        let both = places.into_iter().flat_map(|place| [real(&place), place]);
        let new: SortedSet<PathBuf> = both.filter(|place| !known.contains(place)).collect();
        if !new.is_empty() {
            let mut places = self.0.places.lock();
            *places = Arc::new(places.iter().chain(&new).cloned().collect());
        }
    }

    /// The folder of plugins or skills at `path`, which is about to be read.
    pub(crate) fn root(&self, path: &Path) -> PackageRoot<'_> {
        PackageRoot { authority: self, status: FileStatus::of_path(path).ok() }
    }

    /// All places known now, as paths.
    pub(super) fn places(&self) -> Arc<SortedSet<PathBuf>> {
        Arc::clone(&self.0.places.lock())
    }

    /// Finds the targets of links and mounts, in the named places and in the folders of `home`.
    pub(super) fn find_links(&self, home: Option<&Path>) {
        let mut found = SortedSet::new();
        let of_home =
            |home: &Path| [""].into_iter().chain(OF_HOME).map(|name| home.join(name)).collect();
        let of_home: Vec<PathBuf> = home.map_or_else(Vec::new, of_home);
        for place in self.0.named.iter().cloned().chain(of_home) {
            find_exits(&place, &real(&place), true, &mut found);
        }
        self.add(found);
    }
}

impl PackageRoot<'_> {
    /// Closes a package that a link or a mount puts outside of this folder, before it is read.
    pub(crate) fn close_if_outside(&self, folder: &Path) {
        let leads = |status: FileStatus| {
            status.is_link() || self.status.is_some_and(|it| status.is_off(&it))
        };
        if FileStatus::at(&rustix::fs::CWD, folder).is_ok_and(leads) {
            self.authority.add([folder.to_owned()]);
        }
    }
}

impl<P: IntoIterator<Item = PathBuf>> From<P> for Authority {
    fn from(places: P) -> Self {
        let named: Vec<PathBuf> = places.into_iter().collect();
        let authority =
            Self(Arc::new(KnownPlaces { named: named.clone(), ..KnownPlaces::default() }));
        authority.add(named);
        authority
    }
}

/// Finds the links and mounts in a folder that lead out of `place`, and in each folder directly in it.
fn find_exits(folder: &Path, place: &Path, go_on: bool, found: &mut SortedSet<PathBuf>) {
    let Ok(above) = FileStatus::of_path(folder) else { return };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(kind), path) = (entry.file_type(), entry.path()) else { continue };
        // In packages and deeper down, only folders are examined.
        let may_be_mounted = kind.is_dir() || (kind.is_file() && go_on);
        let is_mounted = || FileStatus::of_path(&path).is_ok_and(|status| status.is_off(&above));
        let mut inner = path.clone();
        if kind.is_symlink() {
            inner = real(&path);
            if !inner.starts_with(place) {
                found.extend([path, inner.clone()]);
            }
        } else if may_be_mounted && is_mounted() {
            found.insert(path);
        }
        if go_on && !kind.is_file() {
            find_exits(&inner, place, false, found);
        }
    }
}

/// The path without links, as far as it exists. A link to nothing is followed as well, because its target may
/// appear later.
pub(super) fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    followed(&absolute, MAX_LINKS)
}

/// As [`real`], with so many links left to follow. With none left, the path stays as it is.
fn followed(path: &Path, links: usize) -> PathBuf {
    for there in path.ancestors() {
        let Ok(rest) = path.strip_prefix(there) else { continue };
        if let Ok(real) = fs::canonicalize(there) {
            return real.join(rest);
        }
        if let (Some(left), Ok(target)) = (links.checked_sub(1), fs::read_link(there)) {
            let from = there.parent().unwrap_or(there);
            return followed(&from.join(target).join(rest), left);
        }
    }
    path.to_owned()
}
