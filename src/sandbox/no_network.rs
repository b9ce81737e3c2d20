//! `http-request` in a build without the `net` feature: every request is refused, with this reason.
//!
//! The items have the names of those in `network`, so that the policy is the same in both builds.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};

use super::audit::AuditOutcome;
use super::redact::PluginSecrets;
use super::text::cut;
use super::{PluginIdentity, SandboxOptions};
use crate::contract::{Capability, Denied, PluginPermissions, PluginResourceConfig};

/// The part of a guest's URL that a refusal repeats.
const SHOWN_URL_BYTES: usize = 256;

/// Refuses requests, by whether the manifest asks for the network at all.
pub(super) struct NetworkGate {
    none_asked: bool,
}

/// The permit for a request, which never exists.
pub(super) struct HttpPermit(Infallible);

/// The refusal of a request.
#[derive(Debug)]
pub(super) struct RequestError(Denied);

impl NetworkGate {
    /// Only the manifest's network permission matters; there are no warnings.
    pub(super) fn new(
        _: &PluginIdentity,
        permissions: &PluginPermissions,
        _: &PluginResourceConfig,
        _: &SandboxOptions,
        _: Arc<PluginSecrets>,
    ) -> (Self, Vec<String>) {
        (Self { none_asked: permissions.network.is_empty() }, Vec::new())
    }

    /// # Errors
    ///
    /// Always: `network access not permitted`, or that this build has no network.
    pub(super) async fn permit(
        &self,
        _: &str,
        url: &str,
        _: Vec<(String, String)>,
        _: Option<String>,
        _: Instant,
    ) -> Result<HttpPermit, RequestError> {
        let rule = if self.none_asked {
            "network access not permitted"
        } else {
            "http requests are not available in this build"
        };
        let target = cut(url, SHOWN_URL_BYTES).to_owned();
        Err(RequestError(Denied {
            capability: Capability::Network,
            target,
            rule: rule.to_owned(),
            approve_with: None,
        }))
    }
}

/// Nothing: no host is reached.
#[must_use]
pub fn setting_host(_: &str, _: &Map<String, Value>) -> Option<String> {
    None
}

/// Nothing: no secret is sent.
#[must_use]
pub fn setting_secret(_: &str, _: &Map<String, Value>) -> Option<String> {
    None
}

/// Can't be called, because there is no permit.
pub(super) async fn send(permit: HttpPermit) -> Result<String, RequestError> {
    match permit.0 {}
}

impl RequestError {
    /// Always a refusal.
    pub(super) fn outcome(&self) -> AuditOutcome {
        AuditOutcome::Denied
    }

    /// The rule for the audit record.
    pub(super) fn rule(&self) -> String {
        self.0.rule.clone()
    }

    /// The refusal for the caller.
    pub(super) fn into_denied(self) -> Option<Denied> {
        Some(self.0)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
