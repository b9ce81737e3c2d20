//! A guest's memory as a [`MemoryBackend`].
//!
//! The guest decides how long its entries live: the host keeps no copy of them.

use std::time::Duration;

use super::Guest;
use crate::contract::{BoxFuture, MemoryBackend, MemoryHit, PluginError};
use crate::wasm::{GuestCall, GuestValue};

/// A guest as memory backend. Every function is one call of the guest, with the limits of its
/// manifest.
pub(super) struct HostedMemory(pub(super) Guest);

/// A call owns its arguments, because it moves to the plugin's actor.
fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

impl MemoryBackend for HostedMemory {
    fn store<'a>(
        &'a self,
        key: &'a str,
        value: &'a str,
        namespace: Option<&'a str>,
        ttl: Option<Duration>,
        tags: &'a [String],
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        let (key, value, namespace) = (key.to_owned(), value.to_owned(), owned(namespace));
        let call = GuestCall::Store { key, value, namespace, ttl, tags: tags.to_vec() };
        Box::pin(self.0.tell(call))
    }

    fn retrieve<'a>(
        &'a self,
        key: &'a str,
        namespace: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Option<String>, PluginError>> {
        let call = GuestCall::Retrieve { key: key.to_owned(), namespace: owned(namespace) };
        Box::pin(self.0.ask(call, GuestValue::into_optional_text))
    }

    fn search<'a>(
        &'a self,
        query: &'a str,
        namespace: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<MemoryHit>, PluginError>> {
        let (query, namespace) = (query.to_owned(), owned(namespace));
        let call = GuestCall::Search { query, namespace, limit };
        Box::pin(async move {
            let mut hits = self.0.ask(call, GuestValue::into_hits).await?;
            // A score that is not a number can't be compared with others.
            if hits.iter().any(|hit| hit.score.is_nan()) {
                let what = format!("a score from memory `{}`", self.0.id);
                return Err(PluginError::Invalid { what, problem: "it is not a number".into() });
            }
            // The best hits come first.
            hits.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(hits)
        })
    }

    fn delete<'a>(
        &'a self,
        key: &'a str,
        namespace: Option<&'a str>,
    ) -> BoxFuture<'a, Result<bool, PluginError>> {
        let call = GuestCall::Delete { key: key.to_owned(), namespace: owned(namespace) };
        Box::pin(self.0.ask(call, GuestValue::into_bool))
    }
}
