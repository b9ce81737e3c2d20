//! A guest's URL, parsed once, so that the connection goes to exactly the host that was checked.
//!
//! The allowlist, the name lookup, the check of the certificate and the `Host` header use one value, and no other
//! parser reads the text again.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hyper::Uri;

use super::RequestError;
use crate::contract::is_host_name;

/// The part of a scheme that a refusal repeats.
const SHOWN_SCHEME_BYTES: usize = 32;

/// A URL without user information and without a fragment.
#[derive(Debug)]
pub(super) struct Url {
    pub(super) scheme: Scheme,
    pub(super) host: Host,
    pub(super) port: u16,
    /// Path and query as they are sent; begins with `/`.
    pub(super) path: String,
}

/// The schemes that are allowed, each for its own functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    #[cfg(feature = "websocket")]
    Ws,
    #[cfg(feature = "websocket")]
    Wss,
}

/// Every scheme with its name.
const SCHEMES: &[(&str, Scheme)] = &[
    ("http", Scheme::Http),
    ("https", Scheme::Https),
    #[cfg(feature = "websocket")]
    ("ws", Scheme::Ws),
    #[cfg(feature = "websocket")]
    ("wss", Scheme::Wss),
];

/// A host in its one canonical form; shown without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name of RFC 1123 in lower case, without a dot at its end.
    Name(String),
    /// A literal address.
    Address(IpAddr),
}

impl Url {
    /// Parses `text`, whose scheme must be one of these. A relative URL, user information, a host that is not ASCII
    /// or is an IPv4 address in another notation (`127.1`, `0x7f.0.0.1`) and port 0 are invalid. A fragment is dropped.
    ///
    /// # Errors
    ///
    /// `scheme not allowed` for any other scheme (T03, T04), else `invalid URL`.
    pub(super) fn parse(text: &str, allowed: &[Scheme]) -> Result<Self, RequestError> {
        let (scheme, rest) = text.split_once(':').ok_or(RequestError::InvalidUrl)?;
        let scheme = Scheme::parse(scheme, allowed)?;
        if !rest.starts_with("//") || !text.is_ascii() {
            return Err(RequestError::InvalidUrl);
        }
        let uri: Uri = text.parse().map_err(|_| RequestError::InvalidUrl)?;
        let authority = uri.authority().ok_or(RequestError::InvalidUrl)?.as_str();
        let (host, port) = split_port(authority).ok_or(RequestError::InvalidUrl)?;
        let host = Host::parse(host).ok_or(RequestError::InvalidUrl)?;
        let port = match port {
            Some(digits) => port_number(digits).ok_or(RequestError::InvalidUrl)?,
            None => scheme.default_port(),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self { scheme, host, port, path: format!("{slash}{path}") })
    }

    /// The value of the `Host` header (RFC 9110, section 7.2).
    pub(super) fn host_header(&self) -> String {
        let host = self.host.in_url();
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }
}

impl Scheme {
    /// The schemes of requests.
    pub(super) const HTTP: &[Self] = &[Self::Http, Self::Https];
    /// The schemes of the door `websocket`.
    #[cfg(feature = "websocket")]
    pub(super) const WEBSOCKET: &[Self] = &[Self::Ws, Self::Wss];
    /// All schemes.
    pub(super) const ALL: &[Self] = &[
        Self::Http,
        Self::Https,
        #[cfg(feature = "websocket")]
        Self::Ws,
        #[cfg(feature = "websocket")]
        Self::Wss,
    ];

    /// One of the allowed schemes, in any case.
    fn parse(text: &str, allowed: &[Self]) -> Result<Self, RequestError> {
        let known = SCHEMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
        if let Some((_, scheme)) = known.filter(|(_, scheme)| allowed.contains(scheme)) {
            return Ok(*scheme);
        }
        // RFC 3986, section 3.1.
        let is_scheme = text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme {
            return Err(RequestError::InvalidUrl);
        }
        let shown = &text[..text.len().min(SHOWN_SCHEME_BYTES)];
        Err(RequestError::network(shown, format!("scheme not allowed: {shown}")))
    }

    /// Whether it is the scheme of connections under TLS.
    pub(super) fn is_secure(self) -> bool {
        match self {
            Self::Https => true,
            #[cfg(feature = "websocket")]
            Self::Wss => true,
            _ => false,
        }
    }

    /// The port of a URL that names none.
    fn default_port(self) -> u16 {
        if self.is_secure() { 443 } else { 80 }
    }
}

impl Host {
    /// The host as a URL has it, with brackets where needed.
    pub(super) fn in_url(&self) -> String {
        match self {
            Self::Address(IpAddr::V6(address)) => format!("[{address}]"),
            host => host.to_string(),
        }
    }

    /// A name, or a literal address in its usual notation. Anything that a resolver could read as an address in
    /// another notation is `None`, so an address is always checked as one (T05 to T08).
    fn parse(text: &str) -> Option<Self> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let address: Ipv6Addr = bracketed.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        is_host_name(name).then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

/// Host and port of an authority; `None` if it has user information or is malformed.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.contains('@') {
        return None;
    }
    let host_bytes = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(host_bytes);
    match rest.strip_prefix(':') {
        Some(port) => Some((host, Some(port))),
        None if rest.is_empty() => Some((host, None)),
        None => None,
    }
}

/// A port from 1 on, in digits alone.
pub(super) fn port_number(digits: &str) -> Option<u16> {
    // `parse` would accept a sign.
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|&port| plain && port > 0)
}
