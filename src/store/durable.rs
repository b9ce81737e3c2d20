//! Key-value stores that last: a folder with one file for each namespace.
//!
//! A file is a log. A change appends one record with a checksum and waits for the disk, so a kill or a power cut
//! at any moment costs at most the change that had no answer yet. The index of a namespace in use is in memory. A
//! file that is mostly outdated is rewritten and renamed into place.
//!
//! Several processes can use one folder at the same time: a writer holds the file's lock for one change, and
//! everyone reads what others have appended before they answer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::StoreError;
use super::file_lock::FileLock;
use super::index::{Index, KeyList, RecordPlace};
use super::log_file::{self, LogFile, OpenFor, OpenedLog};
use super::record::{self, RECORD_START};
use super::scan::scan;
use super::tail::{Tail, read_cached};
use crate::contract::{
    ActionableError, BoxFuture, KeyValueStore, PluginError, Sha256, StoreSource, limits,
    percent_encoded, to_hex,
};
use crate::task::{AsyncLock, Lock, off_executor};

/// How the name of each file ends.
pub(super) const ENDING: &str = "kv";
/// Bytes of a file's name before its ending. File systems take up to 255.
const NAME_BYTES: usize = 200;

/// The stores in one folder. Nothing is opened or made before it is used.
///
/// ```
/// use weft_lite::{KeyValueStore, StoreSource};
/// use weft_lite::store::DurableStore;
///
/// let folder = tempfile::tempdir()?;
/// let store = DurableStore::new(folder.path());
/// let notes = store.namespace("notes", 64 * 1024);
/// smol::block_on(async {
///     notes.set("color", b"green".to_vec()).await?;
///     // Another process would see it, too.
///     let again = DurableStore::new(folder.path()).namespace("notes", 64 * 1024);
///     assert_eq!(again.get("color").await?.as_deref(), Some(b"green".as_slice()));
///     Ok::<(), weft_lite::errors::PluginError>(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct DurableStore {
    folder: PathBuf,
}

impl DurableStore {
    /// The stores in `folder`, which need not exist.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Those of a `$WEFT_HOME`.
    #[must_use]
    pub fn of_home(home: &Path) -> Self {
        Self::new(home.join("store"))
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a namespace.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        // Capitals, too, so that names that differ only in case stay apart anywhere.
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        let mut escaped = percent_encoded(name.as_bytes(), is_plain);
        if escaped.starts_with('.') {
            escaped.replace_range(..1, "%2e");
        }
        if escaped.len() > NAME_BYTES {
            let mut digest = Sha256::new();
            digest.update(name.as_bytes());
            escaped.truncate(NAME_BYTES / 2);
            // No shorter name has a `+` in it.
            escaped.push('+');
            escaped.push_str(&to_hex(&digest.finish()));
        }
        self.folder.join(format!("{escaped}.{ENDING}"))
    }
}

impl StoreSource for DurableStore {
    fn namespace(&self, name: &str, quota_bytes: usize) -> Arc<dyn KeyValueStore> {
        let namespace = Namespace {
            name: name.to_owned(),
            path: self.file(name),
            quota_bytes,
            queue: AsyncLock::new(()),
            turn: Lock::new(()),
            state: Lock::default(),
            warned_of: Lock::default(),
        };
        Arc::new(DurableNamespace(Arc::new(namespace)))
    }
}

/// One namespace.
struct DurableNamespace(Arc<Namespace>);

struct Namespace {
    name: String,
    path: PathBuf,
    quota_bytes: usize,
    /// Where work that blocks waits for its turn, without a thread.
    queue: AsyncLock<()>,
    /// The same lock for the thread that works. A cancelled call leaves the queue, and its work goes on.
    turn: Lock<()>,
    /// Locked for moments only, never while the disk is used.
    state: Lock<State>,
    /// Why the file can't be used, as the operator knows it. A plugin is not told where the file is.
    warned_of: Lock<Option<StoreError>>,
}

#[derive(Debug, Default)]
struct State {
    log: Option<LogFile>,
    /// Whether this process is writing, so that nobody else can.
    is_writing: bool,
}

/// What can be said without waiting for the disk.
enum Known<T> {
    This(T),
    OnlyTheDiskKnows,
}

/// What blocks.
enum StoreWork {
    Get(String),
    Set(String, Vec<u8>),
    Delete(String),
    Keys(String),
}

/// What came of it. Each kind of work fills its own field.
#[derive(Default)]
struct StoreWorkDone {
    value: Option<Vec<u8>>,
    was_there: bool,
    keys: Vec<String>,
}

