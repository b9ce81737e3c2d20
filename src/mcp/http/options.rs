//! What an operator decides about the HTTP server, and its ceilings.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::contract::{ActionableError, Sha256};

use crate::contract::limits::{MESSAGE_BYTES, SURFACE_BYTES};

/// The characters of a token, at least.
const TOKEN_CHARS: usize = 16;

/// What clients have to show. Only its digest is kept.
///
/// Its [`Debug`](fmt::Debug) output shows nothing of the token.
///
/// ```
/// use weft_lite::mcp::BearerToken;
///
/// let token = BearerToken::new("c2VjcmV0LXRva2VuLTE=\n")?;
/// assert_eq!(format!("{token:?}"), "BearerToken");
/// assert!(BearerToken::new("too short").is_err());
/// # Ok::<(), weft_lite::mcp::HttpError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken([u8; 32]);

impl BearerToken {
    /// The token that a file holds, without the white space around it.
    ///
    /// # Errors
    ///
    /// [`HttpError::Token`] for less than 16 characters, and for what no header can hold: anything but
    /// visible ASCII (RFC 6750, section 2.1).
    pub fn new(text: &str) -> Result<Self, HttpError> {
        let text = text.trim();
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match visible && text.len() >= TOKEN_CHARS {
            true => Ok(Self::digest(text.as_bytes())),
            false => Err(HttpError::Token),
        }
    }

    /// Whether this is the token. How long it takes tells nothing of it, for digests are compared.
    pub(super) fn is(&self, shown: &[u8]) -> bool {
        *self == Self::digest(shown)
    }

    /// The digest that stands for the token.
    fn digest(token: &[u8]) -> Self {
        Self(Sha256::of(token))
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BearerToken")
    }
}

/// How the HTTP server is reached, and its limits.
///
/// The ceilings are those of a small machine; raise [`memory_bytes`](Self::memory_bytes) together with
/// [`body_bytes`](Self::body_bytes), or a few large requests take all of it.
///
/// ```
/// use weft_lite::mcp::{BearerToken, HttpError, HttpOptions, McpListener};
///
/// // Other machines reach this address, so clients need a token.
/// let address = "0.0.0.0:7331".parse()?;
/// let refused = McpListener::bind(address, HttpOptions::default()).unwrap_err();
/// assert!(matches!(refused, HttpError::TokenNeeded { .. }));
///
/// let options = HttpOptions {
///     token: Some(BearerToken::new("c2VjcmV0LXRva2VuLTE=")?),
///     allowed_hosts: vec!["tools.example.com".into()],
///     ..HttpOptions::default()
/// };
/// # let _ = options;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// What clients have to show; needed where the address is not loopback. Default: nothing.
    pub token: Option<BearerToken>,
    /// Hosts, beside loopback and the address itself, that clients and web pages may name, in lower
    /// case and without a port. Default: none.
    pub allowed_hosts: Vec<String>,
    /// The authorization server to name to clients (RFC 9728). Default: none.
    pub authorization_server: Option<String>,
    /// Connections at a time. Default: 2,048.
    pub connections: usize,
    /// Bytes of a request's body. Default: 4.5 MB.
    pub body_bytes: usize,
    /// Bytes of requests and answers that may be held for all connections together; beyond, requests get
    /// status 503. Default: 16 MB.
    pub memory_bytes: usize,
    /// How long a client may take for its next request, for the body of one, or to read what it is
    /// sent. Default: 30 seconds.
    pub write_timeout: Duration,
    /// How often a comment is sent on an idle stream. Default: 15 seconds.
    pub keep_alive: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            token: None,
            allowed_hosts: Vec::new(),
            authorization_server: None,
            connections: 2_048,
            body_bytes: MESSAGE_BYTES,
            memory_bytes: SURFACE_BYTES,
            write_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
        }
    }
}

/// Why the HTTP server can't start.
///
/// Each has a [next step](crate::errors::ActionableError::next_step) for the operator.
#[derive(Debug)]
#[non_exhaustive]
pub enum HttpError {
    /// A token is too short, or has characters that no header can hold.
    Token,
    /// Other machines can reach the address, and anybody on them could call the tools.
    TokenNeeded {
        /// The address.
        address: SocketAddr,
    },
    /// The address can't be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        error: io::Error,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => {
                write!(formatter, "the token is not {TOKEN_CHARS} visible characters or more")
            }
            Self::TokenNeeded { address } => {
                write!(formatter, "other machines can reach {address}, and there is no token")
            }
            Self::Listen { address, error } => write!(formatter, "{address}: {error}"),
        }
    }
}

impl ActionableError for HttpError {
    fn next_step(&self) -> String {
        match self {
            Self::Token => "make one with `head -c 32 /dev/urandom | base64`".into(),
            Self::TokenNeeded { .. } => "give it a token, or listen on 127.0.0.1".into(),
            Self::Listen { .. } => "choose another port, or stop what listens there".into(),
        }
    }
}

impl std::error::Error for HttpError {}
