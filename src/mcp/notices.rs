//! Log messages for legacy clients: which plugins went out of service, and why.
//!
//! The modern era has no such log: its operators read standard error.
//!
//! A client gets nothing until it asks with `logging/setLevel`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::client::ClientHandle;
use super::message::{Request, RpcError, notification, required};
use super::object::Object;

/// How much a message matters (RFC 5424, section 6.2.1), the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    /// Every level, the least first.
    const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// The name in messages, in lower case.
    fn name(self) -> String {
        format!("{self:?}").to_ascii_lowercase()
    }
}

/// Above every level: a client that has not asked for messages gets none.
const SILENT: u8 = u8::MAX;

/// The log level of one connection's client.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<AtomicU8>);

impl Log {
    /// The level that another process has read with [`number`](Self::number). With `None` no level is
    /// set.
    pub(super) fn of(number: Option<u8>) -> Self {
        Self(Arc::new(AtomicU8::new(number.unwrap_or(SILENT))))
    }

    /// The level as a number, for another process that goes on with the client.
    pub(super) fn number(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Handles `logging/setLevel`.
    ///
    /// # Errors
    ///
    /// -32602 for a level that there isn't.
    pub(super) fn set(&self, request: &Request) -> Result<(), RpcError> {
        self.0.store(level(request)? as u8, Ordering::Relaxed);
        Ok(())
    }

    /// Sends a log message if its level is high enough for the client.
    pub(super) async fn tell(&self, level: LogLevel, message: &str, client: &ClientHandle) {
        if level as u8 >= self.0.load(Ordering::Relaxed) {
            let mut params = Object::new();
            params
                .member("level", &level.name())
                .member("logger", "weft-lite")
                .member("data", message);
            client.send(notification("notifications/message", Some(&params.end()))).await;
        }
    }
}

/// The level that a request asks for.
///
/// # Errors
///
/// -32602 for one that there isn't.
pub(super) fn level(request: &Request) -> Result<LogLevel, RpcError> {
    let [level] = request.texts(["level"])?;
    let name = required("level", level)?;
    let level = LogLevel::ALL.into_iter().find(|level| level.name() == name);
    level.ok_or_else(|| RpcError::invalid_params(format!("there is no level `{name}`")))
}
