//! [`Runtime`] composes the layers below, and owns their start and shutdown.

mod administration;
mod builder;
mod config;
mod core;
mod machine;
mod poll_on_wake;
mod skill_host;
mod workspace;

pub use self::core::Runtime;
pub use builder::RuntimeBuilder;
pub use config::{ConfigError, ConfigErrorKind};
pub use workspace::workspace_authority;
