//! Observers: stages that see copies of messages and can neither change nor delay them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use futures_lite::FutureExt;
use serde_json::Value;

use super::state::MessageState;
use crate::actor::{PluginHost, Tasks};
use crate::contract::{PipelineStage, PipelineStageType};

/// Copies that wait for one observer. One that is slower misses some.
const WAITING: usize = 64;

/// Hands copies to observers, each at its own pace.
pub(super) struct Observers {
    host: PluginHost,
    tasks: Tasks,
    queues: HashMap<String, Queue>,
}

struct Queue {
    copies: Sender<Value>,
    missed: u64,
}

impl Observers {
    pub(super) fn new(host: PluginHost, tasks: Tasks) -> Self {
        Self { host, tasks, queues: HashMap::new() }
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
        for (stage, name) in running {
            let queue = self.queues.entry(name.clone()).or_insert_with(|| {
                let (copies, waiting) = async_channel::bounded(WAITING);
                self.tasks.detach(observe(stage, name.clone(), waiting));
                Queue { copies, missed: 0 }
            });
            if queue.copies.try_send(copy.clone()).is_err() {
                queue.missed += 1;
                if queue.missed.is_power_of_two() {
                    log::warn!("observer `{name}` is too slow and has missed {}", queue.missed);
                }
            }
        }
    }
}

/// Lets one observer see what waits for it, until it is out of service.
async fn observe(stage: Arc<dyn PipelineStage>, name: String, waiting: Receiver<Value>) {
    while let Ok(copy) = waiting.recv().await {
        let seen = AssertUnwindSafe(async { stage.process(copy).await }).catch_unwind().await;
        match seen {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => log::warn!("observer `{name}`: {error}"),
            Err(_) => log::warn!("observer `{name}` panicked"),
        }
    }
}
