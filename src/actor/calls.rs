//! Calls of tools: a native one runs at once, a guest's goes to the mailbox of its plugin.

use std::sync::Arc;
use std::time::Instant;

use super::host::PluginHost;
use super::plugin;
use super::tool::HostedTool;
use crate::contract::{
    BoxFuture, CallError, CallOutcome, CallerInput, FuelGauge, INPUT_KEY, InputRequired, Tool,
    Usage, limits,
};
use crate::wasm::GuestCall;

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
        self.send_call(tool, params, &CallerInput::default(), None).await
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
        Box::pin(self.send_call(tool, params, input, gauge.cloned()))
    }

    /// Runs a tool. Every public call goes through here.
    async fn send_call(
        &self,
        tool: &str,
        params: String,
        input: &CallerInput,
        gauge: Option<FuelGauge>,
    ) -> CallOutcome {
        let failed = |error| CallOutcome { result: Err(error), usage: Usage::default() };
        if params.len() > limits::PARAMS_BYTES {
            let problem = format!("{} bytes, of at most {}", params.len(), limits::PARAMS_BYTES);
            return failed(CallError::InvalidParams { problem });
        }
        // A native tool has no instance and no fuel: its panic is contained, and only its time is
        // measured.
        if let Some(native) = self.native_tool(tool) {
            let started = Instant::now();
            let input = input.clone();
            let call = self
                .shared
                .tasks
                .contained(Box::pin(async move { native.call(&params, &input).await }));
            let result = call.await;
            let result = result.unwrap_or_else(|message| Err(CallError::Panicked { message }));
            let usage = Usage { duration: started.elapsed(), ..Usage::default() };
            return CallOutcome { result, usage };
        }
        // The snapshot is dropped before the call is sent: keeping it would keep its plugins in
        // service.
        let (mailbox, call, asking) = {
            let snapshot = self.shared.snapshot.load();
            let entry = match snapshot.plugins.find_tool(tool) {
                Ok(entry) => entry,
                Err(error) => return failed(error),
            };
            let tool = entry.description().name.clone();
            let asks = entry.description().asks_for_input;
            let asking = asks.then(|| entry.plugin.manifest.id.clone());
            let params = match asks {
                true => match input.put_into(&params) {
                    Ok(params) => params,
                    Err(problem) => return failed(CallError::InvalidParams { problem }),
                },
                false => params,
            };
            (entry.plugin.mailbox.clone(), GuestCall::Tool { tool, params }, asking)
        };
        let CallOutcome { result, usage } = plugin::submit(mailbox, call, gauge).await;
        let text = result.map(|value| value.into_text().unwrap_or_default());
        // Only a tool whose description says so may ask: another one's result is never read as a
        // request.
        let result = match asking {
            Some(owner) => text.and_then(|text| match InputRequired::in_result(&text, &owner) {
                Ok(None) => Ok(text),
                Ok(Some(asked)) => Err(CallError::InputRequired(Box::new(asked))),
                Err(problem) => {
                    Err(CallError::Guest { message: format!("`{INPUT_KEY}` is wrong: {problem}") })
                }
            }),
            None => text,
        };
        CallOutcome { result, usage }
    }

    /// The tool as a trait object: a native one by its name, a guest's by full or unique bare name.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownTool`] and [`CallError::AmbiguousTool`]. [`CallError::NotLoaded`] or
    /// [`CallError::Denied`] if its plugin was refused.
    pub fn tool(&self, name: &str) -> Result<Arc<dyn Tool>, CallError> {
        if let Some(native) = self.native_tool(name) {
            return Ok(native.tool);
        }
        let snapshot = self.shared.snapshot.load();
        let entry = snapshot.plugins.find_tool(name)?;
        Ok(Arc::new(HostedTool::new(self.clone(), entry)))
    }
}
