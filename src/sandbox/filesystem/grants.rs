//! The `filesystem` permission of a manifest, opened once when the plugin is loaded.
//!
//! A folder becomes a handle, a single file the handle of its folder and its name. The handles stay the same
//! until the plugin is loaded again: a folder that is moved or replaced by a link later changes nothing.
//!
//! A grant that names a place of authority or a folder of the kernel's stays closed with a warning, and the
//! plugin loads without it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::authority::real;
use super::closed::{ClosedPlaces, Standing};
use super::data::DataRoom;
use super::reserved::{has_reserved, is_reserved};
use super::roots::GrantRoots;
use super::{leftover, path};
use crate::contract::{FileGrant, is_never_opened};

/// The plugin's own data folder.
const PLUGIN_DATA: &str = "$PLUGIN_DATA";

/// All grants of one plugin that could be opened, in the manifest's order.
#[derive(Debug)]
pub(in crate::sandbox) struct Grants {
    /// Whether the manifest asks for no files at all.
    pub(super) none_asked: bool,
    pub(super) opened: Vec<Grant>,
    missing: Vec<MissingGrant>,
    /// The places that no grant opens.
    pub(super) closed: Arc<ClosedPlaces>,
}

/// One open grant.
#[derive(Debug)]
pub(super) struct Grant {
    /// The path as the manifest spells it, expanded. A guest's path is compared with it.
    pub(super) spelled: PathBuf,
    pub(super) place: GrantPlace,
    /// The room for the plugin's own data, if the grant is in that; nobody else reads it.
    pub(super) data: Option<Arc<DataRoom>>,
}

/// A grant whose path did not exist.
#[derive(Debug)]
pub(super) struct MissingGrant {
    /// The path as the manifest spells it, expanded.
    spelled: PathBuf,
    /// The grant as the manifest spells it, unless it is optional.
    pub(super) needed: Option<String>,
}

/// The folder or file at a grant's path.
#[derive(Debug)]
pub(super) enum GrantPlace {
    /// Everything beneath this folder.
    Folder(Arc<Dir>),
    /// This name in this folder, and nothing else in it.
    File { folder: Arc<Dir>, name: OsString, is_window: bool },
}

/// The reason why a grant stays closed.
#[derive(Debug)]
enum GrantFault {
    /// It begins with neither `/`, `~` nor a variable.
    NotAbsolute,
    /// Its first part is a variable or a user's home that is not known here.
    UnknownRoot { name: String },
    /// There is a `..` in it.
    Climbs,
    /// Nothing is at its path. The grant opens when the plugin is loaded again.
    Missing,
    /// It is in the plugin's data, and the host has no folder for data.
    NoData,
    /// It is a place of authority, or in one.
    Closed,
    /// It is a folder in which the kernel shows itself.
    Window,
    /// It is a file below a process's own folder, like its environment.
    Process,
    /// Whether it is closed can't be determined. What can't be checked is denied.
    Unknown,
    /// The operating system refuses to open it.
    Io(io::Error),
}

impl Grants {
    /// Opens the grants of the manifest. Blocks on the file system.
    ///
    /// Returns a warning for each grant that can't be opened, except for optional ones that are missing. Such a
    /// grant stays closed, and the others are not affected. Only the plugin's data folder is created.
    pub(in crate::sandbox) fn open(
        asked: &[FileGrant],
        roots: &GrantRoots<'_>,
    ) -> (Self, Vec<String>) {
        if let Some(data) = roots.plugin_data
            && asked.iter().any(|text| text.starts_with(PLUGIN_DATA))
        {
            let mut builder = fs::DirBuilder::new();
            // If it can't be created, opening it fails and gives the warning.
            let _ = builder.recursive(true).mode(0o700).create(data);
        }
        if !asked.is_empty() {
            roots.authority.find_links(roots.weft_home);
        }
        // Where nothing is asked for, every path is refused, and no place has to be looked up for that.
        let closed = Arc::new(match asked {
            [] => ClosedPlaces::none(roots.authority),
            _ => ClosedPlaces::new(roots),
        });
        let room =
            Arc::new(DataRoom::new(roots.plugin_data.unwrap_or(Path::new("")), roots.data_bytes));
        let mut opened = Vec::new();
        let mut missing = Vec::new();
        let mut warnings = Vec::new();
        for text in asked {
            let grant = expand(text, roots).and_then(|spelled| {
                Grant::open(&spelled, &closed, roots, &room).inspect_err(|fault| {
                    if matches!(fault, GrantFault::Missing) {
                        let needed = (!text.optional).then(|| text.to_string());
                        missing.push(MissingGrant { spelled, needed });
                    }
                })
            });
            match grant {
                Ok(grant) => opened.push(grant),
                Err(GrantFault::Missing) if text.optional => {}
                Err(fault) => {
                    warnings.push(format!("the filesystem grant `{text}` stays closed: {fault}"));
                }
            }
        }
        (Self { none_asked: asked.is_empty(), opened, missing, closed }, warnings)
    }

    /// The grant that covers `path`, but whose own path did not exist.
    pub(super) fn missing(&self, path: &Path) -> Option<&MissingGrant> {
        self.missing.iter().find(|grant| path.starts_with(&grant.spelled))
    }

    /// Whether the path of a missing grant exists by now. Blocks on the file system for a moment.
    pub(in crate::sandbox) fn are_outdated(&self) -> bool {
        self.missing.iter().any(|grant| grant.spelled.exists())
    }

    /// The folder to which a guest's relative paths are relative.
    pub(super) fn relative_to(&self) -> Option<&Path> {
        self.opened
            .iter()
            .find(|grant| matches!(grant.place, GrantPlace::Folder(_)))
            .map(|grant| &grant.spelled)
            .or(self.missing.first().map(|grant| &grant.spelled))
            .map(PathBuf::as_path)
    }
}

