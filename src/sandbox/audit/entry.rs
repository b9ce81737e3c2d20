//! The audit record of a call under way.
//!
//! It is opened before the policy examines the call, and it is written exactly once: when it is
//! closed, when it is dropped because the call was given up, or when the effect panics.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{AuditLog, AuditOutcome, AuditRecord};
#[cfg(feature = "websocket")]
use crate::sandbox::WebSocketCall;
use crate::sandbox::filesystem::PATH_BYTES;
use crate::sandbox::log::level;
use crate::sandbox::text::cut;
use crate::sandbox::{HostCall, PluginIdentity, ToolRequest, WebRequest};
use crate::task::{AtLoss, Clock, Lock, OpenEffect, open_effect};

/// The longest summary.
const SUMMARY_BYTES: usize = 512;
/// Bytes of a method in the summary, so that room is left for the URL.
const METHOD_BYTES: usize = 32;

/// How a call ended, for its record.
#[derive(Debug)]
pub(in crate::sandbox) struct CallResult {
    /// How it ended.
    pub(in crate::sandbox) outcome: AuditOutcome,
    /// The rule that refused it, or the kind of failure.
    pub(in crate::sandbox) rule: Option<String>,
    /// Bytes read, written, returned or logged.
    pub(in crate::sandbox) bytes: usize,
}

impl CallResult {
    /// Allowed and done.
    pub(in crate::sandbox) fn ok(bytes: usize) -> Self {
        Self { outcome: AuditOutcome::Ok, rule: None, bytes }
    }

    /// Refused or failed, by this rule.
    pub(in crate::sandbox) fn failed(outcome: AuditOutcome, rule: impl Into<String>) -> Self {
        Self { outcome, rule: Some(rule.into()), bytes: 0 }
    }
}

/// A record that waits for its outcome.
///
/// Dropping it writes the record, as cancelled or panicked. So a host call leaves its record whatever becomes of
/// the future that serves it.
pub(in crate::sandbox) struct AuditEntry {
    pending: Arc<PendingRecord>,
    _open: OpenEffect,
}

/// The record with what is needed to write it. The task's list of open effects shares it, and writes it if the
/// task is lost to a panic.
struct PendingRecord {
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    started: Instant,
    /// `None` once the record is written.
    record: Lock<Option<AuditRecord>>,
}

impl AuditEntry {
    /// Opens the record of a call that begins now.
    pub(in crate::sandbox) fn open(
        log: &Arc<dyn AuditLog>,
        clock: &Arc<dyn Clock>,
        plugin: &PluginIdentity,
        call: &HostCall,
        fuel: u64,
    ) -> Self {
        Self::begin(log, clock, plugin, function(call), summary(call), fuel)
    }

    /// Opens the record of a request from outside, which is no call of the guest.
    #[cfg(feature = "serve")]
    pub(in crate::sandbox) fn of_hook(
        log: &Arc<dyn AuditLog>,
        clock: &Arc<dyn Clock>,
        plugin: &PluginIdentity,
        target: &str,
    ) -> Self {
        Self::begin(log, clock, plugin, "webhook.handle", shorten(&without_values(target)), 0)
    }

    fn begin(
        log: &Arc<dyn AuditLog>,
        clock: &Arc<dyn Clock>,
        plugin: &PluginIdentity,
        function: &'static str,
        summary: String,
        fuel: u64,
    ) -> Self {
        let record = AuditRecord {
            time: clock.wall(),
            plugin: plugin.id.clone(),
            version: plugin.version.clone(),
            function,
            summary,
            outcome: AuditOutcome::Error,
            rule: None,
            duration: Duration::ZERO,
            bytes: 0,
            fuel,
        };
        let pending = Arc::new(PendingRecord {
            log: Arc::clone(log),
            clock: Arc::clone(clock),
            started: clock.now(),
            record: Lock::new(Some(record)),
        });
        let open = open_effect(&pending);
        Self { pending, _open: open }
    }

    /// Sets what the call is about, where only the host knows it.
    pub(in crate::sandbox) fn describe(&self, summary: &str) {
        if let Some(record) = &mut *self.pending.record.lock() {
            record.summary = shorten(summary);
        }
    }

    /// Writes the record with the call's result.
    pub(in crate::sandbox) fn close(self, result: CallResult) {
        self.pending.write(result);
    }
}

impl PendingRecord {
    /// Writes the record with this result. Only the first call does anything.
    fn write(&self, result: CallResult) {
        let Some(mut record) = self.record.lock().take() else { return };
        record.outcome = result.outcome;
        record.rule = result.rule.map(|rule| shorten(&rule));
        record.bytes = u64::try_from(result.bytes).unwrap_or(u64::MAX);
        record.duration = self.clock.now().duration_since(self.started);
        self.log.record(record);
    }
}

impl AtLoss for PendingRecord {
    fn lost(&self, _message: String) {
        self.write(CallResult::failed(AuditOutcome::Error, "panicked"));
    }
}

