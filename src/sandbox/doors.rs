//! The branches of the policy for the doors of `wit/deps/host.wit`.

use super::audit::{AuditOutcome, CallResult};
use super::call::{HostCall, HostReply, Served, ToolRequest};
use super::policy::{Sandbox, ServedCall};
use super::scope::CallScope;
use super::storage::{StorageFault, size_of_list};
use super::text::cut;
use super::tools::{self, ToolPermit};
use crate::contract::{BoxFuture, Requester, json_line};
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
                if let Some(requester) = requester {
                    requester.note(cut(&text, NOTE_BYTES));
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
    /// call, and the first one is in the record.
    async fn tool_calls(
        &self,
        requests: Vec<ToolRequest>,
        scope: &mut CallScope,
    ) -> (Vec<Result<String, String>>, ServedCall) {
        let context = scope.context.nested(scope.fuel_left);
        let mut denied = None;
        let mut calls: Vec<BoxFuture<'_, Result<String, String>>> = Vec::new();
        for request in requests {
            match (self.tools.permit(request, scope), &self.tool_host) {
                (Ok(ToolPermit(request)), Some(host)) => {
                    let called = host.call(&self.plugin.id, request, context.clone());
                    calls.push(Box::pin(async {
                        called.await.result.map_err(|error| tools::failure(&error))
                    }));
                }
                (Ok(_), None) => {
                    calls.push(Box::pin(async { Err("this host has no tools".to_owned()) }));
                }
                (Err(refusal), _) => {
                    let rule = refusal.rule.clone();
                    calls.push(Box::pin(async { Err(rule) }));
                    denied = denied.or(Some(refusal));
                }
            }
        }
        let results = all(calls).await;
        let left = context.fuel.map_or(scope.fuel_left, |fuel| fuel.own());
        scope.fuel_used += scope.fuel_left.saturating_sub(left);
        let bytes = results.iter().map(|it| it.as_ref().map_or_else(String::len, String::len));
        let result = match &denied {
            Some(denied) => CallResult::failed(AuditOutcome::Denied, denied.rule.clone()),
            None if results.iter().any(Result::is_ok) => CallResult::ok(bytes.sum()),
            None => CallResult::failed(AuditOutcome::Error, "the call failed"),
        };
        let served = Served { denied, ..Served::plain(HostReply::Nothing) };
        (results, ServedCall { served, result })
    }
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
