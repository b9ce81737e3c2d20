//! A mutex; each thread counts those it holds.
//!
//! A thread that a panic has stopped for good (see [`containment`](super::containment)) never unlocks its
//! locks. So each thread counts its locks, and a panic under one ends the program, in order if it can. Until then, a
//! call that waits for a lost lock ends with a panic of its own, so that its caller gets an answer and its
//! thread does not keep others waiting.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::panic::panic_any;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::mark::is_contained_here;

/// How long waits go on after a lock was lost: they may be for other locks, which are held for a moment.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same for a wait that begins later than that.
const LATE_PATIENCE: Duration = Duration::from_millis(100);

/// When a panic first kept a lock for ever.
static LOST: OnceLock<Instant> = OnceLock::new();

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// A mutex without poison: every change leaves the value whole at every step.
#[derive(Debug, Default)]
pub(crate) struct Lock<T: ?Sized>(Mutex<T>);

/// The locked value. Dropping it unlocks.
pub(crate) struct Held<'a, T: ?Sized>(MutexGuard<'a, T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits until no other thread holds the lock. A panic of an earlier holder does not matter.
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
        // Nothing would wake this thread if the lock is lost meanwhile.
        let mut backoff = Backoff { begun: Instant::now(), yields: YIELDS, pause: FIRST_PAUSE };
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            backoff.next();
        }
    }

    /// The value without locking: `&mut` shows that no other thread can hold the lock.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often others run before the first pause: locks are held for microseconds, pauses are longer.
const YIELDS: u32 = 64;
/// The pauses between two attempts at a lock that another thread holds.
const FIRST_PAUSE: Duration = Duration::from_micros(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(1);

struct Backoff {
    begun: Instant,
    yields: u32,
    pause: Duration,
}

impl Backoff {
    /// Waits a moment.
    ///
    /// # Panics
    ///
    /// When the lock is almost certainly lost.
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

/// Notes that the locks of this thread stay locked for ever.
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

/// Whether this thread holds a lock.
pub(super) fn is_any_held() -> bool {
    HELD.get() > 0
}
