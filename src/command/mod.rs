//! Slash commands: one registry from which dispatch, `/help`, completion and documentation derive.
//!
//! No command is handled anywhere else. A command is a value: the built-in ones are made here, an
//! embedder may add its own, and every skill that people may call, and every tool of a plugin that is for people,
//! contributes one as long as it is in the host's snapshot.
//!
//! - The first command of a name has it: the built-in ones, then an embedder's, then those of skills, then those of
//!   bundled plugins, then those of other plugins. A name that two of these want goes to neither. The other one is no
//!   command, and `/help` says so with a next step ([`Collision`]).
//! - A command for the owner is refused to everybody else, whatever the channel. The channel's rules say who the
//!   owner is.
//! - A command never waits for a person: what it needs is in its arguments.

mod answer;
mod assignments;
mod builtin;
mod caller;
mod collision;
mod complete;
mod derive;
mod error;
mod help;
mod line;
mod live;
mod matching;
mod plugin_tool;
mod registry;
mod skill;
mod source;
#[cfg(feature = "autonomous")]
mod tool_arguments;

pub use crate::contract::{Attachment, OWNER};
pub use answer::{Answer, CommandOutcome, SkillPrompt};
#[cfg(feature = "autonomous")]
pub use builtin::ProposalAnswer;
pub use builtin::{Administration, built_in_commands};
pub use caller::{Caller, Conversation, ProgressNotes};
pub use collision::{Collision, CollisionOutcome};
pub use complete::Completion;
pub use error::CommandError;
pub use line::CommandLine;
pub use live::Commands;
pub use registry::{Audience, Command, CommandCall, CommandHandler, CommandRegistry, Completes};
pub use source::CommandSource;
