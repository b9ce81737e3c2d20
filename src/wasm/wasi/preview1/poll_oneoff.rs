//! `poll_oneoff`: the subscriptions that a guest waits for, and the events that it gets.
//!
//! A guest can wait for clocks, and for the two outputs, which are always ready. The wait holds no thread and
//! ends with the call's time at the latest (T30).

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use super::numbers::{BAD_DESCRIPTOR, INVALID, STDERR, STDOUT, SUCCESS};
use crate::wasm::abi::{self, AbiFault, Lift, Span};
use crate::wasm::clock::{monotonic_nanoseconds, wall_time};
use crate::wasm::wasi::limits::OUTPUT_BYTES;

/// Subscriptions that one call may have.
const SUBSCRIPTIONS: u32 = 64;

/// Bytes of a `subscription`, aligned to 8: the user data at 0, the kind at 8, and what it is about from 16 on.
const SUBSCRIPTION_BYTES: u32 = 48;
/// Bytes of an `event`: the user data at 0, the error number at 8, the kind at 10, and the bytes that may be
/// written at 16.
const EVENT_BYTES: usize = 32;

/// The kind `clock`.
const CLOCK: u8 = 0;
/// The kind `fd_write`.
const WRITE: u8 = 2;

/// One event that a guest waits for.
pub(in crate::wasm) struct PollSubscription {
    /// The guest's own mark, which comes back with the event.
    userdata: [u8; 8],
    /// The kind as the guest wrote it, for the event.
    kind: u8,
    /// The moment at which it is ready. An invalid subscription is ready at once, with an error number.
    moment: u64,
    errno: i32,
}

/// Whether a call may have so many subscriptions.
pub(super) fn is_allowed(count: u32) -> bool {
    (1..=SUBSCRIPTIONS).contains(&count)
}

/// Reads the subscriptions of a call.
pub(super) fn read(lift: &mut Lift<'_>, array: Span) -> Result<Vec<PollSubscription>, AbiFault> {
    let bytes = u64::from(array.length).saturating_mul(u64::from(SUBSCRIPTION_BYTES));
    let area = lift.aligned("subscriptions", array.pointer, 8, bytes)?;
    Ok(area.chunks_exact(SUBSCRIPTION_BYTES as usize).map(subscription).collect())
}

/// One subscription. Its size is that of an element, so every field is inside.
fn subscription(bytes: &[u8]) -> PollSubscription {
    let kind = byte(bytes, 8);
    let subject = i32::from_le_bytes(array(bytes, 16));
    let (moment, errno) = match kind {
        CLOCK => {
            let timeout = u64::from_le_bytes(array(bytes, 24));
            let absolute = byte(bytes, 40) & 1 == 1;
            match moment(subject, timeout, absolute) {
                Some(moment) => (moment, SUCCESS),
                None => (0, INVALID),
            }
        }
        WRITE if matches!(subject, STDOUT | STDERR) => (0, SUCCESS),
        _ => (0, BAD_DESCRIPTOR),
    };
    PollSubscription { userdata: array(bytes, 0), kind, moment, errno }
}

/// The moment of the monotonic clock at which a timeout of this clock ends.
fn moment(clock: i32, timeout: u64, absolute: bool) -> Option<u64> {
    let now = monotonic_nanoseconds();
    let from_now = match (clock, absolute) {
        (0 | 1, false) => timeout,
        (1, true) => return Some(timeout),
        (0, true) => {
            let wall = u64::try_from(wall_time().as_nanos()).unwrap_or(u64::MAX);
            timeout.saturating_sub(wall)
        }
        _ => return None,
    };
    Some(now.saturating_add(from_now))
}

/// The moment at which the first subscription is ready.
pub(in crate::wasm) fn first_moment(subscriptions: &[PollSubscription]) -> u64 {
    subscriptions.iter().map(|one| one.moment).min().unwrap_or_default()
}

/// Writes an event for each subscription that is ready, and the number of events.
pub(super) fn write(
    memory: &mut [u8],
    subscriptions: &[PollSubscription],
    events: u32,
    written: u32,
) -> Result<(), AbiFault> {
    let now = monotonic_nanoseconds();
    let come = subscriptions.iter().filter(|one| one.moment <= now);
    let bytes: Vec<u8> = come.flat_map(event).collect();
    let count = u32::try_from(bytes.len() / EVENT_BYTES).unwrap_or(u32::MAX);
    abi::store(memory, "events", events, &bytes)?;
    abi::store(memory, "number of events", written, &count.to_le_bytes())
}

/// The event of a subscription that is ready.
fn event(of: &PollSubscription) -> [u8; EVENT_BYTES] {
    let room = if of.kind == WRITE && of.errno == SUCCESS { OUTPUT_BYTES } else { 0 };
    let mut event = [0; EVENT_BYTES];
    let [errno, errno_high, ..] = of.errno.to_le_bytes();
    let what = [errno, errno_high, of.kind, 0, 0, 0, 0, 0];
    let head = of.userdata.into_iter().chain(what).chain(u64::from(room).to_le_bytes());
    for (place, byte) in event.iter_mut().zip(head) {
        *place = byte;
    }
    event
}

/// The bytes at an offset; zeros beyond the end.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
}

/// The byte at an offset; 0 beyond the end.
fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or_default()
}
