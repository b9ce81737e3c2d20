//! `weft-lite plugin list`: lists every plugin that was found, with its state.

use argh::FromArgs;
use serde::Serialize;
use serde_json::{Map, Value};
use weft_lite::LoadedPlugin;
use weft_lite::actor::RefusedPlugin;
use weft_lite::errors::LoadError;
use weft_lite::sandbox::setting_host;

use crate::cli::flags::Options;
use crate::cli::{CommandFailure, Status, output, report};

/// List the plugins that were found: active, refused, or pending approval.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "list",
    example = "{command_name}\n{command_name} --plugins ./plugins --json",
    note = "The options of `weft-lite --help` apply."
)]
pub(super) struct ListPlugins {}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum PluginState {
    Active,
    Pending,
    Refused,
}

/// One plugin, as it is listed.
#[derive(Debug, Serialize)]
struct PluginRow {
    id: Option<String>,
    version: Option<String>,
    state: PluginState,
    tools: usize,
    /// The memory that one instance starts with and may grow to.
    memory_bytes: Option<u64>,
    max_memory_mb: Option<u32>,
    /// The hosts of `network.allow_private_hosts` that the manifest asks for.
    private_hosts: Vec<String>,
    origin: String,
    reason: Option<String>,
    next_step: Option<String>,
    warnings: Vec<String>,
}

pub(super) fn run(options: &Options) -> Result<Status, CommandFailure> {
    let runtime = options.load()?;
    let registry = runtime.host().registry();
    let private = private_hosts(options)?;
    let settings = options.config()?.plugins;
    let active = registry.plugins().map(|plugin| {
        let settings = settings.get(&plugin.manifest.id);
        PluginRow::active(plugin, &private, settings)
    });
    let rows: Vec<PluginRow> =
        active.chain(registry.refused().iter().map(PluginRow::refused)).collect();
    if options.json {
        output::json(&rows)?;
        return Ok(Status::Done);
    }
    let titles = ["id", "version", "state", "tools", "memory", "origin", "reason"];
    output::table(titles, &rows.iter().map(PluginRow::cells).collect::<Vec<_>>())?;
    if !private.is_empty() {
        let list = private.join(", ");
        output::message(&format_args!("private hosts open to plugins that list them: {list}"));
    }
    report::warnings(&registry);
    if output::is_terminal() {
        // A table has no room for next steps.
        report::refused(registry.refused());
    }
    Ok(Status::Done)
}

/// The hosts with private addresses that the operator lets plugins reach.
fn private_hosts(options: &Options) -> Result<Vec<String>, CommandFailure> {
    // Without the network, nothing reaches them.
    Ok(if cfg!(feature = "net") { options.config()?.allow_private_hosts } else { Vec::new() })
}

/// An entry of `network.allow_private_hosts` without its port, as a manifest spells it.
fn without_port(entry: &str) -> &str {
    let host = match entry.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
        _ => entry,
    };
    host.trim_matches(['[', ']'])
}

impl PluginRow {
    fn active(
        plugin: &LoadedPlugin,
        private: &[String],
        settings: Option<&Map<String, Value>>,
    ) -> Self {
        let LoadedPlugin { manifest, module, .. } = plugin;
        let asked = &manifest.permissions;
        let set = asked.network.iter().filter_map(|it| setting_host(it, settings?));
        let set: Vec<String> = set.collect();
        let reaches = |entry: &&String| {
            asked.reaches(without_port(entry))
                || set.iter().any(|host| [host, without_port(host)].contains(&entry.as_str()))
        };
        let pages = module.summary().memory.map(|memory| memory.minimum_pages);
        Self {
            id: Some(manifest.id.clone()),
            version: Some(manifest.version.to_string()),
            state: PluginState::Active,
            tools: plugin.tools.len(),
            memory_bytes: pages.map(|pages| pages * super::inspect::PAGE_BYTES),
            max_memory_mb: Some(manifest.resources.max_memory_mb),
            private_hosts: private.iter().filter(reaches).cloned().collect(),
            origin: plugin.origin.to_string(),
            reason: None,
            next_step: None,
            warnings: plugin.warnings.clone(),
        }
    }

    fn refused(plugin: &RefusedPlugin) -> Self {
        let pending = matches!(plugin.error, LoadError::Pending { .. });
        Self {
            id: plugin.id.clone(),
            version: None,
            state: if pending { PluginState::Pending } else { PluginState::Refused },
            tools: 0,
            memory_bytes: None,
            max_memory_mb: None,
            private_hosts: Vec::new(),
            origin: plugin.origin.clone(),
            reason: Some(report::reason(&plugin.error)),
            next_step: Some(report::next_step(&plugin.error)),
            warnings: Vec::new(),
        }
    }

    fn cells(&self) -> [String; 7] {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let state = match self.state {
            PluginState::Active => "active",
            PluginState::Pending => "pending",
            PluginState::Refused => "refused",
        };
        let memory = match (self.memory_bytes, self.max_memory_mb) {
            (Some(bytes), Some(most)) => format!("{} KB of {most} MB", bytes / 1024),
            _ => "-".into(),
        };
        let reason = match self.private_hosts.as_slice() {
            [] => self.reason.clone().unwrap_or_default(),
            hosts => format!("reaches private hosts: {}", hosts.join(", ")),
        };
        [
            or_dash(&self.id),
            or_dash(&self.version),
            state.into(),
            self.tools.to_string(),
            memory,
            self.origin.clone(),
            reason,
        ]
    }
}
