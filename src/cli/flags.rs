//! The shared options, and the values of their flags.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use weft_lite::Approval;

use super::output::OutputForm;

/// The shared options, which every command receives.
#[derive(Debug)]
pub(super) struct Options {
    /// Folders of plugins.
    pub(super) plugins: Vec<PathBuf>,
    pub(super) workspace: PathBuf,
    /// Whether the workspace is trusted this time.
    pub(super) trust: bool,
    pub(super) approve: Vec<ApproveFlag>,
    /// Variables for plugins, before those of the environment.
    pub(super) env: Vec<Variable>,
    pub(super) memory_budget_mb: Option<NonZeroU32>,
    pub(super) no_bundled: bool,
    /// Whether results and errors are JSON.
    pub(super) json: bool,
    pub(super) verbose: bool,
}

/// The value of `--memory-budget-mb`.
pub(super) fn megabytes(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| "it must be a whole number of MB, from 1".into())
}

/// The value of `--approve`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ApproveFlag(Approval);

impl FromStr for ApproveFlag {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let mut words = list.split(',').map(str::trim);
        let approval = words.try_fold(Approval::NONE, |sum, word| {
            let unknown = || {
                format!(
                    "`{word}` is none of network, env, secrets, tools, shell, webhook, size, change"
                )
            };
            sum.with_kind(word).ok_or_else(unknown)
        });
        approval.map(Self)
    }
}

/// The value of `--env`.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Variable {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("it must be NAME=VALUE".into()),
        }
    }
}

impl Options {
    /// The format of results and errors.
    pub(super) fn form(&self) -> OutputForm {
        if self.json { OutputForm::Json } else { OutputForm::Text }
    }

    /// The approval for plugins from `--plugins`.
    pub(super) fn approval(&self) -> Approval {
        let named = Approval { named: true, ..Approval::NONE };
        self.approve.iter().fold(named, |sum, &ApproveFlag(more)| Approval {
            named: true,
            all_hosts: sum.all_hosts || more.all_hosts,
            environment: sum.environment || more.environment,
            secrets: sum.secrets || more.secrets,
            all_tools: sum.all_tools || more.all_tools,
            shell: sum.shell || more.shell,
            webhook: sum.webhook || more.webhook,
            size: sum.size || more.size,
            change: sum.change || more.change,
        })
    }

    /// The approval by `--approve` and the command's own `--yes`.
    pub(super) fn given(&self, yes: bool) -> Approval {
        Approval { named: yes, ..self.approval() }
    }
}
