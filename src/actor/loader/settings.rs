//! The configuration's files, of which only the settings of plugins take effect while the program runs. Any other
//! change is logged, so that nobody waits for its effect.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::contract::{Config, InvalidConfig, SortedMap, SortedSet};
use crate::package;
use crate::sandbox::PluginSettings;

/// One of the configuration's files.
pub(super) struct Settings {
    path: PathBuf,
    /// Whether it is the operator's own. Settings of plugins in any other are ignored.
    is_own: bool,
    /// Its text at the start of the program; empty if it was missing.
    at_start: String,
    /// Its last text that could be used.
    in_use: String,
    /// Its text at the last check, or why it can't be read.
    seen: Result<String, String>,
}

type OwnSettings = SortedMap<String, Map<String, Value>>;

impl Settings {
    /// A file with the text that the program has read from it at the start.
    pub(super) fn new(path: &Path, at_start: &str, is_own: bool) -> Self {
        let text = || at_start.to_owned();
        let (at_start, in_use, seen) = (text(), text(), Ok(text()));
        Self { path: path.to_owned(), is_own, at_start, in_use, seen }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Brings the settings of plugins in line with the file, and logs each other change once. Returns the ids of
    /// the plugins with other settings. A file that can't be used changes none.
    pub(super) fn refresh(&mut self, plugins: &PluginSettings) -> SortedSet<String> {
        let now = package::read_text(&self.path).map(Option::unwrap_or_default);
        let now = now.map_err(|error| error.to_string());
        if now == self.seen {
            return SortedSet::new();
        }
        let was_usable = self.seen.as_ref() == Ok(&self.in_use);
        self.seen = now;
        let path = self.path.display();
        let read = self.seen.clone().and_then(|text| {
            let split = split(&text).map_err(|error| error.to_string())?;
            Ok((text, split))
        });
        let (text, (rest, after)) = match read {
            Ok(read) => read,
            Err(problem) => {
                let problem = problem.replace('\n', "; ");
                log::warn!("{path} has changed, and the next start will refuse it: {problem}");
                return SortedSet::new();
            }
        };
        // Both could be used before.
        let (at_start, _) = split(&self.at_start).unwrap_or_default();
        let (rest_before, before) = split(&self.in_use).unwrap_or_default();
        if rest != rest_before || !was_usable {
            match rest == at_start {
                true if !was_usable && rest == rest_before => {
                    log::warn!("{path} can be read again");
                }
                true => log::warn!("{path} is again as it was at the start"),
                false => {
                    let at_once = if self.is_own { " (`plugins` counts at once)" } else { "" };
                    log::warn!("{path} has changed, which counts from the next start{at_once}");
                }
            }
        }
        self.in_use = text;
        if self.is_own {
            return apply(&before, &after, plugins);
        }
        if before != after {
            log::warn!("`plugins` in {path} is ignored; set it in $WEFT_HOME/config.yaml");
        }
        SortedSet::new()
    }
}

/// The configuration without the settings of plugins, and these.
fn split(text: &str) -> Result<(Config, OwnSettings), InvalidConfig> {
    let mut config = Config::from_yaml(text)?.config;
    let plugins = std::mem::take(&mut config.plugins);
    Ok((config, plugins))
}

/// Applies what differs, and nothing else: an embedder may have set more. Returns the ids.
fn apply(before: &OwnSettings, after: &OwnSettings, plugins: &PluginSettings) -> SortedSet<String> {
    let ids = before.keys().chain(after.keys());
    let changed: SortedSet<String> =
        ids.filter(|&id| before.get(id) != after.get(id)).cloned().collect();
    for id in &changed {
        plugins.set(id, after.get(id).cloned());
    }
    changed
}
