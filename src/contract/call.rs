//! The outcome of calling a plugin: a value or a typed error, and what the call used.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{InputRequired, did_you_mean, limits};
use crate::contract::ActionableError;

/// What came of one call.
#[derive(Debug)]
pub struct CallOutcome<T = String> {
    /// The result, of a tool as JSON text, or why there is none.
    pub result: Result<T, CallError>,
    /// What the call cost, also when it failed.
    pub usage: Usage,
}

/// What one call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Units of fuel spent.
    pub fuel: u64,
    /// Wall clock, in microseconds when serialized.
    #[serde(rename = "duration_us", serialize_with = "as_micros")]
    pub duration: Duration,
    /// The most linear memory the instance held.
    pub peak_memory_bytes: usize,
    /// Host calls made.
    pub host_calls: u32,
}

fn as_micros<S: serde::Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// Shows from outside how much fuel a call has used, while it runs. Clones show the same.
#[derive(Debug, Clone, Default)]
pub struct FuelGauge(Arc<AtomicU64>);

impl FuelGauge {
    /// Units of fuel used until the end of the newest slice; never less than before.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn show(&self, used: u64) {
        self.0.store(used, Ordering::Relaxed);
    }
}

/// A capability of the sandbox, as refusals and the audit log name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// `http-request`
    Network,
    /// `read-file` and `write-file`
    Filesystem,
    /// `get-env`
    Environment,
    /// `log`
    Log,
    /// `{{secret:NAME}}`
    Secrets,
    /// The door `store`
    Storage,
    /// The door `tools`
    Tools,
    /// Running at all: a permission of the manifest waits for approval.
    Approval,
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Network => "network",
            Self::Filesystem => "filesystem",
            Self::Environment => "environment",
            Self::Log => "log",
            Self::Secrets => "secrets",
            Self::Storage => "storage",
            Self::Tools => "tools",
            Self::Approval => "approval",
        })
    }
}

/// How the rule begins that refuses an address which isn't public.
pub(crate) const PRIVATE_ADDRESS: &str = "request to private/reserved IP denied";
/// How the rule ends that keeps a secret from plain http.
pub(crate) const NEEDS_HTTPS: &str = "needs https";
/// With this, requests of plugins say whose they are, before the plugin's id and version.
#[cfg(any(feature = "net", feature = "serve"))]
pub(crate) const PLUGIN_AGENT: &str = "weft-lite-plugin";
/// How the rules end that keep files from every plugin, whatever is approved.
const NEVER_OPEN: [&str; 2] = ["open to no plugin", "keep what is written in `$PLUGIN_DATA`"];

/// A refusal by the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denied {
    /// What was asked for.
    pub capability: Capability,
    /// The path, host or name it was asked for; empty where that adds nothing.
    pub target: String,
    /// The rule that refused it: the text a guest sees.
    pub rule: String,
    /// The command that approves it or the setting that allows it, where one would be enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approve_with: Option<String>,
}

impl fmt::Display for Denied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.rule)
    }
}

/// A limit that a call ran into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "resource", rename_all = "snake_case")]
pub enum Exhausted {
    /// The fuel of this call.
    Fuel {
        /// Units allowed.
        limit: u64,
    },
    /// The plugin's own memory limit.
    Memory {
        /// Bytes allowed.
        limit: usize,
    },
    /// The memory that all guests share.
    MemoryBudget {
        /// Bytes that all guests may hold together.
        limit: usize,
        /// Bytes that one plugin may hold while others are in service, where that is what was
        /// reached.
        #[serde(skip_serializing_if = "Option::is_none")]
        share: Option<usize>,
        /// The plugin that holds the most: where the share was reached, the plugin itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        held_by: Option<String>,
    },
    /// The plugin's table elements.
    Table {
        /// Elements allowed.
        limit: usize,
    },
    /// Wall clock.
    Time {
        /// Time allowed.
        #[serde(rename = "limit_us", serialize_with = "as_micros")]
        limit: Duration,
    },
    /// Host calls within one call.
    HostCalls {
        /// Calls allowed.
        limit: u32,
    },
    /// Bytes that the guest handed to the host.
    Output {
        /// Bytes allowed.
        limit: usize,
    },
}

