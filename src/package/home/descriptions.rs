//! `descriptions/` in `$WEFT_HOME`: the descriptions of modules, a file for each, by a key that contains
//! all that it depends on. It is a cache: a file that can't be read counts as missing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::folder::{self, DESCRIPTIONS, FileAccess, HomeLock};
use crate::contract::{SortedSet, sort_by};

/// Bytes of what is kept of one module. A guest may say more, and is then asked at each start.
const TEXT_BYTES: usize = 512 << 10;
/// How long an entry stays that no plugin needs.
const UNUSED: Duration = Duration::from_secs(30 * 86_400);
/// How often it is noted that an entry is needed.
const NOTED: Duration = Duration::from_secs(86_400);
/// Entries at most. Those go first that were not needed for the longest time.
const ENTRIES: usize = 4_096;

/// The descriptions in one `$WEFT_HOME`.
#[derive(Debug, Clone)]
pub(crate) struct Descriptions {
    home: PathBuf,
}

impl Descriptions {
    pub(crate) fn of(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    /// The text that is kept under this key.
    pub(crate) fn read(&self, key: &str) -> Option<String> {
        let path = self.path(key);
        let text = match folder::read(&path) {
            Ok(text) => text?,
            Err(error) => {
                log::debug!("a module is described again: {error}");
                return None;
            }
        };
        let noted = path.metadata().and_then(|it| it.modified());
        if noted.is_ok_and(|noted| noted.elapsed().is_ok_and(|age| age > NOTED)) {
            let now = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            let _ = now;
        }
        Some(text)
    }

    /// Keeps texts, each under its key, and drops what nobody needs; not where there is no `$WEFT_HOME`, nor
    /// while somebody else is at work in it.
    pub(crate) fn keep(&self, entries: &[(String, String)]) {
        if let Err(error) = self.try_keep(entries) {
            log::debug!("no descriptions are kept: {error}");
        }
    }

    fn try_keep(&self, entries: &[(String, String)]) -> io::Result<()> {
        let Some(lock) = HomeLock::try_acquire(&self.home)? else { return Ok(()) };
        let folder = self.home.join(DESCRIPTIONS);
        folder::make_folder(&folder, FileAccess::Owner)?;
        for (key, text) in entries.iter().filter(|(_, text)| text.len() <= TEXT_BYTES) {
            lock.replace(&self.path(key), text.as_bytes(), FileAccess::Owner)?;
        }
        let fresh = SortedSet::from_iter(entries.iter().map(|(key, _)| self.path(key)));
        sweep(&folder, &fresh);
        Ok(())
    }

    fn path(&self, key: &str) -> PathBuf {
        self.home.join(DESCRIPTIONS).join([key, ".json"].concat())
    }
}

/// Deletes descriptions that were not used for long, and those beyond the limit.
fn sweep(folder: &Path, fresh: &SortedSet<PathBuf>) {
    let now = SystemTime::now();
    let age = |path: PathBuf| {
        let noted = path.symlink_metadata().and_then(|it| it.modified()).ok();
        (now.duration_since(noted.unwrap_or(UNIX_EPOCH)).unwrap_or_default(), path)
    };
    let entries = folder::children(folder).unwrap_or_default().into_iter();
    let mut entries: Vec<_> = entries.filter(|path| !fresh.contains(path)).map(age).collect();
    sort_by(&mut entries, |one, other| one.0.cmp(&other.0));
    let room = ENTRIES.saturating_sub(fresh.len());
    let dropped = entries.iter().enumerate().filter(|(at, (age, _))| *at >= room || *age > UNUSED);
    for (_, (_, path)) in dropped {
        let _ = fs::remove_file(path);
    }
}

/// A mark that distinguishes this program from other builds of it, as far as possible without reading
/// all of it.
pub(crate) fn program_mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let program = std::env::current_exe().and_then(|path| path.metadata());
        let built = program.and_then(|it| Ok((it.len(), it.modified()?)));
        let (bytes, time) = built.unwrap_or((0, UNIX_EPOCH));
        let time = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        format!("{} {bytes} {time}", env!("CARGO_PKG_VERSION"))
    })
}
