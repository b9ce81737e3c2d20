//! The actors: they own their state and are reached by message only.
//!
//! | actor | owns | receives | ends with |
//! | --- | --- | --- | --- |
//! | plugin host (`host`) | what is in service | changes | the last [`PluginHost`] |
//! | one for each plugin (`plugin`) | the plugin's instances | calls | the last snapshot that names it |
//! | supervisor (`lifecycle`) | the table of members | requests, reports of members | the last [`PluginHost`] |
//! | one for each member (`lifecycle`) | a channel, stage or the like | starts and stops | its removal |
//! | loader (`loader`) | what it knows of the disk | reloads | the last [`Loader`], or its stop |
//! | watcher (`watcher`) | the kernel's watches | events of the disk | its [`SkillWatcher`], or the loader |
//!
//! They are actors because their work waits: for files, for guests, for the network. A lock would
//! be held during these waits, and a panic with a lock held ends the program, where a panic in an
//! actor's work costs one call ([`PanicContainment`](crate::PanicContainment)). The few locks that
//! are left are held for one step that waits for nothing.
//!
//! - A handle is a sender. A request has its reply sender in it, and no reply means that the actor
//!   has ended.
//! - Mailboxes are bounded. If one is full, its senders wait.
//! - A request that was sent is carried out, even if its future is dropped. A call of a tool is the
//!   exception: it is cancelled.
//! - No actor keeps the executor. Once that is gone, every request ends without a reply.

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
mod native;
#[cfg(feature = "autonomous")]
mod observed;
mod options;
mod plugin;
mod prepare;
mod registry;
mod snapshot;
mod subscription;
mod tool;
mod tool_call;
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
