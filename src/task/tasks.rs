//! A handle by which actors start further tasks.
//!
//! It does not keep the executor alive. The executor keeps its tasks, so a task that kept the executor would
//! keep itself and all it holds for ever once no thread runs it any more.

use std::sync::{Arc, Weak};

use smol::{Executor, Task};

use super::contained_on;
use crate::contract::BoxFuture;

/// An executor that lives as long as somebody else keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Tasks(Weak<Executor<'static>>);

impl Tasks {
    pub(crate) fn of(executor: &Arc<Executor<'static>>) -> Self {
        Self(Arc::downgrade(executor))
    }

    /// Starts a task. Drops it if the executor is gone, because nothing would ever run it.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<Task<()>> {
        Some(spawn_boxed(&*self.0.upgrade()?, Box::pin(task)))
    }

    /// Runs `work` to its result, or to the message of its panic, on whatever thread the waiter is.
    pub(crate) async fn contained<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, T>,
    ) -> Result<T, String> {
        contained_on(&self.0, work).await
    }

    /// Starts a task that has no waiter.
    pub(crate) fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(task) = self.spawn(task) {
            task.detach();
        }
    }
}

/// The compiler copies the code around a task for every type of future, at about 2 KB each. Here is the
/// one copy.
#[inline(never)]
pub(crate) fn spawn_boxed(executor: &Executor<'static>, task: BoxFuture<'static, ()>) -> Task<()> {
    executor.spawn(task)
}
