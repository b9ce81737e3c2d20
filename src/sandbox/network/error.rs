//! The errors of requests, in the words that the guest gets.

use std::fmt;

use crate::contract::{Capability, Denied, limits};
use crate::sandbox::audit::AuditOutcome;
use crate::sandbox::text::cut;

/// The beginning of an error for a name without an address.
pub const LOOKUP_FAILED: &str = "name lookup failed";
/// The beginning of an error for a host of which no address accepts the connection.
pub const CONNECTION_FAILED: &str = "connection failed";
/// The beginning of an error for a server whose certificate is not valid, or that speaks no TLS.
pub const TLS_FAILED: &str = "TLS failed";
/// What an error of TLS says of a server that speaks none.
pub const NO_TLS: &str = "the server speaks no TLS";
/// The beginning of an error for a connection that broke, or an answer that is no HTTP.
pub const REQUEST_FAILED: &str = "request failed";
/// The error of a request whose time is over.
pub const REQUEST_TIMED_OUT: &str = "request timed out";
/// The key of the operator's roots, as errors of TLS name it.
pub const CA_FILE: &str = "network.ca_file";

/// The part of a guest's header name or method that an error repeats.
const SHOWN_BYTES: usize = 128;

/// A refusal by the sandbox, or a failure of the request.
#[derive(Debug)]
pub(in crate::sandbox) enum RequestError {
    /// The sandbox refused (T02 to T09, T13, and the rules for secrets).
    Denied(Denied),
    /// Too many requests within a minute (T10).
    RateLimited,
    /// Not an absolute URL of a form that can be checked.
    InvalidUrl,
    /// More to send than the limit (T11).
    BodyTooLarge,
    /// A method that is not served.
    Method { method: String },
    /// A header that the host alone sets.
    HeaderNotAllowed { name: String },
    /// A header name or value that would break the message.
    InvalidHeader { name: String },
    /// More headers to send than the limit.
    HeadersTooLarge,
    /// The secret's value can't stand in a header.
    SecretInvalid { name: String },
    /// The name has no address.
    Lookup { host: String, problem: String },
    /// No address of the host accepts the connection.
    Connect { host: String, problem: String },
    /// The server's certificate is not valid for the host, or the server speaks no TLS.
    Tls { host: String, problem: String },
    /// The connection broke, or the answer is no HTTP.
    Exchange { problem: String },
    /// An answer other than success, with the beginning of its body or the target of its redirection.
    Status { status: u16, text: String },
    /// The answer has a form in which secrets are not recognized.
    NotSearchable { form: &'static str },
    /// The body is not text.
    NotUtf8,
    /// The time for one request is over.
    TimedOut,
    /// The plugin has as many streams open as it may.
    TooManyStreams,
    /// No open stream of this call has the number.
    NoStream { number: u32 },
    /// A read of a stream brought nothing for too long.
    StreamIdle,
    /// More in a stream than the limit.
    StreamTooLarge,
    /// No open socket of this instance has the number.
    #[cfg(feature = "websocket")]
    NoSocket { number: u32 },
    /// A message of a socket that is longer than the limit.
    #[cfg(feature = "websocket")]
    MessageTooLarge,
    /// The handshake, a frame or the connection of a socket failed.
    #[cfg(feature = "websocket")]
    WebSocket { problem: String },
}

impl RequestError {
    /// A refusal by a rule of the network permission.
    pub(super) fn network(target: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::denied(Capability::Network, target, rule)
    }

    /// A refusal by a rule for secrets.
    pub(super) fn secret(target: impl Into<String>, rule: impl Into<String>) -> Self {
        Self::denied(Capability::Secrets, target, rule)
    }

    /// A failure of a WebSocket.
    #[cfg(feature = "websocket")]
    pub(super) fn websocket(problem: impl Into<String>) -> Self {
        Self::WebSocket { problem: problem.into() }
    }

    /// The same refusal with the command or setting that would allow the request.
    pub(super) fn allowed_by(mut self, allowed_by: Option<String>) -> Self {
        if let Self::Denied(denied) = &mut self {
            denied.approve_with = allowed_by;
        }
        self
    }

    /// A refusal without a way to allow the request; [`allowed_by`](Self::allowed_by) adds one.
    fn denied(capability: Capability, target: impl Into<String>, rule: impl Into<String>) -> Self {
        let (target, rule) = (target.into(), rule.into());
        Self::Denied(Denied { capability, target, rule, approve_with: None })
    }

