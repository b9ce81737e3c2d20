//! Tools that ask their caller for something before they go on: multi round-trip requests of MCP.
//!
//! The call ends with the tool's requests and a sealed state, and nothing waits. The client calls again
//! with the answers and the state. What the tool has asked for comes out of the state, so that the
//! answers are checked against that before the guest sees them; a client that leaves one out is asked
//! again.
//!
//! The rules are in revision 2026-07-28, Multi Round-Trip Requests. The state passes through the
//! client, which may change it, keep it too long, or show it to a call of another tool: `seal` makes
//! all three fail. A state can be used more than once, so a tool that must act once on an answer has to
//! see to that itself.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::content;
use super::input::{answers, capability, form, responses, write_requests};
use super::message::RpcError;
use super::object::Object;
use super::request_context::RequestContext;
use super::seal::Purpose;
use super::server::McpServer;
use crate::contract::{CallError, CallerInput, InputRequired, Sha256, json_line};
use crate::schema::bounds;
use crate::task::off_executor;

/// The input fields of a request, unparsed.
#[derive(Debug, Default)]
pub(super) struct InputFields<'a> {
    /// The answers, by the names of the tool's requests.
    pub(super) responses: Option<&'a str>,
    /// The sealed state that came with the requests.
    pub(super) state: Option<Cow<'a, str>>,
}

/// A call of a tool that may ask.
pub(super) struct AskingCall<'a> {
    server: &'a McpServer,
    request_context: &'a RequestContext,
    /// What a state has to be for, to count here.
    purpose: Purpose<'a>,
    /// The state that came, if the client is asked again: asking again does not renew it.
    again: Option<Cow<'a, str>>,
}

impl<'a> AskingCall<'a> {
    /// A call of `tool`, of this `load` of its plugin, by this caller and with these arguments. A state
    /// of another call doesn't fit it.
    pub(super) async fn new(
        server: &'a McpServer,
        request_context: &'a RequestContext,
        (tool, load): (&'a str, &'a str),
        caller: u64,
        arguments: &str,
    ) -> Self {
        let arguments = match arguments.len() {
            0..=bounds::SHORT_BYTES => digest(arguments),
            _ => {
                let arguments = arguments.to_owned();
                off_executor(move || digest(&arguments)).await
            }
        };
        Self {
            server,
            request_context,
            purpose: Purpose { tool, load, caller, arguments },
            again: None,
        }
    }

    /// Calls the tool with the given answers, once or, where they came before a question, twice: what
    /// it asks for has to be known before they can be checked.
    ///
    /// # Errors
    ///
    /// -32602 for a state that is none of this call, and for answers to something else.
    pub(super) async fn call<F: Future<Output = Result<String, CallError>>>(
        &mut self,
        fields: InputFields<'a>,
        run: impl Fn(CallerInput) -> F,
    ) -> Result<Result<String, CallError>, RpcError> {
        let given = responses(fields.responses)?;
        let input =
            CallerInput { can_ask: self.request_context.can_ask.clone(), ..CallerInput::default() };
        let asked = match &fields.state {
            Some(state) => self.server.seal().open(state, self.purpose)?,
            None => match run(input.clone()).await {
                Err(CallError::InputRequired(asked)) if given.is_some() => *asked,
                result => return Ok(result),
            },
        };
        let state = asked.state().map(str::to_owned);
        match answers(asked.requests(), given.unwrap_or_default()).await? {
            Some(responses) => {
                Ok(run(CallerInput { responses: Some(responses), state, ..input }).await)
            }
            None => {
                self.again = fields.state;
                Ok(Err(CallError::InputRequired(Box::new(asked))))
            }
        }
    }

    /// Writes what the tool asks for.
    ///
    /// # Errors
    ///
    /// -32021 where a modern client can't be asked for it.
    ///
    /// A legacy client is not asked, because the call would have to wait for it. It gets an error for
    /// the model.
    pub(super) async fn write(
        self,
        asked: Box<InputRequired>,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let RequestContext { revision, can_ask, .. } = self.request_context;
        let missing = |method: &&str| !can_ask.contains(method);
        let missing: Map<String, Value> =
            asked.methods().filter(missing).map(|method| (capability(method), json!({}))).collect();
        if !missing.is_empty() {
            let names: Vec<&str> = missing.keys().map(String::as_str).collect();
            let names = format!("; this client has not declared `{}`", names.join("`, `"));
            let error = CallError::InputRequired(asked);
            return match revision.is_modern() {
                true => {
                    let message = format!("{error}{names}");
                    Err(RpcError::missing_capabilities(&missing, message))
                }
                false => {
                    content::write_call_error(result, &error);
                    Ok(())
                }
            };
        }
        let requests = asked.requests().clone();
        let wrong = off_executor(move || requests.values().find_map(|it| form(it).err())).await;
        if let Some(problem) = wrong {
            content::write_error(result, &format!("the tool asks with a wrong schema: {problem}"));
            return Ok(());
        }
        let close = || self.server.seal().close(&asked, self.purpose).map(Cow::Owned);
        match self.again.or_else(close) {
            // The next call checks its answers against the state.
            Some(state) => {
                write_requests(result, asked.requests());
                result.member("requestState", &state);
            }
            None => content::write_error(result, "the system gives no random bytes to sign with"),
        }
        Ok(())
    }
}

/// The digest of what arguments say, in whichever order their members are written.
fn digest(arguments: &str) -> [u8; 32] {
    let mut value = serde_json::from_str::<Value>(arguments).unwrap_or_default();
    value.sort_all_objects();
    Sha256::of(json_line(&value).as_bytes())
}