impl Drop for AuditEntry {
    fn drop(&mut self) {
        let rule = if std::thread::panicking() { "panicked" } else { "cancelled" };
        self.pending.write(CallResult::failed(AuditOutcome::Error, rule));
    }
}

/// The name of the function as guests import it.
fn function(call: &HostCall) -> &'static str {
    match call {
        HostCall::HttpRequest { .. } => "http-request",
        HostCall::ReadFile { .. } => "read-file",
        HostCall::WriteFile { .. } => "write-file",
        HostCall::GetEnv { .. } => "get-env",
        HostCall::Log { .. } => "log",
        HostCall::Settings => "settings.get",
        HostCall::StoreGet { .. } => "store.get",
        HostCall::StoreSet { .. } => "store.set",
        HostCall::StoreDelete { .. } => "store.delete",
        HostCall::StoreKeys { .. } => "store.list-keys",
        HostCall::ToolList => "tools.list",
        HostCall::ToolCall(_) => "tools.call",
        HostCall::ToolCallAll(_) => "tools.call-all",
        HostCall::HttpFetch(_) => "http.request",
        HostCall::HttpOpen(_) => "http.open",
        HostCall::HttpRead { .. } => "http.read",
        HostCall::HttpClose { .. } => "http.close",
        #[cfg(feature = "websocket")]
        HostCall::WebSocket(call) => match call {
            WebSocketCall::Open { .. } => "websocket.open",
            WebSocketCall::Send { .. } => "websocket.send",
            WebSocketCall::Receive { .. } => "websocket.receive",
            WebSocketCall::Close { .. } => "websocket.close",
        },
        HostCall::Current => "conversation.current",
        HostCall::Say { .. } => "conversation.say",
        HostCall::Note { .. } => "conversation.note",
        HostCall::Cancelled => "conversation.cancelled",
    }
}

/// What the call is about, on one line: never a body, a value, or a message of the log. The message is in the
/// log itself.
fn summary(call: &HostCall) -> String {
    match call {
        HostCall::HttpRequest { method, url, .. }
        | HostCall::HttpFetch(WebRequest { method, url, .. })
        | HostCall::HttpOpen(WebRequest { method, url, .. }) => {
            shorten(&format!("{} {}", cut(method, METHOD_BYTES), without_values(url)))
        }
        HostCall::ReadFile { path } | HostCall::WriteFile { path, .. } => shorten_path(path),
        HostCall::GetEnv { name: text }
        | HostCall::StoreGet { key: text }
        | HostCall::StoreSet { key: text, .. }
        | HostCall::StoreDelete { key: text }
        | HostCall::StoreKeys { prefix: text }
        | HostCall::ToolCall(ToolRequest { name: text, .. }) => shorten(text),
        HostCall::Log { level: number, .. } => level(*number).as_str().to_ascii_lowercase(),
        // Each call has a record of its own.
        HostCall::ToolCallAll(calls) => format!("{} calls", calls.len()),
        HostCall::HttpRead { stream } | HostCall::HttpClose { stream } => stream.to_string(),
        #[cfg(feature = "websocket")]
        HostCall::WebSocket(call) => match call {
            WebSocketCall::Open { url, .. } => shorten(&without_values(url)),
            WebSocketCall::Send { socket, .. }
            | WebSocketCall::Receive { socket, .. }
            | WebSocketCall::Close { socket } => socket.to_string(),
        },
        HostCall::Settings
        | HostCall::ToolList
        | HostCall::Current
        | HostCall::Say { .. }
        | HostCall::Note { .. }
        | HostCall::Cancelled => String::new(),
    }
}

/// The URL without user information, without the values of its query and without its fragment.
fn without_values(url: &str) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, Some(query)),
        None => (url, None),
    };
    let mut shown = match address.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let user_bytes = authority.rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[user_bytes..])
        }
        None => address.to_owned(),
    };
    if let Some(query) = query {
        shown.push('?');
        // A pair without `=` may be a bare value, so none of it is shown.
        let names =
            query.split('&').map(|pair| pair.split_once('=').map_or("...", |(name, _)| name));
        shown.push_str(&names.collect::<Vec<_>>().join("&"));
    }
    shown
}

/// The start of a summary that is too long.
fn shorten(text: &str) -> String {
    cut(text, SUMMARY_BYTES).to_owned()
}

/// A long path without redundant parts, and then its two ends: the name of the file is its last part, and a
/// guest must not push it out of the record by a long path before it.
fn shorten_path(path: &str) -> String {
    // A path that is too long for any file is refused, and not worth the work.
    if path.len() <= SUMMARY_BYTES || path.len() > PATH_BYTES {
        return shorten(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    let plain = [root, &parts.join("/")].concat();
    if plain.len() <= SUMMARY_BYTES {
        return plain;
    }
    let begin = cut(&plain, SUMMARY_BYTES / 4);
    let end = plain.ceil_char_boundary(plain.len() - SUMMARY_BYTES / 2);
    [begin, "...", &plain[end..]].concat()
}
