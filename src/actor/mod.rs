//! The actors: they own their state and are reached by message only.

mod host;
mod kinds;
mod load;
mod plugin;
mod registry;
mod tool;

pub use host::{PluginHost, PluginHostOptions};
pub use kinds::{CapabilityMismatch, GuestFacts, GuestSkill};
pub use load::LoadError;
pub use registry::{LoadedPlugin, PluginRegistry, RefusedPlugin, ToolEntry};
