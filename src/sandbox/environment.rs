//! `get-env`: the operator's environment, and the few names in it that a guest may read.
//!
//! A guest learns nothing from a refusal: a name that is not listed, one that no guest gets and one that is not
//! set look the same. Only the audit log tells them apart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::rate::MINUTE;
use crate::contract::{Capability, Denied, SortedMap, is_never_given};
use crate::task::Lock;

/// Parts of a name that suggest a credential: reading it is logged at warn level.
const SENSITIVE: [&str; 4] = ["SECRET", "PASSWORD", "TOKEN", "API_KEY"];

/// A source of variables.
pub trait Environment: Send + Sync {
    /// The value of `name`, if it is set and is UTF-8.
    fn get(&self, name: &str) -> Option<String>;
}

/// A fixed set of variables, empty at first: for embedders and tests.
impl Environment for SortedMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        SortedMap::get(self, name).cloned()
    }
}

/// The same, for embedders who have such a map already.
impl Environment for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<String> {
        BTreeMap::get(self, name).cloned()
    }
}

/// The host process's environment. The operator's own values (`--env NAME=VALUE`) come first.
#[derive(Clone, Default)]
pub struct HostEnvironment {
    values: SortedMap<String, String>,
}

impl HostEnvironment {
    /// The host's environment, with these values before it.
    #[must_use]
    pub fn new(values: SortedMap<String, String>) -> Self {
        Self { values }
    }
}

impl Environment for HostEnvironment {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.values.get(name) {
            return Some(value.clone());
        }
        // Such a name can't be set, and the standard library may panic on it.
        if name.is_empty() || name.contains(['=', '\0']) {
            return None;
        }
        std::env::var(name).ok()
    }
}

/// The `env_vars` permission of one plugin.
pub(super) struct EnvironmentGate {
    plugin: String,
    listed: Vec<String>,
    never: Vec<String>,
    source: Arc<dyn Environment>,
    /// The time of the last warning for each name. Only listed names get here, so the map stays small.
    warned: Lock<SortedMap<String, Instant>>,
}

/// The right to read one variable.
#[derive(Debug)]
pub(super) struct EnvironmentPermit {
    name: String,
}

impl EnvironmentGate {
    /// The gate for the names that the manifest lists. `never` are the operator's, beside the built-in ones.
    pub(super) fn new(
        plugin: &str,
        listed: &[String],
        never: &[String],
        source: Arc<dyn Environment>,
    ) -> Self {
        Self {
            plugin: plugin.to_owned(),
            listed: listed.to_vec(),
            never: never.to_vec(),
            source,
            warned: Lock::default(),
        }
    }

    /// A permit for the name as the guest wrote it.
    ///
    /// # Errors
    ///
    /// A refusal for the audit log only: the manifest doesn't list the name (T25 to T27), or no guest gets it.
    pub(super) fn permit(&self, name: String) -> Result<EnvironmentPermit, Denied> {
        // Some names no guest gets, whatever its manifest lists.
        let rule = if !self.listed.contains(&name) {
            "environment variable not listed"
        } else if is_never_given(&name)
            || self.never.iter().any(|never| never.eq_ignore_ascii_case(&name))
        {
            "environment variable never given"
        } else {
            return Ok(EnvironmentPermit { name });
        };
        Err(Denied {
            capability: Capability::Environment,
            target: name,
            rule: rule.to_owned(),
            approve_with: None,
        })
    }

    /// The value, if it is set (T23, T24).
    pub(super) fn read(&self, permit: &EnvironmentPermit, now: Instant) -> Option<String> {
        self.warn_if_sensitive(&permit.name, now);
        self.source.get(&permit.name)
    }

    /// Warns at most once a minute for each name: a guest must not fill the operator's log.
    fn warn_if_sensitive(&self, name: &str, now: Instant) {
        let upper = name.to_ascii_uppercase();
        if !SENSITIVE.iter().any(|part| upper.contains(part)) {
            return;
        }
        let mut warned = self.warned.lock();
        if warned.get(name).is_some_and(|&last| now.duration_since(last) < MINUTE) {
            return;
        }
        warned.insert(name.to_owned(), now);
        log::warn!(
            target: super::log::LOG_TARGET,
            "plugin {} reads the environment variable {name}, whose name looks like a credential's",
            self.plugin,
        );
    }
}
