//! Composes everything below into one thing to start, use and stop.

mod administration;
mod builder;
mod config;
mod core;
mod machine;
mod poll_on_wake;
mod surroundings;

pub use self::core::Runtime;
pub use builder::RuntimeBuilder;
pub use config::{ConfigError, ConfigErrorKind, workspace_authority};
