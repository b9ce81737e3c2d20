//! Where actors start further tasks.
//!
//! It does not keep the executor: a task that did would be kept by the executor, and so keep itself
//! and all it holds for ever once nobody runs it any more.

use std::sync::{Arc, Weak};

use smol::{Executor, Task};

use super::contained_on;
use crate::contract::BoxFuture;

/// An executor that is there as long as somebody else has it.
#[derive(Debug, Clone)]
pub(crate) struct Tasks(Weak<Executor<'static>>);

impl Tasks {
    pub(crate) fn of(executor: &Arc<Executor<'static>>) -> Self {
        Self(Arc::downgrade(executor))
    }

    /// Starts a task. Where the executor is gone, nothing would ever run it, and it is dropped.
    pub(crate) fn spawn(
        &self,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> Option<Task<()>> {
        Some(spawn_boxed(&*self.0.upgrade()?, Box::pin(task)))
    }

    /// What `work` comes to, or the message of its panic, wherever it is waited for.
    pub(crate) async fn contained<T: Send + 'static>(
        &self,
        work: BoxFuture<'static, T>,
    ) -> Result<T, String> {
        contained_on(&self.0, work).await
    }

    /// The same for one that nobody waits for.
    pub(crate) fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(task) = self.spawn(task) {
            task.detach();
        }
    }
}

/// The code around a task is compiled anew for every type of future, at about 2 KB each: here it is
/// compiled once.
#[inline(never)]
pub(crate) fn spawn_boxed(executor: &Executor<'static>, task: BoxFuture<'static, ()>) -> Task<()> {
    executor.spawn(task)
}
