//! The manifest's `channel`: how a guest is run as a channel, and what it can carry.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::findings::{ManifestFindings, Table, wrong_kind};
use crate::contract::json_line;

const POLL_SECONDS: &str = "poll_seconds";
const THREADS: &str = "threads";
const MEDIA: &str = "media";
const MAX_MESSAGE_CHARS: &str = "max_message_chars";

/// What is taken as it is; anything else becomes the nearer end, with a warning.
const SHORTEST_SECONDS: f64 = 0.1;
const LONGEST_SECONDS: f64 = 3600.0;

/// What only a channel's author can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChannelSettings {
    /// The time from the end of one poll to the next: 0.1 s to an hour,
    /// `poll_seconds` in the manifest. Default: one second.
    #[serde(rename = "poll_seconds", serialize_with = "as_seconds")]
    pub poll_interval: Duration,
    /// Whether messages belong to threads. Default: no.
    pub threads: bool,
    /// Whether binary payloads can be sent. Default: no.
    pub media: bool,
    /// Characters that one message may have: longer ones are sent in parts. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_chars: Option<NonZeroUsize>,
}

impl Default for ChannelSettings {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            threads: false,
            media: false,
            max_message_chars: None,
        }
    }
}

pub(super) fn settings(table: &Table<'_>, findings: &mut ManifestFindings) -> ChannelSettings {
    table.warn_unknown(&[POLL_SECONDS, THREADS, MEDIA, MAX_MESSAGE_CHARS], findings);
    ChannelSettings {
        poll_interval: poll_interval(table, findings),
        threads: table.flag(THREADS, findings),
        media: table.flag(MEDIA, findings),
        max_message_chars: max_message_chars(table, findings),
    }
}

fn max_message_chars(table: &Table<'_>, findings: &mut ManifestFindings) -> Option<NonZeroUsize> {
    let value = table.get(MAX_MESSAGE_CHARS)?;
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    let number = number.and_then(NonZeroUsize::new);
    if number.is_none() {
        findings.fault(table.path(MAX_MESSAGE_CHARS), wrong_kind(value, "a number from 1"));
    }
    number
}

fn poll_interval(table: &Table<'_>, findings: &mut ManifestFindings) -> Duration {
    let default = ChannelSettings::default().poll_interval;
    let Some(value) = table.get(POLL_SECONDS) else { return default };
    let path = table.path(POLL_SECONDS);
    let Some(seconds) = value.as_f64() else {
        findings.fault(path, wrong_kind(value, "a number of seconds"));
        return default;
    };
    let clamped = seconds.clamp(SHORTEST_SECONDS, LONGEST_SECONDS);
    if clamped != seconds {
        findings.warn(format!(
            "`{path}` is {}, which is out of range ({SHORTEST_SECONDS} to {LONGEST_SECONDS}); {clamped} is used",
            json_line(value)
        ));
    }
    Duration::try_from_secs_f64(clamped).unwrap_or(default)
}

/// Whole seconds without a fraction, as people write them.
fn as_seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    match time.subsec_nanos() {
        0 => Value::from(time.as_secs()).serialize(to),
        _ => to.serialize_f64(time.as_secs_f64()),
    }
}
