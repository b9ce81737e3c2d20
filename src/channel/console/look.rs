//! How answers look on a console.

use serde_json::{Value, json};

use crate::contract::{MessagePayload, PluginError, Reply, json_line, json_lines};

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsoleStyle {
    /// One JSON object a line, with `ok`.
    Json,
    /// Text as it is, and structured data as JSON on one line.
    Plain,
    /// For a person to read: structured data over several lines.
    Terminal,
}

impl ConsoleStyle {
    pub(super) fn reply(self, reply: &Reply) -> Result<String, PluginError> {
        match (self, &reply.failure) {
            (Self::Json, Some(failure)) => Ok(json_line(&json!({ "ok": false, "error": failure }))),
            _ => self.payload(&reply.payload),
        }
    }

    pub(super) fn payload(self, payload: &MessagePayload) -> Result<String, PluginError> {
        let result = |value: &Value| json_line(&json!({ "ok": true, "result": value }));
        Ok(match (self, payload) {
            (_, MessagePayload::Binary { mime, .. }) => {
                return Err(PluginError::Unsupported { what: format!("{mime} on a console") });
            }
            (Self::Json, MessagePayload::Text { text }) => result(&Value::from(text.as_str())),
            (Self::Json, MessagePayload::Json { value }) => result(value),
            (_, MessagePayload::Text { text }) => text.clone(),
            (Self::Plain, MessagePayload::Json { value }) => json_line(value),
            (Self::Terminal, MessagePayload::Json { value: Value::String(text) }) => text.clone(),
            (Self::Terminal, MessagePayload::Json { value }) => json_lines(value),
        })
    }
}
