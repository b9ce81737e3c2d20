//! Calls of the second preview: the guest's numbers, and the step that remains for the driver.
//!
//! Pointers and handles are the guest's claims. One that is wrong is an [`AbiFault`], and so ends the call: in
//! the second preview, most functions have no error to return.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::Val;

use super::pollables::{POLLABLES, Pollables};
use super::table::{NOTHING, Operation, STDERR, STDOUT};
use crate::wasm::abi::{self, AbiFault, Lift, Span};
use crate::wasm::clock::{monotonic_nanoseconds, wall_time};
use crate::wasm::wasi::limits::{OUTPUT_BYTES, RANDOM_BYTES};

/// A call in which a guest is suspended.
pub(in crate::wasm) struct Preview2Call {
    /// The row of the table.
    pub(super) operation: Operation,
    /// The parameters in their order; those that the function doesn't have are 0.
    pub(super) words: [u64; 4],
    /// The last parameter: the pointer to the result area, if the function has one.
    pub(super) result: u32,
}

/// The rest of a call, for the driver.
pub(in crate::wasm) enum Step {
    /// The call is done, with this result if the function has one.
    Done(Option<Val>),
    /// Text for the log.
    Log { level: u8, text: String },
    /// Wait until this moment of the monotonic clock.
    Wait(u64),
    /// Wait until the first of these moments, and write the indices of those that have come.
    Poll { moments: Vec<u64>, result: u32 },
    /// Write a list of bytes, into memory from the guest's allocator.
    Bytes { bytes: Vec<u8>, result: u32 },
    /// End the guest's program.
    Exit(i32),
    /// End the call: the system has no random bytes.
    NoRandom,
}

impl Preview2Call {
    /// Answers the call, as far as that needs no waiting and no allocator of the guest.
    ///
    /// The memory may be empty, if the guest exports none. `lifted` is the call's count of copied bytes.
    ///
    /// # Errors
    ///
    /// [`AbiFault`] for a bad pointer, an unknown handle, or more than one call may ask for.
    pub(in crate::wasm) fn answer(
        self,
        memory: &mut [u8],
        pollables: &mut Pollables,
        lifted: &mut usize,
    ) -> Result<Step, AbiFault> {
        let Self { operation, words: [long, second, third, _], result } = self;
        let first = word(long);
        let given = |value| Ok(Step::Done(Some(value)));
        match operation {
            Operation::Ignore | Operation::Number(_) | Operation::Resolution => {}
            Operation::Store(align, bytes) => store(memory, result, align, bytes)?,
            Operation::Room => {
                let mut area = [0; 16];
                let (_, room) = area.split_at_mut(8);
                room.copy_from_slice(&u64::from(OUTPUT_BYTES).to_le_bytes());
                store(memory, result, 8, &area)?;
            }
            Operation::Write => {
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
                let mut lift = Lift::new(memory, lifted);
                let text = lift.lossy_text("output", span, OUTPUT_BYTES)?;
                store(memory, result, 4, NOTHING)?;
                return Ok(Step::Log { level, text });
            }
            Operation::Now => return given(Val::I64(monotonic_nanoseconds().cast_signed())),
            Operation::Wall => {
                let now = wall_time();
                let mut area = [0; 16];
                let (seconds, nanoseconds) = area.split_at_mut(8);
                seconds.copy_from_slice(&now.as_secs().to_le_bytes());
                let (nanoseconds, _) = nanoseconds.split_at_mut(4);
                nanoseconds.copy_from_slice(&now.subsec_nanos().to_le_bytes());
                store(memory, result, 8, &area)?;
            }
            Operation::At => return given(Val::I32(pollables.add(long)?)),
            Operation::After => {
                let moment = monotonic_nanoseconds().saturating_add(long);
                return given(Val::I32(pollables.add(moment)?));
            }
            Operation::Drop => pollables.remove(first)?,
            Operation::IsReady => {
                let ready = pollables.moment(first)? <= monotonic_nanoseconds();
                return given(Val::I32(i32::from(ready)));
            }
            Operation::Block => return Ok(Step::Wait(pollables.moment(first)?)),
            Operation::Poll => {
                let moments = moments(memory, pollables, lifted, first, word(second))?;
                // Before the wait, so that a bad pointer isn't found only after it.
                abi::check_area(memory, "result area", result, 4, 8)?;
                return Ok(Step::Poll { moments, result });
            }
            Operation::RandomBytes => {
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
            Operation::RandomNumber => {
                let mut bytes = [0; 8];
                return match getrandom::fill(&mut bytes) {
                    Ok(()) => given(Val::I64(i64::from_le_bytes(bytes))),
                    Err(_) => Ok(Step::NoRandom),
                };
            }
            Operation::Seed => {
                let mut bytes = [0; 16];
                if getrandom::fill(&mut bytes).is_err() {
                    return Ok(Step::NoRandom);
                }
                store(memory, result, 8, &bytes)?;
            }
            Operation::Exit => return Ok(Step::Exit(first.cast_signed())),
        }
        Ok(Step::Done(None))
    }
}

/// The moment of each pollable in a list.
///
/// Pollables of streams are ready at the moment 0. An empty list is a fault, as the interface says.
fn moments(
    memory: &[u8],
    pollables: &mut Pollables,
    lifted: &mut usize,
    pointer: u32,
    count: u32,
) -> Result<Vec<u64>, AbiFault> {
    let limit = u32::try_from(POLLABLES).unwrap_or(u32::MAX);
    if count == 0 || count > limit {
        return Err(AbiFault::TooMany { what: "pollables to poll", count, limit });
    }
    let length = u64::from(count).saturating_mul(4);
    let area = Lift::new(memory, lifted).aligned("pollables", pointer, 4, length)?;
    let handles = area
        .chunks_exact(4)
        .map(|bytes| bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)));
    handles.map(|handle| pollables.moment(handle)).collect()
}

/// The indices of the moments that have come, as a list in memory.
///
/// Each index is a little-endian `u32`, as `poll` returns them.
pub(in crate::wasm) fn ready(moments: &[u64]) -> Vec<u8> {
    let now = monotonic_nanoseconds();
    let come = (0_u32..).zip(moments).filter(|(_, moment)| **moment <= now);
    come.flat_map(|(index, _)| index.to_le_bytes()).collect()
}

/// Writes a list's pointer and count to its result area.
pub(in crate::wasm) fn store_list(
    memory: &mut [u8],
    result: u32,
    span: Span,
) -> Result<(), AbiFault> {
    let mut area = [0; 8];
    let (pointer, count) = area.split_at_mut(4);
    pointer.copy_from_slice(&span.pointer.to_le_bytes());
    count.copy_from_slice(&span.length.to_le_bytes());
    store(memory, result, 4, &area)
}

/// Writes the bytes of a result, whose place and alignment are checked first.
fn store(memory: &mut [u8], result: u32, align: u32, bytes: &[u8]) -> Result<(), AbiFault> {
    abi::check_area(memory, "result area", result, align, bytes.len() as u64)?;
    abi::store(memory, "result area", result, bytes)
}

/// A parameter that was an `i32`.
fn word(param: u64) -> u32 {
    u32::try_from(param).unwrap_or(u32::MAX)
}
