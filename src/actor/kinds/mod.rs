//! Guests of the five kinds beside tools, each as the trait object that a native one would be.
//!
//! An adapter holds a plugin's id and not the plugin: it looks the plugin up at each call, so the
//! call goes to the newest version and nothing is kept in service. What a trait gives without
//! waiting is of the version that the adapter was made from.

mod capabilities;
mod channel;
mod facts;
mod guest;
mod hosted;
mod memory;
mod skill;
mod stage;
mod voice;

pub use capabilities::CapabilityMismatch;
pub(super) use facts::{Answers, described_tools};
pub use facts::{GuestMetadata, GuestSkill};

use guest::Guest;
