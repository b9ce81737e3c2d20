//! `settings:KEY` in a manifest's permissions: the host, or the secret, that the operator set under this key.
//!
//! Only the operator's own value counts, never a default of the manifest: otherwise its author would choose the
//! host.

use serde_json::{Map, Value};

use super::url::{Scheme, Url};
use crate::contract::{is_name, setting_key, shown};

/// The settings of one plugin.
pub(super) struct SettingValues<'a> {
    pub(super) id: &'a str,
    pub(super) values: Option<&'a Map<String, Value>>,
}

impl SettingValues<'_> {
    /// The URL under `key`.
    ///
    /// # Errors
    ///
    /// The problem with it, and what to do.
    pub(super) fn url(&self, key: &str) -> Result<Url, String> {
        let problem = match self.value(key) {
            None => "is not set".to_owned(),
            Some(Value::String(text)) => match Url::parse(text, Scheme::ALL) {
                Ok(url) => return Ok(url),
                Err(error) => format!("is no URL of a service ({error})"),
            },
            Some(_) => "is not text".to_owned(),
        };
        Err(self.advise(key, &problem, "a URL like `https://api.example.com/v1`"))
    }

    /// The name of a secret under `key`; `None` if it is not set, because not every service needs one.
    ///
    /// # Errors
    ///
    /// The problem with it, and what to do.
    pub(super) fn secret(&self, key: &str) -> Result<Option<String>, String> {
        let problem = match self.value(key) {
            None => return Ok(None),
            Some(Value::String(text)) if is_name(text) => return Ok(Some(text.clone())),
            Some(Value::String(_)) => "is no name of a secret",
            Some(_) => "is not text",
        };
        Err(self.advise(key, problem, "a name from `weft-lite secret list`"))
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.values?.get(key).filter(|value| !value.is_null())
    }

    fn advise(&self, key: &str, problem: &str, expected: &str) -> String {
        format!(
            "`plugins.{}.{}` {problem}; set it in `config.yaml` to {expected}",
            self.id,
            shown(key)
        )
    }
}

/// The host and port for which a `network` permission `settings:KEY` stands; `None` if it stays closed.
#[must_use]
pub fn setting_host(permission: &str, settings: &Map<String, Value>) -> Option<String> {
    let key = setting_key(permission)?;
    let settings = SettingValues { id: "", values: Some(settings) };
    let Url { host, port, .. } = settings.url(key).ok()?;
    Some(format!("{}:{port}", host.in_url()))
}

/// The secret for which a `secrets` permission `settings:KEY` stands; `None` if it stays closed.
#[must_use]
pub fn setting_secret(permission: &str, settings: &Map<String, Value>) -> Option<String> {
    let key = setting_key(permission)?;
    SettingValues { id: "", values: Some(settings) }.secret(key).ok()?
}
