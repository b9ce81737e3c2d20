//! The outcome of a command.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Attachment, ObjectReader, json_lines};

/// The answer to a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct Answer {
    /// The text for people.
    pub text: String,
    /// The value for programs, if there is more than the text: a tool's result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Its attachments.
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

    /// A tool's result as its guest wrote it. What is no JSON is a text.
    pub(crate) fn of_result(text: String) -> Self {
        Self::value(serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A tool's result: the value, and its text for people.
    #[must_use]
    pub fn value(value: Value) -> Self {
        let text = match &value {
            Value::String(text) => text.clone(),
            value => json_lines(value),
        };
        Self { text, value: Some(value), attachments: Vec::new() }
    }
}

/// A skill's text with its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillPrompt {
    /// The skill.
    pub name: String,
    /// Its instructions.
    pub instructions: String,
}

/// The outcome of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum CommandOutcome {
    /// The answer, which ends the message.
    Answer(Answer),
    /// A skill to follow: the message goes on to the answering stage with the skill's text, and with `text`
    /// as the message.
    Follow {
        /// The skill.
        skill: SkillPrompt,
        /// The text after the command.
        text: String,
    },
    /// The answer to a sender who asked to quit.
    Leave(Answer),
}

impl CommandOutcome {
    /// An answer for people.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Answer(Answer::text(text))
    }
}
