//! The functions of the first preview for the interpreter: most answer at once, the others suspend the guest.
//!
//! No function here reaches the machine. There are no descriptors but the two outputs, no folders, arguments or
//! variables, so a module built for `wasm32-wasip1` runs and finds an empty world.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::{Caller, Error, Linker, Val};

use super::call::Preview1Call;
use super::numbers::{
    BAD_DESCRIPTOR, INVALID, NOT_CAPABLE, NOT_SUPPORTED, STDERR, STDOUT, SUCCESS,
};
use super::poll_oneoff;
use crate::wasm::abi::Span;
use crate::wasm::signature::{self, WASI};
use crate::wasm::state::{GuestState, Suspended};
use crate::wasm::suspend::suspend_with;
use crate::wasm::wasi::limits::OUTPUT_BYTES;

/// Defines one function of the preview.
///
/// A name that the preview doesn't have is left out. Each function has the type of its row in `signature`, so
/// the parameters that are read below are there.
pub(in crate::wasm) fn define_preview1_function(
    linker: &mut Linker<GuestState>,
    name: &str,
) -> Result<(), Error> {
    let Some(signature) = signature::wasi_function(name) else {
        return Ok(());
    };
    let function = function(name);
    linker.func_new(WASI, name, signature.to_func_type(), move |caller, params, results| {
        let errno = function(caller, params)?;
        if let Some(result) = results.first_mut() {
            *result = Val::I32(errno);
        }
        Ok(())
    })?;
    Ok(())
}

/// A function of the preview. It returns an error number, or suspends the guest.
type Preview1Function = fn(Caller<'_, GuestState>, &[Val]) -> Result<i32, Error>;

/// The implementation of a function. What this host doesn't have answers with an error number and is no fault:
/// runtimes call such functions at their start and go on without.
fn function(name: &str) -> Preview1Function {
    match name {
        "args_sizes_get" | "environ_sizes_get" => |mut caller, params| {
            let (count, size) = (word(params, 0), word(params, 1));
            suspend_with(&mut caller, |_| {
                Ok(Suspended::Preview1(Preview1Call::Empty { count, size }))
            })
        },
        "args_get" | "environ_get" | "sched_yield" => |_, _| Ok(SUCCESS),
        "clock_time_get" => |mut caller, params| {
            let (id, time) = (number(params, 0), word(params, 2));
            suspend_with(&mut caller, |_| Ok(Suspended::Preview1(Preview1Call::Clock { id, time })))
        },
        "clock_res_get" => |mut caller, params| {
            let resolution = word(params, 1);
            suspend_with(&mut caller, |_| {
                Ok(Suspended::Preview1(Preview1Call::Resolution { resolution }))
            })
        },
        "random_get" => |mut caller, params| {
            let span = Span { pointer: word(params, 0), length: word(params, 1) };
            suspend_with(&mut caller, |_| Ok(Suspended::Preview1(Preview1Call::Random { span })))
        },
        "fd_write" => fd_write,
        "poll_oneoff" => |mut caller, params| {
            let subscriptions = Span { pointer: word(params, 0), length: word(params, 2) };
            let (events, written) = (word(params, 1), word(params, 3));
            if !poll_oneoff::is_allowed(subscriptions.length) {
                return Ok(INVALID);
            }
            suspend_with(&mut caller, |lift| {
                let subscriptions = poll_oneoff::read(lift, subscriptions)?;
                Ok(Suspended::Preview1(Preview1Call::Poll { subscriptions, events, written }))
            })
        },
        "proc_exit" => |mut caller, params| {
            let status = number(params, 0);
            suspend_with(&mut caller, |_| Ok(Suspended::Preview1(Preview1Call::Exit { status })))
        },
        // wasi-libc asks for preopened folders until a descriptor is bad, and then goes on without files.
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

/// Output becomes log messages: at the level info for the standard output, warn for the standard error. What is
/// over the limit of one call is not accepted, as in a short write.
fn fd_write(mut caller: Caller<'_, GuestState>, params: &[Val]) -> Result<i32, Error> {
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
        Ok(Suspended::Preview1(Preview1Call::Write { level, text, bytes, written }))
    })
}

/// A parameter by its index; 0 if it is no `i32`.
fn number(params: &[Val], index: usize) -> i32 {
    params.get(index).and_then(Val::i32).unwrap_or_default()
}

/// The same as a pointer or a length.
fn word(params: &[Val], index: usize) -> u32 {
    number(params, index).cast_unsigned()
}
