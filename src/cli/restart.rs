//! Restarts the program in place after too many panics.
//!
//! A panic ends only its call, but it loses a thread, and other calls may wait for the locks of that thread. So
//! [`PanicContainment`] reports when there were too many. Then the calls in flight are answered, and the program
//! restarts in the same process, with its arguments, its pipes and its listening sockets. Calls that don't end
//! within [`RESTART_LIMIT`] are given up. A command that serves nobody ends instead.

use std::convert::Infallible;
use std::env;
use std::ffi::{CString, OsString};
use std::io;
#[cfg(any(feature = "serve", feature = "socket"))]
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use nix::unistd::execve;
use rustix::io::{FdFlags, fcntl_setfd};
use weft_lite::PanicContainment;

use super::clock::now_seconds;
use super::output::OutputForm;
use super::{CommandFailure, exit, interrupts, threads};

/// How long the calls in flight may take before the restart.
pub(super) const DRAIN_LIMIT: Duration = Duration::from_secs(6);
/// The longest time until the restart.
const RESTART_LIMIT: Duration = Duration::from_secs(9);
/// The most restarts within [`WITHIN_SECONDS`]. If a program needs more, restarts don't help against its bug.
const RESTARTS: usize = 5;
const WITHIN_SECONDS: u64 = 600;

/// The variable that passes the kept values to the restarted process: `NAME=VALUE`, separated by `;`.
const KEPT: &str = "WEFT_KEPT";
/// Times of restarts: seconds since 1970, separated by commas.
const STARTED: &str = "started";

/// The values and sockets that the restarted process takes over.
#[derive(Default)]
struct NextStart {
    /// Whether the command serves anybody. If not, it does not restart.
    serves: bool,
    values: Vec<(&'static str, String)>,
    sockets: Vec<OwnedFd>,
}

static NEXT: Mutex<Option<NextStart>> = Mutex::new(None);

fn next() -> MutexGuard<'static, Option<NextStart>> {
    NEXT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn restart_request() -> &'static (Sender<()>, Receiver<()>) {
    static RESTART_REQUEST: OnceLock<(Sender<()>, Receiver<()>)> = OnceLock::new();
    RESTART_REQUEST.get_or_init(|| async_channel::bounded(1))
}

/// Starts watching for too many panics.
pub(super) fn prepare() {
    PanicContainment::at_last(|| {
        let _ = restart_request().0.try_send(());
        // Restarts work without this limit too.
        let late = || {
            thread::sleep(RESTART_LIMIT);
            // If a signal has ended the program, there is no restart.
            if let Some(failure) = restart() {
                let _ = exit::report(failure, OutputForm::Text);
                std::process::exit(1);
            }
        };
        let _ = threads::spawn(thread::Builder::new(), Box::new(late));
    });
}

/// Resolves when the program has to restart. Commands that serve wait for it.
pub(super) async fn restart_needed() {
    next().get_or_insert_default().serves = true;
    // The sender is never dropped.
    let _ = restart_request().1.recv().await;
    log::warn!("after too many panics the program restarts when the calls in flight are answered");
}

/// Keeps a value for the restarted process.
#[cfg(any(feature = "mcp", feature = "socket"))]
pub(super) fn keep(name: &'static str, value: impl Into<String>) {
    next().get_or_insert_default().values.push((name, value.into()));
}

/// Keeps a listening socket for the restarted process.
#[cfg(any(feature = "serve", feature = "socket"))]
pub(super) fn keep_socket(name: &'static str, socket: OwnedFd) {
    keep(name, socket.as_raw_fd().to_string());
    next().get_or_insert_default().sockets.push(socket);
}

/// A value that the process kept before the restart.
pub(super) fn kept(name: &str) -> Option<String> {
    let all = env::var(KEPT).ok()?;
    let mut values = all.split(';').filter_map(|value| value.split_once('='));
    values.find(|(other, _)| *other == name).map(|(_, value)| value.to_owned())
}

/// A listening socket that the process kept before the restart.
#[cfg(all(target_os = "linux", any(feature = "serve", feature = "socket")))]
pub(super) fn kept_socket(name: &str) -> Option<OwnedFd> {
    use std::os::fd::RawFd;

    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

    let number: RawFd = kept(name)?.parse().ok()?;
    // The kernel duplicates the process's own file handle. Older kernels can't, and then the address is bound
    // again.
    let own = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    pidfd_getfd(own, number, PidfdGetfdFlags::empty()).ok()
}

#[cfg(all(not(target_os = "linux"), any(feature = "serve", feature = "socket")))]
pub(super) fn kept_socket(_name: &str) -> Option<OwnedFd> {
    None
}

/// Restarts the program. It returns only if that fails, with the reason, or with `None` if a signal has ended the
/// program meanwhile.
pub(super) fn restart() -> Option<CommandFailure> {
    if interrupts::is_ending() {
        return None;
    }
    let next = next().take().unwrap_or_default();
    let now = now_seconds();
    let earlier = kept(STARTED).unwrap_or_default();
    let mut started: Vec<&str> = earlier
        .split(',')
        .filter(|it| it.parse::<u64>().is_ok_and(|it| now.saturating_sub(it) < WITHIN_SECONDS))
        .collect();
    if !next.serves || started.len() >= RESTARTS {
        return Some(CommandFailure::work(
            &"the program has ended after too many panics",
            &"report the panics; their messages are above",
        ));
    }
    let now = now.to_string();
    started.push(&now);
    let mut kept = vec![format!("{STARTED}={}", started.join(","))];
    kept.extend(next.values.iter().map(|(name, value)| format!("{name}={value}")));
    for socket in &next.sockets {
        // If a socket does not stay open, its address is bound again.
        let _ = fcntl_setfd(socket, FdFlags::empty());
    }
    let Err(error) = start(&kept.join(";"));
    Some(CommandFailure::work(
        &format_args!("after too many panics the program should restart, and it can't: {error}"),
        &"start it again",
    ))
}

/// Replaces the process by the same program, with its arguments, its variables and `kept`.
fn start(kept: &str) -> io::Result<Infallible> {
    let text = |text: OsString| CString::new(text.into_vec());
    let program = text(program()?.into())?;
    let mut arguments = Vec::new();
    for argument in env::args_os() {
        arguments.push(text(argument)?);
    }
    let mut variables = vec![text(format!("{KEPT}={kept}").into())?];
    for (mut variable, value) in env::vars_os().filter(|(name, _)| name != KEPT) {
        variable.push("=");
        variable.push(value);
        variables.push(text(variable)?);
    }
    Ok(execve(&program, &arguments, &variables)?)
}

/// The path of the running program, even if its file was replaced. If it was not, the program's own path keeps its
/// name in lists of processes.
fn program() -> io::Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    let file = |path: &Path| path.metadata().ok().map(|it| (it.dev(), it.ino()));
    let named = env::current_exe();
    match file(running) {
        Some(own) if named.as_deref().ok().and_then(file) != Some(own) => Ok(running.to_owned()),
        _ => named,
    }
}
