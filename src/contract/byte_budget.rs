//! Bytes that a surface may hold for all its clients together: what is being read, what waits for an
//! answer, and answers that wait to be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::limits::{KB, MB};

/// The part of the budget, one of so many, that is left to the small messages of others.
const RESERVE: usize = 4;
/// Bytes of a small message.
const SMALL_BYTES: usize = 64 * KB;

/// A budget that clones share.
#[derive(Clone)]
pub(crate) struct ByteBudget(Arc<Budget>);

struct Budget {
    surface: &'static str,
    limit: usize,
    used: AtomicUsize,
    /// It was logged that there is no room.
    is_said: AtomicBool,
}

impl ByteBudget {
    pub(crate) fn new(surface: &'static str, limit: usize) -> Self {
        let (used, is_said) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self(Arc::new(Budget { surface, limit, used, is_said }))
    }

    /// A part that holds nothing yet.
    pub(crate) fn nothing(&self) -> HeldBytes {
        HeldBytes { budget: self.clone(), bytes: 0 }
    }

    /// Room for so many bytes, until it is dropped; `None` where there is none.
    pub(crate) fn hold(&self, bytes: usize) -> Option<HeldBytes> {
        let mut held = self.nothing();
        held.resize(bytes).then_some(held)
    }

    fn take(&self, more: usize, whole: usize) -> bool {
        let Budget { surface, limit, used, is_said } = &*self.0;
        let limit = if whole > SMALL_BYTES { limit - limit / RESERVE } else { *limit };
        let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= limit);
        let taken = used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if !taken && !is_said.swap(true, Ordering::Relaxed) {
            let megabytes = self.0.limit / MB;
            log::warn!(
                "{surface}: clients want more than {megabytes} MB at once, and some are refused; if \
                 they are yours, raise `limits.surface_memory_mb` in config.yaml"
            );
        }
        taken
    }
}

/// A part of a budget, given back when it is dropped.
pub(crate) struct HeldBytes {
    budget: ByteBudget,
    bytes: usize,
}

impl HeldBytes {
    /// Holds so many bytes instead. Without room it holds as many as before. A single message never
    /// counts as more than half of the budget, so it fits however long it is.
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        let bytes = bytes.min(self.budget.0.limit / 2);
        if bytes > self.bytes && !self.budget.take(bytes - self.bytes, bytes) {
            return false;
        }
        self.give_back(self.bytes.saturating_sub(bytes));
        self.bytes = bytes;
        true
    }

    fn give_back(&self, bytes: usize) {
        self.budget.0.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_leave_room_for_small_ones() {
        let budget = ByteBudget::new("test", MB);
        let mut large = budget.hold(2 * MB).unwrap();
        let _more = budget.hold(188 * KB).unwrap();
        assert!(budget.hold(100 * KB).is_none());
        let small: Vec<_> = (0..5).map_while(|_| budget.hold(64 * KB)).collect();
        assert_eq!(small.len(), 5);
        assert!(budget.hold(64 * KB).is_none());
        assert!(large.resize(KB));
        assert!(budget.hold(64 * KB).is_some());
        drop((large, small, _more));
        assert_eq!(budget.0.used.load(Ordering::Relaxed), 0);
    }
}
