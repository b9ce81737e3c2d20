//! `http-request` and the door `http` in a build without the `net` feature: every request is refused, with this
//! reason.
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
use super::{PluginIdentity, SandboxOptions, WebHead, WebRequest, WebResponse};
use crate::contract::{Capability, Denied, PluginPermissions, PluginResourceConfig};
use crate::task::Clock;

/// The part of a guest's URL that a refusal repeats.
const SHOWN_URL_BYTES: usize = 256;

/// Refuses requests, by whether the manifest asks for the network at all.
pub(super) struct NetworkGate {
    none_asked: bool,
}

/// The permit for a request, which never exists.
pub(super) struct HttpPermit(Infallible);

/// The refusal of a request, or of a read.
#[derive(Debug)]
pub(super) enum RequestError {
    /// Every request.
    Denied(Denied),
    /// Every read.
    NoStream { number: u32 },
}

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
        request: WebRequest,
        _: Instant,
    ) -> Result<HttpPermit, RequestError> {
        let rule = if self.none_asked {
            "network access not permitted"
        } else {
            "http requests are not available in this build"
        };
        let target = cut(&request.url, SHOWN_URL_BYTES).to_owned();
        Err(RequestError::Denied(Denied {
            capability: Capability::Network,
            target,
            rule: rule.to_owned(),
            approve_with: None,
        }))
    }

    /// The places for streams, of which there are none.
    pub(super) fn stream_slots(&self) -> &StreamSlots {
        &StreamSlots
    }
}

/// The places for streams.
pub(super) struct StreamSlots;

/// The open streams of one call, which are none.
#[derive(Debug, Default)]
pub(crate) struct HttpStreams;

impl HttpStreams {
    /// # Errors
    ///
    /// Always that of the permit.
    pub(super) async fn open(
        &mut self,
        permit: impl Future<Output = Result<HttpPermit, RequestError>>,
        _: &StreamSlots,
        _: bool,
        _: &dyn Clock,
    ) -> Result<WebHead, RequestError> {
        match permit.await?.0 {}
    }

    /// No stream has a host.
    pub(super) fn host(&self, _: u32) -> Option<&str> {
        None
    }

    /// # Errors
    ///
    /// Always: `stream not open`.
    pub(super) async fn read(
        &mut self,
        number: u32,
        _: &dyn Clock,
    ) -> Result<Option<Vec<u8>>, RequestError> {
        Err(RequestError::NoStream { number })
    }

    /// Does nothing.
    pub(super) fn close(&mut self, _: u32) {}
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

/// Can't be called, because there is no permit.
pub(super) async fn fetch(permit: HttpPermit) -> Result<WebResponse, RequestError> {
    match permit.0 {}
}

impl RequestError {
    /// The outcome for the audit log.
    pub(super) fn outcome(&self) -> AuditOutcome {
        match self {
            Self::Denied(_) => AuditOutcome::Denied,
            Self::NoStream { .. } => AuditOutcome::Error,
        }
    }

    /// The rule or the kind of failure, for the audit log.
    pub(super) fn rule(&self) -> String {
        match self {
            Self::Denied(denied) => denied.rule.clone(),
            Self::NoStream { .. } => "stream not open".to_owned(),
        }
    }

    /// The refusal for the caller, if it is one.
    pub(super) fn into_denied(self) -> Option<Denied> {
        match self {
            Self::Denied(denied) => Some(denied),
            Self::NoStream { .. } => None,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(denied) => denied.fmt(formatter),
            Self::NoStream { number } => write!(formatter, "stream not open: {number}"),
        }
    }
}
