//! A guest's pipeline stage as a [`PipelineStage`]. What a failure means for the message is decided
//! by the pipeline.

use std::sync::Arc;

use serde_json::Value;

use super::Guest;
use crate::contract::{
    BoxFuture, CallContext, PipelineStage, PipelineStageType, PluginError, Requester, json_line,
};
use crate::wasm::{GuestCall, GuestValue};

/// A guest as pipeline stage.
pub(super) struct HostedStage {
    pub(super) guest: Guest,
    /// The guest's answer at load. It can't change while the stage is registered.
    pub(super) stage_type: PipelineStageType,
}

impl PipelineStage for HostedStage {
    fn name(&self) -> &str {
        &self.guest.id
    }

    fn stage_type(&self) -> PipelineStageType {
        self.stage_type
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        self.run(state, CallContext::default())
    }

    fn process_for<'a>(
        &'a self,
        state: Value,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        self.run(state, CallContext::of(requester))
    }
}

impl HostedStage {
    /// Lets the guest work on the state.
    fn run(&self, state: Value, context: CallContext) -> BoxFuture<'_, Result<Value, PluginError>> {
        Box::pin(async move {
            let call = GuestCall::Process { state_json: json_line(&state) };
            // The call has the state as text, so a large state is not held twice while it runs.
            drop(state);
            let text = self.guest.ask_for(call, context, GuestValue::into_text).await?;
            serde_json::from_str(&text).map_err(|error| PluginError::Invalid {
                what: format!("the state from stage `{}`", self.guest.id),
                problem: format!("it is not JSON: {error}"),
            })
        })
    }
}
