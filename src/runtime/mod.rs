//! [`Runtime`] composes the layers below, and owns their start and shutdown.
//!
//! Nothing is decided here: the builder collects options, the configuration fills them in, and the
//! runtime starts the actors with them. An embedder that needs only the plugin host can start it
//! without a runtime ([`PluginHost::start`](crate::PluginHost::start)).

mod administration;
#[cfg(feature = "autonomous")]
mod autonomous;
mod builder;
mod config;
mod core;
mod machine;
mod poll_on_wake;
#[cfg(feature = "autonomous")]
mod proposals;
mod skill_host;
mod workspace;

pub use self::core::Runtime;
pub use builder::RuntimeBuilder;
pub use config::{ConfigError, ConfigErrorKind};
#[cfg(feature = "autonomous")]
pub use proposals::check_proposal;
pub use workspace::workspace_authority;
