//! The door `websocket`: RFC 6455 over a connection to a checked address.
//!
//! `handshake` asks for the protocol, `frames` speaks it, `connection` moves its bytes, and [`WebSockets`] are the
//! open ones of an instance.

mod connection;
mod frames;
mod handshake;
mod sockets;

pub(crate) use sockets::WebSockets;
