//! The operator's settings, with the defaults of the manifest's schema.

use crate::text::{Text, number_of, read, split, text_of};
use json_text::Value;

/// Bytes of a request that count as one token. Text in English has about four, JSON and other languages
/// fewer.
pub const BYTES_PER_TOKEN: usize = 3;

pub struct Settings {
    pub base_url: Text,
    /// The model for this chat.
    pub model: Text,
    /// Whether the owner chose the model for this chat.
    pub is_chosen: bool,
    /// The name of the secret; empty for a server that asks for no key.
    pub secret: Text,
    /// A JSON number; empty leaves it to the server.
    pub temperature: Text,
    /// 0 leaves it to the server.
    pub max_tokens: u32,
    pub max_rounds: u32,
    /// Whether the model has to call a tool before it answers.
    pub must_call: bool,
    pub timeout_seconds: u32,
    /// What a request and its answer may have together.
    pub context_bytes: usize,
}

impl Settings {
    pub fn read(text: &str) -> Settings {
        let value = read(text);
        Settings {
            base_url: text_of(value, "base_url"),
            model: text_of(value, "model"),
            is_chosen: false,
            secret: text_of(value, "secret"),
            temperature: match value.get("temperature") {
                Some(Value::Number(text)) => text,
                _ => "",
            },
            max_tokens: number_of(value, "max_tokens", 0),
            max_rounds: number_of(value, "max_rounds", 8),
            must_call: text_of(value, "tool_choice") == "required",
            timeout_seconds: number_of(value, "timeout_seconds", 120),
            context_bytes: number_of(value, "context_tokens", 4096) as usize * BYTES_PER_TOKEN,
        }
    }

    /// The server's name and port, for people.
    pub fn server(&self) -> Text {
        let rest = split(self.base_url, "://").map_or(self.base_url, |(_, rest)| rest);
        let authority = split(rest, "/").map_or(rest, |(authority, _)| authority);
        split(authority, "@").map_or(authority, |(_, server)| server)
    }

    /// The part of the context that a list of tools may have: five sixths of what the answer leaves.
    pub fn tools_bytes(&self) -> usize {
        (self.context_bytes - self.answer_bytes()) / 6 * 5
    }

    /// The part of the context that is kept for the answer: what `max_tokens` needs, at most a half; else a
    /// quarter.
    pub fn answer_bytes(&self) -> usize {
        match self.max_tokens as usize * BYTES_PER_TOKEN {
            0 => self.context_bytes / 4,
            bytes => bytes.min(self.context_bytes / 2),
        }
    }
}
