//! The losses of the process by panics, and its end in order when they are too many.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Threads that panics may take before the program is worn out: each keeps some 30 KB, and everything that
/// its call held.
pub const LOST_THREADS: usize = 10;

/// The threads that panics have taken.
static LOST: AtomicUsize = AtomicUsize::new(0);

/// Whether panics have cost more than threads.
static WORN_OUT: AtomicBool = AtomicBool::new(false);

/// Ends the program in order; unset until [`set_end_function`].
static END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

/// Reports that a panic which is being contained was one too many.
pub(crate) fn wear_out() {
    WORN_OUT.store(true, Ordering::Relaxed);
}

/// Sets how the program ends in order. Only the first call of a process counts.
pub(super) fn set_end_function(end: impl Fn() + Send + Sync + 'static) {
    let _ = END.set(Box::new(end));
}

/// The function that ends the program in order, if one is set.
pub(super) fn end_function() -> Option<&'static (dyn Fn() + Send + Sync)> {
    END.get().map(|end| &**end)
}

/// Counts a thread that a panic takes. Returns whether it is the last that may be lost.
pub(super) fn lose_thread() -> bool {
    LOST.fetch_add(1, Ordering::Relaxed) + 1 >= LOST_THREADS
}

/// Ends the program in order if panics have cost too much.
pub(super) fn end_if_worn_out() {
    if let Some(end) = end_function().filter(|_| WORN_OUT.load(Ordering::Relaxed)) {
        end();
    }
}
