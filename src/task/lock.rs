//! A mutex of which the thread knows that it holds it.
//!
//! A thread that a panic has stopped for good (see [`containment`](super::containment)) never gives back
//! what it had locked. So each thread counts its locks, and a panic under one ends the program in order.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::containment::HeldByMark;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// A mutex without poison: whoever changes what is in it leaves it whole at every step.
#[derive(Debug, Default)]
pub(crate) struct Lock<T: ?Sized>(Mutex<T>);

/// What was locked, until it is dropped.
pub(crate) struct Held<'a, T: ?Sized>(MutexGuard<'a, T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits until nobody else has it. A panic of an earlier holder is no matter.
    pub(crate) fn lock(&self) -> Held<'_, T> {
        let guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        HELD.set(HELD.get() + 1);
        Held(guard)
    }

    /// Nobody else has it.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized> Drop for Held<'_, T> {
    fn drop(&mut self) {
        HELD.set(HELD.get() - 1);
    }
}

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

/// Whether this thread has locked anything.
pub(super) fn is_any_held() -> bool {
    HELD.get() > 0
}
