//! Why a plugin is not in service, and what to do about it.

use std::fmt;

use super::kinds::CapabilityMismatch;
use crate::contract::{ActionableError, CallError, Capability, Denied, NotLoaded};
use crate::package::{ApprovalPolicy, PackageError};
use crate::wasm::ModuleError;

/// Why a plugin is not in service. [`ActionableError::next_step`] says what to do about it.
///
/// The registry keeps it with the plugin's id and place
/// ([`RefusedPlugin`](crate::actor::RefusedPlugin)).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The package can't be read.
    Package(PackageError),
    /// The module can't be run.
    Module(ModuleError),
    /// Permissions wait for approval.
    Pending {
        /// The missing permissions, as `kind: value`.
        unapproved: Vec<String>,
        /// The command that approves them, if approvals are kept.
        command: Option<String>,
    },
    /// `init` or `describe` failed.
    Start {
        /// The failure of the call.
        error: CallError,
    },
    /// The answer of `describe` can't be used.
    Description {
        /// The problem in it.
        problem: String,
    },
    /// The guest's answer as another kind can't be used.
    Answer {
        /// The function that was called.
        export: &'static str,
        /// The problem in its answer.
        problem: String,
    },
    /// The manifest declares other kinds than the module exports.
    Capability(CapabilityMismatch),
    /// The operator's settings for it break its `settings_schema`.
    Settings {
        /// Its id.
        plugin: String,
        /// Where, what was expected and what is there.
        problem: String,
    },
    /// It is the code of a workspace's skill, which gets no settings, and its `settings_schema` needs some.
    NoSettings {
        /// Its id.
        plugin: String,
        /// Where, what was expected and what is there.
        problem: String,
    },
    /// The `settings_schema` of its manifest can't be used.
    SettingsSchema {
        /// What is wrong with it.
        problem: String,
    },
    /// Another plugin of the same id is in service, from a place of higher precedence.
    Shadowed {
        /// Where that one came from.
        by: String,
    },
    /// The new version can't be used, so the old version stays in service.
    Kept {
        /// Why the new version can't be used.
        error: Box<LoadError>,
        /// The version that stays.
        version: String,
    },
}

impl LoadError {
    /// Whether it waits for permissions that are approved by kind where the plugin is named.
    #[must_use]
    pub fn waits_for_kinds(&self) -> bool {
        matches!(self, Self::Pending { command: None, unapproved } if !is_change(unapproved))
    }

    /// The refusal of a plugin for its missing permissions. Only stored approvals have a command
    /// that adds to them.
    pub(super) fn pending(id: &str, unapproved: Vec<String>, policy: &ApprovalPolicy) -> Self {
        let is_stored = matches!(policy, ApprovalPolicy::Stored(_));
        let command = is_stored.then(|| format!("weft-lite plugin approve {id}"));
        Self::Pending { unapproved, command }
    }

    /// The error of a call to a tool of `plugin`.
    pub(super) fn as_call_error(&self, plugin: &str) -> CallError {
        match self {
            Self::Pending { command, .. } => CallError::Denied {
                denied: Box::new(Denied {
                    capability: Capability::Approval,
                    target: plugin.to_owned(),
                    rule: format!("plugin `{plugin}` {self}"),
                    approve_with: command.clone(),
                }),
                message: String::new(),
            },
            _ => CallError::NotLoaded(self.for_caller(plugin).into()),
        }
    }

    /// The refusal of `plugin` as a caller may see it.
    pub(super) fn for_caller(&self, plugin: &str) -> NotLoaded {
        let (reason, next_step) = (self.reason_for_caller(), self.next_step());
        NotLoaded { plugin: plugin.to_owned(), reason, next_step }
    }

    /// The reason for whoever is not the operator: a setting may be a secret, although it should not be.
    pub(crate) fn reason_for_caller(&self) -> String {
        match self {
            Self::Settings { .. } => "the operator's settings for it are wrong".to_owned(),
            Self::Kept { error, version } => {
                format!("{}; version {version} stays in service", error.reason_for_caller())
            }
            _ => self.reason(),
        }
    }

