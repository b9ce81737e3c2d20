//! The branches of the policy for requests: `http-request` and the door `http`. All pass the same gate.

use super::audit::CallResult;
use super::call::{HostReply, Served, WebRequest};
use super::network::{self, HttpPermit, HttpStreams, RequestError};
use super::policy::{Sandbox, ServedCall};
use super::scope::CallScope;
use crate::task::fault;

impl Sandbox {
    /// `http-request`: the request is permitted and sent within the permit's own deadline; the engine's limit for
    /// the whole call holds beside it (T30).
    pub(super) async fn http_request(&self, request: WebRequest) -> ServedCall {
        fault("http-request", self.plugin());
        let received = match self.http_permit(request).await {
            Ok(permit) => network::send(permit).await,
            Err(refused) => Err(refused),
        };
        match received {
            Ok(body) => ServedCall::ok(body.len(), HostReply::Text(Ok(body))),
            Err(error) => self.http_failed(error, HostReply::Text),
        }
    }

    /// `http.request`
    pub(super) async fn http_fetch(&self, request: WebRequest) -> ServedCall {
        let received = match self.http_permit(request).await {
            Ok(permit) => network::fetch(permit).await,
            Err(refused) => Err(refused),
        };
        match received {
            Ok(response) => ServedCall::ok(response.body.len(), HostReply::Response(Ok(response))),
            Err(error) => self.http_failed(error, HostReply::Response),
        }
    }

    /// `http.open`. What is read later has a record of its own.
    pub(super) async fn http_open(&self, request: WebRequest, scope: &mut CallScope) -> ServedCall {
        let permit = self.http_permit(request);
        let (slots, may_wait) = (self.network.stream_slots(), scope.has_no_socket());
        let opened = scope.streams.open(permit, slots, may_wait, &*self.clock).await;
        match opened {
            Ok(head) => ServedCall::ok(0, HostReply::Head(Ok(head))),
            Err(error) => self.http_failed(error, HostReply::Head),
        }
    }

    /// `http.read`
    pub(super) async fn http_read(&self, stream: u32, streams: &mut HttpStreams) -> ServedCall {
        match streams.read(stream, &*self.clock).await {
            Ok(part) => {
                let bytes = part.as_ref().map_or(0, Vec::len);
                ServedCall::ok(bytes, HostReply::Bytes(Ok(part)))
            }
            Err(error) => self.http_failed(error, HostReply::Bytes),
        }
    }

    async fn http_permit(&self, request: WebRequest) -> Result<HttpPermit, RequestError> {
        self.network.permit(request, self.clock.now()).await
    }

    /// The answer to a request that was refused or failed. The guest's text has no value that its own requests
    /// carried; the rule in the audit record has none that is bound to the hosts of these requests either.
    pub(super) fn http_failed<T>(
        &self,
        error: RequestError,
        reply: fn(Result<T, String>) -> HostReply,
    ) -> ServedCall {
        let result =
            CallResult::failed(error.outcome(), self.secrets.for_operator().redact(&error.rule()));
        let text = self.secrets.for_guest().redact(&error.to_string()).into_owned();
        let served = Served { denied: error.into_denied(), ..Served::plain(reply(Err(text))) };
        ServedCall { served, result }
    }
}
