//! The state of the plugin host that its handles read.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::actor::options::PluginHostOptions;
use crate::actor::snapshot::Snapshot;
use crate::contract::CancellationSource;
#[cfg(feature = "serve")]
use crate::contract::SortedMap;
#[cfg(feature = "serve")]
use crate::task::Lock;
use crate::task::Tasks;
use crate::wasm::MemoryBudget;

/// State that handles read and only the actor replaces. Reading the snapshot takes no lock, because
/// every call does it.
pub(in crate::actor) struct HostState {
    pub(in crate::actor) tasks: Tasks,
    pub(in crate::actor) snapshot: ArcSwap<Snapshot>,
    pub(in crate::actor) options: PluginHostOptions,
    pub(super) memory: Arc<MemoryBudget>,
    /// Fires at the first stop: from then on no loader changes the host.
    pub(in crate::actor) stopped: CancellationSource,
    /// The channels of plugins that run, by id, and what has each polled at once.
    #[cfg(feature = "serve")]
    pub(in crate::actor) polled: Lock<SortedMap<String, async_channel::Sender<()>>>,
}
