//! Pipeline stages: steps that a message passes on its way to an answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BoxFuture, PluginError, Requester};

/// When a stage runs, and what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineStageType {
    /// Before the answer is made: may change the message.
    PreProcess,
    /// Makes the answer.
    Process,
    /// After the answer is made: may change it.
    PostProcess,
    /// Sees a copy; its result is thrown away.
    Observer,
}

impl PipelineStageType {
    /// The one that JSON calls so.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "pre_process" => Self::PreProcess,
            "process" => Self::Process,
            "post_process" => Self::PostProcess,
            "observer" => Self::Observer,
            _ => return None,
        })
    }
}

/// One step of the message pipeline.
///
/// Stages have no life cycle of their own. A stage that is dropped in the middle of
/// [`process`](Self::process) has been cancelled; the message it held is reported as failed.
pub trait PipelineStage: Send + Sync {
    /// A unique, stable name, as errors and `/status` show it.
    fn name(&self) -> &str;

    /// When the stage runs.
    fn stage_type(&self) -> PipelineStageType;

    /// Takes the message's state and gives the new one.
    ///
    /// # Errors
    ///
    /// Any [`PluginError`] stops this message alone, and its sender is told.
    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>>;

    /// The same for a stage that talks to whoever waits for the answer while it works. Default:
    /// [`process`](Self::process).
    ///
    /// # Errors
    ///
    /// As [`process`](Self::process).
    fn process_for<'a>(
        &'a self,
        state: Value,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        let _ = requester;
        self.process(state)
    }
}
