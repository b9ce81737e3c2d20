//! From a message to its answer: the gateway that accepts messages from channels, and the stages that
//! each message passes.
//!
//! - The Process stage makes the answer. `PreProcess` stages run before it, `PostProcess` stages after it.
//! - Without a Process stage a message is answered with the commands and skills whose words it uses.
//! - Slash commands and tool lines are read from the text as it was typed, before any stage.
//! - An observer gets copies, and can neither change nor delay a message. One that is 64 messages behind misses
//!   some. At the end it has two seconds for the rest. The log has the number of both.
//! - Messages of one chat are answered in their order. Messages of different chats run beside each other.
//! - Whether a message is the owner's is decided by the channel's rules alone. No stage can change it.
//! - Sizes are counted: a message holds room for [`GatewayOptions::memory_bytes`] from its delivery to the end of its
//!   answer.
//! - An error of a stage stops its message only, and the sender gets the error. A stage that does not run is not skipped.
//! - `SOUL.md` is at most 32 KB of UTF-8, inside the workspace. It is read again when it changes. A `soul.md` in lower case and a
//!   link out of the workspace are ignored with a warning.

mod assembler;
mod chat;
mod drafts;
mod gateway;
mod inbound;
mod job;
mod observers;
mod options;
mod outbound;
mod prompt;
mod reply;
mod requester;
mod run;
mod soul;
mod split;
mod stage;
mod state;
mod tool_line;
mod weight;

pub use assembler::Assembler;
pub use gateway::Gateway;
pub use options::{ChannelRules, GatewayOptions};
pub use prompt::{MessagePrompt, SKILLS_HEADING, TOOLS_HEADING};
pub use run::{Pipeline, PipelineOutcome};
pub use soul::{SOUL_BYTES, SOUL_FILE, soul_path};
pub use state::MessageState;
