//! The built-in commands.

mod administration;
mod all;
mod approvals;
mod audit;
mod conversation;
mod help;
mod plugins;
mod reload;
mod skills;
mod status;
mod tools;

pub use administration::Administration;
#[cfg(feature = "autonomous")]
pub use administration::ProposalAnswer;
pub use all::built_in_commands;
pub(super) use approvals::waiting;
