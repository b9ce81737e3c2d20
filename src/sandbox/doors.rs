//! The branches of the policy for the doors of `wit/deps/host.wit`.

use super::audit::{AuditEntry, AuditOutcome, CallResult};
use super::call::{HostCall, HostReply, Served, ToolRequest};
use super::policy::{Sandbox, ServedCall};
use super::scope::CallScope;
use super::storage::{StorageFault, size_of_list};
use super::text::cut;
use super::tools::{self, ToolPermit};
use crate::contract::{
    ActionableError, BoxFuture, CallContext, CallError, Capability, Denied, Requester, RoomTaken,
    json_line, limits, sanitize_result, sanitize_text,
};
use crate::task::{all, fault};

/// Bytes of a note about how the work goes on.
const NOTE_BYTES: usize = 500;

impl Sandbox {
    /// Serves a call of a door. The five functions of `host` have their own branches.
    pub(super) async fn serve_door(&self, call: HostCall, scope: &mut CallScope) -> ServedCall {
        let requester = scope.context.requester.clone();
        match call {
            HostCall::Settings => {
                ServedCall::ok(self.settings.len(), HostReply::Plain(self.settings.clone()))
            }
            HostCall::StoreGet { key } => {
                fault("store", self.plugin());
                let value = self.storage.get(&key).await;
                let bytes = value.as_ref().map_or(0, |it| it.as_ref().map_or(0, Vec::len));
                stored(value, bytes, HostReply::Bytes)
            }
            HostCall::StoreSet { key, value } => {
                fault("store", self.plugin());
                let bytes = key.len() + value.len();
                stored(self.storage.set(&key, value).await, bytes, HostReply::Done)
            }
            HostCall::StoreDelete { key } => {
                fault("store", self.plugin());
                stored(self.storage.delete(&key).await, key.len(), HostReply::Flag)
            }
            HostCall::StoreKeys { prefix } => {
                fault("store", self.plugin());
                let keys = self.storage.keys(&prefix).await;
                let bytes = keys.as_ref().map_or(0, |keys| size_of_list(keys));
                stored(keys, bytes, HostReply::Texts)
            }
            HostCall::ToolList => {
                let list = |host| self.tools.list(host, requester.as_deref());
                let tools = self.tool_host.as_deref().map_or_else(|| "[]".to_owned(), list);
                ServedCall::ok(tools.len(), HostReply::Text(Ok(tools)))
            }
            HostCall::ToolCall(request) => {
                let context = scope.context.nested(scope.fuel_left);
                let outcome = self.tool_call(request, scope, &context).await;
                scope.count(&context);
                let served = Served {
                    denied: outcome.denied,
                    ..Served::plain(HostReply::Text(outcome.result))
                };
                ServedCall { served, result: outcome.record }
            }
            HostCall::ToolCallAll(requests) => self.tool_calls(requests, scope).await,
            HostCall::HttpFetch(request) => self.http_fetch(request).await,
            HostCall::HttpOpen(request) => self.http_open(request, scope).await,
            HostCall::HttpRead { stream } => self.http_read(stream, &mut scope.streams).await,
            HostCall::HttpClose { stream } => {
                scope.streams.close(stream);
                ServedCall::ok(0, HostReply::Nothing)
            }
            #[cfg(feature = "websocket")]
            HostCall::WebSocket(call) => self.websocket(call, &mut scope.sockets).await,
            HostCall::Current => {
                let current = requester.map(|requester| json_line(&requester.current()));
                let bytes = current.as_ref().map_or(0, String::len);
                ServedCall::ok(bytes, HostReply::Value(current))
            }
            HostCall::Say { text } => {
                let bytes = text.len();
                // A tool that is called on the way has no part in the answer.
                if let Some(requester) = requester.filter(|_| scope.context.depth == 0) {
                    requester.say(text).await;
                }
                ServedCall::ok(bytes, HostReply::Nothing)
            }
            HostCall::Note { text } => {
                let text = cut(&text, NOTE_BYTES);
                if let Some(requester) = requester {
                    // Only the host's own notes have no name before them.
                    requester.note(&format!("{}: {text}", self.plugin.id));
                }
                ServedCall::ok(text.len(), HostReply::Nothing)
            }
            HostCall::Cancelled => {
                let cancelled = requester.as_deref().is_some_and(Requester::is_cancelled);
                ServedCall::ok(0, HostReply::Bool(cancelled))
            }
            // The five functions of `host`, which `serve_in` serves itself.
            HostCall::HttpRequest { .. }
            | HostCall::ReadFile { .. }
            | HostCall::WriteFile { .. }
            | HostCall::GetEnv { .. }
            | HostCall::Log { .. } => ServedCall::ok(0, HostReply::Nothing),
        }
    }