impl Exhausted {
    /// What to do about it: raise the limit, unless it is at its maximum, or what is said.
    pub(crate) fn next_step(&self, otherwise: &str) -> String {
        let (range, limit) = match self {
            Self::Fuel { limit } => (limits::FUEL, *limit),
            Self::Memory { limit } => (limits::MEMORY_MB, (limit / limits::MB) as u64),
            Self::Table { limit } => (limits::TABLE_ELEMENTS, *limit as u64),
            Self::Time { limit } => (limits::EXECUTION_SECONDS, limit.as_secs()),
            Self::HostCalls { limit } => (limits::HOST_CALLS, u64::from(*limit)),
            Self::Output { .. } => return otherwise.to_owned(),
            Self::MemoryBudget { limit, share, .. } => {
                let otherwise =
                    if share.is_some() { otherwise } else { "run fewer plugins at once" };
                let key = limits::MEMORY_BUDGET_MB.key;
                return match ((limit / limits::MB) as u64) < limits::MEMORY_BUDGET_MB.maximum {
                    true => format!("raise the memory budget (`limits.{key}`), or {otherwise}"),
                    false => otherwise.to_owned(),
                };
            }
        };
        match limit < range.maximum {
            true => format!("raise `resources.{}` in the manifest, or {otherwise}", range.key),
            false => format!("{otherwise}: no manifest may ask for more"),
        }
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fuel { limit } => write!(formatter, "fuel (limit {limit})"),
            Self::Memory { limit } => write!(formatter, "memory (plugin's limit {limit} bytes)"),
            Self::MemoryBudget { limit, share, held_by } => {
                write!(formatter, "memory (all guests' budget {limit} bytes")?;
                match (share, held_by) {
                    (Some(share), Some(plugin)) => {
                        write!(formatter, ", and `{plugin}` may hold {share} beside others)")
                    }
                    (None, Some(plugin)) => write!(formatter, ", most of it held by `{plugin}`)"),
                    (_, None) => formatter.write_str(")"),
                }
            }
            Self::Table { limit } => write!(formatter, "table elements (limit {limit})"),
            Self::Time { limit } => write!(formatter, "time (limit {} s)", limit.as_secs_f32()),
            Self::HostCalls { limit } => write!(formatter, "host calls (limit {limit})"),
            Self::Output { limit } => write!(formatter, "output (limit {limit} bytes)"),
        }
    }
}

/// A plugin that was found and is not in service, as a caller is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotLoaded {
    /// Its id, or the name of its folder where the manifest can't be read.
    pub plugin: String,
    /// Why it is not in service.
    pub reason: String,
    /// What to do about it, in one sentence.
    pub next_step: String,
}

impl fmt::Display for NotLoaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the plugin `{}` is not loaded: {}", self.plugin, self.reason)
    }
}

/// Why a call gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// No active plugin offers this tool.
    UnknownTool {
        /// The name asked for.
        name: String,
        /// Names that come close, best first.
        similar: Box<[String]>,
        /// The plugins that might have it, and are not in service.
        not_loaded: Box<[NotLoaded]>,
    },
    /// Several plugins offer a tool of this bare name.
    AmbiguousTool {
        /// The name asked for.
        name: String,
        /// The full names it could mean.
        candidates: Vec<String>,
    },
    /// The parameters are not JSON, or too large.
    InvalidParams {
        /// What is wrong with them.
        problem: String,
    },
    /// The sandbox refused the host call on which the guest then gave up, or refused to run the
    /// plugin at all.
    Denied {
        /// The refusal.
        denied: Box<Denied>,
        /// The guest's own words; empty where it did not run.
        message: String,
    },
    /// The tool answered with an error.
    Guest {
        /// The guest's words.
        message: String,
    },
    /// The tool answered with an error after a host call that failed because nothing was at the path of a
    /// granted file or folder when the plugin was loaded.
    MissingGrant {
        /// The grant, as the manifest spells it.
        grant: String,
        /// The guest's words.
        message: String,
    },
    /// The guest was stopped by a fault of its own.
    Trap {
        /// The kind of fault, in the words of the WebAssembly specification.
        name: String,
        /// Where: the export that was running.
        during: &'static str,
    },
    /// A limit was reached.
    Exhausted(Exhausted),
    /// The guest ended its own program (`proc_exit` of WASI).
    Exited {
        /// The status it gave.
        status: i32,
    },
    /// The plugin could not be made ready for the call.
    NotReady {
        /// Why.
        reason: String,
    },
    /// The plugin was found, and could not be brought into service.
    NotLoaded(Box<NotLoaded>),
    /// The host failed while it served this call; the plugin's instance was thrown away.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// The tool asks its caller for something first, and is called again with the answer.
    InputRequired(Box<InputRequired>),
    /// The caller gave up, or the host is stopping.
    Cancelled,
}

