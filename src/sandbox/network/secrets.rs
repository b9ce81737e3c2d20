//! `{{secret:NAME}}` in a header's value: the last check of a request, and the only place where a
//! credential gets into it.
//!
//! A placeholder anywhere else, in the URL or the body, is plain text and is not replaced.
//!
//! Because this check is the last, a secret can't leave with a request that any rule refuses. The guest never
//! holds it: it knows the name alone.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::HeaderName;

use super::RequestError;
use super::allowlist::HostPattern;
use super::headers::{MAX_HEADERS_BYTES, header_value};
use super::permit::Route;
use super::settings::SettingValues;
use super::url::{Host, Url};
use crate::contract::{NEEDS_HTTPS, Secret, SecretSource, SortedMap, setting_key};
use crate::sandbox::redact::{PluginSecrets, Redactor};
use crate::sandbox::text::cut;
use crate::task::off_executor;

/// The beginning of a placeholder.
const OPEN: &str = "{{secret:";
/// The end of a placeholder.
const CLOSE: &str = "}}";
/// The part of a name that an error repeats.
const SHOWN_NAME_BYTES: usize = 64;

/// The `secrets` permission of one plugin.
pub(in crate::sandbox) struct SecretGate {
    permitted: Vec<String>,
    source: Arc<dyn SecretSource>,
    redacted: Arc<PluginSecrets>,
}

impl SecretGate {
    /// The gate for the names in the manifest's `permissions.secrets`, and a warning for each `settings:KEY` whose
    /// setting is not a secret's name. `redacted` collects the values that were sent.
    pub(super) fn new(
        asked: &[String],
        settings: &SettingValues<'_>,
        source: Arc<dyn SecretSource>,
        redacted: Arc<PluginSecrets>,
    ) -> (Self, Vec<String>) {
        let mut permitted = Vec::new();
        let mut warnings = Vec::new();
        for name in asked {
            match setting_key(name).map(|key| settings.secret(key)) {
                None => permitted.push(name.clone()),
                Some(Ok(name)) => permitted.extend(name),
                Some(Err(problem)) => {
                    warnings.push(format!("the secret `{name}` is not permitted: {problem}"));
                }
            }
        }
        (Self { permitted, source, redacted }, warnings)
    }

    /// The headers with every placeholder replaced by its secret. From here on the secret's value is redacted
    /// wherever the plugin could show it.
    ///
    /// # Errors
    ///
    /// In this order: `secret not permitted`, `secret not available`, `may not be sent to`,
    /// `needs https` (plain http is for secrets that allow it, toward private hosts), `secret is not a header value`,
    /// `request headers too large`.
    pub(super) async fn fill(
        &self,
        headers: Vec<(HeaderName, String)>,
        url: &Url,
        route: &Route,
    ) -> Result<HeaderMap, RequestError> {
        let mut filled = HeaderMap::with_capacity(headers.len());
        let mut values = SortedMap::new();
        let mut bytes_left = MAX_HEADERS_BYTES;
        for (name, text) in headers {
            let with_secrets = text.contains(OPEN);
            let text = match with_secrets {
                true => self.fill_one(&name, &text, url, route, &mut values).await?,
                false => text,
            };
            let left = bytes_left.checked_sub(name.as_str().len() + text.len());
            bytes_left = left.ok_or(RequestError::HeadersTooLarge)?;
            let mut value = header_value(&text)
                .ok_or_else(|| RequestError::InvalidHeader { name: name.to_string() })?;
            value.set_sensitive(with_secrets);
            filled.append(name, value);
        }
        Ok(filled)
    }

    /// One header's value with its placeholders replaced. A replaced text is not searched again, so a secret that
    /// contains a placeholder brings in no other. `values` has the secrets of the request so far, so that each is
    /// looked up once.
    async fn fill_one(
        &self,
        header: &HeaderName,
        text: &str,
        url: &Url,
        route: &Route,
        values: &mut SortedMap<String, String>,
    ) -> Result<String, RequestError> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let Some((name, behind)) = after.split_once(CLOSE) else {
                return Err(RequestError::InvalidHeader { name: header.to_string() });
            };
            if !values.contains_key(name) {
                values.insert(name.to_owned(), self.value(name, url, route).await?);
            }
            filled.push_str(before);
            filled.extend(values.get(name).map(String::as_str));
            if filled.len() > MAX_HEADERS_BYTES {
                return Err(RequestError::HeadersTooLarge);
            }
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The value of a secret that may go to this host over this route.
    async fn value(&self, name: &str, url: &Url, route: &Route) -> Result<String, RequestError> {
        let shown = cut(name, SHOWN_NAME_BYTES);
        if !self.permitted.iter().any(|permitted| permitted == name) {
            return Err(RequestError::secret(shown, format!("secret not permitted: {shown}")));
        }
        let Some(secret) = self.look_up(name).await else {
            let error = RequestError::secret(shown, format!("secret not available: {shown}"));
            return Err(error.allowed_by(Some(set_command(shown, &[], url, route))));
        };
        if !is_bound(&secret, &url.host) {
            let rule = format!("secret {shown} may not be sent to {}", url.host);
            let command = set_command(shown, &secret.hosts, url, route);
            return Err(RequestError::secret(shown, rule).allowed_by(Some(command)));
        }
        let is_allowed = url.scheme.is_secure() || (route.local && secret.allow_http);
        if !is_allowed {
            let error = RequestError::secret(shown, format!("secret {shown} {NEEDS_HTTPS}"));
            // Over the public internet no flag allows plain http.
            let command = route.local.then(|| set_command(shown, &secret.hosts, url, route));
            return Err(error.allowed_by(command));
        }
        let empty = secret.value.trim().is_empty();
        if empty || header_value(&secret.value).is_none() {
            return Err(RequestError::SecretInvalid { name: shown.to_owned() });
        }
        self.redacted.add_sent(&secret.value);
        Ok(secret.value)
    }

    /// The redactor for the answer of `host`. It replaces every secret that is bound to the host, whichever
    /// plugin sent it.
    pub(super) async fn redactor(&self, host: &Host) -> Arc<Redactor> {
        let source = Arc::clone(&self.source);
        let mut secrets = off_executor(move || source.all()).await;
        secrets.retain(|secret| is_bound(secret, host));
        let values: Vec<_> = secrets.into_iter().map(|secret| secret.value).collect();
        self.redacted.for_answer(&values)
    }

    /// Asks the source, which may read a file, on the pool of blocking threads.
    async fn look_up(&self, name: &str) -> Option<Secret> {
        let (source, name) = (Arc::clone(&self.source), name.to_owned());
        off_executor(move || source.secret(&name)).await
    }
}

/// Whether the secret may be sent to `host`. An invalid pattern covers no host.
fn is_bound(secret: &Secret, host: &Host) -> bool {
    let mut patterns = secret.hosts.iter().filter_map(|host| HostPattern::parse(host).ok());
    patterns.any(|pattern| pattern.covers(host))
}

/// The command that stores the secret so that it may go to this URL over this route too.
fn set_command(name: &str, bound: &[String], url: &Url, route: &Route) -> String {
    let mut command = format!("weft-lite secret set {name}");
    let host = url.host.to_string();
    for host in bound.iter().filter(|&bound| *bound != host).chain([&host]) {
        let quote = if host.contains('*') { "'" } else { "" };
        command.extend([" --host ", quote, host, quote]);
    }
    if !url.scheme.is_secure() && route.local {
        command.push_str(" --allow-http");
    }
    command
}
