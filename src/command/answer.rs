//! What a command comes to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Attachment, ObjectReader, json_lines};

/// The answer to a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Answer {
    /// For people.
    pub text: String,
    /// For programs, where there is more to it than the text: a tool's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What goes with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
}

impl TryFrom<Value> for Answer {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut answer = ObjectReader::new(value)?.without_nulls(&["value"]);
        Ok(Self {
            text: answer.text("text")?.unwrap_or_default(),
            value: answer.value("value"),
            attachments: answer.list("attachments", Attachment::try_from)?,
        })
    }
}

impl Answer {
    /// An answer for people.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// What a tool gave: the value, and its text for people.
    #[must_use]
    pub fn value(value: Value) -> Self {
        let text = match &value {
            Value::String(text) => text.clone(),
            value => json_lines(value),
        };
        Self { text, value: Some(value), attachments: Vec::new() }
    }
}

/// A skill whose text was asked for, with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillPrompt {
    /// The skill.
    pub name: String,
    /// Its instructions.
    pub instructions: String,
}

/// What comes of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandOutcome {
    /// The answer; nothing else has to be done.
    Answer(Answer),
    /// The skill is to be used: the message goes on to the answering stage, with the skill's
    /// text, and with `text` as the message.
    Follow {
        /// The skill.
        skill: SkillPrompt,
        /// What was typed after the command.
        text: String,
    },
    /// The answer, after which the one who sent the message wants to leave.
    Leave(Answer),
}

impl CommandOutcome {
    /// An answer for people.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Answer(Answer::text(text))
    }
}
