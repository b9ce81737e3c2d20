//! The host functions as the interpreter sees them: lift the arguments, suspend the guest.
//!
//! An import has no side effect, and nothing in it can panic: the interpreter's frames do not
//! unwind. The driver does the work while no frame of the interpreter is on the stack.
//!
//! The guest goes on only once the driver has served the call, so an instance never has two of them under way.
//! The permission is not checked here: the driver passes every call to `Sandbox::serve`.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::{Caller, Error, Linker};

use super::abi::{AbiFault, Lift, Span};
use super::doors::{DOORS, define_door_function};
use super::signature::{HOST, WASI};
use super::state::{GuestState, Suspended};
use super::summary::ModuleSummary;
use super::suspend::suspend_with;
use super::wasi::preview1::define_preview1_function;
use super::wasi::preview2::define_preview2_function;
use crate::contract::SortedSet;
use crate::sandbox::HostCall;

/// Defines the imports of a module, and no others: each definition costs memory for every module.
///
/// An import that `inspect` knows is defined here. A module with any other one was refused when it was read,
/// with the fault that names the import.
pub(super) fn define(
    linker: &mut Linker<GuestState>,
    summary: &ModuleSummary,
) -> Result<(), Error> {
    // The same function may be imported twice.
    let wanted =
        SortedSet::from_iter(summary.imports.iter().map(|import| (&*import.module, &*import.name)));
    for (module, name) in wanted {
        match module {
            HOST => define_host(linker, name)?,
            WASI => define_preview1_function(linker, name)?,
            _ if module.starts_with(DOORS) => define_door_function(linker, module, name)?,
            _ => define_preview2_function(linker, module, name)?,
        }
    }
    Ok(())
}

/// Defines one of the five functions of `host`. The parameters are those of the canonical ABI: a pointer and a
/// length for each string, then a pointer to the result area. `log` has no result.
fn define_host(linker: &mut Linker<GuestState>, name: &str) -> Result<(), Error> {
    match name {
        "http-request" => linker.func_wrap(HOST, name, http_request)?,
        "read-file" => linker.func_wrap(
            HOST,
            name,
            |caller: Caller<'_, GuestState>, path: i32, path_length: i32, result: i32| {
                suspend(caller, result, |lift| {
                    let path = lift.string("path", Span::from_params(path, path_length))?;
                    Ok(HostCall::ReadFile { path })
                })
            },
        )?,
        "write-file" => linker.func_wrap(HOST, name, write_file)?,
        "get-env" => linker.func_wrap(
            HOST,
            name,
            |caller: Caller<'_, GuestState>, variable: i32, length: i32, result: i32| {
                suspend(caller, result, |lift| {
                    let name = lift.string("name", Span::from_params(variable, length))?;
                    Ok(HostCall::GetEnv { name })
                })
            },
        )?,
        "log" => linker.func_wrap(
            HOST,
            name,
            |caller: Caller<'_, GuestState>, level: i32, message: i32, length: i32| {
                suspend(caller, 0, |lift| {
                    // A u8 is passed in the low bits; canonical ABI lifts modulo its width.
                    let [level, ..] = level.to_le_bytes();
                    let message = lift.string("message", Span::from_params(message, length))?;
                    Ok(HostCall::Log { level, message })
                })
            },
        )?,
        _ => return Ok(()),
    };
    Ok(())
}

/// `http-request` has so many parameters because `option<string>` is passed flat: its tag, then its pointer and
/// length, which are only read if the tag is 1.
#[expect(clippy::too_many_arguments, reason = "the core-level signature of http-request")]
fn http_request(
    caller: Caller<'_, GuestState>,
    method: i32,
    method_length: i32,
    url: i32,
    url_length: i32,
    headers: i32,
    headers_length: i32,
    body_tag: i32,
    body: i32,
    body_length: i32,
    result: i32,
) -> Result<(), Error> {
    suspend(caller, result, |lift| {
        Ok(HostCall::HttpRequest {
            method: lift.string("method", Span::from_params(method, method_length))?,
            url: lift.string("url", Span::from_params(url, url_length))?,
            headers: lift.string_pairs("headers", Span::from_params(headers, headers_length))?,
            body: match body_tag {
                0 => None,
                1 => Some(lift.string("body", Span::from_params(body, body_length))?),
                tag => {
                    return Err(AbiFault::InvalidTag { what: "body", tag: tag.cast_unsigned() });
                }
            },
        })
    })
}

/// `write-file`. The content is copied at once; its size is limited by the bytes of one call here, and by the
/// rule for files in the sandbox.
fn write_file(
    caller: Caller<'_, GuestState>,
    path: i32,
    path_length: i32,
    content: i32,
    content_length: i32,
    result: i32,
) -> Result<(), Error> {
    suspend(caller, result, |lift| {
        Ok(HostCall::WriteFile {
            path: lift.string("path", Span::from_params(path, path_length))?,
            content: lift.string("content", Span::from_params(content, content_length))?,
        })
    })
}

/// Suspends the guest in the host call that `lift` reads. `result` is where the driver writes the answer, not
/// yet checked.
fn suspend(
    mut caller: Caller<'_, GuestState>,
    result: i32,
    lift: impl FnOnce(&mut Lift<'_>) -> Result<HostCall, AbiFault>,
) -> Result<(), Error> {
    let result = result.cast_unsigned();
    suspend_with(&mut caller, |view| lift(view).map(|call| Suspended::Host { call, result }))
}
