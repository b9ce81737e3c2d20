//! The functions that are answered, one row each.

use super::pollables::READY;
use crate::wasm::signature::{Signature, signature};

const STDIN: u32 = 1;
pub(super) const STDOUT: u32 = 2;
pub(super) const STDERR: u32 = 3;

/// `result` without an error, and `option` without a value.
pub(super) const NOTHING: &[u8] = &[0; 12];
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
pub(super) enum Task {
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
pub(in crate::wasm) struct Preview2Function {
    interface: &'static str,
    name: &'static str,
    pub(in crate::wasm) signature: Signature,
    pub(super) task: Task,
}

macro_rules! table {
    ($($interface:literal { $($name:literal $params:literal -> $results:literal $task:expr;)* })*) => {
        &[$($(Preview2Function {
            interface: $interface,
            name: $name,
            signature: signature($params, $results),
            task: $task,
        },)*)*]
    };
}

const FUNCTIONS: &[Preview2Function] = table! {
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
pub(in crate::wasm) fn preview2_function(module: &str, name: &str) -> Option<Preview2Function> {
    let (interface, version) = module.strip_prefix("wasi:")?.split_once('@')?;
    let patch = version.strip_prefix("0.2.")?;
    if patch.is_empty() || !patch.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    FUNCTIONS.iter().find(|row| row.interface == interface && row.name == name).copied()
}
