//! Where a socket listens, and the limits for its clients.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::contract::Secret;
use crate::contract::limits::{MESSAGE_BYTES, SURFACE_BYTES};

/// Where a socket listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketAddress {
    /// A Unix socket at this path, which is made and, at the end, removed.
    Unix(PathBuf),
    /// A TCP address, for instance `127.0.0.1:7007`. It needs a token.
    Tcp(String),
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => path.display().fmt(formatter),
            Self::Tcp(address) => formatter.write_str(address),
        }
    }
}

/// Returns the token of TCP clients; called each time the socket is opened.
pub type TokenSource = Arc<dyn Fn() -> Option<Secret> + Send + Sync>;

/// The address and the limits of a socket.
#[derive(Clone)]
pub struct SocketOptions {
    /// Where it listens.
    pub address: SocketAddress,
    /// Where the token comes from. Unix sockets need none: the kernel says who connects.
    pub token: Option<TokenSource>,
    /// Whether other users of the machine may connect to the Unix socket. They are senders
    /// `uid:NUMBER`, whose messages are accepted if the allow-list names them.
    pub others: bool,
    /// Clients at once; further ones get an error and are closed.
    pub max_clients: usize,
    /// Bytes of one line.
    pub line_bytes: usize,
    /// Unanswered messages of one client; further ones are refused.
    pub in_flight: usize,
    /// Bytes of messages and answers held for all clients together; more than that
    /// waits up to five seconds, and is then refused.
    pub memory_bytes: usize,
    /// How long a TCP client may take to send its token.
    pub hello_limit: Duration,
}

impl SocketOptions {
    /// The defaults: no token, this user only, 2,000 clients, lines of 4.5 MB, 64 messages in flight,
    /// 16 MB for all clients together.
    #[must_use]
    pub fn new(address: SocketAddress) -> Self {
        Self {
            address,
            token: None,
            others: false,
            max_clients: 2_000,
            line_bytes: MESSAGE_BYTES,
            in_flight: 64,
            memory_bytes: SURFACE_BYTES,
            hello_limit: Duration::from_secs(10),
        }
    }
}
