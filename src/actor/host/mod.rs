//! The plugin host: the actor that owns what is in service, and its handle.
//!
//! Changes go through the actor's mailbox, one after another; calls go straight to the mailbox of the
//! plugin that the snapshot names. Dropping the last handle stops the host.

mod actor;
mod handle;
mod state;
mod tools;

pub(super) use actor::Update;
pub use handle::PluginHost;
pub(super) use state::HostState;
