//! The pollables of one instance: handles of moments that it waits for.
//!
//! A pollable has no other side: it is a moment of the monotonic clock, and it is ready when that has come. So
//! nothing has to be cancelled when one is dropped.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use crate::wasm::abi::AbiFault;

/// The pollable of a stream, which is always ready.
pub(super) const READY: u32 = 1;
/// The first pollable that waits for a moment.
const FIRST_TIMED: u32 = 2;
/// Moments that one instance waits for at once.
pub(super) const POLLABLES: usize = 64;

/// The moments that an instance waits for, by handle. Handles are reused, so that the list stays short.
#[derive(Default)]
pub(in crate::wasm) struct Pollables(Vec<Option<u64>>);

impl Pollables {
    /// The handle of a new pollable for `moment`, in nanoseconds of the monotonic clock.
    ///
    /// # Errors
    ///
    /// [`AbiFault::TooMany`] if the instance has as many as it may have.
    pub(super) fn add(&mut self, moment: u64) -> Result<i32, AbiFault> {
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

    /// The place of a pollable that waits for a moment; `None` if the handle was dropped or never given out.
    fn slot(&mut self, handle: u32) -> Option<&mut Option<u64>> {
        let slot = handle.checked_sub(FIRST_TIMED)? as usize;
        self.0.get_mut(slot).filter(|place| place.is_some())
    }

    /// The moment at which a pollable is ready; a stream's always is.
    pub(super) fn moment(&mut self, handle: u32) -> Result<u64, AbiFault> {
        match handle {
            READY => Ok(0),
            _ => self.slot(handle).and_then(|place| *place).ok_or_else(|| unknown(handle)),
        }
    }

    /// Drops a pollable. The handle of streams stays, because all streams share it.
    pub(super) fn remove(&mut self, handle: u32) -> Result<(), AbiFault> {
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

/// The fault of a handle that the guest doesn't have.
fn unknown(handle: u32) -> AbiFault {
    AbiFault::UnknownHandle { what: "pollable", handle }
}
