//! The kernel's notifications, over notify. Its thread only sends; if the channel is full, the loader scans
//! everything.
//!
//! Each folder has a watch of its own, without the folders in it: a recursive watch would include
//! ignored folders, such as `.git` and `target`, and the kernel's watches are few.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use futures_lite::future::or;
use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind};
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use smol::Timer;

use super::batch::Batch;
use super::mounts::Mounts;
use super::targets::Targets;

use crate::actor::loader::WatchedFolder;
use crate::contract::SortedSet;
use crate::task::off_executor;

/// Events that wait while the loader works. If there are more, the loader scans everything.
const WAITING: usize = 8_192;

/// The watches of the kernel and their events.
pub(super) struct Events {
    /// `None` only while another thread sets it up.
    watcher: Option<RecommendedWatcher>,
    /// The events, from notify's thread.
    path_events: Receiver<PathEvent>,
    /// Holds a value if an event was lost. One is enough, because everything is scanned then.
    lost: Receiver<()>,
    /// The watched folders.
    armed: SortedSet<PathBuf>,
    /// Translates real paths to those of the loader.
    targets: Targets,
    /// Whether a folder that should be watched can't be.
    incomplete: bool,
}

/// A change of one path.
struct PathEvent {
    path: PathBuf,
    /// Whether a name was created, removed or moved.
    name: bool,
}

impl Events {
    /// Opens the notifications, and watches nothing yet.
    ///
    /// # Errors
    ///
    /// The kernel has none, or no room for another watcher.
    pub(super) fn new() -> notify::Result<Self> {
        // A bounded channel would hold its whole room from the beginning: 330 KB.
        let (sender, path_events) = async_channel::unbounded();
        let (lose, lost) = async_channel::bounded(1);
        let handler = move |event| on_event(event, &sender, &lose);
        // The target of a link is watched by its real path, if it has to be watched.
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(handler, config)?;
        let (armed, targets) = (SortedSet::new(), Targets::default());
        Ok(Self { watcher: Some(watcher), path_events, lost, armed, targets, incomplete: false })
    }

    /// Notifications that are always lost, for some of the folders.
    #[cfg(test)]
    pub(super) fn losing() -> Self {
        let lost = async_channel::bounded(1).1;
        Self { lost, incomplete: true, ..Self::new().unwrap() }
    }

    /// Whether some folder has no notifications, so that it has to be polled.
    pub(super) fn must_poll(&self) -> bool {
        self.incomplete
    }

    /// Watches these folders only, and returns those that were not watched until now.
    pub(super) async fn listen_to(
        &mut self,
        watched: Arc<Vec<WatchedFolder>>,
    ) -> SortedSet<PathBuf> {
        let Some(watcher) = self.watcher.take() else { return SortedSet::new() };
        let armed = std::mem::take(&mut self.armed);
        // Watching a tree means walking it.
        let arming = off_executor(move || arm(watcher, &armed, &watched, &Mounts::read())).await;
        let Armed { watcher, armed, targets, new, incomplete } = arming;
        if incomplete && !self.incomplete {
            log::warn!("the kernel does not tell of every change, so folders are polled as well");
        }
        let unseen = SortedSet::from_iter(new.iter().flat_map(|path| targets.names_of(path)));
        (self.watcher, self.armed, self.targets, self.incomplete) =
            (Some(watcher), armed, targets, incomplete);
        unseen
    }

