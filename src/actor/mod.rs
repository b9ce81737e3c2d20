//! The actors: they own their state and are reached by message only.

mod change;
mod host;
mod kinds;
mod load;
mod loader;
mod plugin;
mod registry;
mod snapshot;
mod subscription;
mod tool;
mod watcher;

pub use change::{Change, Changes, PluginSummary, RegistryChange, ToolSummary};
pub use host::{PluginHost, PluginHostOptions};
pub use kinds::{CapabilityMismatch, GuestFacts, GuestSkill};
pub use load::LoadError;
pub use loader::{Bundled, Loader, LoaderOptions, Reloaded, WatchDepth, WatchedFolder};
pub use registry::{LoadedPlugin, PluginRegistry, RefusedPlugin, ToolEntry};
pub use snapshot::Snapshot;
pub use subscription::Subscription;
pub use watcher::{SkillWatcher, WatchMode};
