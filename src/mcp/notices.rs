//! What legacy clients hear of beside changes: which plugins went out of service, and why.
//!
//! The modern era has no such log: its operators read standard error.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use serde::Deserialize;

use super::message::{Request, RpcError, notification};
use super::object::Object;
use super::server::Context;

/// How much a message matters (RFC 5424, section 6.2.1), the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// More than every level: a client that has not asked for messages gets none.
const SILENT: u8 = u8::MAX;

/// What the client of one connection wants to hear.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<AtomicU8>);

impl Log {
    /// The same as it was where [`number`](Self::number) was asked; one that nobody has set without it.
    pub(super) fn of(number: Option<u8>) -> Self {
        Self(Arc::new(AtomicU8::new(number.unwrap_or(SILENT))))
    }

    /// The level for another process that goes on with the client.
    pub(super) fn number(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }

    /// Does what `logging/setLevel` says.
    ///
    /// # Errors
    ///
    /// -32602 for a level that there isn't.
    pub(super) fn set(&self, request: &Request) -> Result<(), RpcError> {
        self.0.store(level(request)? as u8, Ordering::Relaxed);
        Ok(())
    }

    /// Tells of something, if it matters enough to the client.
    pub(super) async fn tell(&self, level: LogLevel, message: &str, context: &Context) {
        if level as u8 >= self.0.load(Ordering::Relaxed) {
            let mut params = Object::new();
            let name = format!("{level:?}").to_ascii_lowercase();
            params.member("level", &name).member("logger", "weft-lite").member("data", message);
            context.send(notification("notifications/message", Some(&params.end()))).await;
        }
    }
}

/// The level that a request asks for.
///
/// # Errors
///
/// -32602 for one that there isn't.
pub(super) fn level(request: &Request) -> Result<LogLevel, RpcError> {
    #[derive(Deserialize)]
    struct SetLevelParams {
        level: LogLevel,
    }
    request.params().map(|SetLevelParams { level }| level)
}
