//! Keeps out of the observations what must not be kept: secrets, what came out of them, and whole messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::autonomous::{Confidential, SeenCall, has_secret};
use crate::contract::{SecretSource, SortedMap};
use crate::sandbox::SecretSearch;
use crate::task::off_executor;

/// For how long the operator's secrets are remembered.
const SECRETS_AGE: Duration = Duration::from_secs(2);
/// Seconds for which a chat is not observed in which more was confidential than is remembered.
const QUIET_SECONDS: u64 = 30 * 60;
/// Chats of which that is known.
const CHATS: usize = 64;

/// No call was lost since somebody looked.
pub(super) const NONE_LOST: u8 = 0;
/// One was lost: what it returned may have come out of a confidential value.
pub(super) const CALL_LOST: u8 = 1;
/// A confidential one was lost.
pub(super) const CONFIDENTIAL_LOST: u8 = 2;

/// Where and when a call was made.
#[derive(Clone, Copy)]
pub(super) struct CallPlace {
    pub(super) chat: u64,
    pub(super) message: u64,
    pub(super) at_seconds: u64,
}

/// What is known of a chat with confidential values in it.
#[derive(Clone, Copy, Default)]
struct ConfidentialChat {
    /// The last messages with such values. Whatever else they lead to may have come out of them.
    messages: [u64; 4],
    at_seconds: u64,
    /// Until when nothing in the chat is observed.
    quiet_until: u64,
}

/// Says which calls may be kept.
pub(super) struct Guard {
    source: Arc<dyn SecretSource>,
    /// The operator's secrets, and when they were read.
    secrets: Vec<String>,
    read_at: Option<Instant>,
    search: Arc<SecretSearch>,
    confidential: Confidential,
    chats: SortedMap<u64, ConfidentialChat>,
    /// Which calls were lost.
    lost: Arc<AtomicU8>,
    quiet_until: u64,
}

impl Guard {
    pub(super) fn new(source: Arc<dyn SecretSource>, lost: Arc<AtomicU8>) -> Self {
        Self {
            source,
            secrets: Vec::new(),
            read_at: None,
            search: Arc::default(),
            confidential: Confidential::default(),
            chats: SortedMap::new(),
            lost,
            quiet_until: 0,
        }
    }

    /// Reads the operator's secrets, unless that was done right now. Returns whether there is a new one.
    pub(super) async fn refresh(&mut self, now: Instant) -> bool {
        if self.read_at.is_some_and(|read| now.duration_since(read) < SECRETS_AGE) {
            return false;
        }
        self.read_at = Some(now);
        let source = Arc::clone(&self.source);
        let all = off_executor(move || source.all()).await;
        // One that was removed is still secret.
        let mut has_new = false;
        for secret in all {
            if !secret.value.is_empty() && !self.secrets.contains(&secret.value) {
                self.secrets.push(secret.value);
                has_new = true;
            }
        }
        if has_new {
            self.search = Arc::new(SecretSearch::new(&self.secrets));
        }
        has_new
    }

    /// What finds the operator's secrets.
    pub(super) fn search(&self) -> &Arc<SecretSearch> {
        &self.search
    }

    /// Whether a call that was kept has a secret in it.
    pub(super) fn has_secret(&self, call: &SeenCall) -> bool {
        let is_secret = |text: &str| self.search.finds(text);
        has_secret(&call.params, &is_secret) || has_secret(&call.result, &is_secret)
    }

    /// Remembers what a plugin that handles secrets was given and returned; `None` if that was too much, or is not known.
    pub(super) fn see_confidential(&mut self, place: CallPlace, content: Option<(Value, Value)>) {
        let whole = content.is_some_and(|(params, result)| {
            let params = self.confidential.add(&params);
            self.confidential.add(&result) && params
        });
        let CallPlace { chat, message, at_seconds } = place;
        if self.chats.len() >= CHATS && self.chats.get(&chat).is_none() {
            let oldest = self.chats.iter().min_by_key(|(_, it)| it.at_seconds).map(|(it, _)| *it);
            oldest.map(|oldest| self.chats.remove(&oldest));
        }
        let known = self.chats.entry(chat).or_default();
        known.at_seconds = at_seconds;
        if !known.messages.contains(&message) {
            known.messages.rotate_right(1);
            known.messages[0] = message;
        }
        if !whole {
            known.quiet_until = at_seconds + QUIET_SECONDS;
        }
    }

    /// Sees that a call was too large to look at: it may have passed on what is confidential in its chat.
    pub(super) fn see_large(&mut self, place: CallPlace) {
        if let Some(known) = self.chats.get_mut(&place.chat)
            && place.at_seconds < known.at_seconds + QUIET_SECONDS
        {
            known.quiet_until = place.at_seconds + QUIET_SECONDS;
        }
    }

    /// Whether a call may be kept. `said` is the message that led to it.
    pub(super) fn admits(
        &mut self,
        place: CallPlace,
        params: &Value,
        result: &Value,
        said: Option<&str>,
    ) -> bool {
        let lost = self.lost.swap(NONE_LOST, Ordering::Relaxed);
        if lost == CONFIDENTIAL_LOST || (lost == CALL_LOST && !self.confidential.is_empty()) {
            self.quiet_until = place.at_seconds + QUIET_SECONDS;
        }
        let search = Arc::clone(&self.search);
        let is_confidential = self.confidential.covers(params, result, &|text| search.finds(text));
        let is_quiet = self.chats.get(&place.chat).is_some_and(|known| {
            known.messages.contains(&place.message) || place.at_seconds < known.quiet_until
        });
        !is_confidential
            && !is_quiet
            && place.at_seconds >= self.quiet_until
            && !said.is_some_and(|text| passes_on(params, text))
    }
}

/// Whether parameters have the whole of a message in them, unless that is a single word.
fn passes_on(params: &Value, message: &str) -> bool {
    let is_text = message.contains(char::is_whitespace);
    is_text
        && match params {
            Value::String(text) => text.contains(message),
            Value::Array(items) => items.iter().any(|item| passes_on(item, message)),
            Value::Object(members) => members.values().any(|value| passes_on(value, message)),
            _ => false,
        }
}
