//! The URL of a model's API, from what a person types or pastes.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use weft_lite::config::Config;
use weft_lite::sandbox::opens_private_host;

use crate::cli::CommandFailure;

/// What people paste behind the URL that other programs ask for.
const CALLS: [&str; 4] = ["/chat/completions", "/completions", "/responses", "/models"];
/// The path under which most servers have their API.
const USUAL_PATH: &str = "/v1";
/// Ends of the names of machines nearby.
const NEARBY: [&str; 5] = [".local", ".lan", ".internal", ".home.arpa", ".localhost"];

/// Where a model's API may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelUrl {
    pub(super) is_https: bool,
    /// In lower case; an IPv6 address in its canonical form, without brackets.
    pub(super) host: String,
    port: Option<u16>,
    /// Empty, or from its first slash on; without one at its end.
    path: String,
}

impl ModelUrl {
    /// Reads a URL. Without a scheme, a machine nearby has plain http and any other https.
    ///
    /// # Errors
    ///
    /// A message with the next step.
    pub(super) fn parse(text: &str) -> Result<Self, CommandFailure> {
        let text = text.trim();
        let refused = |problem: &str, next_step: &str| {
            CommandFailure::usage(&format_args!("`{text}` {problem}"), &next_step)
        };
        let example = "give a URL like `http://localhost:8080/v1`";
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
            None => (None, text),
        };
        if !matches!(scheme.as_deref(), None | Some("http" | "https")) {
            return Err(refused("is neither http nor https", example));
        }
        if rest.contains(['?', '#']) {
            return Err(refused("has a query", "leave out what follows the `?` or `#`"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            let next_step = "leave out what is before the `@`; a key goes into `--key-file`";
            return Err(refused("has a user or a password in it", next_step));
        }
        let (host, port) = split_port(authority);
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port)) if port > 0_u16 => Some(port),
            Some(_) => return Err(refused("has a wrong port", "give a port from 1 to 65535")),
        };
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        let address = host.parse::<Ipv6Addr>();
        if address.is_err() && (host.is_empty() || !host.chars().all(is_letter)) {
            return Err(refused("has no host", example));
        }
        if path.chars().any(|letter| !letter.is_ascii_graphic()) {
            return Err(refused("has spaces or other odd letters in it", example));
        }
        let host = address.map_or(host, |address| address.to_string());
        let is_https = scheme.map_or_else(|| !is_nearby(&host), |scheme| scheme == "https");
        Ok(Self { is_https, host, port, path: without_call(path).to_owned() })
    }

    /// The URLs under which the API may be, the likeliest first.
    pub(super) fn candidates(&self) -> Vec<Self> {
        let with = |path: String| Self { path, ..self.clone() };
        let versioned = with(format!("{}{USUAL_PATH}", self.path));
        match self.path.as_str() {
            path if path.ends_with(USUAL_PATH) => vec![self.clone()],
            "" => vec![versioned, self.clone()],
            _ => vec![self.clone(), versioned],
        }
    }

    /// The entry of `network.allow_private_hosts` for this host at this port alone.
    pub(super) fn private_host(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port.unwrap_or(self.default_port()))
    }

    /// The entry of `network.allow_private_hosts` that opens this host at this port.
    pub(super) fn opened_by<'c>(&self, config: &'c Config) -> Option<&'c String> {
        let url = self.to_string();
        config.allow_private_hosts.iter().find(|entry| opens_private_host(entry, &url))
    }

    /// Whether this is a machine nearby: an address, or a name that nobody elsewhere can give another address.
    pub(super) fn is_nearby(&self) -> bool {
        is_nearby(&self.host)
    }

    fn default_port(&self) -> u16 {
        if self.is_https { 443 } else { 80 }
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for ModelUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.bracketed())?;
        if let Some(port) = self.port {
            write!(formatter, ":{port}")?;
        }
        formatter.write_str(&self.path)
    }
}

/// The host without its brackets, and the port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    if let Some((host, behind)) = authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
        return (host, behind.strip_prefix(':'));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    }
}

/// The path without slashes at its end, and without the call that was pasted with it.
fn without_call(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let base = CALLS.iter().find_map(|call| path.strip_suffix(call));
    base.unwrap_or(path).trim_end_matches('/')
}

/// Whether a host is taken for a machine nearby.
fn is_nearby(host: &str) -> bool {
    let is_address = host.parse::<Ipv4Addr>().is_ok() || host.contains(':');
    is_address || !host.contains('.') || NEARBY.iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn candidates(text: &str) -> Vec<String> {
        let parsed = ModelUrl::parse(text).unwrap();
        parsed.candidates().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn pasted_urls_are_repaired() {
        let usual = ["http://localhost:8080/v1"];
        for text in [
            "http://localhost:8080/v1",
            "http://localhost:8080/v1/",
            "HTTP://LocalHost:8080/v1//",
            "http://localhost:8080/v1/chat/completions",
            "localhost:8080/v1/models/",
            " localhost.:8080/v1 ",
        ] {
            assert_eq!(candidates(text), usual, "{text}");
        }
        assert_eq!(candidates("nas:11434"), ["http://nas:11434/v1", "http://nas:11434"]);
        assert_eq!(candidates("[FD00:0::1]:80")[0], "http://[fd00::1]:80/v1");
        assert_eq!(
            candidates("openrouter.ai/api"),
            ["https://openrouter.ai/api", "https://openrouter.ai/api/v1"]
        );
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in [
            "",
            "ftp://a/v1",
            "http://",
            "http://a b/v1",
            "http://a/v1?key=1",
            "http://me:pw@a/v1",
            "http://a:0/v1",
            "http://a:99999",
            "http://*.example.com/v1",
            "https://b\u{fc}cher.example/v1",
        ] {
            assert!(ModelUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_private_host_is_opened_at_its_port() {
        let parsed = |text: &str| ModelUrl::parse(text).unwrap();
        assert_eq!(parsed("http://nas/v1").private_host(), "nas:80");
        assert_eq!(parsed("https://[fd00::1]/v1").private_host(), "[fd00::1]:443");
        let opened = |url: &str, entry: &str| {
            let mut config = Config::default();
            config.allow_private_hosts.push(entry.to_owned());
            parsed(url).opened_by(&config).is_some()
        };
        for entry in ["nas", "NAS:8080"] {
            assert!(opened("http://nas:8080", entry), "{entry}");
        }
        for entry in ["nas:80", "nas2", "*"] {
            assert!(!opened("http://nas:8080", entry), "{entry}");
        }
        for entry in ["[fd00::1]", "fd00:0::1", "[fd00::1]:443"] {
            assert!(opened("https://[FD00:0:0::1]/v1", entry), "{entry}");
        }
    }
}
