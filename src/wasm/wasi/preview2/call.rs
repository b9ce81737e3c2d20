//! A call of the second preview: the numbers of the guest, and the step that is left for the driver.

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
use super::table::{NOTHING, STDERR, STDOUT, Task};
use crate::wasm::abi::{self, AbiFault, Lift, Span};
use crate::wasm::wasi::clock::{monotonic_nanoseconds, wall_time};
use crate::wasm::wasi::limits::{OUTPUT_BYTES, RANDOM_BYTES};

/// What a guest is suspended in.
pub(in crate::wasm) struct Preview2Call {
    pub(super) task: Task,
    pub(super) words: [u64; 4],
    pub(super) result: u32,
}

/// What is left for the driver to do.
pub(in crate::wasm) enum Step {
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

impl Preview2Call {
    /// Does what needs no waiting and no allocator of the guest.
    pub(in crate::wasm) fn answer(
        self,
        memory: &mut [u8],
        pollables: &mut Pollables,
        lifted: &mut usize,
    ) -> Result<Step, AbiFault> {
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
                let mut lift = Lift::new(memory, lifted);
                let text = lift.lossy_text("output", span, OUTPUT_BYTES)?;
                store(memory, result, 4, NOTHING)?;
                return Ok(Step::Log { level, text });
            }
            Task::Now => return given(Val::I64(monotonic_nanoseconds().cast_signed())),
            Task::Wall => {
                let now = wall_time();
                let mut area = [0; 16];
                let (seconds, nanoseconds) = area.split_at_mut(8);
                seconds.copy_from_slice(&now.as_secs().to_le_bytes());
                let (nanoseconds, _) = nanoseconds.split_at_mut(4);
                nanoseconds.copy_from_slice(&now.subsec_nanos().to_le_bytes());
                store(memory, result, 8, &area)?;
            }
            Task::At => return given(Val::I32(pollables.add(long)?)),
            Task::After => {
                let moment = monotonic_nanoseconds().saturating_add(long);
                return given(Val::I32(pollables.add(moment)?));
            }
            Task::Drop => pollables.remove(first)?,
            Task::IsReady => {
                let ready = pollables.moment(first)? <= monotonic_nanoseconds();
                return given(Val::I32(i32::from(ready)));
            }
            Task::Block => return Ok(Step::Wait(pollables.moment(first)?)),
            Task::Poll => {
                let moments = moments(memory, pollables, lifted, first, word(second))?;
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

/// Which of the moments have come, as a list of indices.
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

fn store(memory: &mut [u8], result: u32, align: u32, bytes: &[u8]) -> Result<(), AbiFault> {
    abi::check_area(memory, "result area", result, align, bytes.len() as u64)?;
    abi::store(memory, "result area", result, bytes)
}

/// A parameter that was an `i32`.
fn word(param: u64) -> u32 {
    u32::try_from(param).unwrap_or(u32::MAX)
}
