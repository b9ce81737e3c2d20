//! The manifest: what a plugin is, offers, asks for and may use.
//!
//! A manifest exists only in its checked form: [`PluginManifest::from_json`] and
//! [`PluginManifest::from_yaml`] are the ways to one, and they name every fault of a file at once.

mod channel;
mod fault;
pub(super) mod findings;
mod plugin_manifest;
mod reader;
pub(super) mod rules;
mod similar;

pub use channel::ChannelSettings;
pub use fault::ManifestError;
pub use plugin_manifest::{
    GeneratedFrom, InstanceMode, ParsedManifest, PluginCapability, PluginManifest,
};
#[cfg(feature = "net")]
pub(crate) use rules::is_host_name;
#[cfg(any(feature = "net", feature = "bundled"))]
pub(crate) use rules::is_name;
pub(crate) use rules::{check_host_pattern, deceives, is_unfit};
pub(crate) use similar::closest;
pub use similar::{did_you_mean, similar_names};
