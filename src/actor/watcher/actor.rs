//! The watcher's handle and its actor.
//!
//! The actor alternates between two steps: it waits for a batch of changes, and has the loader read
//! them. The result says what to watch from then on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future::or;
use smol::{Executor, Timer};

use super::batch::Batch;
#[cfg(feature = "watch")]
use super::events::Events;
use crate::actor::loader::{Loader, Reloaded, WatchedFolder};
use crate::contract::{Cancellation, CancellationSource, SortedSet, WatchConfig};
use crate::task::{SystemClock, spawn_boxed, within};

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
        let actor = WatcherActor { loader, config, source: EventSource::new(mode), lost: None };
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
    config: WatchConfig,
    source: EventSource,
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
            let batch = self.next_batch().await;
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
            let unseen = self.source.listen_to(reloaded.watched).await;
            if unseen.is_empty() {
                break;
            }
            reloaded = self.loader.refresh_paths(unseen).await?;
        }
        Some(())
    }

    /// Waits for changes. Where some folder has no notifications, it waits at most for the interval
    /// of polls, and then everything is scanned.
    async fn next_batch(&mut self) -> Batch {
        let WatchConfig { poll_interval, .. } = self.config;
        if self.source.must_poll() {
            let batch = within(&SystemClock, poll_interval, self.source.batch(&self.config));
            return batch.await.unwrap_or(Batch::All);
        }
        let batch = self.source.batch(&self.config).await;
        if matches!(batch, Batch::All) {
            self.pause().await;
        }
        batch
    }

    /// Waits before a full scan, after events were lost. A scan causes events of its own, so the pauses
    /// grow: scans must not follow each other without end.
    async fn pause(&mut self) {
        let now = Instant::now();
        let pause = match self.lost {
            Some((last, pause)) if now.duration_since(last) < 2 * LONGEST_PAUSE => {
                Timer::after(pause).await;
                (pause * 2).min(LONGEST_PAUSE)
            }
            _ => self.config.longest_wait,
        };
        self.lost = Some((Instant::now(), pause));
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
