//! How answers look on a console.

use serde_json::{Value, json};

use crate::contract::{MessagePayload, PluginError, Reply};

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsoleStyle {
    /// One JSON object on a line, which says whether it went well.
    Json,
    /// Text as it is, and structured data as JSON on one line.
    Plain,
    /// For a person to read: structured data over several lines.
    Terminal,
}

impl ConsoleStyle {
    pub(super) fn reply(self, reply: &Reply) -> Result<String, PluginError> {
        match (self, &reply.failure) {
            (Self::Json, Some(failure)) => Ok(json!({ "ok": false, "error": failure }).to_string()),
            _ => self.payload(&reply.payload),
        }
    }

    pub(super) fn payload(self, payload: &MessagePayload) -> Result<String, PluginError> {
        let result = |value: &Value| json!({ "ok": true, "result": value }).to_string();
        Ok(match (self, payload) {
            (_, MessagePayload::Binary { mime, .. }) => {
                return Err(PluginError::Unsupported { what: format!("{mime} on a console") });
            }
            (Self::Json, MessagePayload::Text { text }) => result(&Value::from(text.as_str())),
            (Self::Json, MessagePayload::Json { value }) => result(value),
            (_, MessagePayload::Text { text }) => text.clone(),
            (Self::Plain, MessagePayload::Json { value }) => value.to_string(),
            (Self::Terminal, MessagePayload::Json { value: Value::String(text) }) => text.clone(),
            (Self::Terminal, MessagePayload::Json { value }) => format!("{value:#}"),
        })
    }
}
