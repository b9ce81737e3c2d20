//! A lock that is kept across waits, and counts at the mark of the work that holds it.

use std::ops::{Deref, DerefMut};

use super::mark::HeldByMark;

/// A lock that is waited for without holding up a thread, and kept across waits. What marked work has
/// locked is counted at its mark.
#[derive(Debug)]
pub(crate) struct AsyncLock<T>(smol::lock::Mutex<T>);

/// What was locked, until it is dropped.
pub(crate) struct AsyncHeld<'a, T> {
    guard: smol::lock::MutexGuard<'a, T>,
    _held: HeldByMark,
}

impl<T> AsyncLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(smol::lock::Mutex::new(value))
    }

    /// Waits until nobody else has it.
    pub(crate) async fn lock(&self) -> AsyncHeld<'_, T> {
        let guard = self.0.lock().await;
        AsyncHeld { guard, _held: HeldByMark::one() }
    }

    /// The same if nobody else has it now.
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
