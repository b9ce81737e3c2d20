//! The watcher's handle and its actor.
//!
//! The actor alternates between two steps: it waits for a batch of changes, and has the loader read
//! them. The result says what to watch from then on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::or;
use smol::Executor;

use super::batch::Batch;
#[cfg(feature = "watch")]
use super::events::Events;
use crate::actor::loader::{Loader, Reloaded, WatchedFolder};
use crate::contract::{Cancellation, CancellationSource, SortedSet, WatchConfig};
use crate::task::{Clock, SystemClock, spawn_boxed, within};

/// How many rounds of new watches may follow each other before the rest waits for the next change.
const ROUNDS: usize = 4;
/// The longest pause between two full scans after lost events.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How the watcher notices changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WatchMode {
    /// By the kernel's notifications, and by polling where there are none. Without the feature `watch`, by
    /// polling.
    #[default]
    Events,
    /// By polling alone.
    Polling,
}

/// A running watcher: it has the loader read every change on the disk. Dropping it stops it; a
/// reload that was requested is still carried out. It also ends when the loader has stopped.
///
/// ```
/// use weft_lite::Runtime;
///
/// let home = std::env::temp_dir().join(format!("weft-watcher-{}", std::process::id()));
/// std::fs::create_dir_all(home.join("skills"))?;
///
/// let runtime = Runtime::builder().without_bundled().weft_home(&home).build();
/// runtime.block_on(async {
///     let watcher = runtime.watch();
///     watcher.ready().await;
///     let mut changes = runtime.host().subscribe();
///
///     let skill = home.join("skills/greet");
///     std::fs::create_dir(&skill)?;
///     std::fs::write(skill.join("SKILL.md"), "---\nname: greet\ndescription: Greets\n---\nHi.")?;
///     let change = changes.next().await.unwrap();
///     assert_eq!(&*change.skills.added[0].name, "greet");
///     std::io::Result::Ok(())
/// })?;
/// # std::fs::remove_dir_all(&home)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct SkillWatcher {
    /// Cancels the actor's task when it is dropped.
    _stop: CancellationSource,
    ready: Cancellation,
}

impl SkillWatcher {
    /// Starts a watcher for `loader`, whose tasks run on `executor`.
    #[must_use]
    pub fn start(
        executor: &Executor<'static>,
        loader: Loader,
        mode: WatchMode,
        config: WatchConfig,
    ) -> Self {
        let stop = CancellationSource::new();
        let stopped = stop.token();
        let armed = CancellationSource::new();
        let ready = armed.token();
        let (source, clock) = (EventSource::new(mode), Arc::new(SystemClock));
        let batches = Batches { config, source, clock, lost: None };
        let actor = WatcherActor { loader, batches };
        let task = async move { or(actor.run(armed), stopped.cancelled()).await };
        spawn_boxed(executor, Box::pin(task)).detach();
        Self { _stop: stop, ready }
    }

    /// Resolves when every later change will be noticed, or when the watcher has ended. A change
    /// before that is not lost: folders are scanned once more after their watches are set up.
    pub async fn ready(&self) {
        self.ready.cancelled().await;
    }
}

/// The actor. It knows nothing of skills and plugins.
struct WatcherActor {
    loader: Loader,
    batches: Batches,
}

/// The batches of changes, from notifications and polls.
struct Batches {
    config: WatchConfig,
    source: EventSource,
    /// For the pauses after lost events.
    clock: Arc<dyn Clock>,
    /// When events were last lost, and the pause before the full scan.
    lost: Option<(Instant, Duration)>,
}

impl WatcherActor {
    /// Runs until the loader has stopped.
    async fn run(mut self, armed: CancellationSource) {
        let Some(reloaded) = self.loader.refresh().await else { return };
        // Before the watches were set up, anything may have changed.
        if self.follow(reloaded).await.is_none() {
            return;
        }
        drop(armed);
        loop {
            let batch = self.batches.next().await;
            let reloaded = match batch {
                Batch::All => self.loader.refresh().await,
                #[cfg(feature = "watch")]
                Batch::Paths(paths) => self.loader.refresh_paths(paths).await,
            };
            let Some(reloaded) = reloaded else { return };
            if self.follow(reloaded).await.is_none() {
                return;
            }
        }
    }

