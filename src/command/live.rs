//! The current commands: derived again whenever the host's snapshot has changed.

use std::sync::Arc;

use super::registry::{Command, CommandRegistry};
use crate::actor::PluginHost;
use crate::contract::SortedSet;
use crate::task::Lock;

/// The commands of a host, its skills and its plugins. The first call after a change derives them again.
///
/// ```
/// use weft_lite::Runtime;
///
/// let runtime = Runtime::builder().without_bundled().build();
/// let commands = runtime.commands().now();
/// assert!(commands.find("HELP").is_ok(), "case does not matter");
/// assert!(commands.find("greet").is_err(), "there is no such skill");
/// ```
pub struct Commands {
    host: PluginHost,
    built_in: Vec<Command>,
    derived: Lock<Derived>,
}

/// The registry of one generation. It is derived again when the snapshot has another one.
#[derive(Clone)]
struct Derived {
    /// The snapshot's generation; `None` before the first use.
    generation: Option<u64>,
    registry: Arc<CommandRegistry>,
}

impl Commands {
    /// The commands of `host`: these built-in ones, and those of its skills and plugins.
    #[must_use]
    pub fn new(host: PluginHost, built_in: impl IntoIterator<Item = Command>) -> Self {
        let derived = Derived { generation: None, registry: Arc::default() };
        let built_in = built_in.into_iter().collect();
        Self { host, built_in, derived: Lock::new(derived) }
    }

    /// The current commands. New collisions are logged.
    #[must_use]
    pub fn now(&self) -> Arc<CommandRegistry> {
        let snapshot = self.host.snapshot();
        let derived = self.derived.lock().clone();
        if derived.generation == Some(snapshot.generation) {
            return derived.registry;
        }
        let registry = CommandRegistry::new(self.built_in.iter().cloned(), &snapshot.skills);
        let registry = Arc::new(registry.with_plugins(&snapshot.plugins));
        // A plugin may cause hundreds.
        let known = SortedSet::from_iter(derived.registry.collisions());
        for collision in registry.collisions() {
            if !known.contains(&collision) {
                log::warn!("{collision}; {}", collision.next_step());
            }
        }
        let generation = Some(snapshot.generation);
        let derived = Derived { generation, registry: Arc::clone(&registry) };
        // The old registry is dropped outside the lock, for an embedder's handlers may be dropped with it.
        let before = std::mem::replace(&mut *self.derived.lock(), derived);
        drop(before);
        registry
    }

    /// The host whose commands they are.
    #[must_use]
    pub fn host(&self) -> &PluginHost {
        &self.host
    }
}
