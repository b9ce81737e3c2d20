//! The closed answer to WASI's second preview, as `wasm32-wasip2` modules import it at the core
//! level: a clock, random bytes, bounded waits, and output that goes to the log. No files, no
//! sockets, no environment, no arguments.
//!
//! Each function is a row of one table. Any version 0.2.x is answered, because these functions are
//! the same in all of them. An import leaves its numbers behind; the driver does the work.
//!
//! Source: the WIT packages `wasi:io`, `wasi:cli`, `wasi:clocks` and `wasi:random` in version 0.2,
//! and `CanonicalABI.md` of the component model for their layout.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::time::Duration;

use wasmi::{Error, Linker, Val};

use super::abi::{self, AbiFault, Lift, Span};
use super::imports::func_type;
use super::signature::{Signature, signature};
use super::state::{State, Suspend, Suspended};
use super::wasi::{OUTPUT_BYTES, RANDOM_BYTES, nanoseconds_monotonic, wall_time};

const STDIN: u32 = 1;
const STDOUT: u32 = 2;
const STDERR: u32 = 3;
/// The pollable of a stream, which is always ready.
const READY: u32 = 1;
/// The first pollable that waits for a moment.
const FIRST_TIMED: u32 = 2;
/// Moments that one instance waits for at once.
const POLLABLES: usize = 64;

/// `result` without an error, and `option` without a value.
const NOTHING: &[u8] = &[0; 12];
/// An empty list or string: a pointer that is not null and not followed.
const EMPTY: &[u8] = &[4, 0, 0, 0, 0, 0, 0, 0];
/// `stream-error::closed` where the good value is at offset 4.
const CLOSED: &[u8] = &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// `stream-error::closed` where the good value is a `u64`.
const CLOSED_LONG: &[u8] = &[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// A second's billionth as `datetime`.
const NANOSECOND: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// `option` without a resource.
const NO_TERMINAL: &[u8] = &[0; 8];

/// What a function does.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// Nothing, at once.
    Ignore,
    /// Gives this number, at once.
    Number(u32),
    /// Gives the nanosecond that the clock's resolution is.
    Resolution,
    /// Writes this to the result area, with the alignment.
    Store(u32, &'static [u8]),
    /// Writes to the result area how much `write` takes.
    Room,
    Write,
    Now,
    Wall,
    At,
    After,
    Drop,
    IsReady,
    Block,
    Poll,
    RandomBytes,
    RandomNumber,
    Seed,
    Exit,
}

/// One function of an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Function {
    interface: &'static str,
    name: &'static str,
    pub(super) signature: Signature,
    task: Task,
}

macro_rules! table {
    ($($interface:literal { $($name:literal $params:literal -> $results:literal $task:expr;)* })*) => {
        &[$($(Function {
            interface: $interface,
            name: $name,
            signature: signature($params, $results),
            task: $task,
        },)*)*]
    };
}

