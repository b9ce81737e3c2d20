//! How much a plugin may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limits;

/// The `resources` of a manifest, every value within the ranges of [`limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginResourceConfig {
    /// Units of fuel for one call.
    pub max_fuel: u64,
    /// Linear memory of one instance in MB of 1,048,576 bytes.
    pub max_memory_mb: u32,
    /// Elements of all tables of one instance.
    pub max_table_elements: u32,
    /// Wall clock for one call in seconds.
    pub max_execution_seconds: u32,
    /// HTTP requests within any minute.
    pub max_http_requests_per_minute: u32,
    /// Log messages within any minute.
    pub max_log_messages_per_minute: u32,
    /// Host calls within one call.
    pub max_host_calls: u32,
}

impl PluginResourceConfig {
    /// The memory limit in bytes.
    #[must_use]
    pub fn max_memory_bytes(&self) -> usize {
        self.max_memory_mb as usize * limits::MB
    }

    /// What is more than the defaults: one line for each, with what is usual.
    #[must_use]
    pub fn beyond_defaults(&self) -> Vec<String> {
        let usual = Self::default();
        let asked = [
            (self.max_fuel, usual.max_fuel, "units of fuel for a call"),
            (self.max_memory_mb.into(), usual.max_memory_mb.into(), "MB of memory"),
            (self.max_execution_seconds.into(), usual.max_execution_seconds.into(), "s for a call"),
            (
                self.max_http_requests_per_minute.into(),
                usual.max_http_requests_per_minute.into(),
                "requests a minute",
            ),
        ];
        let beyond = asked.into_iter().filter(|(asked, usual, _)| asked > usual);
        beyond.map(|(asked, usual, what)| format!("{asked} {what} ({usual} by default)")).collect()
    }

    /// The wall-clock limit of one call.
    #[must_use]
    pub fn max_execution_time(&self) -> Duration {
        Duration::from_secs(u64::from(self.max_execution_seconds))
    }
}

impl Default for PluginResourceConfig {
    fn default() -> Self {
        // `max_fuel` has 64 bits; all other limits have 32.
        let narrow = |range: limits::Range| u32::try_from(range.default).unwrap_or(u32::MAX);
        Self {
            max_fuel: limits::FUEL.default,
            max_memory_mb: narrow(limits::MEMORY_MB),
            max_table_elements: narrow(limits::TABLE_ELEMENTS),
            max_execution_seconds: narrow(limits::EXECUTION_SECONDS),
            max_http_requests_per_minute: narrow(limits::HTTP_REQUESTS_PER_MINUTE),
            max_log_messages_per_minute: narrow(limits::LOG_MESSAGES_PER_MINUTE),
            max_host_calls: narrow(limits::HOST_CALLS),
        }
    }
}
