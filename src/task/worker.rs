//! Threads that run work whose panics are contained: another thread can take the place of each.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use smol::Executor;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

/// A thread that can be replaced by another.
pub(crate) struct Worker {
    /// The executor whose tasks it runs; none for threads that block.
    executor: Option<Weak<Executor<'static>>>,
    /// Starts a thread in its place. Returns whether that was possible.
    replace: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Worker {
    pub(crate) fn new(
        executor: Option<Weak<Executor<'static>>>,
        replace: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        Self { executor, replace }
    }

    /// Makes this thread the worker.
    pub(crate) fn begin(self) {
        WORKER.set(Some(self));
    }

    /// The worker that this thread was until now.
    pub(super) fn end_here() -> Option<Self> {
        WORKER.take()
    }

    /// Starts a thread in its place. Returns whether that was possible.
    pub(super) fn replace(&self) -> bool {
        (self.replace)()
    }
}

/// Whether this thread is a worker.
pub(super) fn is_worker() -> bool {
    // A destructor that runs while the thread ends may ask as well.
    WORKER.try_with(|worker| worker.borrow().is_some()) == Ok(true)
}

/// Whether this thread runs the tasks of `executor`.
pub(super) fn runs(executor: &Weak<Executor<'static>>) -> bool {
    let is_it =
        |worker: &Worker| worker.executor.as_ref().is_some_and(|own| Weak::ptr_eq(own, executor));
    WORKER.with_borrow(|worker| worker.as_ref().is_some_and(is_it))
}

/// The executor whose tasks this thread runs.
pub(super) fn executor_here() -> Option<Arc<Executor<'static>>> {
    WORKER.with_borrow(|worker| worker.as_ref()?.executor.as_ref()?.upgrade())
}
