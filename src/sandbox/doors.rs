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
    json_line, limits, sanitize_json, sanitize_text,
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
            HostCall::StoreGet { .. }
            | HostCall::StoreSet { .. }
            | HostCall::StoreDelete { .. }
            | HostCall::StoreKeys { .. } => {
                fault("store", self.plugin());
                self.serve_store(call).await
            }
            HostCall::ToolList => {
                let list = |host| self.tools.list(host, requester.as_deref());
                let tools = self.tool_host.as_deref().map_or_else(|| "[]".to_owned(), list);
                ServedCall::ok(tools.len(), HostReply::Text(Ok(tools)))
            }
            HostCall::ToolCall(request) => {
                let (mut results, served) = self.tool_calls(vec![request], scope).await;
                let result = results.pop().unwrap_or_else(|| Err(String::new()));
                replying(served, HostReply::Text(result))
            }
            HostCall::ToolCallAll(requests) => {
                let (results, served) = self.tool_calls(requests, scope).await;
                replying(served, HostReply::Results(results))
            }
            HostCall::HttpFetch(request) => self.http_fetch(request).await,
            HostCall::HttpOpen(request) => self.http_open(request, &mut scope.streams).await,
            HostCall::HttpRead { stream } => self.http_read(stream, &mut scope.streams).await,
            HostCall::HttpClose { stream } => {
                scope.streams.close(stream);
                ServedCall::ok(0, HostReply::Nothing)
            }
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
            // The doors that are not in the table of `wasm`, and the five functions of `host`.
            _ => ServedCall::ok(0, HostReply::Nothing),
        }
    }

    /// Serves a call of the door `store`.
    async fn serve_store(&self, call: HostCall) -> ServedCall {
        match call {
            HostCall::StoreGet { key } => {
                let value = self.storage.get(&key).await;
                let bytes = value.as_ref().map_or(0, |it| it.as_ref().map_or(0, Vec::len));
                stored(value, bytes, HostReply::Bytes)
            }
            HostCall::StoreSet { key, value } => {
                let bytes = key.len() + value.len();
                stored(self.storage.set(&key, value).await, bytes, HostReply::Done)
            }
            HostCall::StoreDelete { key } => {
                stored(self.storage.delete(&key).await, key.len(), HostReply::Flag)
            }
            HostCall::StoreKeys { prefix } => {
                let keys = self.storage.keys(&prefix).await;
                let bytes = keys.as_ref().map_or(0, |keys| size_of_list(keys));
                stored(keys, bytes, HostReply::Texts)
            }
            _ => ServedCall::ok(0, HostReply::Nothing),
        }
    }

    /// Calls tools at the same time. The results are in the order of the requests; a refusal refuses only its own
    /// call. Each call has a record of its own, beside the one of the host call.
    async fn tool_calls(
        &self,
        requests: Vec<ToolRequest>,
        scope: &mut CallScope,
    ) -> (Vec<Result<String, String>>, ServedCall) {
        let context = scope.context.nested(scope.fuel_left);
        // The record of the host call is that of a single call.
        let is_one = requests.len() == 1;
        let call = |request| self.tool_call(request, !is_one, scope, &context);
        let calls = requests.into_iter().map(call);
        let outcomes = all(calls.collect()).await;
        let left = context.fuel.map_or(scope.fuel_left, |fuel| fuel.own());
        scope.fuel_used += scope.fuel_left.saturating_sub(left);
        let mut bytes = 0;
        let mut refused = None;
        let mut results = Vec::with_capacity(outcomes.len());
        let mut code = "no call succeeded";
        for ToolOutcome { result, denied, code: failed, _room } in outcomes {
            code = if is_one { failed } else { code };
            bytes += result.as_ref().map_or_else(String::len, String::len);
            refused = refused.or(denied);
            results.push(result);
        }
        let result = match &refused {
            Some(denied) => CallResult::failed(AuditOutcome::Denied, denied.rule.clone()),
            None if results.iter().any(Result::is_ok) => CallResult::ok(bytes),
            None => CallResult::failed(AuditOutcome::Error, code),
        };
        let served = Served { denied: refused, ..Served::plain(HostReply::Nothing) };
        (results, ServedCall { served, result })
    }

    /// One of several calls of tools, with its audit record.
    fn tool_call<'a>(
        &'a self,
        request: ToolRequest,
        has_record: bool,
        scope: &CallScope,
        context: &CallContext,
    ) -> BoxFuture<'a, ToolOutcome> {
        let redactor = self.secrets.for_operator();
        let name = redactor.redact(&request.name).into_owned();
        let shown = HostCall::ToolCall(ToolRequest { name, params: String::new() });
        let entry = has_record.then(|| {
            AuditEntry::open(&self.audit, &self.clock, &self.plugin, &shown, scope.fuel_used)
        });
        let room = context.room.take(request.params.len());
        let permit = self.tools.permit(request, scope);
        let context = context.clone();
        Box::pin(async move {
            let rooms = context.room.clone();
            let called = match (permit, room, &self.tool_host) {
                (Err(refusal), ..) => Err(refused(refusal)),
                (_, None, _) => Err(no_room()),
                (_, _, None) => {
                    Err(CallError::NotReady { reason: "this host has no tools".to_owned() })
                }
                (Ok(ToolPermit(request)), Some(_params), Some(host)) => {
                    host.call(&self.plugin.id, request, context).await.result
                }
            };
            // A model may read what a stranger's tool returns.
            let called = called.map(|text| sanitize_json(&text).into_owned());
            let room = rooms.take(called.as_ref().map_or(0, String::len));
            let called = if room.is_some() { called } else { Err(no_room()) };
            let mut code = "";
            let (result, denied, record) = match called {
                Ok(text) => {
                    let record = CallResult::ok(text.len());
                    (Ok(text), None, record)
                }
                Err(error) => {
                    let denied = match &error {
                        CallError::Denied { denied, .. }
                            if denied.capability == Capability::Tools =>
                        {
                            Some((**denied).clone())
                        }
                        _ => None,
                    };
                    code = error.code();
                    let record = match &denied {
                        Some(denied) => {
                            CallResult::failed(AuditOutcome::Denied, denied.rule.clone())
                        }
                        None => CallResult::failed(AuditOutcome::Error, code),
                    };
                    let text = sanitize_text(&tools::failure(&error)).into_owned();
                    (Err(text), denied, record)
                }
            };
            if let Some(entry) = entry {
                entry.close(record);
            }
            ToolOutcome { result, denied, code, _room: room }
        })
    }
}

/// What came of one call of a tool. It holds its room until its text is handed over.
struct ToolOutcome {
    result: Result<String, String>,
    denied: Option<Denied>,
    /// The kind of failure, if it is one.
    code: &'static str,
    _room: Option<RoomTaken>,
}

fn refused(denied: Denied) -> CallError {
    CallError::Denied { denied: Box::new(denied), message: String::new() }
}

/// The error for what all calls of a tree may hold together.
fn no_room() -> CallError {
    let megabytes = limits::TOOL_BYTES / limits::MB;
    let message = format!("all results together are over {megabytes} MB; ask for less at once");
    CallError::Guest { message }
}

/// The same outcome with this reply.
fn replying(mut served: ServedCall, reply: HostReply) -> ServedCall {
    served.served.reply = reply;
    served
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
