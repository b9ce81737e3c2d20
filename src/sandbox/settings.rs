//! What the operator has set for each plugin: `plugins.<id>` of the configuration.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::contract::SortedMap;
use crate::task::Lock;

/// The settings of plugins by id. Clones share them, so a change of the configuration reaches every reader.
#[derive(Clone, Default)]
pub struct PluginSettings(Arc<Lock<SettingsById>>);

type SettingsById = SortedMap<String, Map<String, Value>>;

impl PluginSettings {
    /// These settings.
    #[must_use]
    pub fn new(settings: SortedMap<String, Map<String, Value>>) -> Self {
        Self(Arc::new(Lock::new(settings)))
    }

    /// The settings of a plugin as the operator has written them, without the defaults of its schema.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<Map<String, Value>> {
        self.0.lock().get(id).cloned()
    }

    /// Whether there are settings for a plugin, be they empty.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.lock().contains_key(id)
    }

    /// Replaces the settings of one plugin, or removes them. It sees them when it is loaded again.
    pub fn set(&self, id: &str, settings: Option<Map<String, Value>>) {
        let mut all = self.0.lock();
        match settings {
            Some(settings) => all.insert(id.to_owned(), settings),
            None => all.remove(id),
        };
    }

    /// A plugin's settings with the defaults of its schema for what the operator has not set.
    #[must_use]
    pub fn effective(&self, id: &str, schema: Option<&Map<String, Value>>) -> Map<String, Value> {
        let mut settings = self.of(id).unwrap_or_default();
        let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
        for (key, property) in properties.into_iter().flatten() {
            if let Some(default) = property.get("default").filter(|_| !settings.contains_key(key)) {
                settings.insert(key.clone(), default.clone());
            }
        }
        settings
    }
}

/// Shows the ids alone: a setting may be a secret, although it should not be.
impl fmt::Debug for PluginSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.lock().keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_fill_in_unset_keys_alone() {
        let Value::Object(given) = json!({ "a": 1 }) else { unreachable!() };
        let settings = PluginSettings::new([("p".to_owned(), given)].into_iter().collect());
        let schema =
            json!({ "properties": { "a": { "default": 9 }, "b": { "default": 2 }, "c": {} } });
        let effective = settings.effective("p", schema.as_object());
        assert_eq!(Value::Object(effective), json!({ "a": 1, "b": 2 }));
        assert!(settings.effective("other", None).is_empty());
    }
}