const FUNCTIONS: &[Function] = table! {
    "cli/environment" {
        "get-environment" "i" -> "" Task::Store(4, EMPTY);
        "get-arguments" "i" -> "" Task::Store(4, EMPTY);
        "initial-cwd" "i" -> "" Task::Store(4, NOTHING);
    }
    "cli/exit" {
        "exit" "i" -> "" Task::Exit;
        "exit-with-code" "i" -> "" Task::Exit;
    }
    "cli/stdin" { "get-stdin" "" -> "i" Task::Number(STDIN); }
    "cli/stdout" { "get-stdout" "" -> "i" Task::Number(STDOUT); }
    "cli/stderr" { "get-stderr" "" -> "i" Task::Number(STDERR); }
    "cli/terminal-input" { "[resource-drop]terminal-input" "i" -> "" Task::Ignore; }
    "cli/terminal-output" { "[resource-drop]terminal-output" "i" -> "" Task::Ignore; }
    "cli/terminal-stdin" { "get-terminal-stdin" "i" -> "" Task::Store(4, NO_TERMINAL); }
    "cli/terminal-stdout" { "get-terminal-stdout" "i" -> "" Task::Store(4, NO_TERMINAL); }
    "cli/terminal-stderr" { "get-terminal-stderr" "i" -> "" Task::Store(4, NO_TERMINAL); }
    "clocks/monotonic-clock" {
        "now" "" -> "I" Task::Now;
        "resolution" "" -> "I" Task::Resolution;
        "subscribe-instant" "I" -> "i" Task::At;
        "subscribe-duration" "I" -> "i" Task::After;
    }
    "clocks/wall-clock" {
        "now" "i" -> "" Task::Wall;
        "resolution" "i" -> "" Task::Store(8, NANOSECOND);
    }
    "io/error" {
        "[resource-drop]error" "i" -> "" Task::Ignore;
        "[method]error.to-debug-string" "ii" -> "" Task::Store(4, EMPTY);
    }
    "io/poll" {
        "[resource-drop]pollable" "i" -> "" Task::Drop;
        "[method]pollable.ready" "i" -> "i" Task::IsReady;
        "[method]pollable.block" "i" -> "" Task::Block;
        "poll" "iii" -> "" Task::Poll;
    }
    "io/streams" {
        "[resource-drop]input-stream" "i" -> "" Task::Ignore;
        "[resource-drop]output-stream" "i" -> "" Task::Ignore;
        "[method]input-stream.read" "iIi" -> "" Task::Store(4, CLOSED);
        "[method]input-stream.blocking-read" "iIi" -> "" Task::Store(4, CLOSED);
        "[method]input-stream.skip" "iIi" -> "" Task::Store(8, CLOSED_LONG);
        "[method]input-stream.blocking-skip" "iIi" -> "" Task::Store(8, CLOSED_LONG);
        "[method]input-stream.subscribe" "i" -> "i" Task::Number(READY);
        "[method]output-stream.check-write" "ii" -> "" Task::Room;
        "[method]output-stream.write" "iiii" -> "" Task::Write;
        "[method]output-stream.blocking-write-and-flush" "iiii" -> "" Task::Write;
        "[method]output-stream.flush" "ii" -> "" Task::Store(4, NOTHING);
        "[method]output-stream.blocking-flush" "ii" -> "" Task::Store(4, NOTHING);
        "[method]output-stream.subscribe" "i" -> "i" Task::Number(READY);
        "[method]output-stream.write-zeroes" "iIi" -> "" Task::Store(4, CLOSED);
        "[method]output-stream.blocking-write-zeroes-and-flush" "iIi" -> "" Task::Store(4, CLOSED);
        "[method]output-stream.splice" "iiIi" -> "" Task::Store(8, CLOSED_LONG);
        "[method]output-stream.blocking-splice" "iiIi" -> "" Task::Store(8, CLOSED_LONG);
    }
    "random/random" {
        "get-random-bytes" "Ii" -> "" Task::RandomBytes;
        "get-random-u64" "" -> "I" Task::RandomNumber;
    }
    "random/insecure" {
        "get-insecure-random-bytes" "Ii" -> "" Task::RandomBytes;
        "get-insecure-random-u64" "" -> "I" Task::RandomNumber;
    }
    "random/insecure-seed" { "insecure-seed" "i" -> "" Task::Seed; }
};

/// The function that an import names, if it is one of the table.
pub(super) fn function(module: &str, name: &str) -> Option<Function> {
    let (interface, version) = module.strip_prefix("wasi:")?.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    if patch.is_empty() || !patch.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    FUNCTIONS.iter().find(|row| row.interface == interface && row.name == name).copied()
}

/// Defines one function; others are left out.
pub(super) fn define(linker: &mut Linker<State>, module: &str, name: &str) -> Result<(), Error> {
    let Some(Function { signature, task, .. }) = function(module, name) else {
        return Ok(());
    };
    linker.func_new(module, name, func_type(signature), move |mut caller, params, results| {
        let at_once = match task {
            Task::Ignore => None,
            Task::Number(number) => Some(Val::I32(number.cast_signed())),
            Task::Resolution => Some(Val::I64(1)),
            _ => {
                let mut words = [0; 4];
                for (word, param) in words.iter_mut().zip(params) {
                    *word = unsigned(param);
                }
                let call = Preview2Call { task, words, result: words_result(params) };
                caller.data_mut().suspended = Some(Suspended::Preview2(call));
                return Err(Error::host(Suspend));
            }
        };
        if let (Some(result), Some(value)) = (results.first_mut(), at_once) {
            *result = value;
        }
        Ok(())
    })?;
    Ok(())
}

fn unsigned(param: &Val) -> u64 {
    match param {
        Val::I32(word) => u64::from(word.cast_unsigned()),
        Val::I64(word) => word.cast_unsigned(),
        _ => 0,
    }
}

