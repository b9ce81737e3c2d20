//! The watcher: the actor that tells the loader what may have changed on the disk.
//!
//! It decides nothing about skills and plugins. It gathers what the kernel tells into batches, and
//! polls where the kernel tells nothing: the loader knows what it has read, so a poll is a refresh.
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
