//! `tools/call`: from a name and its arguments to a result, with progress on the way.
//!
//! A call goes through the same steps whatever its tool: find it in the catalog, check the arguments
//! against its input schema, run the guest or render the skill, and write the content. An error of the
//! protocol (-32602) is for whoever wrote the client; a result with `isError` is for the model, which
//! can call again (2026-07-28, Tools, Error Handling).
//!
//! Dropping the future of a call stops the guest at its next slice of fuel. Nothing more is sent for
//! it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, pending};
use serde_json::Value;
use smol::Timer;

use super::asking_call::{AskingCall, InputFields};
#[cfg(feature = "serve")]
use super::catalog::HeaderParameter;
use super::catalog::{OfferedSkill, OfferedTool, ToolAction};
use super::client::ClientHandle;
use super::content;
use super::message::{
    Params, ProgressToken, Request, RpcError, notification, place, required, text_of,
};
use super::object::Object;
use super::prompts;
use super::request_context::RequestContext;
use super::scan;
use super::server::McpServer;
#[cfg(feature = "autonomous")]
use crate::contract::CallOrigin;
use crate::contract::{ActionableError, BoxFuture, CallError, CallerInput, FuelGauge};
use crate::schema::{Violation, bounds};
use crate::task::off_executor;

/// Calls report progress this often; a shorter call reports none.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// The parameters of a call, of which only the short ones are read.
///
/// Arguments can have megabytes, so they are moved out of the request and neither parsed nor copied
/// here.
struct CallParams {
    /// The name that the client uses: the listed or the full one.
    name: String,
    /// JSON text as it was written; `{}` where there are none.
    arguments: String,
    /// The answers to what the tool asked for, as JSON text.
    input_responses: Option<String>,
    /// The sealed state that came with the questions.
    request_state: Option<String>,
}

impl CallParams {
    /// Takes the parameters out of the request. The arguments keep their memory.
    ///
    /// # Errors
    ///
    /// -32602 for a name that is missing or no text, a state that is no text, and a member that is
    /// there twice.
    fn of(request: &mut Request) -> Result<Self, RpcError> {
        let [name, arguments, input_responses, request_state] =
            request.members(["name", "arguments", "inputResponses", "requestState"])?;
        let name = text_of("name", required("name", name)?)?;
        let request_state =
            request_state.map(|state| text_of("requestState", state)).transpose()?;
        let input_responses = input_responses.map(str::to_owned);
        let params = request.params.as_ref().map_or("", Params::get);
        let part = arguments.map(|arguments| place(params, arguments));
        let arguments = match (request.params.take(), part) {
            (Some(params), Some(part)) => params.into_part(part),
            _ => "{}".to_owned(),
        };
        Ok(Self { name, arguments, input_responses, request_state })
    }
}

impl McpServer {
    /// Runs the tool that the request names. What goes wrong within it is a result, so that a model
    /// can read it.
    ///
    /// # Errors
    ///
    /// -32602 for a name that isn't offered and for arguments that are no object.
    ///
    /// -32602 also for a state or answers that belong to no question of this tool, and -32021 where the
    /// tool asks for what the client has not declared.
    pub(super) async fn call_tool(
        &self,
        request: &mut Request,
        request_context: &RequestContext,
        client: &ClientHandle,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let CallParams { name, arguments, input_responses, request_state } =
            CallParams::of(request)?;
        let catalog = self.catalog();
        let Some(tool) = catalog.tools.find(&name) else {
            return Err(self.unknown_tool(&name));
        };
        if !arguments.starts_with('{') {
            return Err(RpcError::invalid_params("`arguments` is not an object"));
        }
        let arguments = match checked(tool, arguments).await {
            Ok(arguments) => arguments,
            Err(problem) => {
                content::write_error(result, &problem);
                return Ok(());
            }
        };
        let (full_name, max_fuel, asks) = match &tool.action {
            ToolAction::Run { full_name, max_fuel, asks } => (full_name, *max_fuel, asks),
            ToolAction::Instruct(skill) => {
                write_skill_text(skill, &arguments, result);
                return Ok(());
            }
        };
        // Fuel is what a guest's work is counted in, so the budget is the total of its progress.
        let watched = request_context.progress_token.as_ref().map(|token| (token, max_fuel));
        let run = |arguments, input| self.run(full_name, arguments, input, watched, client);
        let called = match asks {
            Some(load) => {
                let tool = (full_name.as_str(), load.as_str());
                let mut asking =
                    AskingCall::new(self, request_context, tool, client.caller, &arguments).await;
                let fields = match request_context.revision.is_modern() {
                    true => InputFields {
                        responses: input_responses.as_deref(),
                        state: request_state.map(Cow::Owned),
                    },
                    false => InputFields::default(),
                };
                match asking.call(fields, |input| run(arguments.clone(), input)).await? {
                    Err(CallError::InputRequired(asked)) => {
                        return asking.write(asked, result).await;
                    }
                    called => called,
                }
            }
            // A state that nobody checks must not look as if it counted.
            None if request_state.is_some() && request_context.revision.is_modern() => {
                return Err(RpcError::invalid_params("`requestState`: this tool asks for nothing"));
            }
            None => run(arguments, CallerInput::default()).await,
        };
        match called {
            Ok(text) => {
                let promised = tool.output.as_ref();
                content::write(result, text, promised, request_context.revision).await;
            }
            // The tool was offered when the call came in, and is not any more.
            Err(CallError::UnknownTool { .. }) => return Err(self.unknown_tool(&name)),
            Err(error) => content::write_call_error(result, &error),
        }
        Ok(())
    }

