//! Calls of the first preview that need the driver, and their answers in the guest's memory.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use super::numbers::{INVALID, NOT_SUPPORTED, SUCCESS};
use super::poll_oneoff::{self, PollSubscription};
use crate::wasm::abi::{self, AbiFault, Span};
use crate::wasm::clock::{monotonic_nanoseconds, wall_time};
use crate::wasm::wasi::limits::RANDOM_BYTES;

/// A call that needs more than a constant answer. The numbers are places in the guest's memory.
pub(in crate::wasm) enum Preview1Call {
    /// Text for the log. The count of accepted bytes is written to `written`.
    Write { level: u8, text: String, bytes: u32, written: u32 },
    /// Zeros are written to both places: no arguments, no environment.
    Empty { count: u32, size: u32 },
    /// The time is written to `time`.
    Clock { id: i32, time: u32 },
    /// The clock's resolution is written to `resolution`.
    Resolution { resolution: u32 },
    /// The span is filled with random bytes.
    Random { span: Span },
    /// A wait for the first of these. The events are written to `events`, and their number to `written`.
    Poll { subscriptions: Vec<PollSubscription>, events: u32, written: u32 },
    /// The end of the guest's program.
    Exit { status: i32 },
}

impl Preview1Call {
    /// Writes the results to the guest's memory, and returns the error number.
    ///
    /// The driver has sent output to the log before, and waited.
    ///
    /// # Errors
    ///
    /// [`AbiFault`] for a pointer outside of the memory. Everything else that is wrong is an error number for the
    /// guest.
    pub(in crate::wasm) fn answer(&self, memory: &mut [u8]) -> Result<i32, AbiFault> {
        match *self {
            Self::Poll { ref subscriptions, events, written } => {
                poll_oneoff::write(memory, subscriptions, events, written)?;
            }
            Self::Empty { count, size } => {
                abi::store(memory, "count", count, &[0; 4])?;
                abi::store(memory, "size", size, &[0; 4])?;
            }
            Self::Clock { id, time } => {
                let Some(nanoseconds) = nanoseconds(id) else {
                    return Ok(INVALID);
                };
                abi::store(memory, "time", time, &nanoseconds.to_le_bytes())?;
            }
            Self::Resolution { resolution } => {
                abi::store(memory, "resolution", resolution, &1_u64.to_le_bytes())?;
            }
            Self::Random { span } => {
                if span.length > RANDOM_BYTES {
                    return Ok(INVALID);
                }
                let mut bytes = vec![0; span.length as usize];
                if getrandom::fill(&mut bytes).is_err() {
                    return Ok(NOT_SUPPORTED);
                }
                abi::store(memory, "random bytes", span.pointer, &bytes)?;
            }
            Self::Write { bytes, written, .. } => {
                abi::store(memory, "written", written, &bytes.to_le_bytes())?;
            }
            Self::Exit { .. } => {}
        }
        Ok(SUCCESS)
    }
}

/// The time of a clock by its number: 0 is the wall clock, 1 the monotonic one. `None` for the clocks of
/// processor time, which this host doesn't have.
fn nanoseconds(clock: i32) -> Option<u64> {
    match clock {
        0 => u64::try_from(wall_time().as_nanos()).ok(),
        1 => Some(monotonic_nanoseconds()),
        _ => None,
    }
}
