//! `SOUL.md`: the assistant's character, written by the workspace's owner.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::SystemTime;

use crate::skill::at_most;
use crate::task::Lock;
use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions};

/// The file's name.
pub const SOUL_FILE: &str = "SOUL.md";

/// Bytes that are read of it; what comes after them is left out, with a warning.
pub const SOUL_BYTES: usize = 32 * 1024;

/// The places where it is looked for, beneath the workspace.
const PLACES: [&str; 2] = ["SOUL.md", ".weft/SOUL.md"];

/// What people call it by mistake.
const MISSPELT: [&str; 4] = ["soul.md", "Soul.md", ".weft/soul.md", ".weft/Soul.md"];

/// Reads the file again when it has changed. Links that lead out of the workspace are not followed.
///
/// A file that can't be used is as one that is not there, but is said once; so is one whose name is in
/// other letters. The text is the workspace's, so it is only for one that is trusted.
pub(super) struct Soul {
    workspace: PathBuf,
    places: Lock<[SoulSource; 2]>,
    misspelt: Once,
}

/// One possible path of the file, and its state at the last check.
struct SoulSource {
    path: &'static str,
    read: Option<(SoulStamp, Arc<str>)>,
    /// Why the file can't be used, as last reported.
    problem: Option<String>,
}

/// Identifies one version of the file.
#[derive(PartialEq, Eq)]
struct SoulStamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl SoulStamp {
    /// Time, size and inode: an editor that saves by renaming changes the inode, one that writes in place the time.
    fn new(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
        Self { modified, bytes: metadata.len(), inode: metadata.ino() }
    }
}

impl Soul {
    /// Nothing is opened before the first message.
    pub(super) fn new(workspace: &Path) -> Self {
        let places = PLACES.map(|path| SoulSource { path, read: None, problem: None });
        Self { workspace: workspace.to_owned(), places: Lock::new(places), misspelt: Once::new() }
    }

    /// The text as it is now; `None` where there is no such file.
    pub(super) fn text(&self) -> Option<Arc<str>> {
        self.found().map(|(_, text)| text)
    }

    /// Where the text is, and the text.
    fn found(&self) -> Option<(&'static str, Arc<str>)> {
        let mut places = self.places.lock();
        let workspace = Dir::open_ambient_dir(&self.workspace, ambient_authority()).ok()?;
        let found = places.iter_mut().find_map(|place| Some((place.path, place.text(&workspace)?)));
        let there = |path: &&str| workspace.symlink_metadata(path).is_ok();
        if found.is_none()
            && let Some(path) = MISSPELT.iter().find(|path| there(path))
        {
            self.misspelt.call_once(|| {
                log::warn!("{path} is not read: rename it to {SOUL_FILE}, in great letters");
            });
        }
        found
    }
}

/// The `SOUL.md` with which prompts in this workspace begin now, if there is one.
#[must_use]
pub fn soul_path(workspace: &Path) -> Option<PathBuf> {
    Soul::new(workspace).found().map(|(place, _)| workspace.join(place))
}

impl SoulSource {
    /// The text of this place; a problem is logged when it differs from the last one.
    fn text(&mut self, workspace: &Dir) -> Option<Arc<str>> {
        match self.refresh(workspace) {
            Ok(text) => {
                self.problem = None;
                text
            }
            Err(problem) => {
                self.read = None;
                if self.problem.as_ref() != Some(&problem) {
                    log::warn!("{} is left out: {problem}", self.path);
                    self.problem = Some(problem);
                }
                None
            }
        }
    }

    /// The text, read only if it is another file than before; `None` where there is none.
    fn refresh(&mut self, workspace: &Dir) -> Result<Option<Arc<str>>, String> {
        let metadata = match workspace.metadata(self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.read = None;
                return match workspace.symlink_metadata(self.path) {
                    Ok(_) => Err("it is a link to nothing".into()),
                    Err(_) => Ok(None),
                };
            }
            Err(error) => return Err(format!("it can't be read: {error}")),
        };
        let stamp = SoulStamp::new(&metadata);
        if let Some((known, text)) = &self.read
            && *known == stamp
        {
            return Ok(Some(Arc::clone(text)));
        }
        let text: Arc<str> = read(workspace, self.path)?.into();
        self.read = Some((stamp, Arc::clone(&text)));
        Ok(Some(text))
    }
}

/// The text, at most [`SOUL_BYTES`] of it, cut at a character.
fn read(workspace: &Dir, place: &str) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("it can't be read: {error}");
    // A pipe is not waited for, whenever it comes in the file's place.
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    let mut file = workspace.open_with(place, &options).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("it is not a regular file".into());
    }
    let mut bytes = Vec::new();
    at_most(&mut file, SOUL_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        // A letter that the limit has cut is no fault of the file.
        Err(error) if error.utf8_error().valid_up_to() + 4 > SOUL_BYTES => {
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
        Err(_) => return Err("it is not UTF-8".into()),
    };
    // Without a mark at its beginning, what is UTF-16 can be read as UTF-8.
    if text.contains('\0') {
        return Err("it is not UTF-8".into());
    }
    if text.len() > SOUL_BYTES {
        log::warn!("{place} is over {SOUL_BYTES} bytes, and what comes after them is left out");
        text.truncate(text.floor_char_boundary(SOUL_BYTES));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // Lines end as on an old Macintosh, or on Windows.
    Ok(text.trim().replace("\r\n", "\n").replace('\r', "\n"))
}
