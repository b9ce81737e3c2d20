//! Observers: stages that see copies of messages and can neither change nor delay them. What waits for
//! them at the end they may still see, within a limit.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use serde_json::Value;

use super::state::MessageState;
use super::weight;
use crate::actor::PluginHost;
use crate::contract::{ByteBudget, HeldBytes, PipelineStage, PipelineStageType, SortedMap};
use crate::task::{Clock, Tasks, contained, within};

/// Copies that wait for one observer. One that is slower misses some.
const WAITING: usize = 64;

/// Hands copies to observers, each at its own pace.
pub(super) struct Observers {
    host: PluginHost,
    tasks: Tasks,
    queues: SortedMap<String, ObserverQueue>,
    /// Bytes of copies that may wait for one observer.
    memory_bytes: usize,
}

/// A copy, which is counted until it is seen.
type HeldCopy = (Value, HeldBytes);

/// The copies that wait for one observer, and the count of those it missed.
struct ObserverQueue {
    copies: Sender<HeldCopy>,
    /// The other end, to take out what will never be seen.
    waiting: Receiver<HeldCopy>,
    /// Bytes of waiting copies. Each observer has its own, so that a slow one costs the others nothing.
    budget: ByteBudget,
    /// Copies that the observer has not looked at to the end.
    unseen: Arc<AtomicUsize>,
    /// Closes when the observer's task has ended.
    ended: Receiver<Infallible>,
    /// Copies that found no room. The log names the number when it doubles.
    missed: u64,
}

impl Observers {
    /// No queue exists before the first message: an observer may come later.
    pub(super) fn new(host: PluginHost, tasks: Tasks, memory_bytes: usize) -> Self {
        Self { host, tasks, queues: SortedMap::new(), memory_bytes }
    }

    /// Gives every running observer a copy, without waiting for any of them.
    pub(super) fn see(&mut self, state: &MessageState) {
        let mut running: Vec<(Arc<dyn PipelineStage>, String)> = Vec::new();
        for (stage, status) in self.host.stages() {
            if stage.stage_type() == PipelineStageType::Observer && status.is_running() {
                running.push((stage, status.name));
            }
        }
        self.queues.retain(|name, _| running.iter().any(|(_, observer)| observer == name));
        if running.is_empty() {
            return;
        }
        let Ok(copy) = serde_json::to_value(state) else { return };
        let bytes = weight::of_value(&copy);
        for (stage, name) in running {
            let queue = self.queues.entry(name.clone()).or_insert_with(|| {
                let (copies, waiting) = async_channel::bounded(WAITING);
                let (ends, ended) = async_channel::bounded(1);
                let unseen = Arc::default();
                let observer = Observer {
                    stage,
                    name: name.clone(),
                    waiting: waiting.clone(),
                    unseen: Arc::clone(&unseen),
                    _ends: ends,
                };
                self.tasks.detach(observer.observe());
                let budget = ByteBudget::new(format!("observer {name}"), self.memory_bytes);
                ObserverQueue { copies, waiting, budget, unseen, ended, missed: 0 }
            });
            // Counted first, since it may be seen at once.
            queue.unseen.fetch_add(1, Ordering::Relaxed);
            let held = queue.budget.hold(bytes);
            let sent = held.map(|held| queue.copies.try_send((copy.clone(), held)));
            if sent.is_none_or(|sent| sent.is_err()) {
                queue.unseen.fetch_sub(1, Ordering::Relaxed);
                queue.missed += 1;
                if queue.missed.is_power_of_two() {
                    log::warn!("observer `{name}` is too slow and has missed {}", queue.missed);
                }
            }
        }
    }

    /// Lets every observer see what waits for it, for at most so long. What is not seen by then is
    /// dropped, and logged.
    pub(super) fn finish(
        &mut self,
        clock: Arc<dyn Clock>,
        limit: Duration,
    ) -> impl Future<Output = ()> + Send + 'static {
        let queues = std::mem::take(&mut self.queues);
        async move {
            let all = async {
                for queue in queues.values() {
                    queue.copies.close();
                }
                for queue in queues.values() {
                    // Nothing is ever sent: this is the end of its task.
                    let _ = queue.ended.recv().await;
                }
            };
            within(&*clock, limit, all).await;
            for (name, queue) in &queues {
                let unseen = queue.unseen.load(Ordering::Relaxed);
                if unseen > 0 {
                    while queue.waiting.try_recv().is_ok() {}
                    let seconds = limit.as_secs_f32();
                    log::warn!(
                        "observer `{name}` did not see {unseen} messages to their end within {seconds} s"
                    );
                }
            }
        }
    }
}

/// What runs beside the messages: one observer, and what waits for it.
struct Observer {
    stage: Arc<dyn PipelineStage>,
    name: String,
    waiting: Receiver<HeldCopy>,
    unseen: Arc<AtomicUsize>,
    /// Dropped with the task.
    _ends: Sender<Infallible>,
}

impl Observer {
    /// Lets it see what waits for it, until it is out of service.
    async fn observe(self) {
        let Self { stage, name, waiting, unseen, .. } = &self;
        while let Ok((copy, _held)) = waiting.recv().await {
            let stage = Arc::clone(stage);
            let seen = contained(Box::pin(async move { stage.process(copy).await })).await;
            unseen.fetch_sub(1, Ordering::Relaxed);
            match seen {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => log::warn!("observer `{name}`: {error}"),
                Err(_) => log::warn!("observer `{name}` panicked"),
            }
        }
    }
}
