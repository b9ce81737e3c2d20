//! The branch of the policy for the door `websocket`. Opening a socket passes the gate of requests; what follows is
//! for the socket's own host.

use std::time::Duration;

use super::call::{HostReply, WebSocketCall};
use super::network::WebSockets;
use super::policy::{Sandbox, ServedCall};

impl Sandbox {
    /// A call of the door, with the sockets of the guest's instance.
    pub(super) async fn websocket(
        &self,
        call: WebSocketCall,
        sockets: &mut WebSockets,
    ) -> ServedCall {
        let clock = &*self.clock;
        match call {
            WebSocketCall::Open { url, headers } => {
                let permit = self.network.websocket_permit(url, headers, clock.now());
                match sockets.open(permit, self.network.stream_slots()).await {
                    Ok(opened) => ServedCall::ok(0, HostReply::Opened(Ok(opened))),
                    Err(error) => self.http_failed(error, HostReply::Opened),
                }
            }
            WebSocketCall::Send { socket, message } => {
                match sockets.send(socket, &message, clock).await {
                    Ok(()) => ServedCall::ok(message.bytes(), HostReply::Done(Ok(()))),
                    Err(error) => self.http_failed(error, HostReply::Done),
                }
            }
            WebSocketCall::Receive { socket, timeout_ms } => {
                let timeout = Duration::from_millis(timeout_ms.into());
                match sockets.receive(socket, timeout, self.network.secrets(), clock).await {
                    Ok((bytes, received)) => {
                        ServedCall::ok(bytes, HostReply::Received(Ok(received)))
                    }
                    Err(error) => self.http_failed(error, HostReply::Received),
                }
            }
            WebSocketCall::Close { socket } => {
                sockets.close(socket, clock).await;
                ServedCall::ok(0, HostReply::Nothing)
            }
        }
    }
}
