//! A lock that is kept across waits, and counts at the mark of the work that holds it.

use std::ops::{Deref, DerefMut};

use super::mark::HeldByMark;

/// A mutex whose waiters hold up no thread, and which may stay locked across waits. The mark of the work
/// that holds it counts it.
#[derive(Debug)]
pub(crate) struct AsyncLock<T>(smol::lock::Mutex<T>);

/// The locked value. Dropping it unlocks.
pub(crate) struct AsyncHeld<'a, T> {
    guard: smol::lock::MutexGuard<'a, T>,
    _held: HeldByMark,
}

impl<T> AsyncLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(smol::lock::Mutex::new(value))
    }

    /// Waits until no other task holds the lock.
    pub(crate) async fn lock(&self) -> AsyncHeld<'_, T> {
        let guard = self.0.lock().await;
        AsyncHeld { guard, _held: HeldByMark::one() }
    }

    /// Locks if no other task holds the lock now.
    pub(crate) fn try_lock(&self) -> Option<AsyncHeld<'_, T>> {
        let guard = self.0.try_lock()?;
        Some(AsyncHeld { guard, _held: HeldByMark::one() })
    }
}

impl<T> Deref for AsyncHeld<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for AsyncHeld<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}
