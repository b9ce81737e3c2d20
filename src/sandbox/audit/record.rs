//! One line of the audit log.
//!
//! A record never holds a body, a file's content, a variable's value or a log message.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::contract::{civil_date, shown};
use crate::sandbox::text::escape;

/// One host call as the audit log keeps it (T42).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// When the call began; serialized as RFC 3339 in UTC with milliseconds.
    #[serde(serialize_with = "as_rfc3339")]
    pub time: SystemTime,
    /// The plugin's id.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The host function, by its name in the plugin ABI.
    pub function: &'static str,
    /// The arguments in short: a URL without its query's values, a path, a variable's name, a
    /// level. At most 512 bytes.
    pub summary: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// The rule that refused the call, or the kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// From the request to the answer, in microseconds when serialized.
    #[serde(rename = "duration_us", serialize_with = "as_micros")]
    pub duration: Duration,
    /// Bytes read, written, returned or logged.
    pub bytes: u64,
    /// Fuel that the guest had used when it made the call.
    pub fuel: u64,
}

/// How a host call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// It was allowed and done.
    Ok,
    /// A rule of the sandbox refused it.
    Denied,
    /// It was allowed and failed, or was given up.
    Error,
    /// It was one call too many of its kind within a minute.
    RateLimited,
}

/// The functions whose summary is a method and a URL.
const REQUESTS: [&str; 3] = ["http-request", "http.request", "http.open"];

/// A record in its JSON form as one line for people. Text that a guest chose can't pass for another part of
/// the line.
#[must_use]
pub fn audit_line(record: &Value) -> String {
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    let [time, plugin, function, summary, outcome, rule] =
        ["time", "plugin", "function", "summary", "outcome", "rule"].map(text);
    let words = match summary.split_once(' ').filter(|_| REQUESTS.contains(&function)) {
        Some((method, url)) => format!("{} {}", shown(method), shown(url)),
        None if summary.is_empty() => String::new(),
        None => shown(summary).into_owned(),
    };
    let mut line = String::new();
    escape(&format!("{time}  {plugin}  {function} {words}  {outcome}"), &mut line);
    if !rule.is_empty() {
        line.push_str(": ");
        escape(rule, &mut line);
    }
    line
}

/// Whole microseconds.
fn as_micros<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// The time as text that people and programs read.
fn as_rfc3339<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&rfc3339(*time))
}

/// `time` as RFC 3339 in UTC with milliseconds. Times before 1970 show as its first moment: no
/// record is older, unless the device's clock was never set.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil_date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60,
        since.subsec_millis(),
    )
}
