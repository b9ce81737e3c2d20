//! Subscriptions to changes: a subscriber compares the state it has seen with the current snapshot.
//!
//! Nothing is queued. A slow subscriber delays nobody and misses nothing: everything since its last change
//! becomes one change.

use std::sync::Arc;

use super::change::{RegistryChange, Seen};
use super::host::HostState;
use super::snapshot::Snapshot;

/// Receives every change since it was made, in the order of generations.
///
/// It holds summaries of what it has seen, and no plugin. So a subscriber that never reads keeps
/// nothing in service.
///
/// ```
/// use weft_lite::Runtime;
/// use weft_lite::package::{PackageError, PackageErrorKind};
///
/// let runtime = Runtime::builder().without_bundled().build();
/// runtime.block_on(async {
///     let mut changes = runtime.host().subscribe();
///     let kind = PackageErrorKind::NoManifest { looked_for: &["weft.plugin.json"] };
///     let none: [(weft_lite::PluginPackage, weft_lite::Approval); 0] = [];
///     runtime.host().load(none, [PackageError::new("broken", kind)]).await;
///
///     let change = changes.next().await.unwrap();
///     assert_eq!(change.refused[0].origin, "broken");
///     assert!(change.plugins.is_empty());
/// });
/// ```
pub struct Subscription {
    /// The state only, not a handle: a subscription doesn't keep the host running.
    shared: Arc<HostState>,
    seen: Seen,
}

impl Subscription {
    /// A subscription to every change after the snapshot that is current now.
    pub(super) fn new(shared: Arc<HostState>) -> Self {
        let now = shared.snapshot.load_full();
        let seen = Seen::new(now.generation, &now.plugins, &now.skills);
        Self { shared, seen }
    }

    /// The next change, or `None` when the host is gone. Dropping the future loses nothing. A
    /// generation in which nothing is different, as far as a subscriber can see, is skipped.
    pub async fn next(&mut self) -> Option<RegistryChange> {
        loop {
            let now = self.shared.snapshot.load_full();
            if now.generation == self.seen.generation {
                let replaced = now.replaced.clone();
                // Keeping the snapshot would keep its plugins in service.
                drop(now);
                replaced.cancelled().await;
                if self.shared.snapshot.load().generation == self.seen.generation {
                    return None;
                }
                continue;
            }
            let change = self.take(&now);
            if !change.is_empty() {
                return Some(change);
            }
        }
    }

    /// The last generation that it has seen.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.seen.generation
    }

    /// Moves on to this snapshot, and returns the changes on the way.
    fn take(&mut self, now: &Snapshot) -> RegistryChange {
        let newer = Seen::new(now.generation, &now.plugins, &now.skills);
        let change = self.seen.until(&newer);
        self.seen = newer;
        change
    }
}
