//! The key of a model's server while it is tried: given, kept from before, or asked for.

use std::fs::File;
use std::path::Path;

use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};
use weft_lite::{PluginPermissions, Secret, SecretSource};

use super::settings::MODEL_KEY;
use super::url::ModelUrl;
use crate::cli::secret::unread;
use crate::cli::{CommandFailure, output, terminal};

/// The key that goes with a request.
pub(super) struct ServerKey {
    /// The name under which it is kept, or will be.
    pub(super) name: String,
    /// Its value, for requests.
    pub(super) value: String,
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
            (Some(variable), None) => SecretValue::Env(variable.to_owned()),
            (None, Some(path)) => {
                output::warn_if_others_read(path);
                let read = File::open(path).and_then(SecretValue::from_reader);
                read.map_err(|error| unread(&format!("{} can't be read", path.display()), &error))?
            }
            (Some(_), Some(_)) => {
                return Err(CommandFailure::usage(
                    &"the key can be in one place only",
                    &"give `--key-from-env` or `--key-file`",
                ));
            }
        };
        let value = match &new {
            SecretValue::Env(variable) => {
                new.try_read().map_err(|error| {
                    let message = format_args!("the variable `{variable}` has no key: {error}");
                    CommandFailure::work(&message, &"set it to the key, or name another variable")
                })?;
                std::env::var(variable).unwrap_or_default()
            }
            SecretValue::Value(value) => value.clone(),
            SecretValue::File(_) => String::new(),
        };
        Ok(Some(Self { name: MODEL_KEY.to_owned(), value, new: Some(new) }))
    }

    /// The key that was kept for this server under one of these names.
    pub(super) fn kept(
        secrets: &FileSecrets,
        names: &[&str],
        endpoint: &ModelUrl,
    ) -> Result<Option<Self>, CommandFailure> {
        let listed = secrets.list()?;
        let fits = |name: &&&str| {
            let is_it = listed.iter().find(|secret| secret.name == **name);
            is_it.is_some_and(|secret| {
                let hosts =
                    PluginPermissions { network: secret.hosts.clone(), ..Default::default() };
                hosts.reaches(&endpoint.host) && (endpoint.is_https || secret.allow_http)
            })
        };
        let key = |name: &&str| {
            let value = secrets.secret(name)?.value;
            Some(Self { name: (*name).to_owned(), value, new: None })
        };
        Ok(names.iter().filter(fits).find_map(key))
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
        let question = format!("{} asks for a key (not shown)", endpoint.host);
        let typed =
            terminal::hidden(&question).map_err(|error| unread("the key can't be read", &error))?;
        let value = match &typed {
            SecretValue::Value(value) => value.clone(),
            SecretValue::Env(_) | SecretValue::File(_) => String::new(),
        };
        Ok(Some(Self { name: MODEL_KEY.to_owned(), value, new: Some(typed) }))
    }

    /// Whether it is not kept yet.
    pub(super) fn is_new(&self) -> bool {
        self.new.is_some()
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

/// One key, for one host. The sandbox decides where it may go.
pub(super) struct OneSecret(pub(super) Option<(String, Secret)>);

impl SecretSource for OneSecret {
    fn secret(&self, name: &str) -> Option<Secret> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, secret)| secret.clone())
    }

    fn all(&self) -> Vec<Secret> {
        self.0.iter().map(|(_, secret)| secret.clone()).collect()
    }
}
