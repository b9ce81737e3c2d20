//! The watcher: the actor that notices changes on the disk and has the loader read them.
//!
//! It decides nothing about skills and plugins. It gathers the kernel's notifications into batches, and polls
//! where there are none: the loader knows what it has read, so a poll is a refresh.
//! Dropping the handle stops it.

mod actor;
mod batch;
#[cfg(feature = "watch")]
mod events;
#[cfg(feature = "watch")]
mod mounts;
#[cfg(feature = "watch")]
mod targets;

pub use actor::{SkillWatcher, WatchMode};