    /// Calls tools at the same time. The results are in the order of the requests; a refusal refuses only its own
    /// call. Each call has a record of its own, beside the one of the host call.
    async fn tool_calls(&self, requests: Vec<ToolRequest>, scope: &mut CallScope) -> ServedCall {
        let context = scope.context.nested(scope.fuel_left);
        let mut calls: Vec<BoxFuture<'_, ToolOutcome>> = Vec::new();
        for request in requests {
            let redactor = self.secrets.for_operator();
            let name = redactor.redact(&request.name).into_owned();
            let shown = HostCall::ToolCall(ToolRequest { name, params: String::new() });
            let entry =
                AuditEntry::open(&self.audit, &self.clock, &self.plugin, &shown, scope.fuel_used);
            let call = self.tool_call(request, scope, &context);
            calls.push(Box::pin(async {
                let mut outcome = call.await;
                let record = std::mem::replace(&mut outcome.record, CallResult::ok(0));
                outcome.bytes = record.bytes;
                entry.close(record);
                outcome
            }));
        }
        let outcomes = all(calls).await;
        scope.count(&context);
        let bytes = outcomes.iter().map(|outcome| outcome.bytes).sum();
        let mut denied = None;
        let mut results = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            denied = denied.or(outcome.denied);
            results.push(outcome.result);
        }
        let result = match &denied {
            Some(denied) => CallResult::failed(AuditOutcome::Denied, denied.rule.clone()),
            None => CallResult::ok(bytes),
        };
        let served = Served { denied, ..Served::plain(HostReply::Results(results)) };
        ServedCall { served, result }
    }

    /// Calls one tool, unless the gate or the host refuses.
    fn tool_call<'a>(
        &'a self,
        request: ToolRequest,
        scope: &CallScope,
        context: &CallContext,
    ) -> BoxFuture<'a, ToolOutcome> {
        let permit = self.tools.permit(request, scope);
        let context = context.clone();
        Box::pin(async move {
            let room = context.room.clone();
            let called = match permit {
                Ok(permit) => self.call_permitted(permit, context).await,
                Err(refusal) => {
                    Err(CallError::Denied { denied: Box::new(refusal), message: String::new() })
                }
            };
            let (called, room) = match called.map(|text| (room.take(text.len()), text)) {
                Ok((Some(taken), text)) => (Ok(text), Some(taken)),
                Ok((None, _)) => (Err(no_room()), None),
                Err(error) => (Err(error), None),
            };
            ToolOutcome::new(called, room)
        })
    }

    /// Calls a tool that the gate has let through. A model may read what a stranger's tool returns, so its result
    /// has no control tokens.
    async fn call_permitted(
        &self,
        ToolPermit(request): ToolPermit,
        context: CallContext,
    ) -> Result<String, CallError> {
        let Some(host) = &self.tool_host else {
            return Err(CallError::NotReady { reason: "this host has no tools".to_owned() });
        };
        let _params = context.room.take(request.params.len()).ok_or_else(no_room)?;
        let text = host.call(&self.plugin.id, request, context).await.result?;
        Ok(sanitize_result(&text).into_owned())
    }
}

/// What came of one call of a tool. It holds its room until all calls beside it have ended.
struct ToolOutcome {
    result: Result<String, String>,
    /// The refusal of this door, if it was one.
    denied: Option<Denied>,
    record: CallResult,
    /// Bytes of the result, once its record is written.
    bytes: usize,
    _room: Option<RoomTaken>,
}

impl ToolOutcome {
    fn new(called: Result<String, CallError>, room: Option<RoomTaken>) -> Self {
        let error = match called {
            Ok(text) => {
                let record = CallResult::ok(text.len());
                return Self { result: Ok(text), denied: None, record, bytes: 0, _room: room };
            }
            Err(error) => error,
        };
        let result = Err(sanitize_text(&tools::failure(&error)).into_owned());
        let code = error.code();
        // Another capability was refused to the tool that was called, not to the caller.
        let denied = match error {
            CallError::Denied { denied, .. } if denied.capability == Capability::Tools => {
                Some(*denied)
            }
            _ => None,
        };
        let record = match &denied {
            Some(denied) => CallResult::failed(AuditOutcome::Denied, denied.rule.clone()),
            None => CallResult::failed(AuditOutcome::Error, code),
        };
        Self { result, denied, record, bytes: 0, _room: room }
    }
}

/// The error for what all calls of a tree may hold together.
fn no_room() -> CallError {
    let megabytes = limits::TOOL_BYTES / limits::MB;
    let message = format!("all results together are over {megabytes} MB; ask for less at once");
    CallError::Guest { message }
}

/// The answer to a call that moved `bytes` if it succeeded.
fn stored<T>(
    result: Result<T, StorageFault>,
    bytes: usize,
    reply: impl FnOnce(Result<T, String>) -> HostReply,
) -> ServedCall {
    match result {
        Ok(value) => ServedCall::ok(bytes, reply(Ok(value))),
        Err(StorageFault::Denied(denied)) => ServedCall {
            result: CallResult::failed(AuditOutcome::Denied, denied.rule.clone()),
            served: Served {
                reply: reply(Err(denied.rule.clone())),
                denied: Some(denied),
                missing_grant: None,
            },
        },
        Err(StorageFault::Failed(problem, next_step)) => {
            let reply = reply(Err(format!("{problem}; {next_step}")));
            let result = CallResult::failed(AuditOutcome::Error, problem);
            ServedCall { served: Served::plain(reply), result }
        }
    }
}
