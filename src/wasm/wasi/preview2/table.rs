//! The table of the functions, one row each.

use super::pollables::READY;
use crate::wasm::signature::{Signature, signature};

/// The handles of the three streams. They belong to no list, so dropping one changes nothing.
const STDIN: u32 = 1;
/// As [`STDIN`].
pub(super) const STDOUT: u32 = 2;
/// As [`STDIN`].
pub(super) const STDERR: u32 = 3;

/// `result` without an error, and `option` without a value.
pub(super) const NOTHING: &[u8] = &[0; 12];
/// An empty list or string: its pointer is aligned and not null, as that of an empty slice in Rust must be.
const EMPTY: &[u8] = &[4, 0, 0, 0, 0, 0, 0, 0];
/// `stream-error::closed` where the good value is at offset 4.
const CLOSED: &[u8] = &[1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// `stream-error::closed` where the good value is a `u64`.
const CLOSED_LONG: &[u8] = &[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// A second's billionth as `datetime`.
const NANOSECOND: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
/// `option` without a resource.
const NO_TERMINAL: &[u8] = &[0; 8];

/// The operation of a function. The first three end at once, without the driver.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// Does nothing, at once.
    Ignore,
    /// Returns this number, at once.
    Number(u32),
    /// Returns the clock's resolution, a nanosecond, at once.
    Resolution,
    /// Writes this to the result area, with the alignment.
    Store(u32, &'static [u8]),
    /// Writes to the result area how many bytes `write` accepts.
    Room,
    /// Writes output to the log.
    Write,
    /// Reads the monotonic clock.
    Now,
    /// Reads the wall clock.
    Wall,
    /// Makes a pollable for a moment.
    At,
    /// Makes a pollable for a time from now.
    After,
    /// Drops a pollable.
    Drop,
    /// Checks a pollable.
    IsReady,
    /// Waits for one pollable.
    Block,
    /// Waits for the first of several pollables.
    Poll,
    RandomBytes,
    RandomNumber,
    Seed,
    Exit,
}

/// One function of an interface.
#[derive(Debug, Clone, Copy)]
pub(in crate::wasm) struct Preview2Function {
    /// The interface without `wasi:` and without its version.
    interface: &'static str,
    name: &'static str,
    pub(in crate::wasm) signature: Signature,
    pub(super) operation: Operation,
}

macro_rules! table {
    ($($interface:literal { $($name:literal $params:literal -> $results:literal $operation:expr;)* })*) => {
        &[$($(Preview2Function {
            interface: $interface,
            name: $name,
            signature: signature($params, $results),
            operation: $operation,
        },)*)*]
    };
}

/// All functions that this host answers, with their core-level types. Input is closed, and there are no
/// arguments, variables or terminals.
const FUNCTIONS: &[Preview2Function] = table! {
    "cli/environment" {
        "get-environment" "i" -> "" Operation::Store(4, EMPTY);
        "get-arguments" "i" -> "" Operation::Store(4, EMPTY);
        "initial-cwd" "i" -> "" Operation::Store(4, NOTHING);
    }
    "cli/exit" {
        "exit" "i" -> "" Operation::Exit;
        "exit-with-code" "i" -> "" Operation::Exit;
    }
    "cli/stdin" { "get-stdin" "" -> "i" Operation::Number(STDIN); }
    "cli/stdout" { "get-stdout" "" -> "i" Operation::Number(STDOUT); }
    "cli/stderr" { "get-stderr" "" -> "i" Operation::Number(STDERR); }
    "cli/terminal-input" { "[resource-drop]terminal-input" "i" -> "" Operation::Ignore; }
    "cli/terminal-output" { "[resource-drop]terminal-output" "i" -> "" Operation::Ignore; }
    "cli/terminal-stdin" { "get-terminal-stdin" "i" -> "" Operation::Store(4, NO_TERMINAL); }
    "cli/terminal-stdout" { "get-terminal-stdout" "i" -> "" Operation::Store(4, NO_TERMINAL); }
    "cli/terminal-stderr" { "get-terminal-stderr" "i" -> "" Operation::Store(4, NO_TERMINAL); }
    "clocks/monotonic-clock" {
        "now" "" -> "I" Operation::Now;
        "resolution" "" -> "I" Operation::Resolution;
        "subscribe-instant" "I" -> "i" Operation::At;
        "subscribe-duration" "I" -> "i" Operation::After;
    }
    "clocks/wall-clock" {
        "now" "i" -> "" Operation::Wall;
        "resolution" "i" -> "" Operation::Store(8, NANOSECOND);
    }
    "io/error" {
        "[resource-drop]error" "i" -> "" Operation::Ignore;
        "[method]error.to-debug-string" "ii" -> "" Operation::Store(4, EMPTY);
    }
    "io/poll" {
        "[resource-drop]pollable" "i" -> "" Operation::Drop;
        "[method]pollable.ready" "i" -> "i" Operation::IsReady;
        "[method]pollable.block" "i" -> "" Operation::Block;
        "poll" "iii" -> "" Operation::Poll;
    }
    "io/streams" {
        "[resource-drop]input-stream" "i" -> "" Operation::Ignore;
        "[resource-drop]output-stream" "i" -> "" Operation::Ignore;
        "[method]input-stream.read" "iIi" -> "" Operation::Store(4, CLOSED);
        "[method]input-stream.blocking-read" "iIi" -> "" Operation::Store(4, CLOSED);
        "[method]input-stream.skip" "iIi" -> "" Operation::Store(8, CLOSED_LONG);
        "[method]input-stream.blocking-skip" "iIi" -> "" Operation::Store(8, CLOSED_LONG);
        "[method]input-stream.subscribe" "i" -> "i" Operation::Number(READY);
        "[method]output-stream.check-write" "ii" -> "" Operation::Room;
        "[method]output-stream.write" "iiii" -> "" Operation::Write;
        "[method]output-stream.blocking-write-and-flush" "iiii" -> "" Operation::Write;
        "[method]output-stream.flush" "ii" -> "" Operation::Store(4, NOTHING);
        "[method]output-stream.blocking-flush" "ii" -> "" Operation::Store(4, NOTHING);
        "[method]output-stream.subscribe" "i" -> "i" Operation::Number(READY);
        "[method]output-stream.write-zeroes" "iIi" -> "" Operation::Store(4, CLOSED);
        "[method]output-stream.blocking-write-zeroes-and-flush" "iIi" -> "" Operation::Store(4, CLOSED);
        "[method]output-stream.splice" "iiIi" -> "" Operation::Store(8, CLOSED_LONG);
        "[method]output-stream.blocking-splice" "iiIi" -> "" Operation::Store(8, CLOSED_LONG);
    }
    "random/random" {
        "get-random-bytes" "Ii" -> "" Operation::RandomBytes;
        "get-random-u64" "" -> "I" Operation::RandomNumber;
    }
    "random/insecure" {
        "get-insecure-random-bytes" "Ii" -> "" Operation::RandomBytes;
        "get-insecure-random-u64" "" -> "I" Operation::RandomNumber;
    }
    "random/insecure-seed" { "insecure-seed" "i" -> "" Operation::Seed; }
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
