//! Patterns for hosts: `*`, a host, or `*.example.com` for everything below it.
//!
//! The same rules hold for a manifest's `network` permission and the hosts of a secret. Ports are no part of a
//! pattern. A permission `settings:KEY` opens one host at one port.

use super::RequestError;
use super::settings::SettingValues;
use super::url::{Host, Url};
use crate::contract::{check_host_pattern, setting_key};

/// The `network` permission of one plugin.
#[derive(Debug)]
pub(super) struct Allowlist {
    none_asked: bool,
    allowed: Vec<AllowedHosts>,
}

/// One entry of the permission.
#[derive(Debug)]
struct AllowedHosts {
    hosts: HostPattern,
    /// The only port; every one if there is none.
    port: Option<u16>,
}

/// One pattern in its canonical form.
#[derive(Debug)]
pub(super) enum HostPattern {
    /// `*`
    All,
    /// One name, or one address.
    Exact(Host),
    /// `.example.com`: all names with this end, at any depth.
    Below(String),
}

impl Allowlist {
    /// The list of the manifest, and a warning for each entry that opens nothing: one that is not a pattern, or whose
    /// setting is missing or not a URL.
    pub(super) fn new(asked: &[String], settings: &SettingValues<'_>) -> (Self, Vec<String>) {
        let mut allowed = Vec::new();
        let mut warnings = Vec::new();
        for text in asked {
            let hosts = match setting_key(text) {
                Some(key) => settings.url(key).map(AllowedHosts::of_url),
                None => HostPattern::parse(text).map(|hosts| AllowedHosts { hosts, port: None }),
            };
            match hosts {
                Ok(hosts) => allowed.push(hosts),
                Err(problem) => {
                    warnings.push(format!("the network pattern opens nothing: {problem}"));
                }
            }
        }
        (Self { none_asked: asked.is_empty(), allowed }, warnings)
    }

    /// Checks that an entry covers the URL's host, at its port.
    ///
    /// # Errors
    ///
    /// `network access not permitted` (T09), `host not in network allowlist` (T02, T13).
    pub(super) fn check(&self, url: &Url) -> Result<(), RequestError> {
        let mut covering = self.allowed.iter().filter(|it| it.hosts.covers(&url.host)).peekable();
        let is_covered = covering.peek().is_some();
        if covering.any(|it| it.port.is_none_or(|port| port == url.port)) {
            return Ok(());
        }
        let target = match is_covered {
            true => format!("{}:{}", url.host.in_url(), url.port),
            false => url.host.to_string(),
        };
        let rule = match self.none_asked {
            true => "network access not permitted".to_owned(),
            false => format!("host not in network allowlist: {target}"),
        };
        Err(RequestError::network(target, rule))
    }
}

impl AllowedHosts {
    /// The host and the port of a URL alone.
    fn of_url(url: Url) -> Self {
        Self { hosts: HostPattern::Exact(url.host), port: Some(url.port) }
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
            None => Self::Exact(match text.parse() {
                Ok(address) => Host::Address(address),
                Err(_) => Host::Name(text),
            }),
        })
    }

    /// Whether the pattern covers `host` (T12, T13: any depth below, and not the apex).
    pub(super) fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::All, _) => true,
            (Self::Exact(exact), host) => exact == host,
            (Self::Below(below), Host::Name(name)) => {
                name.len() > below.len() && name.ends_with(below.as_str())
            }
            (Self::Below(_), Host::Address(_)) => false,
        }
    }
}