impl DurableNamespace {
    /// Does work that blocks, one at a time. All functions share one copy of the code that waits.
    fn work(&self, work: StoreWork) -> BoxFuture<'_, Result<StoreWorkDone, PluginError>> {
        Box::pin(async move {
            let _place = self.0.queue.lock().await;
            let namespace = Arc::clone(&self.0);
            let done = off_executor(move || {
                let _turn = namespace.turn.lock();
                namespace.run(work)
            });
            done.await.map_err(|error| {
                self.warn_of(&error);
                error.into()
            })
        })
    }

    /// Logs why the file can't be used, with its path and what to do. The same problem again is not logged.
    fn warn_of(&self, error: &StoreError) {
        let is_of_file = matches!(
            error,
            StoreError::Io { .. } | StoreError::Damaged { .. } | StoreError::Busy { .. }
        );
        if is_of_file && self.0.warned_of.lock().replace(error.clone()).as_ref() != Some(error) {
            log::warn!("{error}; {}", error.next_step());
        }
    }
}

impl Namespace {
    fn run(&self, work: StoreWork) -> Result<StoreWorkDone, StoreError> {
        let mut done = StoreWorkDone::default();
        match work {
            StoreWork::Get(key) => done.value = self.get(&key)?,
            StoreWork::Set(key, value) => self.set(&key, &value)?,
            StoreWork::Delete(key) => done.was_there = self.delete(&key)?,
            StoreWork::Keys(prefix) => done.keys = self.keys(&prefix)?,
        }
        Ok(done)
    }

    /// Looks something up in the index, if it has all that any process has written.
    fn look_up<T>(&self, look_up: impl FnOnce(&Index) -> T) -> Known<(T, Tail)> {
        let state = self.state.lock();
        let Some(log) = &state.log else { return Known::OnlyTheDiskKnows };
        let (found, tail, is_writing) = (look_up(&log.index), log.tail.clone(), state.is_writing);
        drop(state);
        if is_writing || tail.is_current() {
            Known::This((found, tail))
        } else {
            Known::OnlyTheDiskKnows
        }
    }

    /// The value of a key if it can be read without waiting.
    fn get_now(&self, key: &str) -> Known<Option<Vec<u8>>> {
        let Known::This((place, tail)) = self.look_up(|index| index.get(key)) else {
            return Known::OnlyTheDiskKnows;
        };
        let Some(place) = place else { return Known::This(None) };
        let mut bytes = vec![0; RECORD_START + key.len() + place.value_bytes];
        if read_cached(&tail.file, &mut bytes, place.at) != Some(bytes.len()) {
            return Known::OnlyTheDiskKnows;
        }
        // The other way says what is wrong.
        match record::value_of(bytes, key, tail.salt) {
            Some(value) => Known::This(Some(value)),
            None => Known::OnlyTheDiskKnows,
        }
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(_lock) = self.refresh(OpenFor::Read)? else { return Ok(None) };
        let Some((place, tail)) = self.place(key)? else { return Ok(None) };
        let value = log_file::read(&tail.file, key, place, tail.salt);
        let value = value.map_err(|error| StoreError::io(&self.path, &error))?;
        value.map(Some).ok_or_else(|| self.damaged(place.at))
    }

    fn place(&self, key: &str) -> Result<Option<(RecordPlace, Tail)>, StoreError> {
        self.with_log(|log| log.index.get(key).map(|place| (place, log.tail.clone())))
    }

    /// Uses the file that [`refresh`](Self::refresh) has opened.
    fn with_log<T>(&self, work: impl FnOnce(&mut LogFile) -> T) -> Result<T, StoreError> {
        let mut state = self.state.lock();
        let log = state.log.as_mut().map(work);
        log.ok_or_else(|| StoreError::io(&self.path, &io::Error::other("it is not open")))
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let Some(_lock) = self.refresh(OpenFor::Read)? else { return Ok(Vec::new()) };
        let mut list = KeyList::new(prefix);
        // Nothing changes the index between two steps: this is one of the works that take turns.
        while !self.with_log(|log| log.index.list(&mut list))?? {}
        Ok(list.keys)
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let lock = loop {
            // Another process may remove the file again.
            match self.refresh(OpenFor::Write)? {
                Some(lock) => break lock,
                None => log_file::create(&self.path, &self.name)?,
            }
        };
        self.with_log(|log| log.index.check(key, value.len(), self.quota_bytes))??;
        self.append(&lock, key, Some(value))
    }

    fn delete(&self, key: &str) -> Result<bool, StoreError> {
        if self.refresh(OpenFor::Read)?.is_none() || self.place(key)?.is_none() {
            return Ok(false);
        }
        let Some(lock) = self.refresh(OpenFor::Write)? else { return Ok(false) };
        let was_there = self.place(key)?.is_some();
        if was_there {
            self.append(&lock, key, None)?;
        }
        Ok(was_there)
    }

