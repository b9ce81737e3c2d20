//! The model in the operator's configuration: what is set there, and what is written there.

use std::fmt::Display;
use std::path::Path;

use serde_json::{Map, Value, json};
use weft_lite::config::{Config, ConfigText, UneditableConfig};
use weft_lite::package::ConfigFile;
use weft_lite::sorted::SortedMap;

use super::url::ModelUrl;
use crate::cli::{CommandFailure, output};

/// The plugin that asks the model.
pub(super) const MIND: &str = "mind";
/// The plugin that remembers.
const MEMORY: &str = "memory";
/// The secret that is the key of the model's server.
pub(super) const MODEL_KEY: &str = "MODEL_KEY";

const PLUGINS: &str = "plugins";
const URL: &str = "base_url";
const MODEL: &str = "model";
const SECRET: &str = "secret";
const PRIVATE_HOSTS: [&str; 2] = ["network", "allow_private_hosts"];

/// What a configuration gets beside the model.
pub(super) struct Extras {
    /// The private host that is opened.
    pub(super) opened: Option<String>,
    /// Whether the memory is switched on: only with the first model, so that an operator can take it out again.
    pub(super) with_memory: bool,
}

impl Extras {
    /// Those for this configuration, with this private host.
    pub(super) fn of(config: &Config, opened: Option<String>) -> Self {
        let with_memory = [MIND, MEMORY].iter().all(|id| !config.plugins.contains_key(*id));
        Self { opened, with_memory }
    }
}

/// The model as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct ModelSettings {
    pub(in crate::cli) base_url: String,
    pub(in crate::cli) model: String,
    /// The name of the secret that is the server's key.
    pub(super) secret: Option<String>,
}

impl ModelSettings {
    /// What is set, if a model is.
    pub(in crate::cli) fn of(plugins: &SortedMap<String, Map<String, Value>>) -> Option<Self> {
        let mind = plugins.get(MIND)?;
        let text = |key: &str| mind.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self { base_url: text(URL)?, model: text(MODEL)?, secret: text(SECRET) })
    }

    /// The entry of the configuration that opens the private host of this model's server.
    pub(super) fn opened_by<'c>(&self, config: &'c Config) -> Option<&'c String> {
        ModelUrl::parse(&self.base_url).ok()?.opened_by(config)
    }

    /// The configuration with this model in it.
    pub(super) fn write(&self, text: &str, extras: &Extras) -> Result<String, UneditableConfig> {
        let mut config = editable(text)?;
        config.set(&[PLUGINS, MIND, URL], &self.base_url.as_str().into())?;
        config.set(&[PLUGINS, MIND, MODEL], &self.model.as_str().into())?;
        match &self.secret {
            Some(secret) => config.set(&[PLUGINS, MIND, SECRET], &secret.as_str().into())?,
            None => config.remove(&[PLUGINS, MIND, SECRET])?,
        }
        if extras.with_memory {
            config.set(&[PLUGINS, MEMORY], &json!({}))?;
        }
        if let Some(host) = &extras.opened {
            config.append(&PRIVATE_HOSTS, host)?;
        }
        Ok(config.text().to_owned())
    }

    /// The lines that a person puts into a configuration that can't be edited.
    pub(super) fn lines(&self, extras: &Extras) -> String {
        self.write("", extras).unwrap_or_default()
    }
}

/// Says that an entry still opens the private host of a server that is asked no more.
pub(super) fn warn_still_open(host: &str) {
    output::message(&format_args!(
        "the private host {host} stays open to plugins that list it; \
         remove it from `network.allow_private_hosts` if nothing else needs it"
    ));
}

/// The configuration without a model.
pub(super) fn without_model(text: &str) -> Result<String, UneditableConfig> {
    let mut config = editable(text)?;
    config.remove(&[PLUGINS, MIND])?;
    Ok(config.text().to_owned())
}

/// The text for changes. What can't be read was refused before.
fn editable(text: &str) -> Result<ConfigText, UneditableConfig> {
    ConfigText::new(text).map_err(|_| UneditableConfig { key: PLUGINS.to_owned() })
}

/// The failure for a configuration that stays as it is: what a person changes there by hand.
pub(super) fn by_hand(home: &Path, why: &dyn Display, what: &dyn Display) -> CommandFailure {
    let path = ConfigFile::path(home);
    let message = format_args!("nothing was changed in {}: {why}", path.display());
    CommandFailure::work(&message, what)
}
