//! `log`: a guest's messages in the host's log, cut, escaped and counted.
//!
//! A guest can't forge another's line, control a terminal, or fill a disk: control characters are escaped, and
//! messages beyond the rate are dropped without an error for the guest.

use std::time::Instant;

use super::rate::{MINUTE, SlidingWindow};
use super::redact::Redactor;
use super::text::escape;
use crate::contract::limits;
use crate::task::Lock;

/// The target under which guests' messages appear.
const TARGET: &str = "weft_lite::plugin";

/// The target of the sandbox's own log messages; a guest can't write under it.
pub(super) const LOG_TARGET: &str = "weft_lite::sandbox";
/// The mark that replaces the end of a long message.
const CUT: &str = "... [truncated]";

/// The rate of one plugin's messages, and the count of those dropped.
#[derive(Debug)]
pub(super) struct LogGate {
    plugin: String,
    limit_per_minute: u32,
    tally: Lock<MessageTally>,
}

/// The messages of the last minute, and those that were dropped.
#[derive(Debug)]
struct MessageTally {
    window: SlidingWindow,
    /// Messages dropped since the last warning.
    dropped: u64,
    /// When the newest warning was given.
    warned: Option<Instant>,
}

/// The right to log one message.
#[derive(Debug)]
pub(super) struct LogPermit {
    level: log::Level,
    line: String,
    bytes: usize,
}

/// The refusal of a message. The guest doesn't learn of it.
#[derive(Debug)]
pub(super) struct Dropped;

impl LogGate {
    /// The gate of one plugin, with all its rate left.
    pub(super) fn new(plugin: &str, limit_per_minute: u32) -> Self {
        Self {
            plugin: plugin.to_owned(),
            limit_per_minute,
            tally: Lock::new(MessageTally {
                window: SlidingWindow::new(limit_per_minute),
                dropped: 0,
                warned: None,
            }),
        }
    }

    /// A permit for the message as the guest wrote it, without the secrets that its plugin may know.
    ///
    /// The first dropped message gives a warning at once. Further ones give one warning a minute, with their
    /// count. If the plugin logs no more, the rest is reported when its sandbox is dropped.
    ///
    /// # Errors
    ///
    /// The message came too soon after others (T34).
    pub(super) fn permit(
        &self,
        level: u8,
        message: &str,
        now: Instant,
        secrets: &Redactor,
    ) -> Result<LogPermit, Dropped> {
        let mut tally = self.tally.lock();
        let accepted = tally.window.accept(now);
        if !accepted {
            tally.dropped += 1;
        }
        let due = tally.warned.is_none_or(|last| now.duration_since(last) >= MINUTE);
        if due && tally.dropped > 0 {
            self.report(tally.dropped);
            tally.dropped = 0;
            tally.warned = Some(now);
        }
        drop(tally);
        if !accepted {
            return Err(Dropped);
        }
        let (kept, left_out) = secrets.cut(message, limits::LOG_MESSAGE_BYTES);
        let mut line = String::with_capacity(kept.len() + CUT.len());
        escape(&kept, &mut line);
        if left_out {
            line.push_str(CUT);
        }
        Ok(LogPermit { level: self::level(level), line, bytes: kept.len() })
    }

    /// Writes the message (T33, T35). Returns its length without the mark of a cut.
    pub(super) fn write(&self, permit: &LogPermit) -> usize {
        log::log!(target: TARGET, permit.level, "[PLUGIN:{}] {}", self.plugin, permit.line);
        permit.bytes
    }

    /// Writes the warning with the number of dropped messages.
    fn report(&self, dropped: u64) {
        log::warn!(
            target: LOG_TARGET,
            "plugin {}: log messages dropped: {dropped} (at most {} a minute)",
            self.plugin,
            self.limit_per_minute,
        );
    }
}

impl Drop for LogGate {
    fn drop(&mut self) {
        let dropped = self.tally.get_mut().dropped;
        if dropped > 0 {
            self.report(dropped);
        }
    }
}

/// The level for a guest's number.
pub(super) fn level(number: u8) -> log::Level {
    match number {
        0 => log::Level::Error,
        1 => log::Level::Warn,
        2 => log::Level::Info,
        3 => log::Level::Debug,
        4.. => log::Level::Trace,
    }
}
