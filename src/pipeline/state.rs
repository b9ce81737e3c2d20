//! What a message is while it passes the stages: typed here, JSON for stages that are no part of
//! this program.

use serde::Serialize;
use serde_json::{Map, Value};

use super::prompt::MessagePrompt;
use crate::command::{Answer, Caller, SkillPrompt};
use crate::contract::{Attachment, Failure, ObjectReader};

/// A message on its way to an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MessageState {
    /// The host's own number of the message.
    pub number: u64,
    /// The channel it came over.
    pub channel: String,
    /// The chat within the channel.
    pub chat: String,
    /// The thread within the chat, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Who sent it, in the channel's own terms.
    pub sender: String,
    /// Whether the sender is the owner of this program.
    pub is_owner: bool,
    /// The message's text.
    pub text: String,
    /// What came with it.
    pub attachments: Vec<Attachment>,
    /// What else the channel knows.
    pub metadata: Map<String, Value>,
    /// The skill that the message asks to follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill: Option<SkillPrompt>,
    /// The prompt for the answering stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<MessagePrompt>,
    /// The answer, as soon as there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is none. Only observers see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl MessageState {
    /// Who sent it, as commands see it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            channel: self.channel.clone(),
            chat: self.chat.clone(),
            sender: self.sender.clone(),
            is_owner: self.is_owner,
        }
    }
}

/// What a stage gives back. What it leaves out stays as it was; what else it writes, for instance
/// another sender, counts for nothing.
pub(super) struct StageResult {
    pub(super) text: Option<String>,
    pub(super) attachments: Option<Vec<Attachment>>,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) prompt: Option<MessagePrompt>,
    pub(super) answer: Option<Answer>,
}

impl TryFrom<Value> for StageResult {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let all = ["text", "attachments", "metadata", "prompt", "answer"];
        let mut result = ObjectReader::new(value)?.without_nulls(&all);
        let attachments = match result.has("attachments") {
            true => Some(result.list("attachments", Attachment::try_from)?),
            false => None,
        };
        Ok(Self {
            text: result.text("text")?,
            attachments,
            metadata: result.object("metadata")?,
            prompt: result.text("prompt")?.map(MessagePrompt::from),
            answer: result.value("answer").map(Answer::try_from).transpose()?,
        })
    }
}
