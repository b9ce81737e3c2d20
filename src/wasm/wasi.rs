//! The closed shim for `wasi_snapshot_preview1`: a clock, random bytes, waits, and output that goes
//! to the log. No files, no sockets, no environment, no arguments.
//!
//! Source: the witx of WASI's snapshot preview 1, from which the numbers are.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmi::{Caller, Error, Linker, Val};

use super::abi::{self, AbiFault, Span};
use super::imports::{func_type, suspend_with};
use super::poll_oneoff::{self, Subscription};
use super::signature::{self, WASI};
use super::state::{State, Suspended};

pub(super) const SUCCESS: i32 = 0;
pub(super) const BAD_DESCRIPTOR: i32 = 8;
pub(super) const INVALID: i32 = 28;
const NOT_SUPPORTED: i32 = 52;
const NOT_CAPABLE: i32 = 76;

pub(super) const STDOUT: i32 = 1;
pub(super) const STDERR: i32 = 2;

/// Random bytes that one call may ask for.
pub(super) const RANDOM_BYTES: u32 = 64 * 1024;
/// Output that one call takes: the rest is for the guest's next call, as in any short write.
pub(super) const OUTPUT_BYTES: u32 = 64 * 1024;

/// A WASI call that needs more than a constant answer.
pub(crate) enum WasiCall {
    /// Text for the log, and where to note how many bytes were taken.
    Write { level: u8, text: String, bytes: u32, written: u32 },
    /// Zeros at these two places: no arguments, no environment.
    Empty { count: u32, size: u32 },
    /// The time at this place.
    Clock { id: i32, time: u32 },
    /// The clock's resolution at this place.
    Resolution { resolution: u32 },
    /// Random bytes.
    Random { span: Span },
    /// To wait for one of these, and where to note which ones have come.
    Poll { subscriptions: Vec<Subscription>, events: u32, written: u32 },
    /// The end of the guest's program.
    Exit { status: i32 },
}

/// Defines one function; the shim knows all of them.
pub(super) fn define(linker: &mut Linker<State>, name: &str) -> Result<(), Error> {
    let Some(signature) = signature::wasi_function(name) else {
        return Ok(());
    };
    let function = function(name);
    linker.func_new(WASI, name, func_type(signature), move |caller, params, results| {
        let errno = function(caller, params)?;
        if let Some(result) = results.first_mut() {
            *result = Val::I32(errno);
        }
        Ok(())
    })?;
    Ok(())
}