    /// The arguments of the tool that the request calls that are repeated in headers.
    ///
    /// `None` for other requests, and for a tool that isn't offered; the call itself then says so.
    #[cfg(feature = "serve")]
    pub(super) fn header_parameters(&self, request: &Request) -> Option<Vec<HeaderParameter>> {
        if &*request.method != "tools/call" {
            return None;
        }
        let [name] = request.members(["name"]).ok()?;
        let name = scan::text(name?)?;
        Some(self.catalog().tools.find(&name)?.headers.clone())
    }

    /// The error for a name that isn't offered, with the names to use instead.
    fn unknown_tool(&self, name: &str) -> RpcError {
        self.catalog().tools.unknown(name, &self.host().registry())
    }

    /// Runs a tool, and reports its progress if `watched` says so. Boxed, because two places call it.
    fn run<'a>(
        &'a self,
        tool: &'a str,
        arguments: String,
        input: CallerInput,
        watched: Option<(&'a ProgressToken, u64)>,
        client: &'a ClientHandle,
    ) -> BoxFuture<'a, Result<String, CallError>> {
        Box::pin(async move {
            let gauge = watched.map(|_| FuelGauge::default());
            #[cfg(feature = "autonomous")]
            let call = {
                let (channel, chat) = ("mcp".to_owned(), client.caller.to_string());
                let origin = CallOrigin { channel, chat, message: None, text: None };
                self.host().call_observed(tool, arguments, &input, gauge.as_ref(), origin)
            };
            #[cfg(not(feature = "autonomous"))]
            let call = self.host().call_with_input(tool, arguments, &input, gauge.as_ref());
            let telling = async {
                match watched.zip(gauge.as_ref()) {
                    Some(((token, total), gauge)) => tell(gauge, total, token, client).await,
                    None => pending().await,
                }
            };
            let outcome = or(call, telling).await;
            self.metrics().count(&outcome);
            outcome.result
        })
    }
}

/// Writes the text of a skill. Its arguments are checked: they are text, and none is missing.
fn write_skill_text(skill: &OfferedSkill, arguments: &str, result: &mut Object) {
    let values = serde_json::from_str(arguments).unwrap_or_default();
    match prompts::rendered(skill, values) {
        Ok(text) => {
            content::write_text(result, &text);
        }
        Err(missing) => {
            content::write_error(result, &format!("{missing}: {}", missing.next_step()));
        }
    }
}

/// The arguments as the guest gets them, or what is wrong with them.
///
/// They stay as written if the tool has no schema, or if the text says exactly the checked value. Otherwise the
/// checked value is written, so that no second member of the same name gets past. Numbers keep their form,
/// but one that the schema takes as an integer is written as one: `5.0` is 5.
///
/// A check that takes long runs off the executor, so that no neighbour waits for it.
async fn checked(tool: &OfferedTool, arguments: String) -> Result<String, String> {
    let Some(schema) = &tool.input else { return Ok(arguments) };
    if arguments.len() <= bounds::SHORT_BYTES {
        let value = read(&arguments)?;
        if let Some(checked) = schema.validate_shortly(&value) {
            let other = arguments_for_guest(&arguments, &value, checked)?;
            return Ok(other.unwrap_or(arguments));
        }
    }
    let schema = Arc::clone(schema);
    off_executor(move || {
        let value = read(&arguments)?;
        let other = arguments_for_guest(&arguments, &value, schema.validate_integers(&value))?;
        Ok(other.unwrap_or(arguments))
    })
    .await
}

/// Parses arguments; the error is a sentence for the model.
fn read(arguments: &str) -> Result<Value, String> {
    serde_json::from_str(arguments).map_err(|error| format!("the arguments can't be read: {error}"))
}

/// The checked arguments in new words, `None` if they stay as written, or what is wrong with them.
fn arguments_for_guest(
    arguments: &str,
    value: &Value,
    checked: Result<Vec<usize>, Vec<Violation>>,
) -> Result<Option<String>, String> {
    match checked {
        Ok(integers) => Ok(scan::unlike_written(arguments, value, &integers)),
        Err(violations) => {
            let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
            Err(format!("the arguments are not what the tool takes:\n{}", list.join("\n")))
        }
    }
}

/// Reports how much fuel the call has used, whenever that has grown. Never ends.
///
/// Progress has to rise (2026-07-28, Progress), so a guest that waits for an effect reports nothing
/// new.
async fn tell<T>(gauge: &FuelGauge, total: u64, token: &ProgressToken, client: &ClientHandle) -> T {
    let mut reported = 0;
    loop {
        Timer::after(PROGRESS_INTERVAL).await;
        let used = gauge.used();
        if used > reported {
            reported = used;
            let mut params = Object::new();
            params.member("progressToken", token).member("progress", &used).member("total", &total);
            client.send(notification("notifications/progress", Some(&params.end()))).await;
        }
    }
}
