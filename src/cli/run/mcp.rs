//! `weft-lite run --mcp` and `weft-lite mcp`: loads everything and serves AI clients, until they end or a signal
//! comes.

use std::cell::Cell;
use std::io;
#[cfg(feature = "serve")]
use std::net::SocketAddr;
#[cfg(feature = "serve")]
use std::path::Path;
use std::pin::pin;

use futures_lite::future::or;
use smol::Timer;
use weft_lite::config::McpConfig;
#[cfg(feature = "serve")]
use weft_lite::mcp::{BearerToken, HttpError, HttpOptions, McpListener};
use weft_lite::mcp::{McpOptions, McpServer};
use weft_lite::{BoxFuture, Runtime};

use super::arguments::{McpTarget, Run};
use super::changes::{self, Style};
use super::startup;
use super::startup::Console;
use crate::cli::flags::Options;
use crate::cli::interrupts::{self, Interrupts};
use crate::cli::logs::{self, Verbosity};
#[cfg(feature = "serve")]
use crate::cli::output;
use crate::cli::trust::TrustPrompt;
use crate::cli::{CommandFailure, Status, report, restart};

/// The values that the restarted process takes over: the client's revision and the listening socket.
const AGREED: &str = "mcp";
#[cfg(feature = "serve")]
const LISTENER: &str = "http";

/// Serves `target` until it ends.
pub(super) fn run(
    target: McpTarget,
    command: &Run,
    options: &Options,
) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Plugins);
    // A question would read standard input, which belongs to the client over stdio.
    let asking = match target {
        McpTarget::Stdio => TrustPrompt::Tell,
        McpTarget::Address(_) => TrustPrompt::Once,
    };
    #[cfg(feature = "serve")]
    let token_file = command.token_file.as_deref();
    #[cfg(not(feature = "serve"))]
    let token_file = None;
    let runtime = options.runtime_beside(asking, token_file)?;
    let interrupts = Interrupts::watch()?;
    let config = runtime.mcp_config().clone();
    let memory = runtime.surface_memory_bytes();
    let mut offered = offered(command, &config, memory);
    let host = runtime.host().clone();
    offered.agreed = restart::kept(AGREED);
    let (server, loading) = McpServer::loading(host, runtime.executor(), offered);
    #[cfg(feature = "serve")]
    let listener = match target {
        McpTarget::Stdio => None,
        McpTarget::Address(address) => Some(listen(address, token_file, config, memory)?),
    };
    // A client is answered while the plugins are still being loaded.
    let is_loaded = Cell::new(false);
    let following = async {
        runtime.load().await;
        is_loaded.set(true);
        drop(loading);
        report::empty_folders(&options.plugins, &runtime.host().registry());
        let subscription = runtime.host().subscribe();
        startup::report(&runtime, options, Console::Absent);
        let _watcher = runtime.watch();
        let style = if command.json_events { Style::Json } else { Style::Lines };
        changes::follow(&runtime, None, subscription, style).await;
        // Only serving ends the program.
        std::future::pending().await
    };
    // A task runs on the same thread as the calls.
    let served = server.clone();
    let serving: BoxFuture<'static, io::Result<()>> = match target {
        McpTarget::Stdio => Box::pin(async move { served.serve_stdio().await }),
        #[cfg(feature = "serve")]
        McpTarget::Address(_) => Box::pin(async move {
            if let Some(listener) = listener {
                served.serve_http(listener).await;
            }
            Ok(())
        }),
        #[cfg(not(feature = "serve"))]
        McpTarget::Address(_) => return Err(no_http()),
    };
    let serving = runtime.executor().spawn(serving);
    let serving = serve(&runtime, &server, target, serving, interrupts);
    match runtime.block_on(or(serving, following))? {
        McpEnd::Interrupted if !is_loaded.get() => Err(CommandFailure::interrupted()),
        McpEnd::ForcedInterrupt => Ok(Status::Interrupted),
        McpEnd::Served | McpEnd::Interrupted => Ok(Status::Done),
        McpEnd::RestartNeeded => Ok(Status::RestartNeeded),
    }
}

/// A server over HTTP beside channels, which ends after them.
#[cfg(feature = "serve")]
pub(super) struct WebServer {
    server: McpServer,
    serving: smol::Task<()>,
}

#[cfg(feature = "serve")]
impl WebServer {
    /// Accepts nothing more, and waits for what is being answered.
    pub(super) async fn end(self) {
        self.server.stop();
        self.serving.await;
    }
}

