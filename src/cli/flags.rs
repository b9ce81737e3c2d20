//! The flags that every command takes.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use argh::FromArgs;
use weft_lite::Approval;

use super::dispatch::ProgramCommand;
use super::output::OutputForm;

/// Runs sandboxed WebAssembly plugins. Options may stand before or after the command.
#[derive(Debug, FromArgs)]
#[argh(
    example = "{command_name} tools\n{command_name} call text_stats '{{\"text\": \"one two\"}}'\n{command_name} run --plugins ./my-plugin",
    note = "Plugins come from --plugins, from plugins/ in $WEFT_HOME (~/.weft by default) and from\nthe program itself; the first of an id is used.",
    error_code(0, "success"),
    error_code(1, "the work failed"),
    error_code(2, "the command line is wrong"),
    error_code(130, "it was interrupted")
)]
pub(super) struct Options {
    /// a plugin's folder, or a folder of such folders; approves the files and hosts that its
    /// plugins name, which `run` says at the start, `call` and `tools` with --verbose
    /// (repeatable)
    #[argh(option, arg_name = "DIR")]
    pub(super) plugins: Vec<PathBuf>,
    /// what $WORKSPACE means in permissions (default: the current folder)
    #[argh(option, arg_name = "DIR", default = "PathBuf::from(\".\")")]
    pub(super) workspace: PathBuf,
    /// use the workspace's own skills and configuration, this time
    #[argh(switch)]
    pub(super) trust: bool,
    /// what plugins from --plugins, or one that is being approved, may have besides: any of network
    /// (all hosts), env, secrets, shell, size (a large module), with commas between them
    #[argh(option, arg_name = "LIST")]
    pub(super) approve: Vec<ApproveFlag>,
    /// a variable for plugins that may read it, before those of the environment (repeatable)
    #[argh(option, arg_name = "NAME=VALUE")]
    pub(super) env: Vec<Variable>,
    /// memory in MB that all plugins may hold together
    #[argh(option, arg_name = "N", from_str_fn(megabytes))]
    pub(super) memory_budget_mb: Option<NonZeroU32>,
    /// leave out the plugins that are compiled in
    #[argh(switch)]
    pub(super) no_bundled: bool,
    /// print JSON
    #[argh(switch)]
    pub(super) json: bool,
    /// log more, plugins' messages among it; `$WEFT_LOG` sets filters
    #[argh(switch, short = 'v')]
    pub(super) verbose: bool,
    /// print the version
    #[argh(switch, short = 'V')]
    pub(super) version: bool,
    #[argh(subcommand)]
    pub(super) command: Option<ProgramCommand>,
}

/// The value of `--memory-budget-mb`.
fn megabytes(text: &str) -> Result<NonZeroU32, String> {
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
            let unknown =
                || format!("`{word}` is none of network, env, secrets, shell, size, change");
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

    /// What is approved for plugins from `--plugins`.
    pub(super) fn approval(&self) -> Approval {
        let named = Approval { named: true, ..Approval::NONE };
        self.approve.iter().fold(named, |sum, &ApproveFlag(more)| Approval {
            named: true,
            all_hosts: sum.all_hosts || more.all_hosts,
            environment: sum.environment || more.environment,
            secrets: sum.secrets || more.secrets,
            shell: sum.shell || more.shell,
            size: sum.size || more.size,
            change: sum.change || more.change,
        })
    }

    /// What `--approve` and the command's own `--yes` approve.
    pub(super) fn given(&self, yes: bool) -> Approval {
        Approval { named: yes, ..self.approval() }
    }
}
