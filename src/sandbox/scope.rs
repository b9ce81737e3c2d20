//! What lasts from one host call of a guest's call to the next.

use super::network::HttpStreams;
use crate::contract::{CallContext, SharedFuel};

/// The part of a guest's call that its host calls share. It ends with the call, and what it holds is closed then.
#[derive(Debug, Default)]
pub(crate) struct CallScope {
    /// Units of fuel that the call has used so far, with those of the guests that it has called.
    pub(crate) fuel_used: u64,
    /// Units that it may still use.
    pub(crate) fuel_left: u64,
    /// The bodies that the call reads bit by bit.
    pub(crate) streams: HttpStreams,
    /// Whom the call works for, and who waits for it.
    pub(crate) context: CallContext,
}

impl CallScope {
    /// Counts the fuel of calls that had `context`, which was made for what was left.
    pub(super) fn count(&mut self, context: &CallContext) {
        let left = context.fuel.as_ref().map_or(self.fuel_left, SharedFuel::own);
        self.fuel_used += self.fuel_left.saturating_sub(left);
    }
}