/// Serves MCP and webhooks at the address of `--mcp`, if there is one.
#[cfg(feature = "serve")]
pub(super) fn beside_channels(
    command: &Run,
    runtime: &Runtime,
) -> Result<Option<WebServer>, CommandFailure> {
    let Some(McpTarget::Address(address)) = command.mcp else { return Ok(None) };
    let (config, memory) = (runtime.mcp_config().clone(), runtime.surface_memory_bytes());
    let offered = offered(command, &config, memory);
    let listener = listen(address, command.token_file.as_deref(), config, memory)?;
    let server = McpServer::new(runtime.host().clone(), runtime.executor(), offered);
    let served = server.clone();
    let serving: BoxFuture<'static, ()> =
        Box::pin(async move { served.serve_http(listener).await });
    Ok(Some(WebServer { server, serving: runtime.executor().spawn(serving) }))
}

/// What the command line and the configuration say of what is offered.
fn offered(command: &Run, config: &McpConfig, memory_bytes: usize) -> McpOptions {
    let mut offered = McpOptions::from(config);
    offered.memory_bytes = memory_bytes;
    if let Some(names) = command.tool_names {
        offered.tool_names = names;
    }
    offered
}

/// A listener at the address, with the options and the configuration.
#[cfg(feature = "serve")]
fn listen(
    address: SocketAddr,
    token_file: Option<&Path>,
    config: McpConfig,
    memory_bytes: usize,
) -> Result<McpListener, CommandFailure> {
    let refused = |error: HttpError| match error {
        HttpError::TokenNeeded { .. } => {
            let next_step = "give `--token-file` a file with a token, or listen on 127.0.0.1";
            CommandFailure::work(&error, &next_step)
        }
        _ => CommandFailure::of(&error),
    };
    let token = match token_file {
        None => None,
        Some(path) => {
            output::warn_if_others_read(path);
            let text = std::fs::read_to_string(path).map_err(|error| {
                CommandFailure::work(
                    &format_args!("{} can't be read: {error}", path.display()),
                    &"give `--token-file` a file that this user may read",
                )
            })?;
            Some(BearerToken::new(&text).map_err(refused)?)
        }
    };
    let options = HttpOptions {
        token,
        allowed_hosts: config.allowed_hosts,
        authorization_server: config.authorization_server,
        memory_bytes,
        ..HttpOptions::default()
    };
    let listener = match restart::kept_socket(LISTENER) {
        Some(socket) => McpListener::adopt(socket, address, options),
        None => McpListener::bind(address, options),
    };
    let listener = listener.map_err(refused)?;
    if let Ok(socket) = listener.keep() {
        restart::keep_socket(LISTENER, socket);
    }
    output::message(&format_args!("serving MCP at http://{}/mcp", listener.address()));
    Ok(listener)
}

#[cfg(not(feature = "serve"))]
fn no_http() -> CommandFailure {
    CommandFailure::usage(
        &"this program was built without the HTTP server",
        &"use `--mcp stdio`, or build it with the feature `serve`",
    )
}

/// Why serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum McpEnd {
    /// By its clients.
    Served,
    /// A signal.
    Interrupted,
    /// A second signal.
    ForcedInterrupt,
    /// By panics.
    RestartNeeded,
}

/// The reason to end serving.
enum Event {
    Served(io::Result<()>),
    Signal(Interrupts),
    RestartNeeded,
}

/// Waits for the end of `serving`, for a signal or for a restart, and stops everything.
async fn serve(
    runtime: &Runtime,
    server: &McpServer,
    target: McpTarget,
    serving: impl Future<Output = io::Result<()>>,
    mut interrupts: Interrupts,
) -> Result<McpEnd, CommandFailure> {
    let mut serving = pin!(serving);
    // A task of its own: each poll is a system call, and serving is woken by every message.
    let signal = runtime.executor().spawn(async move {
        interrupts.next().await;
        interrupts
    });
    let signal = async { Event::Signal(signal.await) };
    let restart_needed = async {
        restart::restart_needed().await;
        Event::RestartNeeded
    };
    let ended =
        or(async { Event::Served(serving.as_mut().await) }, or(restart_needed, signal)).await;
    match ended {
        Event::Served(result) => {
            runtime.stop().await;
            // The end of the client is a success too.
            result.map(|()| McpEnd::Served).map_err(CommandFailure::from)
        }
        Event::RestartNeeded => {
            match target {
                McpTarget::Stdio => server.finish(),
                McpTarget::Address(_) => server.stop(),
            }
            let patience = async {
                Timer::after(restart::DRAIN_LIMIT).await;
                Ok(())
            };
            let served = or(serving, patience).await;
            if let Some(agreed) = server.agreed() {
                restart::keep(AGREED, agreed);
            }
            runtime.stop().await;
            served.map(|()| McpEnd::RestartNeeded).map_err(CommandFailure::from)
        }
        Event::Signal(mut interrupts) => {
            server.stop();
            runtime.stop().await;
            // The calls are answered or cancelled.
            let ended = interrupts.unless(interrupts::with_grace(serving)).await;
            Ok(ended.map_or(McpEnd::ForcedInterrupt, |_| McpEnd::Interrupted))
        }
    }
}