/// A guest's error in two parts, for a person: what happened, and the next step, which follows the last `; ` if the
/// guest says one.
pub(crate) fn guest_words(message: &str) -> (&str, Option<&str>) {
    match message.rsplit_once("; ") {
        Some((what, next_step)) => (what, Some(next_step)),
        None => (message, None),
    }
}

/// Whether it is too much that is wrong with parameters.
fn is_of_length(problem: &str) -> bool {
    problem.trim_end_matches(" bytes").ends_with(&limits::PARAMS_BYTES.to_string())
}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTool { name, not_loaded, .. } => {
                write!(formatter, "no tool is named `{name}`")?;
                match &**not_loaded {
                    [] => Ok(()),
                    [plugin] => write!(formatter, ", and {plugin}"),
                    several => {
                        several.iter().try_for_each(|plugin| write!(formatter, "\n{plugin}"))
                    }
                }
            }
            Self::AmbiguousTool { name, .. } => {
                write!(formatter, "several plugins offer a tool named `{name}`")
            }
            Self::InvalidParams { problem } => write!(formatter, "invalid parameters: {problem}"),
            Self::Denied { denied, message }
                if message.is_empty() || message.contains(&denied.rule) =>
            {
                write!(formatter, "denied: {denied}")
            }
            Self::Denied { denied, message } => write!(formatter, "denied: {denied} ({message})"),
            Self::Guest { message } | Self::MissingGrant { message, .. } if message.is_empty() => {
                formatter.write_str("the tool failed and did not say why")
            }
            Self::Guest { message } | Self::MissingGrant { message, .. } => {
                write!(formatter, "the tool failed: {message}")
            }
            Self::Trap { name, during } => {
                write!(formatter, "the guest trapped in {during}: {name}")
            }
            Self::Exhausted(exhausted) => write!(formatter, "resource exhausted: {exhausted}"),
            Self::Exited { status } => write!(formatter, "the guest exited with status {status}"),
            Self::NotLoaded(plugin) => plugin.fmt(formatter),
            Self::NotReady { reason } => write!(formatter, "the plugin is not ready: {reason}"),
            Self::Panicked { message } => write!(formatter, "internal error: {message}"),
            Self::InputRequired(asked) => {
                formatter.write_str("the tool needs input from its caller")?;
                asked.requests().iter().try_for_each(|(name, request)| {
                    let method = request["method"].as_str().unwrap_or_default();
                    let message = request["params"]["message"].as_str().unwrap_or_default();
                    write!(formatter, "\n`{name}` ({method}) {message}")
                })
            }
            Self::Cancelled => formatter.write_str("cancelled"),
        }
    }
}