    /// The outcome for the audit log.
    pub(in crate::sandbox) fn outcome(&self) -> AuditOutcome {
        match self {
            Self::Denied(_) | Self::TooManyStreams => AuditOutcome::Denied,
            Self::RateLimited => AuditOutcome::RateLimited,
            _ => AuditOutcome::Error,
        }
    }

    /// The rule or the kind of failure, for the audit log: never a part of an answer's body.
    pub(in crate::sandbox) fn rule(&self) -> String {
        let kind = match self {
            Self::Denied(denied) => &denied.rule,
            Self::Status { status, .. } => return format!("HTTP {status}"),
            Self::RateLimited => "rate limit exceeded: HTTP requests",
            Self::InvalidUrl => "invalid URL",
            Self::BodyTooLarge => "request body too large",
            Self::Method { .. } => "method not allowed",
            Self::HeaderNotAllowed { .. } => "header not allowed",
            Self::InvalidHeader { .. } => "invalid header",
            Self::HeadersTooLarge => "request headers too large",
            Self::SecretInvalid { .. } => "secret is not a header value",
            Self::Lookup { .. } => LOOKUP_FAILED,
            Self::Connect { .. } => CONNECTION_FAILED,
            Self::Tls { .. } => TLS_FAILED,
            Self::Exchange { .. } => REQUEST_FAILED,
            Self::NotSearchable { .. } => "response can't be searched for secrets",
            Self::NotUtf8 => "response is not valid UTF-8",
            Self::TimedOut => REQUEST_TIMED_OUT,
            Self::TooManyStreams => "too many open streams",
            Self::NoStream { .. } => "stream not open",
            Self::StreamIdle => "stream idle",
            Self::StreamTooLarge => "response stream too large",
            #[cfg(feature = "websocket")]
            Self::NoSocket { .. } => "socket not open",
            #[cfg(feature = "websocket")]
            Self::MessageTooLarge => "message too large",
            #[cfg(feature = "websocket")]
            Self::WebSocket { .. } => "websocket failed",
        };
        kind.to_owned()
    }

    /// The refusal, if it is one.
    pub(in crate::sandbox) fn into_denied(self) -> Option<Denied> {
        match self {
            Self::Denied(denied) => Some(denied),
            _ => None,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rule())?;
        match self {
            Self::Denied(_)
            | Self::RateLimited
            | Self::InvalidUrl
            | Self::BodyTooLarge
            | Self::HeadersTooLarge
            | Self::NotUtf8
            | Self::TimedOut => Ok(()),
            Self::Method { method: name }
            | Self::HeaderNotAllowed { name }
            | Self::InvalidHeader { name }
            | Self::SecretInvalid { name } => write!(formatter, ": {}", cut(name, SHOWN_BYTES)),
            Self::Lookup { host, problem }
            | Self::Connect { host, problem }
            | Self::Tls { host, problem } => write!(formatter, ": {host}: {problem}"),
            Self::Exchange { problem } => write!(formatter, ": {problem}"),
            Self::NotSearchable { form } => {
                let next_step = "the server must send it uncompressed, whole and in UTF-8";
                write!(formatter, ": it is {form}; {next_step}")
            }
            Self::Status { text, .. } => write!(formatter, ": {text}"),
            Self::TooManyStreams => {
                write!(formatter, ": {}, so close one first", limits::HTTP_STREAMS)
            }
            Self::NoStream { number } => write!(formatter, ": {number}"),
            Self::StreamIdle => {
                let seconds = limits::HTTP_STREAM_IDLE_TIME.as_secs();
                write!(formatter, ": a read had no data for {seconds} s")
            }
            #[cfg(feature = "websocket")]
            Self::NoSocket { number } => write!(formatter, ": {number}"),
            #[cfg(feature = "websocket")]
            Self::MessageTooLarge => {
                write!(formatter, ": over {} MB", limits::WEBSOCKET_MESSAGE_BYTES / limits::MB)
            }
            #[cfg(feature = "websocket")]
            Self::WebSocket { problem } => write!(formatter, ": {problem}"),
            Self::StreamTooLarge => {
                write!(formatter, ": over {} MB", limits::HTTP_STREAM_BYTES / limits::MB)
            }
        }
    }
}

impl std::error::Error for RequestError {}

impl From<hyper::Error> for RequestError {
    fn from(error: hyper::Error) -> Self {
        let problem = match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        Self::Exchange { problem }
    }
}
