//! Permits for the paths that guests ask for.
//!
//! Paths and grants are compared as text. Links are resolved by the kernel when the permit is used, so that
//! no change in between can make a check untrue.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::Dir;

use super::closed::{ClosedPlaces, Standing};
use super::data::DataRoom;
use super::grants::{GrantPlace, Grants};
use super::{FileError, path};

/// The longest path that a guest may name: the kernel's own limit.
pub(in crate::sandbox) const PATH_BYTES: usize = 4096;

/// The right to reach one path beneath one open folder.
#[derive(Debug)]
pub(in crate::sandbox) struct FilePermit {
    folder: Arc<Dir>,
    path: PathBuf,
    links: LinkPolicy,
    asked: String,
    closed: Arc<ClosedPlaces>,
    /// Whether the manifest names this one file of the kernel's.
    is_window: bool,
    /// Whether settings of other programs may be beneath the grant, as anywhere but in the plugin's own data.
    has_settings: bool,
    /// The room for the plugin's own data, if the path is in that.
    data: Option<Arc<DataRoom>>,
}

/// The treatment of a link at the end of a permit's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkPolicy {
    /// Followed, as long as it stays beneath the folder.
    Follow,
    /// Refused: the grant is for one file and not for its neighbours.
    Refuse,
}

/// What an effect does with the file that a permit names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

impl Grants {
    /// A permit for the path as the guest wrote it.
    ///
    /// A relative path is relative to the manifest's first grant that is an open folder. If there is none, it
    /// is relative to the first missing grant. The longest grant that covers the path decides. A grant of a
    /// single file covers just that path, in the manifest's spelling.
    ///
    /// # Errors
    ///
    /// In this order: no `filesystem` permission (T21), an empty path or one with a NUL byte, a path longer
    /// than the kernel's limit, a path that no open grant covers (T15, T16, T19). If a missing grant covers
    /// the path, the error is no refusal but `file not found`.
    pub(in crate::sandbox) fn permit(&self, asked: &str) -> Result<FilePermit, FileError> {
        if self.none_asked {
            return Err(FileError::denied(asked, "filesystem access not permitted"));
        }
        if asked.is_empty() || asked.contains('\0') {
            return Err(FileError::denied(asked, "filesystem access denied: invalid path"));
        }
        // Walking a path costs time for every part, and the kernel would refuse this one anyway.
        if asked.len() > PATH_BYTES {
            return Err(FileError::from_io(asked, rustix::io::Errno::NAMETOOLONG.into()));
        }
        let absolute = self.absolute(asked).ok_or_else(|| FileError::outside(asked))?;
        self.opened
            .iter()
            .filter_map(|grant| {
                let beneath = absolute.strip_prefix(&grant.spelled).ok()?;
                let (folder, path, links, is_window) = match &grant.place {
                    GrantPlace::Folder(folder) => {
                        (folder, beneath.to_owned(), LinkPolicy::Follow, false)
                    }
                    GrantPlace::File { folder, name, is_window }
                        if beneath.as_os_str().is_empty() =>
                    {
                        (folder, PathBuf::from(name), LinkPolicy::Refuse, *is_window)
                    }
                    GrantPlace::File { .. } => return None,
                };
                let (folder, closed) = (Arc::clone(folder), Arc::clone(&self.closed));
                let asked = asked.to_owned();
                // A file that the manifest names may be written even if its name is one of settings.
                let has_settings = links == LinkPolicy::Follow && grant.data.is_none();
                let data = grant.data.clone();
                let permit = FilePermit {
                    folder,
                    path,
                    links,
                    asked,
                    closed,
                    is_window,
                    has_settings,
                    data,
                };
                Some((grant.spelled.as_os_str().len(), permit))
            })
            .max_by_key(|(spelled_bytes, _)| *spelled_bytes)
            .map(|(_, permit)| permit)
            .ok_or_else(|| match self.missing(&absolute) {
                Some(missing) => FileError::not_found(asked, missing.needed.as_deref()),
                None => FileError::outside(asked),
            })
    }

    /// `asked` from the root and without dots; `None` if no grant gives a folder for relative paths.
    fn absolute(&self, asked: &str) -> Option<PathBuf> {
        let asked = Path::new(asked);
        if asked.is_absolute() {
            return Some(path::without_dots(asked));
        }
        Some(path::without_dots(&self.relative_to()?.join(asked)))
    }
}

impl FilePermit {
    /// The open folder.
    pub(super) fn folder(&self) -> &Arc<Dir> {
        &self.folder
    }

    /// The path beneath the folder: no `.` and no `..`, and empty where it is the folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The treatment of a link at the end of the path.
    pub(super) fn links(&self) -> LinkPolicy {
        self.links
    }

    /// Whether other programs may read settings and prompts from files beneath the folder.
    pub(super) fn has_settings(&self) -> bool {
        self.has_settings
    }

    /// The room for the plugin's own data, if the path is in that.
    pub(super) fn data(&self) -> Option<&DataRoom> {
        self.data.as_deref()
    }

    /// The path as the guest wrote it.
    pub(super) fn asked(&self) -> &str {
        &self.asked
    }

    /// The places that no grant opens.
    pub(super) fn closed(&self) -> &ClosedPlaces {
        &self.closed
    }

    /// The refusal of this access to a file of this standing, if it is refused.
    pub(super) fn refuse(&self, standing: Standing, access: Access) -> Option<FileError> {
        let rule = match (standing, access) {
            (Standing::Open, _) | (Standing::Own | Standing::Setting, Access::Read) => return None,
            (Standing::Window, _) if self.is_window => return None,
            (Standing::Own, Access::Write) => {
                "a plugin's own folder is read-only; keep what is written in `$PLUGIN_DATA`"
            }
            (Standing::Setting, Access::Write) => {
                "settings and prompts of other programs are read-only where the manifest does not name them"
            }
            (Standing::Closed, _) => "what weft-lite takes authority from is open to no plugin",
            (Standing::Window, _) => "the kernel's files are open to no plugin",
            (Standing::Unknown, _) => "weft-lite cannot determine whether it is open",
        };
        Some(FileError::denied(&self.asked, &format!("filesystem access denied: {rule}")))
    }
}
