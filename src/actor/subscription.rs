//! Subscriptions to changes: a subscriber compares the state it has seen with the current snapshot.
//!
//! Nothing is queued. A slow subscriber delays nobody and misses nothing: everything since its last change
//! becomes one change.

use std::sync::Arc;

use super::change::{RegistryChange, Seen};
use super::host::HostState;
use super::snapshot::Snapshot;

/// Receives every change since it was made, in the order of generations.
pub struct Subscription {
    shared: Arc<HostState>,
    generation: u64,
    seen: Seen,
}

impl Subscription {
    pub(super) fn new(shared: Arc<HostState>) -> Self {
        let now = shared.snapshot.load_full();
        let seen = Seen::new(now.generation, &now.plugins, &now.skills);
        Self { shared, generation: now.generation, seen }
    }

    /// The next change, or `None` when the host is gone. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<RegistryChange> {
        loop {
            let now = self.shared.snapshot.load_full();
            if now.generation == self.generation {
                let replaced = now.replaced.clone();
                // Keeping the snapshot would keep its plugins in service.
                drop(now);
                replaced.cancelled().await;
                if self.shared.snapshot.load().generation == self.generation {
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

    /// The generation of the last change that was received.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    fn take(&mut self, now: &Snapshot) -> RegistryChange {
        let newer = Seen::new(now.generation, &now.plugins, &now.skills);
        let change = self.seen.until(&newer);
        self.generation = now.generation;
        self.seen = newer;
        change
    }
}
