//! Who may ask: the host that is named, the web page that asks, and the token that is shown.
//!
//! The first two answer DNS rebinding (2026-07-28, Streamable HTTP, Security & Endpoint): a page of any
//! site can have its name lead to 127.0.0.1 and then send requests here as if they were to its own
//! host. The browser still names that host, in `Host` and in `Origin`, and can't be made to lie. A
//! program that is no browser may send any headers; it is kept out by the token alone.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN, USER_AGENT};
use hyper::{HeaderMap, StatusCode};

use super::options::HttpOptions;
use crate::contract::PLUGIN_AGENT;

/// Why a request is refused before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The host is none of ours: its name was made to lead here (DNS rebinding).
    Host,
    /// It comes from a web page that is none of ours.
    Origin,
    /// No token, or not that one.
    Token,
    /// A plugin connects without the token that would allow it to use other plugins' grants.
    Plugin,
}

impl Refusal {
    /// 401 where another token could help, 403 where none does.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Host | Self::Origin | Self::Plugin => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }

    /// What the client reads. It names no allowed host.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Host => "the Host header names none of this server's hosts",
            Self::Origin => "the Origin header names none of this server's hosts",
            Self::Token => "a bearer token is needed",
            Self::Plugin => "plugins are served only where a token is needed",
        }
    }
}

/// Checks where a request was sent to, and where from.
///
/// # Errors
///
/// [`Refusal::Host`] and [`Refusal::Origin`].
pub(super) fn place(
    headers: &HeaderMap,
    address: SocketAddr,
    options: &HttpOptions,
) -> Result<(), Refusal> {
    let host = only(headers, HOST.as_str()).and_then(host_of).ok_or(Refusal::Host)?;
    // A number is no name that somebody could have made lead here.
    if host.parse::<IpAddr>().is_err() && !is_ours(&host, address, options) {
        return Err(Refusal::Host);
    }
    if !headers.contains_key(ORIGIN) {
        return Ok(());
    }
    let origin = only(headers, ORIGIN.as_str()).and_then(|origin| {
        let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))?;
        host_of(rest)
    });
    match origin {
        Some(host) if is_ours(&host, address, options) => Ok(()),
        _ => Err(Refusal::Origin),
    }
}

/// Checks the token, where there is one.
///
/// # Errors
///
/// [`Refusal::Token`], and [`Refusal::Plugin`] where there is none: what a plugin may reach on this machine
/// is not what its neighbours may do. No guest can say that it is another client.
pub(super) fn token(headers: &HeaderMap, options: &HttpOptions) -> Result<(), Refusal> {
    let Some(token) = &options.token else {
        let is_plugin = |agent: &HeaderValue| agent.as_bytes().starts_with(PLUGIN_AGENT.as_bytes());
        return match headers.get(USER_AGENT).is_some_and(is_plugin) {
            true => Err(Refusal::Plugin),
            false => Ok(()),
        };
    };
    let shown = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).and_then(|value| {
        let (scheme, token) = value.split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
    });
    match shown {
        Some(shown) if token.is(shown) => Ok(()),
        _ => Err(Refusal::Token),
    }
}

/// The value of a header that stands there once.
///
/// `None` where it is missing, repeated or not visible ASCII: of two values, a proxy and this server
/// could read different ones.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.to_str().ok()).flatten()
}

/// The host of `host` or `host:port`, in lower case, an IPv6 address without its brackets, a name without
/// the final dot of a fully qualified name.
///
/// `None` where the port is no number or there is no host.
pub(super) fn host_of(authority: &str) -> Option<String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("0"))?)
        }
        None => authority.split_once(':').unwrap_or((authority, "0")),
    };
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.strip_suffix('.').unwrap_or(host);
    (digits && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether the host, without its port, is this server: loopback, the address it listens on, or a name
/// that the operator allows. Ports are not compared, as a forwarded port is another one.
fn is_ours(host: &str, address: SocketAddr, options: &HttpOptions) -> bool {
    let number = host.parse::<IpAddr>().ok();
    host == "localhost"
        || number.is_some_and(|number| number.is_loopback() || number == address.ip())
        || options
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.strip_suffix('.').unwrap_or(allowed).eq_ignore_ascii_case(host))
}
