//! The command line as it is parsed: the shared flags and the command.

use std::num::NonZeroU32;
use std::path::PathBuf;

use argh::FromArgs;

#[cfg(feature = "autonomous")]
use super::autonomous;
use super::flags::{ApproveFlag, Options, Variable, megabytes};
#[cfg(feature = "package")]
use super::key;
#[cfg(feature = "net")]
use super::model;
#[cfg(feature = "store")]
use super::store;
use super::{audit, call, plugin, run, secret, skill, tools, trust};

/// The name of the program.
pub(super) const NAME: &str = "weft-lite";

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
pub(super) struct Program {
    /// a plugin's folder, or a folder of such folders; approves the files and hosts that its
    /// plugins name, which `run` says at the start, `call` and `tools` with --verbose
    /// (repeatable)
    #[argh(option, arg_name = "DIR")]
    plugins: Vec<PathBuf>,
    /// what $WORKSPACE means in permissions (default: the current folder)
    #[argh(option, arg_name = "DIR", default = "PathBuf::from(\".\")")]
    workspace: PathBuf,
    /// use the workspace's own skills and configuration, this time
    #[argh(switch)]
    trust: bool,
    /// what plugins from --plugins, or one that is being approved, may have besides: any of network
    /// (all hosts), env, secrets, tools (all tools), shell, webhook, size (a large module), with commas between
    /// them
    #[argh(option, arg_name = "LIST")]
    approve: Vec<ApproveFlag>,
    /// a variable for plugins that may read it, before those of the environment (repeatable)
    #[argh(option, arg_name = "NAME=VALUE")]
    env: Vec<Variable>,
    /// memory in MB that all plugins may hold together
    #[argh(option, arg_name = "N", from_str_fn(megabytes))]
    memory_budget_mb: Option<NonZeroU32>,
    /// leave out the plugins that are compiled in
    #[argh(switch)]
    no_bundled: bool,
    /// print JSON
    #[argh(switch)]
    json: bool,
    /// log more, plugins' messages among it; `$WEFT_LOG` sets filters
    #[argh(switch, short = 'v')]
    verbose: bool,
    /// print the version
    #[argh(switch, short = 'V')]
    pub(super) version: bool,
    #[argh(subcommand)]
    pub(super) command: Option<ProgramCommand>,
}

/// The commands of the program.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub(super) enum ProgramCommand {
    Run(run::Run),
    #[cfg(feature = "mcp")]
    Mcp(run::Mcp),
    Call(call::Call),
    Tools(tools::ListTools),
    Plugin(plugin::PluginGroup),
    Skill(skill::SkillGroup),
    Trust(trust::TrustWorkspace),
    Audit(audit::Audit),
    #[cfg(feature = "autonomous")]
    Autonomous(autonomous::AutonomousCommand),
    #[cfg(feature = "net")]
    Model(model::ModelGroup),
    Secret(secret::SecretCommand),
    #[cfg(feature = "store")]
    Store(store::StoreCommand),
    #[cfg(feature = "package")]
    Key(key::Key),
}

impl Program {
    /// The options for the command, and the command.
    pub(super) fn into_parts(self) -> (Options, Option<ProgramCommand>) {
        let Self {
            plugins,
            workspace,
            trust,
            approve,
            env,
            memory_budget_mb,
            no_bundled,
            json,
            verbose,
            version: _,
            command,
        } = self;
        let options = Options {
            plugins,
            workspace,
            trust,
            approve,
            env,
            memory_budget_mb,
            no_bundled,
            json,
            verbose,
        };
        (options, command)
    }
}