    /// Waits for a change, then for a pause of `debounce` without changes, but at most `longest_wait`.
    ///
    /// Editors save a file in several steps, and a package has several files: the pause makes one
    /// reload of them. If the future is dropped, what it has gathered is lost; that is done only
    /// for a poll, which scans everything.
    pub(super) async fn batch(&mut self, debounce: Duration, longest_wait: Duration) -> Batch {
        let mut paths = SortedSet::new();
        let mut all = false;
        // When this batch ends: after some quiet, and at the latest.
        let mut ends: Option<(Instant, Instant)> = None;
        loop {
            let path_events = async { Some(self.path_events.recv().await.map_err(|_| ())) };
            let lost = async {
                let _ = self.lost.recv().await;
                Some(Err(()))
            };
            let quiet = async {
                match ends {
                    Some((quiet, latest)) => Timer::at(quiet.min(latest)).await,
                    None => std::future::pending().await,
                };
                None
            };
            // The end comes first, so that a stream of events can't put it off.
            match or(quiet, or(path_events, lost)).await {
                None => break,
                Some(Ok(PathEvent { path, name })) => {
                    if name {
                        // The kernel watches the old file, not its name.
                        self.armed.retain(|armed| !armed.starts_with(&path));
                    }
                    let relevant = self.targets.relevant(&path);
                    if relevant.is_empty() {
                        continue;
                    }
                    paths.extend(relevant);
                }
                Some(Err(())) => {
                    all = true;
                    if self.path_events.is_closed() {
                        // The thread of notify has ended: there will be no more events.
                        self.incomplete = true;
                        break;
                    }
                }
            }
            let now = Instant::now();
            let latest = ends.map_or(now + longest_wait, |(_, latest)| latest);
            ends = Some((now + debounce, latest));
        }
        if all { Batch::All } else { Batch::Paths(paths) }
    }
}

/// Passes an event on. It runs on notify's own thread, so it never waits.
fn on_event(event: notify::Result<Event>, sender: &Sender<PathEvent>, lose: &Sender<()>) {
    let event = match event {
        Ok(event) if event.need_rescan() => {
            let _ = lose.try_send(());
            return;
        }
        Ok(event) => event,
        // There are no watches left for a new folder, or the queue can't be read.
        Err(error) => {
            log::debug!("an event was lost: {error}");
            let _ = lose.try_send(());
            return;
        }
    };
    let name = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        // The loader's own reading causes events too.
        EventKind::Access(_) => return,
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => false,
        _ => true,
    };
    for path in event.paths {
        if sender.len() < WAITING {
            // The receiver may be gone.
            let _ = sender.try_send(PathEvent { path, name });
        } else {
            let _ = lose.try_send(());
        }
    }
}

/// The result of setting up watches on another thread, with the watcher that went there.
struct Armed {
    watcher: RecommendedWatcher,
    armed: SortedSet<PathBuf>,
    targets: Targets,
    /// The folders that were not watched before.
    new: Vec<PathBuf>,
    incomplete: bool,
}

/// Sets up watches for all targets and removes those that are no targets any more.
fn arm(
    mut watcher: RecommendedWatcher,
    before: &SortedSet<PathBuf>,
    watched: &[WatchedFolder],
    mounts: &Mounts,
) -> Armed {
    let targets = Targets::of(watched);
    // In order, so that the set grows at its end.
    let (mut armed, mut new, mut incomplete) = (SortedSet::new(), Vec::new(), false);
    for path in targets.real() {
        incomplete |= !mounts.notify_in(path);
        if before.contains(path) {
            armed.insert(path.to_owned());
            continue;
        }
        match watcher.watch(path, RecursiveMode::NonRecursive) {
            Ok(()) => {
                armed.insert(path.to_owned());
                new.push(path.to_owned());
            }
            // It has just been removed, and the watch of its parent reports that.
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                log::debug!("{} can't be watched: {error}", path.display());
                incomplete = true;
            }
        }
    }
    for path in before.iter().filter(|path| !armed.contains(*path)) {
        // It may be gone, and its watch with it.
        let _ = watcher.unwatch(path);
    }
    Armed { watcher, armed, targets, new, incomplete }
}

/// Whether the folder does not exist.
fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::loader::WatchDepth;

    #[test]
    fn folders_without_notifications_stay_polled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let watched = [WatchedFolder { path, depth: WatchDepth::Direct }];
        let mounts = Mounts::of("22 1 0:35 / / rw - nfs4 host:/x rw");
        let watcher = RecommendedWatcher::new(|_| {}, Config::default()).unwrap();
        let first = arm(watcher, &SortedSet::new(), &watched, &mounts);
        assert!(first.incomplete && !first.armed.is_empty());
        let again = arm(first.watcher, &first.armed, &watched, &mounts);
        assert!(again.incomplete && again.new.is_empty());
    }
}
