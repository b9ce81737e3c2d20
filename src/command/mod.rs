//! Slash commands: one registry from which dispatch, `/help`, completion and documentation derive.
//!
//! No command is handled anywhere else. A command is a value: the built-in ones are made here, an
//! embedder may add its own, and every skill that people may call contributes one as long as it is
//! in the host's snapshot.

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
mod registry;
mod skill;
mod source;

pub use crate::contract::{Attachment, OWNER};
pub use answer::{Answer, CommandOutcome, SkillPrompt};
pub use builtin::{Administration, built_in_commands};
pub use caller::{Caller, Conversation, ProgressNotes};
pub use collision::Collision;
pub use complete::Completion;
pub use error::CommandError;
pub use line::CommandLine;
pub use live::Commands;
pub use registry::{Audience, Command, CommandCall, CommandHandler, CommandRegistry, Completes};
pub use source::CommandSource;
