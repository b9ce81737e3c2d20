//! A mutex of which the thread knows that it holds it.
//!
//! A thread that a panic has stopped for good (see [`containment`](super::containment)) never gives back
//! what it had locked. So each thread counts its locks, and a panic under one ends the program in order.
//! Until then, a call that waits for what is lost ends with a panic of its own, so that it is answered and
//! its thread does not keep others waiting.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::panic::panic_any;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::mark::is_contained_here;

/// How long after a lock was lost it is still waited for: others may be held for a moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same for one that is asked for later than that.
const LATE_PATIENCE: Duration = Duration::from_millis(100);

/// When a panic has first kept a lock for ever.
static LOST: OnceLock<Instant> = OnceLock::new();

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
        let guard = self.try_lock().unwrap_or_else(|| self.wait());
        HELD.set(HELD.get() + 1);
        Held(guard)
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    #[cold]
    fn wait(&self) -> MutexGuard<'_, T> {
        if !is_contained_here() {
            return self.0.lock().unwrap_or_else(PoisonError::into_inner);
        }
        // Nothing wakes whoever waits for a lock that is lost meanwhile.
        let mut turns = Turns { begun: Instant::now(), yields: YIELDS, pause: FIRST_PAUSE };
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            turns.next();
        }
    }

    /// Nobody else has it.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often others run before the first pause: locks are held for microseconds, pauses are longer.
const YIELDS: u32 = 64;
/// The pauses between two looks at a lock that somebody else has.
const FIRST_PAUSE: Duration = Duration::from_micros(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

struct Turns {
    begun: Instant,
    yields: u32,
    pause: Duration,
}

impl Turns {
    /// Waits a moment.
    ///
    /// # Panics
    ///
    /// When it is all but certain that the lock is one that is lost.
    #[expect(clippy::panic, reason = "the work that waits can't go on, and its panic is contained")]
    fn next(&mut self) {
        let is_over =
            |lost: &Instant| lost.elapsed() > PATIENCE && self.begun.elapsed() > LATE_PATIENCE;
        if LOST.get().is_some_and(is_over) {
            panic_any("it needs what a call that panicked has locked");
        }
        if let Some(left) = self.yields.checked_sub(1) {
            self.yields = left;
            thread::yield_now();
            return;
        }
        thread::sleep(self.pause);
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Notes that what this thread has locked stays so for ever.
pub(super) fn lose() {
    let _ = LOST.set(Instant::now());
}

/// Whether any lock stays locked for ever.
#[cfg(weft_fault)]
pub(super) fn is_any_lost() -> bool {
    LOST.get().is_some()
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

/// Whether this thread has locked anything.
pub(super) fn is_any_held() -> bool {
    HELD.get() > 0
}