    /// Writes one change and waits until the disk has it.
    fn append(&self, _lock: &FileLock, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        let mut tail = self.with_log(|log| log.tail.clone())?;
        self.state.lock().is_writing = true;
        let appended = tail.append(&self.path, key, value);
        let mut state = self.state.lock();
        state.is_writing = false;
        let at = match appended {
            Ok(at) => at,
            Err(error) => {
                // What the file has now is found out by reading it.
                state.log = None;
                return Err(StoreError::io(&self.path, &error));
            }
        };
        if let Some(log) = &mut state.log {
            log.tail = tail;
            let place = value.map(|value| RecordPlace { at, value_bytes: value.len() });
            log.index.apply((key.to_owned(), place));
        }
        drop(state);
        self.compact();
        Ok(())
    }

    /// Rewrites the file if most of it is outdated. If that fails, it is logged, and no call fails.
    fn compact(&self) {
        let mut state = self.state.lock();
        let Some(log) = state.log.as_ref().filter(|log| log.is_worth_compacting()) else { return };
        let entries = log.index.entries().map(|(key, place)| (key.clone(), Some(place))).collect();
        let tail = log.tail.clone();
        // Readers go on with the old file.
        state.is_writing = true;
        drop(state);
        let compacted = log_file::compact(&self.path, &self.name, &tail, entries);
        let mut state = self.state.lock();
        state.is_writing = false;
        match (compacted, &mut state.log) {
            (Ok(compacted), log) => *log = Some(compacted),
            (Err(error), log) => {
                log::warn!("{} can't be compacted: {error}", self.path.display());
                log.iter_mut().for_each(LogFile::put_off_compaction);
            }
        }
    }

    /// Locks the file and reads what other processes have written; `None` if there is no file.
    fn refresh(&self, access: OpenFor) -> Result<Option<FileLock>, StoreError> {
        let io = |error: io::Error| StoreError::io(&self.path, &error);
        let open = self.state.lock().log.as_ref().map(|log| log.tail.clone());
        if let Some(mut tail) = open.filter(|it| it.is_writable || access == OpenFor::Read) {
            let lock = FileLock::acquire(Arc::clone(&tail.file), &self.path)?;
            if log_file::identity_at(&self.path).map_err(io)? == Some(tail.identity)
                && let Some(is_at_end) = tail.is_at_end().map_err(io)?
            {
                if is_at_end {
                    return Ok(Some(lock));
                }
                let new = scan(&tail.file, tail.end, tail.salt).map_err(io)?;
                if let Some(at) = new.damage {
                    return Err(self.damaged(at));
                }
                tail.follow(&new).map_err(io)?;
                if let Some(log) = &mut self.state.lock().log {
                    log.tail = tail;
                    new.changes.into_iter().for_each(|change| log.index.apply(change));
                }
                return Ok(Some(lock));
            }
        }
        self.state.lock().log = None;
        let Some(OpenedLog { tail, scan, lock, .. }) =
            log_file::open(&self.path, Some(&self.name), access)?
        else {
            return Ok(None);
        };
        if let Some(at) = scan.damage {
            return Err(self.damaged(at));
        }
        let index = Index::of(scan.changes);
        self.state.lock().log = Some(LogFile { tail, index });
        Ok(Some(lock))
    }

    fn damaged(&self, at: u64) -> StoreError {
        StoreError::Damaged { name: Some(self.name.clone()), path: self.path.clone(), at }
    }
}

impl KeyValueStore for DurableNamespace {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, PluginError>> {
        Box::pin(async move {
            if let Known::This(value) = self.0.get_now(key) {
                return Ok(value);
            }
            Ok(self.work(StoreWork::Get(key.to_owned())).await?.value)
        })
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            if key.len() > limits::STORE_KEY_BYTES {
                return Err(StoreError::Key.into());
            }
            if value.len() > limits::STORE_VALUE_BYTES {
                return Err(StoreError::Value.into());
            }
            self.work(StoreWork::Set(key.to_owned(), value)).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, PluginError>> {
        Box::pin(async move { Ok(self.work(StoreWork::Delete(key.to_owned())).await?.was_there) })
    }

    fn list_keys<'a>(
        &'a self,
        prefix: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, PluginError>> {
        Box::pin(async move {
            let prefix = prefix.unwrap_or_default();
            let mut list = KeyList::new(prefix);
            if let Known::This((Ok(true), _)) = self.0.look_up(|index| index.list(&mut list)) {
                return Ok(list.keys);
            }
            // A long list is made off the executor, because others wait there.
            Ok(self.work(StoreWork::Keys(prefix.to_owned())).await?.keys)
        })
    }
}
