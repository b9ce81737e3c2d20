//! The actors: they own their state and are reached by message only.

mod calls;
mod change;
mod guests;
mod host;
mod kinds;
mod known;
mod lifecycle;
mod load;
mod loader;
mod mail;
mod members;
mod module;
mod options;
mod plugin;
mod prepare;
mod registry;
mod snapshot;
mod subscription;
mod tool;
mod watcher;

pub use change::{Change, Changes, PluginSummary, RegistryChange, ToolSummary};
pub use guests::WantedChannels;
pub use host::PluginHost;
pub use kinds::{CapabilityMismatch, GuestMetadata, GuestSkill};
pub use lifecycle::{
    LifecycleError, LifecycleOptions, LifecycleState, Member, MemberObject, MemberOrigin,
    MemberOutcome, MemberStatus,
};
pub use load::LoadError;
pub use loader::{Bundled, Loader, LoaderOptions, Reloaded, WatchDepth, WatchedFolder};
pub use module::PluginModule;
pub use options::PluginHostOptions;
pub use registry::{LoadedPlugin, PluginRegistry, RefusedPlugin, ToolEntry};
pub use snapshot::Snapshot;
pub use subscription::Subscription;
pub use watcher::{SkillWatcher, WatchMode};
