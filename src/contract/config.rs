//! The operator's configuration: what no manifest can change.
//!
//! ```yaml
//! network:
//!   allow_private_hosts: [printer.local]   # hosts with private addresses that plugins may reach
//!   ca_file: /etc/ssl/own-ca.pem           # trusted beside the usual roots
//! env:
//!   never: [DEPLOY_KEY]                    # variables that no plugin gets
//! limits:
//!   module_kb: 600                         # a module that comes without a question
//!   module_gzip_kb: 240                    # the same after gzip
//!   memory_budget_mb: 32
//!   surface_memory_mb: 16
//!   plugin_data_mb: 64
//! instances:
//!   idle_seconds: 60
//! audit:
//!   rotate_mb: 4
//! watch:
//!   debounce_ms: 100                       # quiet time before a change is taken up
//!   max_ms: 500                            # and at most this after the first one
//!   poll_seconds: 2                        # where the kernel tells of no changes
//! skills:
//!   config: {browser.enabled: true}        # what skills may ask for under `requires.config`
//! channels:
//!   socket: {tcp: "127.0.0.1:7007", token_secret: SOCKET}   # or `path:` of a Unix socket
//!   mailbox: {owner: ada, allow: [bob]}    # whose messages a plugin's channel takes
//! plugins:
//!   mind: {base_url: "http://localhost:8080/v1"}   # a plugin's own settings, by its id; no keys
//! autonomous_skills:
//!   enabled: true                    # observe calls, and propose skills for repeated work
//!   threshold: 3                     # how often the same work is seen first, 3 to 20
//! mcp:
//!   tool_names: bare                 # `<tool>` where that is unique, instead of `<owner>__<tool>`
//!   name_length: 64                  # characters of the names of tools and prompts, 32 to 128
//!   strict_schemas: true             # leave out tools whose schemas can't be checked in full
//!   allowed_hosts: [tools.example.com]   # names of this machine for clients over HTTP
//!   authorization_server: https://auth.example.com
//! ```
//!
//! Paths may begin with `~/` or `$WEFT_HOME/`. A workspace's own file can only tighten what stands here:
//! see [`Config::from_layers`].

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::autonomous::AutonomousConfig;
use super::channel_config::{self, ChannelConfig};
use super::limits::{self, KB, MB, MEMORY_BUDGET_MB, Range, SURFACE_MEMORY_MB};
use super::manifest::findings::{ManifestFindings, Table, amount, text_of, wrong_kind};
use super::manifest::rules::{self, Flaw};
use super::{InvalidConfig, McpConfig, SortedMap, document, layers};

const SECTIONS: [&str; 11] = [
    "network",
    "env",
    "limits",
    "instances",
    "audit",
    "watch",
    "skills",
    "mcp",
    "channels",
    "plugins",
    "autonomous_skills",
];

/// What both limits of a module may be raised to.
const MODULE_MOST_KB: u64 = (limits::MODULE_MOST_BYTES / KB) as u64;
/// KB of a module that comes without a question.
const MODULE_KB: Range =
    Range::new("module_kb", (limits::MODULE_BYTES / KB) as u64, 1, MODULE_MOST_KB);
/// KB of a module after gzip.
const MODULE_GZIP_KB: Range =
    Range::new("module_gzip_kb", (limits::MODULE_GZIP_BYTES / KB) as u64, 1, MODULE_MOST_KB);
/// MB that a plugin may keep in its own data folder.
const PLUGIN_DATA_MB: Range =
    Range::new("plugin_data_mb", (limits::PLUGIN_DATA_BYTES / MB) as u64, 1, 65_536);
/// Seconds that an instance may be idle.
const IDLE_SECONDS: Range = Range::new("idle_seconds", 300, 1, 86_400);
/// MB at which the audit log is rotated.
const AUDIT_ROTATE_MB: Range = Range::new("rotate_mb", 4, 1, 1_024);
/// Milliseconds without a change before it is taken up.
const DEBOUNCE_MS: Range = Range::new("debounce_ms", 100, 1, 60_000);
/// Milliseconds that a change waits for others at most.
const MAX_MS: Range = Range::new("max_ms", 500, 1, 600_000);
/// Seconds between two looks where the kernel tells of no changes.
const POLL_SECONDS: Range = Range::new("poll_seconds", 2, 1, 86_400);

