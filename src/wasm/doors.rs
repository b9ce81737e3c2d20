//! The doors of `wit/deps/host.wit`: interfaces of the host beside `host`, each an import of its own.
//!
//! Reading a clock ends here. A wait is served by the driver, and every other call is a [`HostCall`] like those of
//! `host`: the sandbox decides it and records it.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::{Error, Linker, Val};

use self::DoorAnswer::{Call, MonotonicTime, Sleep, WallTime};
use super::abi::{AbiFault, Lift, Span};
use super::clock::{monotonic_nanoseconds, wall_time};
use super::signature::{Signature, signature};
use super::state::{GuestState, Suspended};
use super::suspend::{suspend_in, suspend_with};
use crate::contract::limits;
use crate::sandbox::{HostCall, ToolRequest, WebRequest};
#[cfg(feature = "websocket")]
use crate::sandbox::{WebSocketCall, WebSocketMessage};

/// The start of every door's module name; the door's name and its version follow.
pub(super) const DOORS: &str = "weft:host/";

/// The versions that this host's doors answer: every patch of 0.1.
const VERSIONS: &str = "0.1.";

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// How a function of a door is answered.
#[derive(Clone, Copy)]
enum DoorAnswer {
    /// At once, without leaving the interpreter. It is no host call.
    WallTime,
    MonotonicTime,
    /// By a wait in the driver.
    Sleep,
    /// By the sandbox, with the call that this lifts from the parameters.
    Call(fn(&Parameters<'_>, &mut Lift<'_>) -> Result<HostCall, AbiFault>),
}

/// The doors, their functions, and the letters of their parameters and results at the core level. A function with a
/// result of more than one value has the pointer to its result area as last parameter.
const FUNCTIONS: &[(&str, &str, Signature, DoorAnswer)] = &[
    ("clock", "wall-ms", signature("", "I"), WallTime),
    ("clock", "monotonic-ms", signature("", "I"), MonotonicTime),
    ("clock", "sleep-ms", signature("I", ""), Sleep),
    ("settings", "get", signature("i", ""), Call(|_, _| Ok(HostCall::Settings))),
    (
        "store",
        "get",
        signature("iii", ""),
        Call(|parameters, lift| Ok(HostCall::StoreGet { key: parameters.text(lift, "key", 0)? })),
    ),
    (
        "store",
        "set",
        signature("iiiii", ""),
        Call(|parameters, lift| {
            let key = parameters.text(lift, "key", 0)?;
            let value = lift.copied("value", parameters.span(2))?;
            Ok(HostCall::StoreSet { key, value })
        }),
    ),
    (
        "store",
        "delete",
        signature("iii", ""),
        Call(|parameters, lift| {
            Ok(HostCall::StoreDelete { key: parameters.text(lift, "key", 0)? })
        }),
    ),
    (
        "store",
        "list-keys",
        signature("iii", ""),
        Call(|parameters, lift| {
            Ok(HostCall::StoreKeys { prefix: parameters.text(lift, "prefix", 0)? })
        }),
    ),
    ("tools", "list", signature("i", ""), Call(|_, _| Ok(HostCall::ToolList))),
    (
        "tools",
        "call",
        signature("iiiii", ""),
        Call(|parameters, lift| {
            let name = parameters.text(lift, "name", 0)?;
            let params = parameters.text(lift, "params", 2)?;
            Ok(HostCall::ToolCall(ToolRequest { name, params }))
        }),
    ),
    (
        "tools",
        "call-all",
        signature("iii", ""),
        Call(|parameters, lift| {
            let span = parameters.span(0);
            let limit = limits::TOOL_CALLS;
            if span.length > limit {
                return Err(AbiFault::TooMany { what: "calls", count: span.length, limit });
            }
            let calls = lift.string_pairs("calls", span)?;
            let calls = calls.into_iter().map(|(name, params)| ToolRequest { name, params });
            Ok(HostCall::ToolCallAll(calls.collect()))
        }),
    ),
    (
        "http",
        "request",
        signature("iiiiiiiiii", ""),
        Call(|parameters, lift| Ok(HostCall::HttpFetch(parameters.request(lift)?))),
    ),
    (
        "http",
        "open",
        signature("iiiiiiiiii", ""),
        Call(|parameters, lift| Ok(HostCall::HttpOpen(parameters.request(lift)?))),
    ),
    (
        "http",
        "read",
        signature("ii", ""),
        Call(|parameters, _| Ok(HostCall::HttpRead { stream: parameters.word(0) })),
    ),
    (
        "http",
        "close",
        signature("i", ""),
        Call(|parameters, _| Ok(HostCall::HttpClose { stream: parameters.word(0) })),
    ),
    #[cfg(feature = "websocket")]
    (
        "websocket",
        "open",
        signature("iiiii", ""),
        Call(|parameters, lift| {
            let url = parameters.text(lift, "url", 0)?;
            let headers = lift.string_pairs("headers", parameters.span(2))?;
            Ok(HostCall::WebSocket(WebSocketCall::Open { url, headers }))
        }),
    ),
    #[cfg(feature = "websocket")]
    (
        "websocket",
        "send",
        signature("iiiii", ""),
        Call(|parameters, lift| {
            let message = match parameters.word(1) {
                0 => WebSocketMessage::Text(parameters.text(lift, "text", 2)?),
                1 => WebSocketMessage::Binary(lift.copied("binary", parameters.span(2))?),
                tag => return Err(AbiFault::InvalidTag { what: "message", tag }),
            };
            let socket = parameters.word(0);
            Ok(HostCall::WebSocket(WebSocketCall::Send { socket, message }))
        }),
    ),
    #[cfg(feature = "websocket")]
    (
        "websocket",
        "receive",
        signature("iii", ""),
        Call(|parameters, _| {
            let (socket, timeout_ms) = (parameters.word(0), parameters.word(1));
            Ok(HostCall::WebSocket(WebSocketCall::Receive { socket, timeout_ms }))
        }),
    ),
    #[cfg(feature = "websocket")]
    (
        "websocket",
        "close",
        signature("i", ""),
        Call(|parameters, _| {
            Ok(HostCall::WebSocket(WebSocketCall::Close { socket: parameters.word(0) }))
        }),
    ),
    ("conversation", "current", signature("i", ""), Call(|_, _| Ok(HostCall::Current))),
    (
        "conversation",
        "say",
        signature("ii", ""),
        Call(|parameters, lift| Ok(HostCall::Say { text: parameters.text(lift, "text", 0)? })),
    ),
    (
        "conversation",
        "note",
        signature("ii", ""),
        Call(|parameters, lift| Ok(HostCall::Note { text: parameters.text(lift, "text", 0)? })),
    ),
    ("conversation", "cancelled", signature("", "i"), Call(|_, _| Ok(HostCall::Cancelled))),
];

