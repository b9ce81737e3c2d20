//! The options of a plugin host.

use std::time::Duration;

use super::lifecycle::LifecycleOptions;
use crate::contract::limits;
use crate::sandbox::SandboxOptions;

/// The options of a plugin host. Limits of single plugins are not here: they come from their
/// manifests.
#[derive(Clone)]
pub struct PluginHostOptions {
    /// The options of every sandbox.
    pub sandbox: SandboxOptions,
    /// Bytes of linear memory and translated code that all guests may hold together. While there
    /// are several plugins, none may hold more than half of it, whatever its manifest says.
    pub memory_budget_bytes: usize,
    /// How long an instance may be idle before it is dropped, with its code. The next call starts a
    /// new instance, without what a resident one had in memory.
    pub idle_timeout: Duration,
    /// Bytes that a module may have without approval (T36).
    pub module_bytes: usize,
    /// Who sees the calls that messages lead to.
    #[cfg(feature = "autonomous")]
    pub observer: Option<std::sync::Arc<dyn crate::contract::CallObserver>>,
    /// How long members may take to start and stop, and when failed channels restart.
    pub lifecycle: LifecycleOptions,
}

impl PluginHostOptions {
    /// The defaults: a 64 MB budget, instances dropped after five idle minutes.
    #[must_use]
    pub fn new(sandbox: SandboxOptions) -> Self {
        Self {
            sandbox,
            memory_budget_bytes: limits::MEMORY_BUDGET_BYTES,
            idle_timeout: Duration::from_secs(300),
            module_bytes: limits::MODULE_BYTES,
            #[cfg(feature = "autonomous")]
            observer: None,
            lifecycle: LifecycleOptions::default(),
        }
    }
}