/// The last parameter, which is the result area of the functions that have one.
fn words_result(params: &[Val]) -> u32 {
    params.last().and_then(Val::i32).unwrap_or_default().cast_unsigned()
}

/// What a guest is suspended in.
pub(crate) struct Preview2Call {
    task: Task,
    words: [u64; 4],
    result: u32,
}

/// What is left for the driver to do.
pub(super) enum Step {
    /// Nothing: this is what the function gives, if it gives something.
    Done(Option<Val>),
    /// Text for the log.
    Log { level: u8, text: String },
    /// To wait until this moment of the monotonic clock.
    Wait(u64),
    /// To wait until one of these moments, and to write which ones have come.
    Poll { moments: Vec<u64>, result: u32 },
    /// To write bytes where the guest's allocator gives room, as a list of so many.
    Bytes { bytes: Vec<u8>, result: u32 },
    /// To end the guest's program.
    Exit(i32),
    /// To end the call: the system has no random bytes.
    NoRandom,
}

/// The moments that an instance waits for, by handle.
#[derive(Default)]
pub(crate) struct Pollables(Vec<Option<u64>>);

impl Pollables {
    fn add(&mut self, moment: u64) -> Result<i32, AbiFault> {
        let free = self.0.iter().position(Option::is_none);
        let slot = match free {
            Some(slot) => slot,
            None if self.0.len() < POLLABLES => {
                self.0.push(None);
                self.0.len().saturating_sub(1)
            }
            None => {
                let limit = u32::try_from(POLLABLES).unwrap_or(u32::MAX);
                let count = limit.saturating_add(1);
                return Err(AbiFault::TooMany { what: "pollables", count, limit });
            }
        };
        if let Some(place) = self.0.get_mut(slot) {
            *place = Some(moment);
        }
        let slot = u32::try_from(slot).unwrap_or(u32::MAX);
        Ok(FIRST_TIMED.saturating_add(slot).cast_signed())
    }

    fn slot(&mut self, handle: u32) -> Option<&mut Option<u64>> {
        let slot = handle.checked_sub(FIRST_TIMED)? as usize;
        self.0.get_mut(slot).filter(|place| place.is_some())
    }

    /// When a pollable is ready; a stream's always is.
    fn moment(&mut self, handle: u32) -> Result<u64, AbiFault> {
        match handle {
            READY => Ok(0),
            _ => self.slot(handle).and_then(|place| *place).ok_or_else(|| unknown(handle)),
        }
    }

    fn remove(&mut self, handle: u32) -> Result<(), AbiFault> {
        match handle {
            READY => Ok(()),
            _ => match self.slot(handle) {
                Some(place) => {
                    *place = None;
                    Ok(())
                }
                None => Err(unknown(handle)),
            },
        }
    }
}

fn unknown(handle: u32) -> AbiFault {
    AbiFault::UnknownHandle { what: "pollable", handle }
}

