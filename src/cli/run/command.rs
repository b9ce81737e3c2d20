//! The flags of `weft-lite run`, which of them go together, and the way to what serves.

use argh::FromArgs;

use super::changes::Style;
#[cfg(feature = "mcp")]
use super::mcp;
use super::startup::Console;
use super::{changes, channels, once, serve, startup};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::trust::TrustPrompt;
use crate::cli::{Failure, Status};

/// Load everything and serve its channels: the console, the socket and those of plugins.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "run",
    example = "{command_name}\necho 'text_stats {{\"text\": \"one two\"}}' | {command_name} --json\n{command_name} --message /status\n{command_name} --channel socket\n{command_name} --mcp 127.0.0.1:8787",
    note = "What is typed is a message: `/help` lists the commands, `TOOL {{JSON}}` calls a tool. On a pipe\neach line is answered with a line; with --json, {{\"ok\": true, \"result\": ...}} or\n{{\"ok\": false, \"error\": {{...}}}}. End of input ends it when everything is answered, with status 1 if\ninput was no terminal and a message failed; where the socket or a plugin's channel is configured,\nit ends only the console, unless that is a terminal. Ctrl-c at a terminal cancels what is in\nflight; elsewhere it ends the program with status 0, as SIGTERM and SIGHUP do; a second one\ndoesn't wait. While plugins load, and with --message, both cancel that, and the status is 130.\nThe options of `weft-lite --help` apply."
)]
pub(in crate::cli) struct Run {
    /// answer this one message and end
    #[argh(option, arg_name = "TEXT")]
    pub(super) message: Option<String>,
    /// serve only this channel: console, socket, or the id of a plugin that is one (repeatable);
    /// otherwise all that there are, the socket if it is configured
    #[argh(option, arg_name = "NAME")]
    pub(super) channel: Vec<String>,
    /// print what is put before each message, and end; with --message, what was put before that one
    #[argh(switch)]
    pub(super) show_prompt: bool,
    /// tell what changes while it runs as JSON, one object a line, on standard error
    #[argh(switch)]
    pub(super) json_events: bool,
    /// serve AI clients over MCP instead of channels: `stdio`, or HOST:PORT for HTTP at the path
    /// /mcp
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "stdio|HOST:PORT")]
    pub(super) mcp: Option<mcp::McpTarget>,
    /// a file with the token that clients over HTTP have to show; needed where the address can be
    /// reached from other machines
    #[cfg(feature = "serve")]
    #[argh(option, arg_name = "FILE")]
    pub(super) token_file: Option<std::path::PathBuf>,
    /// what tools are called over MCP: `qualified` (`<owner>__<tool>`) or `bare`
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "NAMES")]
    pub(super) tool_names: Option<weft_lite::config::ToolNames>,
}

/// Refuses options that have no effect, alone or together.
fn check(command: &Run) -> Result<(), Failure> {
    if command.message.as_deref().is_some_and(|text| text.trim().is_empty()) {
        return Err(Failure::usage(
            &"the message of `--message` is empty",
            &"give it a text, `/help` for instance",
        ));
    }
    #[cfg(feature = "mcp")]
    check_mcp(command)?;
    let message = command.message.is_some();
    let prompt = command.show_prompt;
    let channel = !command.channel.is_empty();
    let events = command.json_events;
    check_exclusive(&[
        (message && channel, ["--message", "--channel"]),
        (prompt && channel, ["--show-prompt", "--channel"]),
        (message && events, ["--json-events", "--message"]),
        (prompt && events, ["--json-events", "--show-prompt"]),
    ])
}

/// The same for the options of `--mcp`.
#[cfg(feature = "mcp")]
fn check_mcp(command: &Run) -> Result<(), Failure> {
    let mcp = command.mcp.is_some();
    check_exclusive(&[
        (mcp && command.message.is_some(), ["--mcp", "--message"]),
        (mcp && command.show_prompt, ["--mcp", "--show-prompt"]),
        (mcp && !command.channel.is_empty(), ["--mcp", "--channel"]),
    ])?;
    let without = |option: &str, needed: &str| {
        Failure::usage(
            &format_args!("`{option}` serves no purpose without `{needed}`"),
            &format_args!("add `{needed}`, or leave out `{option}`"),
        )
    };
    if command.tool_names.is_some() && !mcp {
        return Err(without("--tool-names", "--mcp"));
    }
    #[cfg(feature = "serve")]
    if command.token_file.is_some() && !matches!(command.mcp, Some(mcp::McpTarget::Address(_))) {
        return Err(without("--token-file", "--mcp HOST:PORT"));
    }
    Ok(())
}

/// Refuses the first pair of options that are both given.
fn check_exclusive(both: &[(bool, [&str; 2])]) -> Result<(), Failure> {
    match both.iter().find(|(both, _)| *both) {
        None => Ok(()),
        Some((_, [one, other])) => Err(Failure::usage(
            &format_args!("`{one}` serves no purpose beside `{other}`"),
            &"leave out one of them",
        )),
    }
}

pub(in crate::cli) fn run(command: &Run, options: &Options) -> Result<Status, Failure> {
    check(command)?;
    #[cfg(feature = "mcp")]
    if let Some(target) = command.mcp {
        return mcp::run(target, command, options);
    }
    logs::start(options, Verbosity::Plugins);
    let (runtime, mut interrupts) = options.load_watching(TrustPrompt::Once)?;
    if command.show_prompt {
        return once::show_prompt(&runtime, command.message.as_deref(), options, &mut interrupts);
    }
    if let Some(message) = &command.message {
        return once::answer(&runtime, message, options, &mut interrupts);
    }
    let plan = channels::ChannelPlan::new(command, &runtime, options)?;
    let subscription = runtime.host().subscribe();
    let console = if plan.console { Console::Served } else { Console::Absent };
    startup::report(&runtime.host().snapshot(), options, console);
    let commands = runtime.commands();
    // Deriving the commands logs name collisions.
    let _ = commands.now();
    let _watcher = runtime.watch();
    let style = if command.json_events { Style::Json } else { Style::Lines };
    let following = async {
        changes::follow(&runtime, Some(&commands), subscription, style).await;
        // Only serving ends the program.
        std::future::pending().await
    };
    let serving = serve::serve(&runtime, &commands, &plan, options, &mut interrupts);
    runtime.block_on(futures_lite::future::or(serving, following))
}
