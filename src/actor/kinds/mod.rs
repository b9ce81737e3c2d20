//! Adapters for guests of the five kinds beside tools: each is a trait object like a native one.
//!
//! An adapter holds a plugin's id, not the plugin. Every call looks the plugin up, so that it goes to the
//! newest version and keeps nothing in service. Answers without a call, such as names, are those of the version
//! that the adapter was made from.

mod capabilities;
mod channel;
mod guest;
mod hosted;
mod memory;
mod metadata;
mod skill;
mod stage;
mod voice;
#[cfg(feature = "serve")]
mod webhook;

pub use capabilities::CapabilityMismatch;
pub(super) use metadata::{Answers, described_tools};
pub use metadata::{GuestMetadata, GuestSkill};

use guest::Guest;
