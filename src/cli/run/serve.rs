//! Serves channels until they end or a signal comes. At the end, accepted messages are answered,
//! or their senders get an error.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use async_signal::Signal;
use futures_lite::future::{or, pending};
use smol::Timer;
use weft_lite::actor::Member;
use weft_lite::channel::{ChatId, ConsoleChannel};
use weft_lite::command::Commands;
use weft_lite::pipeline::Gateway;
use weft_lite::{ChannelHost, PluginCapability, PluginHost, Runtime};

#[cfg(feature = "socket")]
use super::channels::SOCKET;
use super::channels::{self, CONSOLE, ChannelPlan};
use crate::cli::flags::Options;
use crate::cli::interrupts::Interrupts;
use crate::cli::{CommandFailure, Status, output, restart};

/// The time limit for messages in flight after the end of input. It is longer than any message may take.
const GRACE: Duration = Duration::from_secs(3_600);

/// How often the console is checked for a message that is about to be accepted.
const LOOK: Duration = Duration::from_millis(1);

pub(super) async fn serve(
    runtime: &Runtime,
    commands: &Arc<Commands>,
    plan: &ChannelPlan,
    options: &Options,
    interrupts: &mut Interrupts,
) -> Result<Status, CommandFailure> {
    let host = runtime.host();
    let gateway = runtime.gateway(Arc::clone(commands), plan.rules.clone());
    let inbox = gateway.inbox();
    let console = plan.console.then(|| Arc::new(channels::console(options, commands)));
    if let Some(console) = &console {
        register(host, Member::channel(Arc::clone(console) as _, Arc::clone(&inbox))).await?;
    }
    #[cfg(feature = "socket")]
    let socket = plan.socket.as_ref().map(channels::socket);
    #[cfg(feature = "socket")]
    if let Some(socket) = &socket {
        if let Some(kept) = restart::kept_socket(SOCKET) {
            socket.adopt(kept);
        }
        register(host, Member::channel(Arc::clone(socket) as _, Arc::clone(&inbox))).await?;
    }
    host.adopt_guests(&inbox, &plan.wanted).await;
    // The host logs members that don't start, and restarts channels.
    host.start_all().await;
    #[cfg(feature = "socket")]
    if let Some(address) = socket.as_ref().and_then(|socket| socket.local_address()) {
        output::message(&format_args!("the socket listens at {address}"));
    }
    let following = async {
        host.follow_guests(Arc::clone(&inbox), Arc::clone(&plan.wanted)).await;
        pending().await
    };
    let waiting = async {
        let end = wait_for_end(console.as_deref(), &inbox, interrupts).await;
        let Some(console) = console.as_deref().filter(|_| end == ServeEnd::Input) else {
            return end;
        };
        if outlives_console(console, &plan.beside_console(runtime)) {
            interrupts.next().await;
            return ServeEnd::Signal;
        }
        end
    };
    let restart_needed = async {
        restart::restart_needed().await;
        ServeEnd::RestartNeeded
    };
    let end = or(or(waiting, restart_needed), following).await;
    if end == ServeEnd::RestartNeeded {
        #[cfg(feature = "socket")]
        if let Some(kept) = socket.as_ref().and_then(|socket| socket.keep()) {
            restart::keep_socket(SOCKET, kept);
        }
        if let Some(console) = &console {
            console.finish();
            let late = Timer::after(restart::DRAIN_LIMIT);
            let late = async {
                late.await;
            };
            or(console.ended(), late).await;
        }
    }
    if console.is_some() && io::stdin().is_terminal() {
        // The shell's prompt gets a line of its own.
        output::message(&"");
    }
    let grace = match end {
        ServeEnd::Input => GRACE,
        ServeEnd::RestartNeeded => restart::DRAIN_LIMIT,
        ServeEnd::Signal => Duration::ZERO,
    };
    let stopping = stop(runtime, &gateway, grace);
    let interrupted = async {
        if end != ServeEnd::Signal {
            // The accepted messages are being answered; a signal cancels them.
            interrupts.next().await;
            gateway.stop(Duration::ZERO).await;
        }
        interrupts.next().await;
        Status::Interrupted
    };
    let stopped = async {
        stopping.await;
        None
    };
    match or(stopped, async { Some(interrupted.await) }).await {
        Some(status) => Ok(status),
        None => ended(console.as_deref(), end),
    }
}

/// Why serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ServeEnd {
    /// The console's input has ended.
    Input,
    Signal,
    /// Too many panics: the program has to restart.
    RestartNeeded,
}

/// Waits for the end of the console or for a signal. At a terminal ctrl-c first cancels what is in
/// flight.
async fn wait_for_end(
    console: Option<&ConsoleChannel>,
    inbox: &Arc<dyn ChannelHost>,
    interrupts: &mut Interrupts,
) -> ServeEnd {
    let interactive = console.is_some() && io::stdin().is_terminal();
    loop {
        let input = async {
            match console {
                Some(console) => console.ended().await,
                None => pending().await,
            }
            None
        };
        match or(input, async { Some(interrupts.next().await) }).await {
            None => return ServeEnd::Input,
            Some(Signal::Int) if interactive && cancels(console, inbox).await => {}
            Some(_) => return ServeEnd::Signal,
        }
    }
}

/// Whether the program goes on without its console, with a note. The end of input at a terminal ends the program.
/// The end of a pipe or of `/dev/null` ends only the console, if other channels are served.
fn outlives_console(console: &ConsoleChannel, others: &[&str]) -> bool {
    if io::stdin().is_terminal() {
        return false;
    }
    if !others.is_empty() {
        let others = others.join(", ");
        output::message(&format_args!("note: the console has ended; still serving: {others}"));
        return true;
    }
    if console.messages() == 0 && console.failures() == 0 {
        let message = "note: the console's input was empty, and nothing else is served";
        let next_step = "configure `channels` in config.yaml, or serve AI clients with `--mcp`";
        output::advise(&message, &next_step);
    }
    false
}

/// Cancels the message in flight, or one that is about to be accepted. Returns whether there was one.
async fn cancels(console: Option<&ConsoleChannel>, inbox: &Arc<dyn ChannelHost>) -> bool {
    loop {
        if inbox.cancel(&ChatId::new(CONSOLE, CONSOLE), None).await {
            return true;
        }
        if !console.is_some_and(ConsoleChannel::is_waited_at) {
            return false;
        }
        Timer::after(LOOK).await;
    }
}

/// Stops the channels, answers the messages that they delivered, then stops everything.
async fn stop(runtime: &Runtime, gateway: &Gateway, grace: Duration) {
    let host = runtime.host();
    host.stop_kind(PluginCapability::Channel).await;
    gateway.stop(grace).await;
    host.stop_all().await;
    runtime.stop().await;
}

fn ended(console: Option<&ConsoleChannel>, end: ServeEnd) -> Result<Status, CommandFailure> {
    if let Some(fault) = console.and_then(ConsoleChannel::fault) {
        return Err(CommandFailure::of(fault));
    }
    match console {
        _ if end == ServeEnd::Signal => Ok(Status::Done),
        _ if end == ServeEnd::RestartNeeded => Ok(Status::RestartNeeded),
        Some(console) if console.is_closed() => {
            Err(io::Error::from(io::ErrorKind::BrokenPipe).into())
        }
        // A person has seen the failures; a script has only the exit status.
        Some(console) if console.failures() > 0 && !io::stdin().is_terminal() => Ok(Status::Failed),
        _ => Ok(Status::Done),
    }
}

async fn register(host: &PluginHost, member: Member) -> Result<(), CommandFailure> {
    Ok(host.register(member).await?)
}
