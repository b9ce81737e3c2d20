//! A guest's webhook: HTTP requests for one plugin, while its channel runs.

use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};

use super::Guest;
use crate::actor::host::PluginHost;
use crate::contract::{CallError, Exhausted, PluginCapability, PluginError};
use crate::sandbox::{HookPermit, HookRefusal, Sandbox, WebResponse};
use crate::task::{SystemClock, within};
use crate::wasm::{GuestCall, GuestValue, HookRequest};

/// The webhook of a plugin whose channel runs.
pub(crate) struct Webhook {
    guest: Guest,
    sandbox: Arc<Sandbox>,
    /// The time of one call, with its wait for others.
    limit: Duration,
    /// Has the channel polled.
    poll: Sender<()>,
}

/// The requests for an early poll of a channel that runs. While it is there, the channel's webhook is.
pub(super) struct WantedPolls {
    host: PluginHost,
    id: String,
    poll: Sender<()>,
    wanted: Receiver<()>,
}

impl WantedPolls {
    /// Waits for a request.
    pub(super) async fn next(&self) {
        // The other end is kept here as well.
        let _ = self.wanted.recv().await;
    }
}

impl Drop for WantedPolls {
    fn drop(&mut self) {
        let mut polled = self.host.shared.polled.lock();
        if polled.get(&self.id).is_some_and(|poll| poll.same_channel(&self.poll)) {
            polled.remove(&self.id);
        }
    }
}

impl PluginHost {
    /// Notes that the channel of this plugin runs.
    pub(super) fn wanted_polls(&self, id: &str) -> WantedPolls {
        let (poll, wanted) = async_channel::bounded(1);
        self.shared.polled.lock().insert(id.to_owned(), poll.clone());
        WantedPolls { host: self.clone(), id: id.to_owned(), poll, wanted }
    }

    /// The webhook of this plugin, if its channel runs, its module has one and the operator has approved it.
    pub(crate) fn webhook(&self, id: &str) -> Option<Webhook> {
        let poll = self.shared.polled.lock().get(id)?.clone();
        let plugin = self.of_kind(id, PluginCapability::Channel).ok()?;
        if !plugin.module.summary().has_webhook() || !plugin.sandbox.takes_hooks() {
            return None;
        }
        let guest = Guest::new(self.clone(), id, PluginCapability::Channel);
        let limit = Duration::from_secs(plugin.manifest.resources.max_execution_seconds.into());
        Some(Webhook { guest, sandbox: Arc::clone(&plugin.sandbox), limit, poll })
    }
}

impl Webhook {
    /// Lets a request in, or records why not.
    pub(crate) fn admit(&self, method: &str, target: &str) -> Result<HookPermit, HookRefusal> {
        self.sandbox.admit_hook(method, target)
    }

    /// Has the guest answer a request. If it accepts the request, its channel is polled then: the request may have brought
    /// messages. One that it refuses costs no poll, for anybody may send it.
    pub(crate) async fn handle(&self, request: HookRequest) -> Result<WebResponse, PluginError> {
        let call = self.guest.ask(GuestCall::Webhook(request), GuestValue::into_response);
        let answer = within(&SystemClock, self.limit, call).await;
        let too_late = || CallError::Exhausted(Exhausted::Time { limit: self.limit });
        let answer = answer.unwrap_or_else(|| Err(too_late().into()))?;
        if (200..300).contains(&answer.status) {
            // A request that waits already is one for this, too.
            let _ = self.poll.try_send(());
        }
        Ok(answer)
    }
}
