//! Patterns for hosts: `*`, a host, or `*.example.com` for everything below it.
//!
//! The same rules hold for a manifest's `network` permission and the hosts of a secret. Ports are no part of a
//! pattern.

use super::RequestError;
use super::url::Host;
use crate::contract::check_host_pattern;

/// The `network` permission of one plugin.
#[derive(Debug)]
pub(super) struct Allowlist {
    none_asked: bool,
    patterns: Vec<HostPattern>,
}

/// One pattern in its canonical form.
#[derive(Debug)]
pub(super) enum HostPattern {
    /// `*`
    All,
    /// One name, or one address in the form of RFC 5952.
    Exact(String),
    /// `.example.com`: all names with this end, at any depth.
    Below(String),
}

impl Allowlist {
    /// The list of the manifest, and a warning for each text that is no pattern, and so matches nothing.
    pub(super) fn new(asked: &[String]) -> (Self, Vec<String>) {
        let mut patterns = Vec::new();
        let mut warnings = Vec::new();
        for text in asked {
            match HostPattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(problem) => {
                    warnings.push(format!("the network pattern opens nothing: {problem}"));
                }
            }
        }
        (Self { none_asked: asked.is_empty(), patterns }, warnings)
    }

    /// Checks that a pattern covers `host`.
    ///
    /// # Errors
    ///
    /// `network access not permitted` (T09), `host not in network allowlist` (T02, T13).
    pub(super) fn check(&self, host: &Host) -> Result<(), RequestError> {
        let target = host.to_string();
        if self.none_asked {
            return Err(RequestError::network(target, "network access not permitted"));
        }
        if !self.patterns.iter().any(|pattern| pattern.covers(host)) {
            let rule = format!("host not in network allowlist: {target}");
            return Err(RequestError::network(target, rule));
        }
        Ok(())
    }
}

impl HostPattern {
    /// # Errors
    ///
    /// The problem with the pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = check_host_pattern(text)?;
        Ok(match text.strip_prefix('*') {
            Some("") => Self::All,
            Some(below) => Self::Below(below.to_owned()),
            None => Self::Exact(text),
        })
    }

    /// Whether the pattern covers `host` (T12, T13: any depth below, and not the apex).
    pub(super) fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Exact(exact), Host::Name(name)) => exact == name,
            (Self::Exact(exact), Host::Address(address)) => *exact == address.to_string(),
            (Self::Below(below), Host::Name(name)) => {
                name.len() > below.len() && name.ends_with(below.as_str())
            }
            (Self::Below(_), Host::Address(_)) => false,
        }
    }
}