    /// The reason without the place, for output that already names the place.
    #[must_use]
    pub fn reason(&self) -> String {
        let text = self.to_string();
        let Self::Package(error) = self else { return text };
        let rest = text.strip_prefix(&*error.path.to_string_lossy());
        rest.map_or(text.clone(), |rest| rest.trim_start_matches([':', ' ']).to_owned())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Package(error) => error.fmt(formatter),
            Self::Module(error) => error.fmt(formatter),
            Self::Pending { unapproved, .. } => {
                write!(formatter, "needs approval for {}", unapproved.join(", "))
            }
            // The message is the guest's own, and no tool was called.
            Self::Start { error: CallError::Guest { message } } if !message.is_empty() => {
                write!(formatter, "did not start: {message}")
            }
            Self::Start { error: CallError::Guest { .. } } => {
                formatter.write_str("did not start, and did not say why")
            }
            Self::Start { error } => write!(formatter, "did not start: {error}"),
            Self::Description { problem } => write!(formatter, "`describe` gave {problem}"),
            Self::Answer { export, problem } => write!(formatter, "`{export}` gave {problem}"),
            Self::Capability(mismatch) => mismatch.fmt(formatter),
            Self::Settings { problem, .. } => {
                write!(formatter, "its settings are wrong: {problem}")
            }
            Self::NoSettings { problem, .. } => {
                write!(
                    formatter,
                    "the skills of a workspace get no settings, and it needs some: {problem}"
                )
            }
            Self::SettingsSchema { problem } => {
                write!(formatter, "the manifest's `settings_schema` can't be used: {problem}")
            }
            Self::Shadowed { by } => write!(formatter, "shadowed by the one from {by}"),
            Self::Kept { error, version } => {
                write!(formatter, "{error}; version {version} stays in service")
            }
        }
    }
}

impl ActionableError for LoadError {
    fn next_step(&self) -> String {
        match self {
            Self::Package(error) => error.next_step(),
            Self::Module(error) => match error.faults.first() {
                Some(fault) => fault.next_step(),
                None => "rebuild the module".into(),
            },
            Self::Pending { command: Some(command), .. } => {
                format!("approve them with `{command}`")
            }
            Self::Pending { command: None, unapproved } if is_change(unapproved) => {
                "start weft-lite again to approve the folder as it is now".into()
            }
            Self::Pending { command: None, .. } => {
                "approve them by kind where the plugin is named: `env`, `network`, `secrets`, `tools`, `shell`, `webhook` or `size`".into()
            }
            Self::Start { error } => after_start(error),
            Self::Description { .. } => {
                "correct the JSON that `describe` returns (see wit/plugin.wit)".into()
            }
            Self::Answer { export, .. } => {
                format!("correct what `{export}` returns (see wit/deps/kinds.wit)")
            }
            Self::Capability(mismatch) => mismatch.next_step(),
            Self::Settings { plugin, .. } => {
                format!("correct `plugins.{plugin}` in $WEFT_HOME/config.yaml")
            }
            Self::NoSettings { plugin, .. } => {
                format!("install it, or name its folder at the start of weft-lite; then set `plugins.{plugin}`")
            }
            Self::SettingsSchema { .. } => "correct `settings_schema` in the manifest".into(),
            Self::Shadowed { .. } => "remove one of the two, or change its `id`".into(),
            Self::Kept { error, .. } => error.next_step(),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Package(error) => Some(error),
            Self::Module(error) => Some(error),
            Self::Capability(error) => Some(error),
            _ => None,
        }
    }
}

/// Whether the approval is for other content.
fn is_change(unapproved: &[String]) -> bool {
    unapproved.first().is_some_and(|first| first.starts_with("change: "))
}

/// The next step for a plugin that failed while it started: nobody called it, so other parameters don't help.
fn after_start(error: &CallError) -> String {
    match error {
        CallError::Guest { .. } => {
            "give it what it asks for, or tell its author; it is started again when its files change"
                .into()
        }
        CallError::Trap { .. } | CallError::Exited { .. } => {
            "tell its author; it is started again when its files change".into()
        }
        CallError::NotReady { .. } => "rebuild the module for wit/plugin.wit".into(),
        CallError::Cancelled => "load it again".into(),
        CallError::Exhausted(exhausted) => exhausted.next_step("let it do less while it starts"),
        _ => error.next_step(),
    }
}