/// The parameters of one call that the sandbox serves. All are 32 bits wide.
struct Parameters<'a>(&'a [Val]);

impl Parameters<'_> {
    fn word(&self, at: usize) -> u32 {
        match self.0.get(at) {
            Some(Val::I32(word)) => word.cast_unsigned(),
            _ => 0,
        }
    }

    fn span(&self, at: usize) -> Span {
        Span { pointer: self.word(at), length: self.word(at.saturating_add(1)) }
    }

    fn text(&self, lift: &mut Lift<'_>, what: &'static str, at: usize) -> Result<String, AbiFault> {
        lift.string(what, self.span(at))
    }

    /// The parameters of `request` and `open`. An option is a tag, then a span, which is only read if the tag is 1.
    fn request(&self, lift: &mut Lift<'_>) -> Result<WebRequest, AbiFault> {
        Ok(WebRequest {
            method: self.text(lift, "method", 0)?,
            url: self.text(lift, "url", 2)?,
            headers: lift.string_pairs("headers", self.span(4))?,
            body: match self.word(6) {
                0 => None,
                1 => Some(lift.copied("body", self.span(7))?),
                tag => return Err(AbiFault::InvalidTag { what: "body", tag }),
            },
        })
    }

    /// The pointer to the result area.
    fn result(&self) -> u32 {
        self.word(self.0.len().saturating_sub(1))
    }
}

/// The entry of a door's function; `None` for a door, a version or a function that this host does not have.
fn find(module: &str, name: &str) -> Option<(Signature, DoorAnswer)> {
    let (door, version) = module.strip_prefix(DOORS)?.split_once('@')?;
    let is_it = |(known, function, ..): &&(&str, &str, Signature, DoorAnswer)| {
        *known == door && *function == name && version.starts_with(VERSIONS)
    };
    FUNCTIONS.iter().find(is_it).map(|(_, _, signature, answer)| (*signature, *answer))
}

/// The function of a door at the core level; `None` for a door, a version or a function that this host does not
/// have.
pub(super) fn door_function(module: &str, name: &str) -> Option<Signature> {
    find(module, name).map(|(signature, _)| signature)
}

/// Defines one function of a door. A function that this host does not have is left undefined.
pub(super) fn define_door_function(
    linker: &mut Linker<GuestState>,
    module: &str,
    name: &str,
) -> Result<(), Error> {
    let Some((signature, answer)) = find(module, name) else { return Ok(()) };
    linker.func_new(
        module,
        name,
        signature.to_func_type(),
        move |mut caller, params, results| {
            let time = match answer {
                WallTime => u64::try_from(wall_time().as_millis()).unwrap_or(u64::MAX),
                MonotonicTime => monotonic_nanoseconds()
                    .checked_div(NANOSECONDS_PER_MILLISECOND)
                    .unwrap_or_default(),
                Sleep => {
                    let milliseconds = match params.first() {
                        Some(Val::I64(milliseconds)) => milliseconds.cast_unsigned(),
                        _ => 0,
                    };
                    let wait = milliseconds.saturating_mul(NANOSECONDS_PER_MILLISECOND);
                    let until = monotonic_nanoseconds().saturating_add(wait);
                    return suspend_in(&mut caller, Suspended::Sleep { until });
                }
                Call(lift) => {
                    let parameters = Parameters(params);
                    let result = parameters.result();
                    return suspend_with(&mut caller, |view| {
                        let call = lift(&parameters, view)?;
                        Ok(Suspended::Host { call, result })
                    });
                }
            };
            if let Some(result) = results.first_mut() {
                *result = Val::I64(time.cast_signed());
            }
            Ok(())
        },
    )?;
    Ok(())
}