type Function = fn(Caller<'_, State>, &[Val]) -> Result<i32, Error>;

fn function(name: &str) -> Function {
    match name {
        "args_sizes_get" | "environ_sizes_get" => |mut caller, params| {
            let (count, size) = (word(params, 0), word(params, 1));
            suspend_with(&mut caller, |_| Ok(Suspended::Wasi(WasiCall::Empty { count, size })))
        },
        "args_get" | "environ_get" | "sched_yield" => |_, _| Ok(SUCCESS),
        "clock_time_get" => |mut caller, params| {
            let (id, time) = (number(params, 0), word(params, 2));
            suspend_with(&mut caller, |_| Ok(Suspended::Wasi(WasiCall::Clock { id, time })))
        },
        "clock_res_get" => |mut caller, params| {
            let resolution = word(params, 1);
            suspend_with(&mut caller, |_| Ok(Suspended::Wasi(WasiCall::Resolution { resolution })))
        },
        "random_get" => |mut caller, params| {
            let span = Span { pointer: word(params, 0), length: word(params, 1) };
            suspend_with(&mut caller, |_| Ok(Suspended::Wasi(WasiCall::Random { span })))
        },
        "fd_write" => fd_write,
        "poll_oneoff" => |mut caller, params| {
            let subscriptions = Span { pointer: word(params, 0), length: word(params, 2) };
            let (events, written) = (word(params, 1), word(params, 3));
            if !poll_oneoff::takes(subscriptions.length) {
                return Ok(INVALID);
            }
            suspend_with(&mut caller, |lift| {
                let subscriptions = poll_oneoff::read(lift, subscriptions)?;
                Ok(Suspended::Wasi(WasiCall::Poll { subscriptions, events, written }))
            })
        },
        "proc_exit" => |mut caller, params| {
            let status = number(params, 0);
            suspend_with(&mut caller, |_| Ok(Suspended::Wasi(WasiCall::Exit { status })))
        },
        "fd_prestat_get"
        | "fd_prestat_dir_name"
        | "fd_read"
        | "fd_close"
        | "fd_seek"
        | "fd_tell"
        | "fd_fdstat_get"
        | "fd_filestat_get"
        | "fd_readdir"
        | "fd_pread"
        | "fd_pwrite" => |_, _| Ok(BAD_DESCRIPTOR),
        name if name.starts_with("path_") => |_, _| Ok(NOT_CAPABLE),
        _ => |_, _| Ok(NOT_SUPPORTED),
    }
}

fn fd_write(mut caller: Caller<'_, State>, params: &[Val]) -> Result<i32, Error> {
    let level = match number(params, 0) {
        STDOUT => 2,
        STDERR => 1,
        _ => return Ok(BAD_DESCRIPTOR),
    };
    let buffers = Span { pointer: word(params, 1), length: word(params, 2) };
    let written = word(params, 3);
    suspend_with(&mut caller, |lift| {
        let mut text = String::new();
        let mut bytes: u32 = 0;
        for buffer in lift.spans("output", buffers)? {
            let room = OUTPUT_BYTES.saturating_sub(bytes);
            text.push_str(&lift.lossy_text("output", buffer, room)?);
            bytes = bytes.saturating_add(buffer.length.min(room));
        }
        Ok(Suspended::Wasi(WasiCall::Write { level, text, bytes, written }))
    })
}

fn number(params: &[Val], index: usize) -> i32 {
    params.get(index).and_then(Val::i32).unwrap_or_default()
}

fn word(params: &[Val], index: usize) -> u32 {
    number(params, index).cast_unsigned()
}

/// What the clock, the resolution and random bytes need of the world, written to the guest.
///
/// What else there is to do is the driver's: it sends output to the log, waits, and ends the call.
pub(super) fn answer(memory: &mut [u8], call: &WasiCall) -> Result<i32, AbiFault> {
    match *call {
        WasiCall::Poll { ref subscriptions, events, written } => {
            poll_oneoff::write(memory, subscriptions, events, written)?;
        }
        WasiCall::Empty { count, size } => {
            abi::store(memory, "count", count, &[0; 4])?;
            abi::store(memory, "size", size, &[0; 4])?;
        }
        WasiCall::Clock { id, time } => {
            let Some(nanoseconds) = nanoseconds(id) else {
                return Ok(INVALID);
            };
            abi::store(memory, "time", time, &nanoseconds.to_le_bytes())?;
        }
        WasiCall::Resolution { resolution } => {
            abi::store(memory, "resolution", resolution, &1_u64.to_le_bytes())?;
        }
        WasiCall::Random { span } => {
            if span.length > RANDOM_BYTES {
                return Ok(INVALID);
            }
            let mut bytes = vec![0; span.length as usize];
            if getrandom::fill(&mut bytes).is_err() {
                return Ok(NOT_SUPPORTED);
            }
            abi::store(memory, "random bytes", span.pointer, &bytes)?;
        }
        WasiCall::Write { bytes, written, .. } => {
            abi::store(memory, "written", written, &bytes.to_le_bytes())?;
        }
        WasiCall::Exit { .. } => {}
    }
    Ok(SUCCESS)
}

fn nanoseconds(clock: i32) -> Option<u64> {
    match clock {
        0 => u64::try_from(wall_time().as_nanos()).ok(),
        1 => Some(nanoseconds_monotonic()),
        _ => None,
    }
}

/// The time since 1970.
pub(super) fn wall_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The time on a clock that never goes back.
pub(super) fn nanoseconds_monotonic() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
