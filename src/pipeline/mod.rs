//! From a message to its answer: the gateway that takes messages from channels, and the stages that
//! each of them passes.

mod assembler;
mod chat;
mod gateway;
mod inbound;
mod job;
mod observers;
mod options;
mod outbound;
mod prompt;
mod reply;
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
