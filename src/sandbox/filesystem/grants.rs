//! The `filesystem` permission of a manifest, opened once when the plugin is loaded.
//!
//! A folder becomes a handle, a single file the handle of its folder and its name. What a path
//! meant at that moment is what it means until the plugin is loaded again: a folder that is moved
//! or replaced by a link later changes nothing.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::closed::Closed;
use super::path;

/// What the variables of a grant stand for.
#[derive(Debug)]
pub(in crate::sandbox) struct GrantRoots<'a> {
    /// `$WORKSPACE`
    pub(in crate::sandbox) workspace: &'a Path,
    /// `~`
    pub(in crate::sandbox) home: Option<&'a Path>,
    /// `$PLUGIN_DIR`
    pub(in crate::sandbox) plugin_dir: Option<&'a Path>,
    /// What stays closed, whatever a grant covers; the plugin's own folder in it does not.
    pub(in crate::sandbox) weft_home: Option<&'a Path>,
}

/// All grants of one plugin that could be opened, in the manifest's order.
#[derive(Debug)]
pub(in crate::sandbox) struct Grants {
    /// Whether the manifest asks for no files at all.
    pub(super) none_asked: bool,
    pub(super) opened: Vec<Grant>,
    /// The grants at whose path nothing was, as the manifest spells them, expanded.
    missing: Vec<PathBuf>,
    /// What no grant opens.
    pub(super) closed: Option<Arc<Closed>>,
}

/// One open grant.
#[derive(Debug)]
pub(super) struct Grant {
    /// The path as the manifest spells it, expanded: what a guest's path is compared with.
    pub(super) spelled: PathBuf,
    pub(super) place: Place,
}

/// What lies at a grant's path.
#[derive(Debug)]
pub(super) enum Place {
    /// Everything beneath this folder.
    Folder(Arc<Dir>),
    /// This name in this folder, and nothing else in it.
    File { folder: Arc<Dir>, name: OsString },
}

/// Why a grant stays closed.
#[derive(Debug)]
enum Fault {
    NotAbsolute,
    UnknownRoot { name: String },
    Climbs,
    Missing,
    Closed,
    Io(io::Error),
}

impl Grants {
    /// Opens what the manifest asks for. Blocks on the file system.
    ///
    /// Returns a warning for each grant that can't be opened; it stays closed, and the others are
    /// not affected. Nothing is created.
    pub(in crate::sandbox) fn open(
        asked: &[String],
        roots: &GrantRoots<'_>,
    ) -> (Self, Vec<String>) {
        let closed = roots.weft_home.map(|home| Arc::new(Closed::new(home, roots.plugin_dir)));
        let mut opened = Vec::new();
        let mut missing = Vec::new();
        let mut warnings = Vec::new();
        for text in asked {
            let grant = expand(text, roots).and_then(|spelled| {
                Grant::open(&spelled, closed.as_deref()).inspect_err(|fault| {
                    if matches!(fault, Fault::Missing) {
                        missing.push(spelled);
                    }
                })
            });
            match grant {
                Ok(grant) => opened.push(grant),
                Err(fault) => {
                    warnings.push(format!("the filesystem grant `{text}` stays closed: {fault}"));
                }
            }
        }
        (Self { none_asked: asked.is_empty(), opened, missing, closed }, warnings)
    }

    /// Whether the manifest grants `path`, but nothing was there to be opened.
    pub(super) fn is_missing(&self, path: &Path) -> bool {
        self.missing.iter().any(|grant| path.starts_with(grant))
    }

    /// Whether there is something by now at the path of a grant that stays closed because there was
    /// nothing. Blocks on the file system for a moment.
    pub(in crate::sandbox) fn are_outdated(&self) -> bool {
        self.missing.iter().any(|path| path.exists())
    }

    /// The folder that relative paths are relative to.
    pub(super) fn relative_to(&self) -> Option<&Path> {
        self.opened
            .iter()
            .find(|grant| matches!(grant.place, Place::Folder(_)))
            .map(|grant| &grant.spelled)
            .or(self.missing.first())
            .map(PathBuf::as_path)
    }
}

impl Grant {
    fn open(spelled: &Path, closed: Option<&Closed>) -> Result<Self, Fault> {
        let real = fs::canonicalize(spelled)?;
        if closed.is_some_and(|closed| closed.holds(&real)) {
            return Err(Fault::Closed);
        }
        let place = if fs::metadata(&real)?.is_dir() {
            Place::Folder(Arc::new(Dir::open_ambient_dir(&real, ambient_authority())?))
        } else {
            let (Some(folder), Some(name)) = (real.parent(), real.file_name()) else {
                return Err(Fault::Missing);
            };
            let folder = Dir::open_ambient_dir(folder, ambient_authority())?;
            Place::File { folder: Arc::new(folder), name: name.to_owned() }
        };
        Ok(Self { spelled: spelled.to_owned(), place })
    }
}

/// The absolute path that a grant's text stands for.
fn expand(text: &str, roots: &GrantRoots<'_>) -> Result<PathBuf, Fault> {
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    let root = match first {
        "" if text.starts_with('/') => Some(Path::new("/")),
        "~" => roots.home,
        "$WORKSPACE" => Some(roots.workspace),
        "$PLUGIN_DIR" => roots.plugin_dir,
        _ if first.starts_with(['~', '$']) => None,
        _ => return Err(Fault::NotAbsolute),
    };
    let root = root.ok_or_else(|| Fault::UnknownRoot { name: first.to_owned() })?;
    let rest = Path::new(rest.trim_start_matches('/'));
    if path::climbs(rest) {
        return Err(Fault::Climbs);
    }
    // A root that the operator wrote with `..` is followed by the kernel, since a link in it may
    // lead elsewhere than its text says.
    let root =
        if path::climbs(root) { fs::canonicalize(root)? } else { std::path::absolute(root)? };
    Ok(path::without_dots(&root.join(rest)))
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => formatter.write_str(
                "it is not an absolute path; begin it with `/`, `~/`, `$WORKSPACE` or `$PLUGIN_DIR`",
            ),
            Self::UnknownRoot { name } => write!(formatter, "`{name}` stands for nothing here"),
            Self::Climbs => formatter.write_str("it holds `..`; write the folder that is meant"),
            Self::Missing => {
                formatter.write_str("it does not exist; create it and say `/reload`, or start again")
            }
            Self::Closed => formatter
                .write_str("it is in weft-lite's own folder, which is open to no plugin"),
            Self::Io(error) => write!(formatter, "it can't be opened: {error}"),
        }
    }
}