impl Grant {
    /// Opens one grant, and checks what the opened handle is rather than what its path says.
    fn open(
        spelled: &Path,
        closed: &ClosedPlaces,
        roots: &GrantRoots<'_>,
        room: &Arc<DataRoom>,
    ) -> Result<Self, GrantFault> {
        let there = real(spelled);
        // A reserved name counts beneath the folder of a variable, not on the way there.
        let roots = [roots.plugin_data, roots.plugin_dir, Some(roots.workspace), roots.home];
        let has_reserved_beneath = |path: &Path| {
            let root = |root: &Path| path.strip_prefix(root).ok().map(Path::to_owned);
            let known = roots.iter().flatten().find_map(|it| root(it).or_else(|| root(&real(it))));
            has_reserved(&known.unwrap_or_else(|| path.to_owned()))
        };
        if has_reserved_beneath(spelled)
            || has_reserved_beneath(&there)
            || closed.standing_by_path(&there) == Standing::Closed
        {
            return Err(GrantFault::Closed);
        }
        let real = fs::canonicalize(spelled)?;
        let found = fs::metadata(&real)?;
        let (folder, name) = match found.is_dir() {
            true => (&*real, None),
            false => (real.parent().ok_or(GrantFault::Missing)?, real.file_name()),
        };
        let folder = Arc::new(Dir::open_ambient_dir(folder, ambient_authority())?);
        let places = closed.locate();
        let (_, standing, mounted) = places.standing_of_grant(&*folder)?;
        let standing = places.standing_on_mount(&*folder, standing);
        let place = match name {
            None => GrantPlace::Folder(folder),
            Some(name) if is_reserved(name) => return Err(GrantFault::Closed),
            Some(name) => {
                let is_window = standing == Standing::Window;
                if is_window && is_process(spelled, &real) {
                    return Err(GrantFault::Process);
                }
                GrantPlace::File { folder, name: name.to_owned(), is_window }
            }
        };
        match (places.final_standing(standing, &mounted, false), &place) {
            (Standing::Open | Standing::Own, _)
            | (Standing::Window, GrantPlace::File { is_window: true, .. }) => {
                if let (GrantPlace::Folder(folder), Standing::Open) = (&place, standing) {
                    leftover::clear(folder);
                }
                let data = closed.is_data(&real).then(|| Arc::clone(room));
                Ok(Self { spelled: spelled.to_owned(), place, data })
            }
            (Standing::Closed | Standing::Setting, _) => Err(GrantFault::Closed),
            (Standing::Window, _) => Err(GrantFault::Window),
            (Standing::Unknown, _) => Err(GrantFault::Unknown),
        }
    }
}

/// Whether a file of the kernel's is below a process's own folder. The list of mounts is there too, but is
/// the same for each process of the machine.
fn is_process(spelled: &Path, real: &Path) -> bool {
    let is_one = |part: &OsStr| {
        let part = part.to_string_lossy();
        part.bytes().all(|byte| byte.is_ascii_digit()) || part == "self" || part == "thread-self"
    };
    spelled != Path::new("/proc/mounts") && real.iter().any(is_one)
}

/// The absolute path of a grant's text.
fn expand(text: &str, roots: &GrantRoots<'_>) -> Result<PathBuf, GrantFault> {
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    if is_never_opened(text) {
        return Err(match first.starts_with(['~', '$']) {
            true => GrantFault::UnknownRoot { name: first.to_owned() },
            false => GrantFault::NotAbsolute,
        });
    }
    let root = match first {
        "" => Some(Path::new("/")),
        "~" => roots.home,
        "$WORKSPACE" => Some(roots.workspace),
        "$PLUGIN_DIR" => roots.plugin_dir,
        PLUGIN_DATA => Some(roots.plugin_data.ok_or(GrantFault::NoData)?),
        _ => None,
    };
    let root = root.ok_or_else(|| GrantFault::UnknownRoot { name: first.to_owned() })?;
    let rest = Path::new(rest.trim_start_matches('/'));
    if path::climbs(rest) {
        return Err(GrantFault::Climbs);
    }
    // A root that the operator wrote with `..` is followed by the kernel, since a link in it may
    // lead elsewhere than its text says.
    let root =
        if path::climbs(root) { fs::canonicalize(root)? } else { std::path::absolute(root)? };
    Ok(path::without_dots(&root.join(rest)))
}

impl From<io::Error> for GrantFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

impl fmt::Display for GrantFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => formatter.write_str(
                "it is not an absolute path; begin it with `/`, `~/`, `$WORKSPACE`, `$PLUGIN_DIR` or `$PLUGIN_DATA`",
            ),
            Self::UnknownRoot { name } => write!(formatter, "`{name}` stands for nothing here"),
            Self::Climbs => formatter.write_str("it holds `..`; write the folder without it"),
            Self::Missing => {
                formatter.write_str("it does not exist; create it and say `/reload`, or start again")
            }
            Self::NoData => formatter.write_str(
                "data is kept in weft-lite's own folder, and there is none; set `WEFT_HOME` to a folder",
            ),
            Self::Closed => formatter.write_str(
                "weft-lite takes authority from it, so it is open to no plugin; name another folder, or \
                 `$PLUGIN_DATA`",
            ),
            Self::Window => formatter.write_str(
                "the kernel's files are opened one by one; name the single files that are meant",
            ),
            Self::Process => formatter
                .write_str("it shows a single process, which is open to no plugin; name another file"),
            Self::Unknown => formatter.write_str(
                "weft-lite cannot determine whether it takes authority from it; name another folder",
            ),
            Self::Io(error) => write!(formatter, "it can't be opened: {error}"),
        }
    }
}
