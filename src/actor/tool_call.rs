//! One call of a tool: a native one runs at once, a guest's goes to the mailbox of its plugin.

use std::time::Instant;

use super::host::HostState;
use super::lifecycle::MemberStatus;
use super::native::native_tool;
#[cfg(feature = "autonomous")]
use super::observed::SeenBy;
use super::plugin;
use crate::contract::{
    CallContext, CallError, CallOutcome, CallerInput, FuelGauge, INPUT_KEY, InputRequired, Usage,
    limits,
};
use crate::wasm::GuestCall;

/// One call of a tool. Every call goes through here, also those of guests.
pub(super) struct ToolCall<'a> {
    tool: &'a str,
    params: String,
    input: CallerInput,
    gauge: Option<FuelGauge>,
    context: CallContext,
}

impl<'a> ToolCall<'a> {
    /// A call without input, gauge and context.
    pub(super) fn new(tool: &'a str, params: String) -> Self {
        let (input, context) = (CallerInput::default(), CallContext::default());
        Self { tool, params, input, gauge: None, context }
    }

    /// The same for a caller that can supply input, or watches the fuel.
    pub(super) fn with_input(mut self, input: CallerInput, gauge: Option<FuelGauge>) -> Self {
        (self.input, self.gauge) = (input, gauge);
        self
    }

    /// The same with this context.
    pub(super) fn with_context(mut self, context: CallContext) -> Self {
        self.context = context;
        self
    }

    /// Runs it on what is in service now.
    pub(super) async fn run(self, shared: &HostState, members: &[MemberStatus]) -> CallOutcome {
        let Self { tool, params, input, gauge, context } = self;
        #[cfg(feature = "autonomous")]
        let seen;
        let failed = |error| CallOutcome { result: Err(error), usage: Usage::default() };
        if params.len() > limits::PARAMS_BYTES {
            let problem = format!("{} bytes, of at most {}", params.len(), limits::PARAMS_BYTES);
            return failed(CallError::InvalidParams { problem });
        }
        // A native tool has no instance and no fuel: its panic is contained, and only its time is
        // measured.
        if let Some(native) = native_tool(members, tool) {
            let started = Instant::now();
            let call =
                shared.tasks.contained(Box::pin(async move { native.call(&params, &input).await }));
            let result = call.await;
            let result = result.unwrap_or_else(|message| Err(CallError::Panicked { message }));
            let usage = Usage { duration: started.elapsed(), ..Usage::default() };
            return CallOutcome { result, usage };
        }
        // The snapshot is dropped before the call is sent: keeping it would keep its plugins in
        // service.
        let (mailbox, call, asking) = {
            let snapshot = shared.snapshot.load();
            let entry = match snapshot.plugins.find_tool(tool) {
                Ok(entry) => entry,
                Err(error) => return failed(error),
            };
            #[cfg(feature = "autonomous")]
            {
                seen = SeenBy::begin(shared, &context, entry, &params);
            }
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
        #[cfg(feature = "autonomous")]
        let context = CallContext { is_in_tool: true, ..context };
        let CallOutcome { result, usage } = plugin::submit(mailbox, call, gauge, context).await;
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
        #[cfg(feature = "autonomous")]
        if let Some(seen) = seen {
            seen.end(&result);
        }
        CallOutcome { result, usage }
    }
}