/// What the operator has configured, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Hosts that plugins may reach although their addresses are private.
    pub allow_private_hosts: Vec<String>,
    /// A PEM file of certificates to trust beside the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// Variables that no plugin gets, beside the built-in ones.
    pub never_env: Vec<String>,
    /// Bytes of a module that comes without a question.
    pub module_bytes: usize,
    /// Bytes of such a module after gzip.
    pub module_gzip_bytes: usize,
    /// Bytes that all guests may hold together, where the operator says.
    pub memory_budget_bytes: Option<usize>,
    /// Bytes that a surface may hold for all its clients together.
    pub surface_memory_bytes: usize,
    /// Bytes that a plugin may keep in its own data folder.
    pub plugin_data_bytes: usize,
    /// How long an instance may be idle before it is dropped.
    pub idle_timeout: Duration,
    /// The size at which the audit log is rotated, in bytes.
    pub audit_rotate_bytes: u64,
    /// When changes on the disk are taken up.
    pub watch: WatchConfig,
    /// What skills may ask for under `requires.config`: one mapping.
    pub skill_config: Value,
    /// The channels that are configured, by name.
    pub channels: SortedMap<String, ChannelConfig>,
    /// The settings of plugins, by id. Each keeps the order of its keys.
    pub plugins: SortedMap<String, Map<String, Value>>,
    /// How what is hosted is offered over MCP.
    pub mcp: McpConfig,
    /// Whether skills are drafted from repeated work.
    pub autonomous: AutonomousConfig,
}

/// When changes on the disk are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchConfig {
    /// How long nothing more has to change before a change is taken up.
    pub debounce: Duration,
    /// How long a change waits for others at most.
    pub longest_wait: Duration,
    /// The time between two looks where the kernel tells of no changes.
    pub poll_interval: Duration,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            debounce: Duration::from_millis(DEBOUNCE_MS.default),
            longest_wait: Duration::from_millis(MAX_MS.default),
            poll_interval: Duration::from_secs(POLL_SECONDS.default),
        }
    }
}

/// A configuration, and what its author should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedConfig {
    /// The configuration.
    pub config: Config,
    /// Unknown keys and clamped values: one sentence each.
    pub warnings: Vec<String>,
    /// The keys of a workspace's file that are ignored, because they would loosen what the operator
    /// says.
    pub loosening: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_private_hosts: Vec::new(),
            ca_file: None,
            never_env: Vec::new(),
            module_bytes: limits::MODULE_BYTES,
            module_gzip_bytes: limits::MODULE_GZIP_BYTES,
            memory_budget_bytes: None,
            surface_memory_bytes: limits::SURFACE_BYTES,
            plugin_data_bytes: limits::PLUGIN_DATA_BYTES,
            idle_timeout: Duration::from_secs(IDLE_SECONDS.default),
            audit_rotate_bytes: AUDIT_ROTATE_MB.default * MB as u64,
            watch: WatchConfig::default(),
            skill_config: Value::Object(Map::new()),
            channels: SortedMap::new(),
            plugins: SortedMap::new(),
            mcp: McpConfig::default(),
            autonomous: AutonomousConfig::default(),
        }
    }
}

impl Config {
    /// Reads a `config.yaml`. An empty one says nothing and is valid.
    ///
    /// # Errors
    ///
    /// [`InvalidConfig`] with every fault.
    pub fn from_yaml(text: &str) -> Result<ParsedConfig, InvalidConfig> {
        Self::from_layers(text, "")
    }

    /// The files that it takes authority from, beside itself: who is trusted, and where others connect.
    pub fn authority(&self) -> impl Iterator<Item = PathBuf> {
        let sockets = self.channels.values().filter_map(|channel| channel.path.as_ref());
        self.ca_file.iter().chain(sockets).cloned()
    }

    /// Reads the `config.yaml` of a workspace over the operator's, key by key. It may tighten what
    /// that says: names are added to `env.never`, `limits` are lowered, `mcp.strict_schemas` is set.
    /// What would loosen it is ignored: `network`, `channels`, `plugins`, `autonomous_skills`, `audit`, limits that
    /// are raised, and what says who reaches the MCP server.
    ///
    /// # Errors
    ///
    /// As [`from_yaml`](Self::from_yaml).
    pub fn from_layers(below: &str, above: &str) -> Result<ParsedConfig, InvalidConfig> {
        let mut document = value(below)?;
        let mut above = value(above)?;
        let budget =
            Range { default: (limits::MEMORY_BUDGET_BYTES / MB) as u64, ..MEMORY_BUDGET_MB };
        let lowered = [MODULE_KB, MODULE_GZIP_KB, budget, SURFACE_MEMORY_MB, PLUGIN_DATA_MB];
        let loosening = layers::tighten(&document, &mut above, &lowered);
        // An empty layer leaves the one below as it is, so one that is no mapping is refused.
        if above.as_object().is_none_or(|above| !above.is_empty()) {
            lay_over(&mut document, above);
        }
        let mut findings = ManifestFindings::default();
        let config = Table::top(&document, &mut findings).map(|top| read(&top, &mut findings));
        let finished = findings.finish(config);
        let (config, warnings) = finished.map_err(|error| InvalidConfig::Keys(error.faults))?;
        Ok(ParsedConfig { config, warnings, loosening })
    }
}

/// The text as one value; an empty mapping if it says nothing.
pub(super) fn value(text: &str) -> Result<Value, InvalidConfig> {
    let says_nothing = |line: &str| line.is_empty() || line.starts_with('#');
    match text.lines().map(str::trim).all(says_nothing) {
        true => Ok(Value::Object(Map::new())),
        false => Ok(document::from_yaml(text, limits::MANIFEST_BYTES)?),
    }
}

