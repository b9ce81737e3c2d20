//! `weft-lite run`: checks which options go together, loads everything and serves.

use super::arguments::Run;
use super::changes::Style;
#[cfg(feature = "mcp")]
use super::mcp;
use super::startup::Console;
use super::{changes, channels, once, serve, startup};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::trust::TrustPrompt;
use crate::cli::{CommandFailure, Status};

/// Refuses options that have no effect, alone or together.
fn check(command: &Run) -> Result<(), CommandFailure> {
    if command.message.as_deref().is_some_and(|text| text.trim().is_empty()) {
        return Err(CommandFailure::usage(
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
fn check_mcp(command: &Run) -> Result<(), CommandFailure> {
    let mcp = command.mcp.is_some();
    let to_address = matches!(command.mcp, Some(super::arguments::McpTarget::Address(_)));
    // The other transport has the console's streams.
    let serves_http = cfg!(feature = "serve") && to_address;
    check_exclusive(&[
        (mcp && command.message.is_some(), ["--mcp", "--message"]),
        (mcp && command.show_prompt, ["--mcp", "--show-prompt"]),
        (mcp && !serves_http && !command.channel.is_empty(), ["--mcp", "--channel"]),
    ])?;
    let without = |option: &str, needed: &str| {
        CommandFailure::usage(
            &format_args!("`{option}` serves no purpose without `{needed}`"),
            &format_args!("add `{needed}`, or leave out `{option}`"),
        )
    };
    if command.tool_names.is_some() && !mcp {
        return Err(without("--tool-names", "--mcp"));
    }
    #[cfg(feature = "serve")]
    if command.token_file.is_some() && !to_address {
        return Err(without("--token-file", "--mcp HOST:PORT"));
    }
    Ok(())
}

/// Refuses the first pair of options that are both given.
fn check_exclusive(both: &[(bool, [&str; 2])]) -> Result<(), CommandFailure> {
    match both.iter().find(|(both, _)| *both) {
        None => Ok(()),
        Some((_, [one, other])) => Err(CommandFailure::usage(
            &format_args!("`{one}` serves no purpose beside `{other}`"),
            &"leave out one of them",
        )),
    }
}

pub(in crate::cli) fn run(command: &Run, options: &Options) -> Result<Status, CommandFailure> {
    check(command)?;
    #[cfg(feature = "mcp")]
    if let Some(target) = command.mcp.filter(|_| command.channel.is_empty()) {
        return mcp::run(target, command, options);
    }
    logs::start(options, Verbosity::Plugins);
    #[cfg(feature = "serve")]
    let token_file = command.token_file.as_deref();
    #[cfg(not(feature = "serve"))]
    let token_file = None;
    let (runtime, mut interrupts) = options.load_watching(TrustPrompt::Once, token_file)?;
    if command.show_prompt {
        return once::show_prompt(&runtime, command.message.as_deref(), options, &mut interrupts);
    }
    if let Some(message) = &command.message {
        return once::answer(&runtime, message, options, &mut interrupts);
    }
    let plan = channels::ChannelPlan::new(&command.channel, &runtime, options)?;
    #[cfg(feature = "serve")]
    let web = mcp::beside_channels(command, &runtime)?;
    #[cfg(feature = "serve")]
    let plan = channels::ChannelPlan { beside_mcp: web.is_some(), ..plan };
    let subscription = runtime.host().subscribe();
    let console = if plan.console { Console::Served } else { Console::Absent };
    startup::report(&runtime, options, console);
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
    let ended = runtime.block_on(futures_lite::future::or(serving, following));
    #[cfg(feature = "serve")]
    if let Some(web) = web
        && !matches!(ended, Ok(Status::Interrupted))
    {
        runtime.block_on(web.end());
    }
    ended
}
