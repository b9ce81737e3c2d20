//! What the operator can set.

use crate::doors::Host;
use alloc::string::String;
use json_text::Value;

#[derive(Clone, Copy)]
pub struct Settings {
    /// Of one namespace.
    pub max_entries: u32,
    /// Whether English endings are cut off, so that `hoping` finds `hopes`.
    pub stemming: bool,
    /// For notes that come without a time; 0 for ever.
    pub default_ttl_days: u32,
}

impl Settings {
    /// Reads the settings, which the host has checked against the manifest's schema.
    pub fn read(host: &dyn Host) -> Result<Settings, String> {
        let settings = json_text::read(&host.settings()).map_err(|error| error.message())?;
        let number = |name: &str, default| match settings.get(name) {
            Some(Value::Number(number)) => number.parse().unwrap_or(default),
            _ => default,
        };
        Ok(Settings {
            max_entries: number("max_entries", 10_000),
            stemming: matches!(settings.get("stemming"), Some(Value::Bool(true))),
            default_ttl_days: number("default_ttl_days", 0),
        })
    }
}
