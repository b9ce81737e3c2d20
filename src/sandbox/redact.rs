//! Secrets that were sent for a plugin, and their replacement in everything it shows afterwards.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use super::HostCall;
use super::text::cut;
#[cfg(feature = "net")]
use crate::contract::sort_by_key;

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";

/// The values that this plugin's requests carried. None is ever forgotten, also when the operator
/// changes it. Not `Debug`.
#[derive(Default)]
pub(super) struct SentSecrets {
    /// Longest first, so that a value that begins with another is replaced whole.
    values: Mutex<Vec<String>>,
}

impl SentSecrets {
    /// Redacts `value` from now on, also as it would stand in a JSON string. Servers drop the
    /// spaces around a header's value, so they are no part of it.
    #[cfg(feature = "net")]
    pub(super) fn remember(&self, value: &str) {
        let value = value.trim();
        let json = serde_json::Value::from(value).to_string();
        let json = json.trim_start_matches('"');
        let json = json.strip_suffix('"').unwrap_or(json);
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        for form in [value, json] {
            if !form.is_empty() && !values.iter().any(|known| known == form) {
                values.push(form.to_owned());
            }
        }
        sort_by_key(&mut values, |value| std::cmp::Reverse(value.len()));
    }

    /// The length of the longest value; 0 where nothing was sent.
    #[cfg(feature = "net")]
    pub(super) fn longest_bytes(&self) -> usize {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        values.first().map_or(0, String::len)
    }

    /// `text` without secrets.
    pub(super) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact_until(text, text.len())
    }

    /// At most `bytes` bytes of `text` without secrets, also without the beginning of one at the
    /// cut, and whether something was left out behind them.
    pub(super) fn cut<'a>(&self, text: &'a str, bytes: usize) -> (Cow<'a, str>, bool) {
        let redacted = self.redact_until(text, bytes);
        let kept = cut(&redacted, bytes).len();
        let left_out = text.len() > bytes || kept < redacted.len();
        let redacted = match redacted {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..kept]),
            Cow::Owned(mut text) => {
                text.truncate(kept);
                Cow::Owned(text)
            }
        };
        (redacted, left_out)
    }

    /// The call as the audit log may summarize it: without secrets, and without what no summary
    /// shows.
    pub(super) fn redact_call<'a>(&self, call: &'a HostCall) -> Cow<'a, HostCall> {
        if self.values.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Cow::Borrowed(call);
        }
        let redact = |text: &str| self.redact(text).into_owned();
        Cow::Owned(match call {
            HostCall::HttpRequest { method, url, .. } => HostCall::HttpRequest {
                method: redact(method),
                url: redact(url),
                headers: Vec::new(),
                body: None,
            },
            HostCall::ReadFile { path } => HostCall::ReadFile { path: redact(path) },
            HostCall::WriteFile { path, .. } => {
                HostCall::WriteFile { path: redact(path), content: String::new() }
            }
            HostCall::GetEnv { name } => HostCall::GetEnv { name: redact(name) },
            HostCall::Log { level, .. } => HostCall::Log { level: *level, message: String::new() },
        })
    }

    /// Replaces the values that begin before `end`, and drops what lies behind it.
    fn redact_until<'a>(&self, text: &'a str, end: usize) -> Cow<'a, str> {
        let end = text.floor_char_boundary(end);
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.is_empty() {
            return Cow::Borrowed(&text[..end]);
        }
        let mut redacted = String::new();
        // Every place is looked at once: a body full of secrets takes no longer than another.
        let (mut kept, mut at) = (0, 0);
        while at < end {
            let rest = &text.as_bytes()[at..];
            match values.iter().find(|value| rest.starts_with(value.as_bytes())) {
                Some(value) => {
                    redacted.push_str(&text[kept..at]);
                    redacted.push_str(REDACTED);
                    at += value.len();
                    kept = at;
                }
                None => at += 1,
            }
        }
        redacted.push_str(text.get(kept..end).unwrap_or_default());
        Cow::Owned(redacted)
    }
}