impl ActionableError for CallError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownTool { .. } => "unknown_tool",
            Self::AmbiguousTool { .. } => "ambiguous_tool",
            Self::InvalidParams { .. } => "invalid_params",
            Self::Denied { .. } => "denied",
            Self::Guest { .. } => "guest_error",
            Self::MissingGrant { .. } => "missing_grant",
            Self::Trap { .. } => "trap",
            Self::Exhausted(_) => "exhausted",
            Self::Exited { .. } => "exited",
            Self::NotReady { .. } | Self::NotLoaded(_) => "not_ready",
            Self::Panicked { .. } => "panicked",
            Self::InputRequired(_) => "input_required",
            Self::Cancelled => "cancelled",
        }
    }

    fn details(&self) -> Map<String, Value> {
        let (name, value) = match self {
            Self::Exhausted(exhausted) => ("exhausted", json!(exhausted)),
            Self::Denied { denied, .. } => ("denied", json!(denied)),
            Self::MissingGrant { grant, .. } => ("grant", json!(grant)),
            Self::UnknownTool { similar, not_loaded, .. } => {
                let both = [("similar", json!(similar)), ("not_loaded", json!(not_loaded))];
                let told = both.into_iter().filter(|(name, value)| {
                    *name == "similar" || value.as_array().is_some_and(|list| !list.is_empty())
                });
                return told.map(|(name, value)| (name.to_owned(), value)).collect();
            }
            Self::NotLoaded(plugin) => ("not_loaded", json!([plugin])),
            Self::AmbiguousTool { candidates, .. } => ("candidates", json!(candidates)),
            Self::InputRequired(asked) => ("requests", json!(asked.requests())),
            _ => return Map::new(),
        };
        Map::from_iter([(name.to_owned(), value)])
    }

    fn next_step(&self) -> String {
        match self {
            // What its own plugin waits for comes before what another one offers.
            Self::UnknownTool { name, similar, not_loaded } => match &**not_loaded {
                [own] if name.split("__").next() == Some(&own.plugin) => own.next_step.clone(),
                _ if !similar.is_empty() => did_you_mean(similar, "").unwrap_or_default(),
                [] => "list the tools with `weft-lite tools`, or `/tools` in a chat".into(),
                [plugin] => plugin.next_step.clone(),
                _ => "`weft-lite tools`, or `/tools` in a chat, says what to do about each of them".into(),
            },
            Self::AmbiguousTool { candidates, .. } => {
                format!("call one of `{}`", candidates.join("`, `"))
            }
            Self::InvalidParams { problem } if is_of_length(problem) => {
                "pass less at once, for instance the path of a file".into()
            }
            Self::InvalidParams { .. } => {
                "pass one JSON value, for instance '{\"text\": \"hello\"}'".into()
            }
            Self::Denied { denied, .. } => match (denied.capability, &denied.approve_with) {
                (Capability::Approval, Some(command)) => {
                    format!("look at what it asks for, then approve it with `{command}`")
                }
                (Capability::Approval, None) => {
                    "look at it with `weft-lite plugin inspect`, then approve it by kind where the plugin is named".into()
                }
                (Capability::Secrets, Some(command)) => {
                    format!("if the host may get the secret, run `{command}`")
                }
                (Capability::Secrets, None) if denied.rule.ends_with(NEEDS_HTTPS) => {
                    "use an `https://` address: a secret goes nowhere else unencrypted".into()
                }
                (Capability::Network, Some(setting)) => format!(
                    "if plugins may reach this host, add `{setting}` to `config.yaml` in `$WEFT_HOME`, \
                     which counts from the next start"
                ),
                (Capability::Network, None) if denied.rule.starts_with(PRIVATE_ADDRESS) => {
                    "use a public address of the host: no setting opens this one".into()
                }
                (Capability::Filesystem, _) if NEVER_OPEN.iter().any(|it| denied.rule.ends_with(it)) => {
                    "let its manifest name `$PLUGIN_DATA` for files of its own: no approval opens this place".into()
                }
                (capability, _) => format!(
                    "if you trust the plugin with it, extend `permissions` ({capability}) in its manifest and approve it"
                ),
            },
            Self::Guest { .. } => "check the parameters against the tool's schema, which `weft-lite tools` lists".into(),
            Self::MissingGrant { grant, .. } => format!(
                "create `{grant}`, which the plugin may use and which did not exist when it was loaded; then say `/reload`, or start again"
            ),
            Self::Trap { .. } | Self::Exited { .. } => {
                "the next call gets a fresh instance; tell the plugin's author if it happens again".into()
            }
            Self::Exhausted(exhausted) => exhausted.next_step("ask for less at once"),
            Self::NotLoaded(plugin) => plugin.next_step.clone(),
            Self::NotReady { .. } => "see `weft-lite plugin list` for the plugin's state".into(),
            Self::Panicked { .. } => "this is a fault of weft-lite: please report it".into(),
            Self::InputRequired(_) => {
                "call it from an MCP client of revision 2026-07-28 that can be asked for it".into()
            }
            Self::Cancelled => "call again".into(),
        }
    }
}

impl std::error::Error for CallError {}