impl Preview2Call {
    /// Does what needs no waiting and no allocator of the guest.
    pub(super) fn answer(self, memory: &mut [u8], state: &mut State) -> Result<Step, AbiFault> {
        let Self { task, words: [long, second, third, _], result } = self;
        let first = word(long);
        let given = |value| Ok(Step::Done(Some(value)));
        match task {
            Task::Ignore | Task::Number(_) | Task::Resolution => {}
            Task::Store(align, bytes) => store(memory, result, align, bytes)?,
            Task::Room => {
                let mut area = [0; 16];
                let (_, room) = area.split_at_mut(8);
                room.copy_from_slice(&u64::from(OUTPUT_BYTES).to_le_bytes());
                store(memory, result, 8, &area)?;
            }
            Task::Write => {
                let level = match first {
                    STDOUT => 2,
                    STDERR => 1,
                    handle => return Err(AbiFault::UnknownHandle { what: "stream", handle }),
                };
                let span = Span { pointer: word(second), length: word(third) };
                if span.length > OUTPUT_BYTES {
                    let (what, count) = ("bytes of output at once", span.length);
                    return Err(AbiFault::TooMany { what, count, limit: OUTPUT_BYTES });
                }
                let mut lift = Lift::new(memory, &mut state.lifted);
                let text = lift.lossy_text("output", span, OUTPUT_BYTES)?;
                store(memory, result, 4, NOTHING)?;
                return Ok(Step::Log { level, text });
            }
            Task::Now => return given(Val::I64(nanoseconds_monotonic().cast_signed())),
            Task::Wall => {
                let now = wall_time();
                let mut area = [0; 16];
                let (seconds, nanoseconds) = area.split_at_mut(8);
                seconds.copy_from_slice(&now.as_secs().to_le_bytes());
                let (nanoseconds, _) = nanoseconds.split_at_mut(4);
                nanoseconds.copy_from_slice(&now.subsec_nanos().to_le_bytes());
                store(memory, result, 8, &area)?;
            }
            Task::At => return given(Val::I32(state.pollables.add(long)?)),
            Task::After => {
                let moment = nanoseconds_monotonic().saturating_add(long);
                return given(Val::I32(state.pollables.add(moment)?));
            }
            Task::Drop => state.pollables.remove(first)?,
            Task::IsReady => {
                let ready = state.pollables.moment(first)? <= nanoseconds_monotonic();
                return given(Val::I32(i32::from(ready)));
            }
            Task::Block => return Ok(Step::Wait(state.pollables.moment(first)?)),
            Task::Poll => {
                let moments = moments(memory, state, first, word(second))?;
                abi::check_area(memory, "result area", result, 4, 8)?;
                return Ok(Step::Poll { moments, result });
            }
            Task::RandomBytes => {
                let (what, count) = ("random bytes", first);
                if count > RANDOM_BYTES {
                    return Err(AbiFault::TooMany { what, count, limit: RANDOM_BYTES });
                }
                abi::check_area(memory, "result area", result, 4, 8)?;
                let mut bytes = vec![0; count as usize];
                return Ok(match getrandom::fill(&mut bytes) {
                    Ok(()) => Step::Bytes { bytes, result },
                    Err(_) => Step::NoRandom,
                });
            }
            Task::RandomNumber => {
                let mut bytes = [0; 8];
                return match getrandom::fill(&mut bytes) {
                    Ok(()) => given(Val::I64(i64::from_le_bytes(bytes))),
                    Err(_) => Ok(Step::NoRandom),
                };
            }
            Task::Seed => {
                let mut bytes = [0; 16];
                if getrandom::fill(&mut bytes).is_err() {
                    return Ok(Step::NoRandom);
                }
                store(memory, result, 8, &bytes)?;
            }
            Task::Exit => return Ok(Step::Exit(first.cast_signed())),
        }
        Ok(Step::Done(None))
    }
}

/// When each pollable of a list is ready.
fn moments(
    memory: &[u8],
    state: &mut State,
    pointer: u32,
    count: u32,
) -> Result<Vec<u64>, AbiFault> {
    let limit = u32::try_from(POLLABLES).unwrap_or(u32::MAX);
    if count == 0 || count > limit {
        return Err(AbiFault::TooMany { what: "pollables to poll", count, limit });
    }
    let length = u64::from(count).saturating_mul(4);
    let area = Lift::new(memory, &mut state.lifted).aligned("pollables", pointer, 4, length)?;
    let handles = area
        .chunks_exact(4)
        .map(|bytes| bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)));
    handles.map(|handle| state.pollables.moment(handle)).collect()
}

/// Which of the moments have come, as a list of indices.
pub(super) fn ready(moments: &[u64]) -> Vec<u8> {
    let now = nanoseconds_monotonic();
    let come = (0_u32..).zip(moments).filter(|(_, moment)| **moment <= now);
    come.flat_map(|(index, _)| index.to_le_bytes()).collect()
}

/// How long it is until a moment of the monotonic clock; `None` if it has come.
pub(super) fn time_until(moment: u64) -> Option<Duration> {
    let left = moment.saturating_sub(nanoseconds_monotonic());
    (left > 0).then(|| Duration::from_nanos(left))
}

/// Writes a list's pointer and count to its result area.
pub(super) fn store_list(memory: &mut [u8], result: u32, span: Span) -> Result<(), AbiFault> {
    let mut area = [0; 8];
    let (pointer, count) = area.split_at_mut(4);
    pointer.copy_from_slice(&span.pointer.to_le_bytes());
    count.copy_from_slice(&span.length.to_le_bytes());
    store(memory, result, 4, &area)
}

fn store(memory: &mut [u8], result: u32, align: u32, bytes: &[u8]) -> Result<(), AbiFault> {
    abi::check_area(memory, "result area", result, align, bytes.len() as u64)?;
    abi::store(memory, "result area", result, bytes)
}

/// A parameter that was an `i32`.
fn word(param: u64) -> u32 {
    u32::try_from(param).unwrap_or(u32::MAX)
}
