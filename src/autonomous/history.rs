//! The last calls of all chats, with what they have to do with each other.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::call::SeenCall;
use super::link::{CallValues, Frequencies, Link};
use crate::contract::SortedMap;

/// Calls that are kept, and about how many bytes they have.
const CALLS: usize = 384;
const BYTES: usize = 160 * 1024;
/// Bytes of one call. A longer one is not kept.
const CALL_BYTES: usize = 64 * 1024;
/// The last calls of a chat that a new one can have to do with.
const RECENT: usize = 20;
/// Chats, and calls of all chats, that new ones can have to do with.
const CHATS: usize = 64;
const RECENT_OF_ALL: usize = 96;
/// Links to later calls.
const LATER: usize = 24;
/// Seconds between two calls that belong together.
const GAP_SECONDS: u64 = 30 * 60;

pub(super) struct KeptCall {
    pub(super) call: Arc<SeenCall>,
    pub(super) tool: u64,
    /// Its number within its chat.
    pub(super) place: u64,
    /// Those to earlier calls, the newest of them first.
    pub(super) links: Vec<Link>,
    /// Those to later ones, the first of them first.
    pub(super) later: Vec<Link>,
    /// Whether a pattern was made of it.
    pub(super) is_used: bool,
    bytes: usize,
}

#[derive(Default)]
pub(super) struct RecentCalls {
    calls: VecDeque<(u64, CallValues)>,
    seen: u64,
    pub(super) message: u64,
    pub(super) at_seconds: u64,
    /// Whether nothing came for a while, and the last message was looked at.
    pub(super) is_settled: bool,
}

/// Calls have numbers, in the order in which they came.
pub(super) struct CallHistory {
    first: u64,
    kept: VecDeque<KeptCall>,
    bytes: usize,
    pub(super) chats: SortedMap<u64, RecentCalls>,
    pub(super) frequencies: Frequencies,
}

/// About how much room a value takes.
fn bytes_of(value: &Value) -> usize {
    48 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(members) => {
            members.iter().map(|(key, it)| 40 + key.len() + bytes_of(it)).sum()
        }
        _ => 0,
    }
}

impl RecentCalls {
    /// The number of the oldest call that a new one can have to do with.
    pub(super) fn start(&self) -> u64 {
        self.calls.front().map_or(0, |(number, _)| *number)
    }
}

impl CallHistory {
    pub(super) fn new() -> Self {
        let (kept, chats) = (VecDeque::new(), SortedMap::new());
        Self { first: 0, kept, bytes: 0, chats, frequencies: Frequencies::new() }
    }

    pub(super) fn get(&self, number: u64) -> Option<&KeptCall> {
        self.kept.get(number.checked_sub(self.first)? as usize)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut KeptCall> {
        self.kept.get_mut(number.checked_sub(self.first)? as usize)
    }

    /// All calls with their numbers, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = (u64, &KeptCall)> {
        let end = self.first + self.kept.len() as u64;
        (self.first..end).rev().zip(self.kept.iter().rev())
    }

    pub(super) fn calls_of(&self, tool: u64) -> usize {
        self.kept.iter().filter(|it| it.tool == tool).count()
    }

    /// Adds a call. Returns its number, if it is kept.
    pub(super) fn add(&mut self, call: SeenCall) -> Option<u64> {
        let SeenCall { chat, message, at_seconds, .. } = call;
        let bytes = bytes_of(&call.params) + bytes_of(&call.result) + call.tool.len();
        if bytes > CALL_BYTES {
            return None;
        }
        let number = self.first + self.kept.len() as u64;
        let is_late = |it: &RecentCalls| at_seconds.saturating_sub(it.at_seconds) > GAP_SECONDS;
        if self.chats.get(&chat).is_some_and(is_late) {
            self.chats.remove(&chat);
        }
        self.make_room(chat);
        let recent = self.chats.entry(chat).or_default();
        (recent.message, recent.at_seconds) = (message, at_seconds);
        recent.is_settled = false;
        recent.seen += 1;
        let place = recent.seen;
        let values = CallValues::of(&call);
        let earlier = recent.calls.iter().rev().map(|(number, values)| (*number, values));
        let links = values.links(&call.params, earlier);
        let tool = values.tool;
        self.frequencies.add(&values);
        recent.calls.push_back((number, values));
        if recent.calls.len() > RECENT {
            recent.calls.pop_front();
        }
        for link in &links {
            if let Some(other) = self.get_mut(link.other)
                && other.later.len() < LATER
            {
                other.later.push(Link { other: number, ..*link });
            }
        }
        let bytes = bytes + size_of::<KeptCall>() + 2 * links.len() * size_of::<Link>();
        self.bytes += bytes;
        let (call, later) = (Arc::new(call), Vec::new());
        self.kept.push_back(KeptCall { call, tool, place, links, later, is_used: false, bytes });
        while self.kept.len() > CALLS || self.bytes > BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.bytes -= oldest.bytes;
            self.first += 1;
        }
        Some(number)
    }

    /// Forgets the chats that were quiet for longest, until there is room for a call of this one.
    fn make_room(&mut self, chat: u64) {
        loop {
            let others = || self.chats.iter().filter(|(other, _)| **other != chat);
            let recent: usize = self.chats.values().map(|it| it.calls.len()).sum();
            if recent < RECENT_OF_ALL && others().count() < CHATS {
                return;
            }
            let oldest = others().min_by_key(|(_, it)| it.at_seconds).map(|(chat, _)| *chat);
            let Some(oldest) = oldest else { return };
            self.chats.remove(&oldest);
        }
    }

    /// The calls of the message that led to this one, up to it, oldest first.
    pub(super) fn message_of(&self, number: u64) -> Vec<u64> {
        let Some(last) = self.get(number) else { return Vec::new() };
        let (chat, message) = (last.call.chat, last.call.message);
        let back = (self.first..=number).rev().take(64);
        let of_chat = back.filter(|it| self.get(*it).is_some_and(|it| it.call.chat == chat));
        let is_of_message = |it: &u64| self.get(*it).is_some_and(|it| it.call.message == message);
        let mut all: Vec<u64> = of_chat.take_while(is_of_message).collect();
        all.reverse();
        all
    }

    /// The number of the newest call of a chat.
    pub(super) fn newest_of(&self, chat: u64) -> Option<u64> {
        self.chats.get(&chat)?.calls.back().map(|(number, _)| *number)
    }
}
