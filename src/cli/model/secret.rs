//! The key of a model's server while it is tried: given, kept from before, or asked for.

use std::path::Path;
use std::sync::Arc;

use weft_lite::package::{FileSecrets, SecretSummary, SecretTransport, SecretValue};
use weft_lite::{PluginPermissions, Secret, SecretSource};

use super::settings::MODEL_KEY;
use super::url::ModelUrl;
use crate::cli::secret::{of_file, typed};
use crate::cli::{CommandFailure, terminal};

/// The key that goes with a request.
pub(super) struct ServerKey {
    /// The name under which it is kept, or will be.
    pub(super) name: String,
    /// What is to be kept; nothing if it was kept before.
    new: Option<SecretValue>,
}

impl ServerKey {
    /// The key that the command line names.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub(super) fn given(
        variable: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Option<Self>, CommandFailure> {
        let new = match (variable, file) {
            (None, None) => return Ok(None),
            (Some(variable), None) => {
                let value = SecretValue::Env(variable.to_owned());
                value.read().map_err(|error| {
                    let message = format_args!("the variable `{variable}` has no key: {error}");
                    CommandFailure::work(&message, &"set it to the key, or name another variable")
                })?;
                value
            }
            (None, Some(path)) => of_file(path)?,
            (Some(_), Some(_)) => {
                return Err(CommandFailure::usage(
                    &"the key can be in one place only",
                    &"give `--key-from-env` or `--key-file`",
                ));
            }
        };
        Ok(Some(Self { name: MODEL_KEY.to_owned(), new: Some(new) }))
    }

    /// The key that is kept under this name, whether or not it can be used.
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), new: None }
    }

    /// The usable key that was kept for this server under one of these names.
    pub(super) fn kept(
        secrets: &FileSecrets,
        names: &[&str],
        endpoint: &ModelUrl,
    ) -> Result<Option<Self>, CommandFailure> {
        let listed = secrets.list()?;
        let fits = |name: &&&str| {
            let secret = listed.iter().find(|secret| secret.name == **name);
            secret.is_some_and(|SecretSummary { hosts, allow_http, .. }| {
                let bound = PluginPermissions { network: hosts.clone(), ..Default::default() };
                bound.reaches(&endpoint.host)
                    && (endpoint.is_https || *allow_http)
                    && secrets.secret(name).is_some()
            })
        };
        Ok(names.iter().find(fits).map(|name| Self::named(name)))
    }

    /// Asks for the key at the terminal; nothing without one.
    ///
    /// # Errors
    ///
    /// No key was typed.
    pub(super) fn asked(endpoint: &ModelUrl) -> Result<Option<Self>, CommandFailure> {
        if !terminal::is_there() {
            return Ok(None);
        }
        let new = typed("the key", &format!("{} asks for a key (not shown)", endpoint.host))?;
        Ok(Some(Self { name: MODEL_KEY.to_owned(), new: Some(new) }))
    }

    /// Where requests find it: with those that are kept, or a new one on its own, for this host.
    pub(super) fn source(&self, kept: &FileSecrets, endpoint: &ModelUrl) -> Arc<dyn SecretSource> {
        let Some(value) = self.new.as_ref().and_then(|new| new.read().ok()) else {
            return Arc::new(kept.clone());
        };
        let hosts = vec![endpoint.host.clone()];
        Arc::new(NewSecret(self.name.clone(), Secret { value, hosts, allow_http: true }))
    }

    /// Whether it is not kept yet.
    pub(super) fn is_new(&self) -> bool {
        self.new.is_some()
    }

    /// The command that keeps the key for this host alone, unless it is kept already.
    pub(super) fn keeping(&self, endpoint: &ModelUrl) -> Option<String> {
        let from = match self.new.as_ref()? {
            SecretValue::Env(variable) => format!(" --from-env {variable}"),
            SecretValue::Value(_) | SecretValue::File(_) => String::new(),
        };
        let http = if endpoint.is_https { "" } else { " --allow-http" };
        Some(format!("weft-lite secret set {} --host {}{from}{http}", self.name, endpoint.host))
    }

    /// Keeps the key for this host alone, unless it is kept already.
    ///
    /// # Errors
    ///
    /// It can't be kept.
    pub(super) fn keep(
        self,
        secrets: &FileSecrets,
        endpoint: &ModelUrl,
    ) -> Result<(), CommandFailure> {
        let Some(value) = self.new else { return Ok(()) };
        let transport = match endpoint.is_https {
            true => SecretTransport::Https,
            false => SecretTransport::HttpToPrivateHosts,
        };
        Ok(secrets.set(&self.name, value, std::slice::from_ref(&endpoint.host), transport)?)
    }
}

/// A key that is not kept yet, with its name. The sandbox decides where it may go.
struct NewSecret(String, Secret);

impl SecretSource for NewSecret {
    fn secret(&self, name: &str) -> Option<Secret> {
        (name == self.0).then(|| self.1.clone())
    }

    fn all(&self) -> Vec<Secret> {
        vec![self.1.clone()]
    }
}
