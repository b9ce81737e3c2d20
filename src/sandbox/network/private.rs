//! The operator's exceptions: single hosts on the local network that plugins may reach.
//!
//! An exception is for the host in the URL, not for the address behind it: other names of the same address stay
//! closed.

use super::allowlist::HostPattern;
use super::url::{Host, Scheme, Url, port_number};

/// One host, at one port or at all ports.
#[derive(Debug, Clone)]
pub(super) struct PrivateHost {
    host: Host,
    port: Option<u16>,
}

/// Whether this entry of `network.allow_private_hosts` opens the URL's host at its port.
#[must_use]
pub fn opens_private_host(entry: &str, url: &str) -> bool {
    match (PrivateHost::parse(entry), Url::parse(url, Scheme::HTTP)) {
        (Ok(host), Ok(url)) => host.covers(&url),
        _ => false,
    }
}

impl PrivateHost {
    /// `printer.local`, `192.168.1.20:8080`, `fd00::1` or `[fd00::1]:80`.
    ///
    /// # Errors
    ///
    /// The problem with it: it is not a host, or more than one.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = match (HostPattern::parse(text), text.rsplit_once(':')) {
            (Err(_), Some((host, digits))) if port_number(digits).is_some() => {
                (HostPattern::parse(host), port_number(digits))
            }
            (pattern, _) => (pattern, None),
        };
        match host? {
            HostPattern::Exact(host) => Ok(Self { host, port }),
            HostPattern::All | HostPattern::Below(_) => {
                Err("it names more than one host; list each device".into())
            }
        }
    }

    /// Whether the exception is for the URL's host and port.
    pub(super) fn covers(&self, url: &Url) -> bool {
        self.port.is_none_or(|port| port == url.port) && self.host == url.host
    }
}
