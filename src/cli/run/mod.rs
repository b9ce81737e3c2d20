//! `weft-lite run`: everything loaded, and the console served until it ends or a signal comes.

pub(super) mod changes;
mod commands;
#[cfg(feature = "mcp")]
mod mcp;
mod startup;

#[cfg(feature = "mcp")]
pub(super) use mcp::Mcp;

use std::io::{self, IsTerminal};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use argh::FromArgs;
use async_channel::Receiver;
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use futures_lite::future::{or, try_zip};
use smol::Timer;
use weft_lite::{CancellationSource, ChannelAdapter, ConsoleChannel, PluginError, Runtime};

use changes::Style;
use commands::{Commands, Inbox, Request};

use super::logs::{self, Verbosity};
use super::options::Options;
use super::{Failure, Status, output};

/// How long cancelled calls may take to say so.
const GRACE: Duration = Duration::from_millis(500);

/// Load every plugin and serve a console: a line with a tool and its JSON calls it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "run",
    example = "{command_name}\n{command_name} --mcp 127.0.0.1:8787\necho 'text_stats {{\"text\": \"one two\"}}' | {command_name} --json",
    note = "Each line is answered with a line: the result as JSON, or an error; with --json,\n{{\"ok\": true, \"result\": ...}} or {{\"ok\": false, \"error\": {{...}}}}. End of input ends it, with status\n1 if input was no terminal and a call failed. Ctrl-c and SIGTERM cancel the calls in flight and\nend it with status 0; a second one doesn't wait, and the status is 130.\nThe options of `weft-lite --help` apply."
)]
pub(super) struct Run {
    /// tell what changes while it runs as JSON, one object a line, on standard error
    #[argh(switch)]
    json_events: bool,
    /// serve AI clients over MCP instead of a console: `stdio`, or HOST:PORT for HTTP at the path
    /// /mcp
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "stdio|HOST:PORT")]
    mcp: Option<mcp::Target>,
    /// a file with the token that clients over HTTP have to show; needed where the address can be
    /// reached from other machines
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
    /// what tools are called over MCP: `qualified` (`<owner>__<tool>`) or `bare`
    #[cfg(feature = "mcp")]
    #[argh(option, arg_name = "NAMES")]
    tool_names: Option<weft_lite::ToolNames>,
}

pub(super) fn run(command: &Run, options: &Options) -> Result<Status, Failure> {
    #[cfg(feature = "mcp")]
    if let Some(target) = command.mcp {
        return mcp::run(target, command, options);
    }
    logs::start(options, Verbosity::Plugins);
    let runtime = options.load_asking()?;
    let subscription = runtime.host().subscribe();
    startup::report(&runtime.host().snapshot(), options);
    let _watcher = runtime.watch();
    let style = if command.json_events { Style::Json } else { Style::Lines };
    let following = async {
        changes::follow(&runtime, subscription, style).await;
        // Only serving ends the program.
        std::future::pending().await
    };
    runtime.block_on(or(serve(&runtime, options), following))
}

/// Why serving ended.
enum End {
    /// The input did, and every line has been answered.
    Input(Result<usize, PluginError>),
    Signal,
}

async fn serve(runtime: &Runtime, options: &Options) -> Result<Status, Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term]).map_err(|error| Failure::Work {
        message: format!("signals can't be received: {error}"),
        next_step: "use `weft-lite call`, which needs none".into(),
    })?;
    let console = ConsoleChannel::stdio();
    let cancellation = CancellationSource::new();
    let (inbox, requests) = Inbox::new();
    let commands = Commands::new(runtime.host().clone(), options.json, cancellation.token());
    let reading = console.start(Arc::new(inbox), cancellation.token());
    let answering = answer_all(&console, &requests, commands);
    // A console that can't be written to ends it, though more may be typed.
    let mut serving = pin!(async { Ok(try_zip(reading, answering).await?.1) });
    let signal = async {
        signals.next().await;
        End::Signal
    };
    let end = or(async { End::Input(serving.as_mut().await) }, signal).await;
    if io::stdin().is_terminal() {
        // The shell's own prompt comes on a line of its own.
        output::message("");
    }
    match end {
        End::Input(result) => {
            runtime.stop().await;
            ended(result, &console)
        }
        End::Signal => {
            cancellation.cancel();
            requests.close();
            runtime.stop().await;
            let answered = async {
                // What the calls came to has been said, or can't be: they were given up.
                let _ = or(async { Some(serving.await) }, async {
                    Timer::after(GRACE).await;
                    None
                })
                .await;
                Status::Done
            };
            let interrupted = async {
                signals.next().await;
                Status::Interrupted
            };
            Ok(or(answered, interrupted).await)
        }
    }
}

fn ended(result: Result<usize, PluginError>, console: &ConsoleChannel) -> Result<Status, Failure> {
    match result {
        // Whoever types has seen what failed; whoever pipes has only the status.
        Ok(failures) if failures > 0 && !io::stdin().is_terminal() => Ok(Status::Failed),
        Ok(_) => Ok(Status::Done),
        Err(_) if console.is_closed() => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        Err(error) => Err(Failure::Work {
            message: error.to_string(),
            next_step: "check where input and output go: a full disk, a closed file".into(),
        }),
    }
}

/// Answers the requests in their order, one after another, and counts those that failed.
async fn answer_all(
    console: &dyn ChannelAdapter,
    requests: &Receiver<Request>,
    mut commands: Commands,
) -> Result<usize, PluginError> {
    let mut failures = 0;
    while let Ok(request) = requests.recv().await {
        let answer = commands.answer(&request.payload).await;
        failures += usize::from(answer.failed);
        if let Err(error) = console.send(&request.chat, &answer.payload).await {
            // Nobody hears the answers to what is still to come.
            requests.close();
            return Err(error);
        }
    }
    Ok(failures)
}