    /// Watches the folders of the new snapshot, and scans again those that were not watched before.
    async fn follow(&mut self, mut reloaded: Reloaded) -> Option<()> {
        for _ in 0..ROUNDS {
            let unseen = self.batches.source.listen_to(reloaded.watched).await;
            if unseen.is_empty() {
                break;
            }
            reloaded = self.loader.refresh_paths(unseen).await?;
        }
        Some(())
    }
}

impl Batches {
    /// Waits for changes. Where some folder has no notifications, it waits at most for the interval
    /// of polls, and then everything is scanned.
    async fn next(&mut self) -> Batch {
        let WatchConfig { poll_interval, .. } = self.config;
        let must_poll = self.source.must_poll();
        let batch = self.source.batch(&self.config);
        let (batch, longest) = match must_poll {
            true => match within(&SystemClock, poll_interval, batch).await {
                Some(batch) => (batch, LONGEST_PAUSE.min(poll_interval)),
                None => return Batch::All,
            },
            false => (batch.await, LONGEST_PAUSE),
        };
        if matches!(batch, Batch::All) {
            self.pause(longest).await;
        }
        batch
    }

    /// Waits before a full scan, after events were lost, but not longer than `longest`. A scan causes
    /// events of its own, so the pauses grow: scans must not follow each other without end.
    async fn pause(&mut self, longest: Duration) {
        let now = self.clock.now();
        let pause = match self.lost {
            Some((last, pause)) if now.duration_since(last) < 2 * LONGEST_PAUSE => {
                self.clock.sleep(pause.min(longest)).await;
                (pause * 2).min(LONGEST_PAUSE)
            }
            _ => self.config.longest_wait,
        };
        self.lost = Some((self.clock.now(), pause));
    }
}

/// The kernel's notifications, if there are any.
enum EventSource {
    /// Notifications, though perhaps not for every folder.
    #[cfg(feature = "watch")]
    Open(Events),
    /// None: folders are polled.
    Closed,
}

impl EventSource {
    /// Opens the notifications. A system without them is polled instead, with a warning.
    fn new(mode: WatchMode) -> Self {
        match mode {
            WatchMode::Polling => Self::Closed,
            #[cfg(feature = "watch")]
            WatchMode::Events => match Events::new() {
                Ok(events) => Self::Open(events),
                Err(error) => {
                    log::warn!("the kernel tells of no changes, so folders are polled: {error}");
                    Self::Closed
                }
            },
            #[cfg(not(feature = "watch"))]
            WatchMode::Events => Self::Closed,
        }
    }

    /// Whether there are folders without notifications.
    fn must_poll(&self) -> bool {
        match self {
            #[cfg(feature = "watch")]
            Self::Open(events) => events.must_poll(),
            Self::Closed => true,
        }
    }

    /// Watches these folders only, and returns those that were not watched until now.
    async fn listen_to(&mut self, watched: Arc<Vec<WatchedFolder>>) -> SortedSet<PathBuf> {
        match self {
            #[cfg(feature = "watch")]
            Self::Open(events) => events.listen_to(watched).await,
            Self::Closed => {
                drop(watched);
                SortedSet::new()
            }
        }
    }

    /// The next batch of changes that the kernel notifies of.
    async fn batch(&mut self, config: &WatchConfig) -> Batch {
        match self {
            #[cfg(feature = "watch")]
            Self::Open(events) => events.batch(config.debounce, config.longest_wait).await,
            Self::Closed => {
                let _ = config;
                std::future::pending().await
            }
        }
    }
}

#[cfg(all(test, feature = "watch"))]
mod tests {
    use futures_lite::future::{or, yield_now};

    use super::*;
    use crate::task::ManualClock;

    #[test]
    fn lost_events_pause_where_folders_are_polled() {
        let clock = Arc::new(ManualClock::new());
        let config = WatchConfig {
            debounce: Duration::ZERO,
            longest_wait: Duration::from_secs(40),
            poll_interval: Duration::from_secs(50),
        };
        let mut batches = Batches {
            config,
            source: EventSource::Open(Events::losing()),
            clock: Arc::<ManualClock>::clone(&clock),
            lost: None,
        };
        // Pauses double up to a minute, and a poll comes before that.
        for expected in [None, Some(40), Some(50), Some(50)] {
            let paused = std::cell::Cell::new(None);
            let batch = or(batches.next(), async {
                loop {
                    paused.set(clock.advance_to_next_sleeper().or(paused.get()));
                    yield_now().await;
                }
            });
            assert!(matches!(smol::block_on(batch), Batch::All));
            assert_eq!(paused.get(), expected.map(Duration::from_secs));
        }
    }
}