/// Puts a document over another one, mappings key by key.
fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(Value::Null), value);
            }
        }
        // A key with nothing behind it says nothing.
        (_, Value::Null) => {}
        (below, above) => *below = above,
    }
}

fn read(top: &Table<'_>, findings: &mut ManifestFindings) -> Config {
    top.warn_unknown(&SECTIONS, findings);
    let [network, env, sizes, instances, audit, watch, skills, mcp, channels, plugins, autonomous] =
        SECTIONS.map(|key| top.section(key, findings));
    network.warn_unknown(&["allow_private_hosts", "ca_file"], findings);
    env.warn_unknown(&["never"], findings);
    let of_sizes = [MODULE_KB, MODULE_GZIP_KB, MEMORY_BUDGET_MB, SURFACE_MEMORY_MB, PLUGIN_DATA_MB];
    sizes.warn_unknown(&of_sizes.map(|range| range.key), findings);
    instances.warn_unknown(&[IDLE_SECONDS.key], findings);
    audit.warn_unknown(&[AUDIT_ROTATE_MB.key], findings);
    watch.warn_unknown(&[DEBOUNCE_MS.key, MAX_MS.key, POLL_SECONDS.key], findings);
    skills.warn_unknown(&["config"], findings);

    let mut bytes = |table: &Table<'_>, range: Range, unit: usize| {
        usize::try_from(amount(table, range, findings)).unwrap_or(usize::MAX).saturating_mul(unit)
    };
    let module_bytes = bytes(&sizes, MODULE_KB, KB);
    let module_gzip_bytes = bytes(&sizes, MODULE_GZIP_KB, KB);
    let memory_budget_bytes = Some(bytes(&sizes, MEMORY_BUDGET_MB, MB)).filter(|bytes| *bytes > 0);
    let surface_memory_bytes = bytes(&sizes, SURFACE_MEMORY_MB, MB);
    let plugin_data_bytes = bytes(&sizes, PLUGIN_DATA_MB, MB);
    Config {
        allow_private_hosts: network.list(
            "allow_private_hosts",
            "a list of hosts",
            &text_of(single_host),
            findings,
        ),
        ca_file: network.text("ca_file", &rules::host_path, findings).map(PathBuf::from),
        never_env: env.list("never", "a list of names", &text_of(rules::variable), findings),
        module_bytes,
        module_gzip_bytes,
        memory_budget_bytes,
        surface_memory_bytes,
        plugin_data_bytes,
        idle_timeout: Duration::from_secs(amount(&instances, IDLE_SECONDS, findings)),
        audit_rotate_bytes: amount(&audit, AUDIT_ROTATE_MB, findings).saturating_mul(MB as u64),
        watch: WatchConfig {
            debounce: Duration::from_millis(amount(&watch, DEBOUNCE_MS, findings)),
            longest_wait: Duration::from_millis(amount(&watch, MAX_MS, findings)),
            poll_interval: Duration::from_secs(amount(&watch, POLL_SECONDS, findings)),
        },
        skill_config: skill_config(&skills, findings),
        channels: channel_config::channels(&channels, findings),
        plugins: plugin_settings(&plugins, findings),
        mcp: McpConfig::read(&mcp, findings),
        autonomous: AutonomousConfig::read(&autonomous, findings),
    }
}

/// Any mapping: its keys are those that skills ask for.
fn skill_config(skills: &Table<'_>, findings: &mut ManifestFindings) -> Value {
    match skills.get("config") {
        None => Value::Object(Map::new()),
        Some(Value::Object(config)) => Value::Object(config.clone()),
        Some(other) => {
            findings.fault(skills.path("config"), wrong_kind(other, "a mapping"));
            Value::Object(Map::new())
        }
    }
}

/// Any mapping for each plugin: its manifest says which keys it has. An id with nothing behind it has
/// no settings of its own, but is configured.
fn plugin_settings(
    plugins: &Table<'_>,
    findings: &mut ManifestFindings,
) -> SortedMap<String, Map<String, Value>> {
    let ids: Vec<&str> = plugins.unknown(&[]).collect();
    let mut settings = SortedMap::new();
    for id in ids {
        let read = match (rules::id(id), plugins.get(id)) {
            (Err(flaw), _) => Err(flaw),
            (Ok(_), None) => Ok(Map::new()),
            (Ok(_), Some(Value::Object(keys))) => Ok(keys.clone()),
            (Ok(_), Some(other)) => Err(wrong_kind(other, "a mapping of settings")),
        };
        match read {
            Ok(keys) => drop(settings.insert(id.to_owned(), keys)),
            Err(flaw) => findings.fault(plugins.path(&rules::quoted(id)), flaw),
        }
    }
    settings
}

/// One host, perhaps with a port: opening a private network by a pattern would be too easy a mistake.
fn single_host(text: &str) -> Result<String, Flaw> {
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '*';
    if text.is_empty() || text.contains(odd) {
        return Err(Flaw::new(&"not a single host", &"expected one like `printer.local`"));
    }
    Ok(text.to_ascii_lowercase())
}
