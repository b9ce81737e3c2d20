//! The host's functions that call tools.

use std::sync::Arc;

use super::host::PluginHost;
use super::native::native_tool;
use super::tool::HostedTool;
use super::tool_call::ToolCall;
#[cfg(feature = "autonomous")]
use crate::contract::CallOrigin;
#[cfg(doc)]
use crate::contract::limits;
use crate::contract::{
    BoxFuture, CallContext, CallError, CallOutcome, CallerInput, FuelGauge, Requester, Tool,
};

impl PluginHost {
    /// Runs a tool, by its full name or by a bare name that only one plugin has, with its
    /// parameters as JSON text, at most [`limits::PARAMS_BYTES`] of it. A running native tool of
    /// this name wins.
    ///
    /// The call runs on the version that is in service when it is made, and a reload does not
    /// disturb it. Fuel and time are counted for this call alone (T45), by the limits in the
    /// plugin's manifest.
    ///
    /// Dropping the future cancels the call and frees the guest. Effects that the guest has
    /// finished are not undone.
    pub async fn call(&self, tool: &str, params: String) -> CallOutcome {
        ToolCall::new(tool, params).run(&self.shared, &self.members()).await
    }

    /// Runs a tool, with a gauge that shows the call's fuel while it runs.
    pub async fn call_gauged(&self, tool: &str, params: String, gauge: &FuelGauge) -> CallOutcome {
        self.call_with_input(tool, params, &CallerInput::default(), Some(gauge)).await
    }

    /// Runs a tool for a caller that can supply input. After a call that has ended with
    /// [`CallError::InputRequired`] the caller calls again, with the answers and the state in `input`. A
    /// surface that hands the state to a client has to make sure that it comes back unchanged.
    ///
    /// The future is boxed, because it is large.
    pub fn call_with_input<'a>(
        &'a self,
        tool: &'a str,
        params: String,
        input: &'a CallerInput,
        gauge: Option<&'a FuelGauge>,
    ) -> BoxFuture<'a, CallOutcome> {
        let call = ToolCall::new(tool, params).with_input(input.clone(), gauge.cloned());
        Box::pin(async move { call.run(&self.shared, &self.members()).await })
    }

    /// The same for a caller whose calls may be observed.
    #[cfg(feature = "autonomous")]
    pub fn call_observed<'a>(
        &'a self,
        tool: &'a str,
        params: String,
        input: &'a CallerInput,
        gauge: Option<&'a FuelGauge>,
        origin: CallOrigin,
    ) -> BoxFuture<'a, CallOutcome> {
        let context = CallContext { origin: Some(origin), ..CallContext::default() };
        let call = ToolCall::new(tool, params).with_input(input.clone(), gauge.cloned());
        let call = call.with_context(context);
        Box::pin(async move { call.run(&self.shared, &self.members()).await })
    }

    /// Runs a tool for whoever waits for its result: a guest's tool finds the requester behind its door
    /// `conversation`.
    pub fn call_for<'a>(
        &'a self,
        tool: &'a str,
        params: String,
        requester: Arc<dyn Requester>,
    ) -> BoxFuture<'a, CallOutcome> {
        let call = ToolCall::new(tool, params).with_context(CallContext::of(requester));
        Box::pin(async move { call.run(&self.shared, &self.members()).await })
    }

    /// The tool as a trait object: a native one by its name, a guest's by full or unique bare name.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownTool`] and [`CallError::AmbiguousTool`]. [`CallError::NotLoaded`] or
    /// [`CallError::Denied`] if its plugin was refused.
    pub fn tool(&self, name: &str) -> Result<Arc<dyn Tool>, CallError> {
        if let Some(native) = native_tool(&self.members(), name) {
            return Ok(native.tool);
        }
        let snapshot = self.shared.snapshot.load();
        let entry = snapshot.plugins.find_tool(name)?;
        Ok(Arc::new(HostedTool::new(self.clone(), entry)))
    }
}
