//! What a call of a guest inherits from whoever made it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::{Requester, limits};

/// Whom a call works for, and what the guests that wait for it have left. The default works for nobody, and no
/// guest waits.
#[derive(Clone, Default)]
pub struct CallContext {
    /// The person or program that waits for the result, if it can be named.
    pub requester: Option<Arc<dyn Requester>>,
    /// Where it begins, if an observer may see it and the requester does not say.
    #[cfg(feature = "autonomous")]
    pub(crate) origin: Option<super::CallOrigin>,
    /// Whether a tool makes it, directly or through others.
    #[cfg(feature = "autonomous")]
    pub(crate) is_in_tool: bool,
    /// How many guests wait for this call, each for the next.
    pub(crate) depth: usize,
    /// The fuel of the guests that wait: what this call uses is also theirs.
    pub(crate) fuel: Option<SharedFuel>,
    /// The room for what is passed between guests, from the first call on.
    pub(crate) room: SharedRoom,
}

impl CallContext {
    /// The context of a call that works for somebody.
    #[must_use]
    pub fn of(requester: Arc<dyn Requester>) -> Self {
        Self { requester: Some(requester), ..Self::default() }
    }

    /// The context of a call that a guest makes with `fuel` units left.
    pub(crate) fn nested(&self, fuel: u64) -> Self {
        let left = AtomicU64::new(fuel);
        let shared = SharedFuel(Arc::new(FuelPool { left, waiting: self.fuel.clone() }));
        Self { depth: self.depth + 1, fuel: Some(shared), ..self.clone() }
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CallContext").field("depth", &self.depth).finish_non_exhaustive()
    }
}

/// Bytes that are passed between guests: parameters and results that a host holds for all calls to which one call has
/// led. Otherwise calls that wait for each other could pile up results without end.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedRoom(Arc<AtomicUsize>);

/// Bytes of the room, until it is dropped.
#[derive(Debug)]
pub(crate) struct RoomTaken {
    room: SharedRoom,
    bytes: usize,
}

impl SharedRoom {
    /// Takes room for `bytes`, if there is so much.
    pub(crate) fn take(&self, bytes: usize) -> Option<RoomTaken> {
        let more = |held: usize| held.checked_add(bytes).filter(|all| *all <= limits::TOOL_BYTES);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(RoomTaken { room: self.clone(), bytes })
    }
}

impl Drop for RoomTaken {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The fuel that a waiting guest has left, shared by all calls that it waits for.
///
/// Without it, a guest that calls sixteen others, each of which does the same, would multiply its fuel with every
/// step.
#[derive(Debug, Clone)]
pub(crate) struct SharedFuel(Arc<FuelPool>);

#[derive(Debug)]
struct FuelPool {
    left: AtomicU64,
    /// The fuel of the guest that waits for this one.
    waiting: Option<SharedFuel>,
}

impl SharedFuel {
    /// What the guest that waits directly has left.
    pub(crate) fn own(&self) -> u64 {
        self.0.left.load(Ordering::Relaxed)
    }

    /// The least that any of the waiting guests has left.
    pub(crate) fn left(&self) -> u64 {
        self.0.waiting.as_ref().map_or(self.own(), |waiting| self.own().min(waiting.left()))
    }

    /// Takes `units` from every guest that waits. Calls that run at the same time may together use a slice more than
    /// there was.
    pub(crate) fn spend(&self, units: u64) {
        let spent = |left: u64| Some(left.saturating_sub(units));
        let _ = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent);
        if let Some(waiting) = &self.0.waiting {
            waiting.spend(units);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_and_given_back() {
        let outer = CallContext::default();
        let inner = outer.nested(1).nested(1);
        let taken = inner.room.take(limits::TOOL_BYTES).expect("it is free");
        assert!(outer.room.take(1).is_none());
        drop(taken);
        assert!(outer.room.take(1).is_some());
    }

    #[test]
    fn nested_calls_spend_every_waiting_guests_fuel() {
        let outer = CallContext::default().nested(100);
        let inner = outer.nested(1_000);
        let inner = inner.fuel.expect("it is nested");
        assert_eq!(inner.left(), 100);
        inner.spend(60);
        assert_eq!(outer.fuel.expect("it is nested").left(), 40);
        inner.spend(60);
        assert_eq!(inner.left(), 0);
    }
}
