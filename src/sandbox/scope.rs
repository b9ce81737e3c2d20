//! What lasts from one host call of a guest's call to the next.

use super::call::HostCall;
#[cfg(feature = "websocket")]
use super::call::WebSocketCall;
use super::network::HttpStreams;
#[cfg(feature = "websocket")]
use super::network::WebSockets;
use crate::contract::{CallContext, SharedFuel};

/// The part of a guest's call that its host calls share. It ends with the call, and what it holds is closed then.
#[derive(Debug, Default)]
pub(crate) struct CallScope {
    /// Units of fuel that the call has used so far, with those of the guests that it has called.
    pub(crate) fuel_used: u64,
    /// Units that it may still use.
    pub(crate) fuel_left: u64,
    /// The bodies that the call reads bit by bit.
    pub(crate) streams: HttpStreams,
    /// The sockets of its instance, which keeps them between host calls.
    #[cfg(feature = "websocket")]
    pub(crate) sockets: WebSockets,
    /// Whom the call works for, and who waits for it.
    pub(crate) context: CallContext,
}

impl CallScope {
    /// The host of the stream or socket that a call names, if it is open.
    pub(super) fn host(&self, call: &HostCall) -> Option<String> {
        match call {
            HostCall::HttpRead { stream } | HostCall::HttpClose { stream } => {
                self.streams.host(*stream).map(str::to_owned)
            }
            #[cfg(feature = "websocket")]
            HostCall::WebSocket(
                WebSocketCall::Send { socket, .. }
                | WebSocketCall::Receive { socket, .. }
                | WebSocketCall::Close { socket },
            ) => self.sockets.host(*socket),
            _ => None,
        }
    }

    /// Whether the instance has no socket open. One that has some waits for no further place.
    pub(super) fn has_no_socket(&self) -> bool {
        #[cfg(feature = "websocket")]
        return self.sockets.is_empty();
        #[cfg(not(feature = "websocket"))]
        true
    }

    /// Counts the fuel of calls that had `context`, which was made for what was left.
    pub(super) fn count(&mut self, context: &CallContext) {
        let left = context.fuel.as_ref().map_or(self.fuel_left, SharedFuel::own);
        self.fuel_used += self.fuel_left.saturating_sub(left);
    }
}
