//! A server for the door `websocket` that does what a test says, right or wrong.

use std::sync::Arc;

use base64ct::{Base64, Encoding};
use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::ServerConfig;
use futures_rustls::rustls::crypto::ring;
use serde_json::{Value, json};
use weft_lite::sandbox::NetworkOptions;

use crate::server::{Connection, Reply, Server};
use crate::world::{Setup, World};

/// A private host that the operator allows.
pub(crate) const URL: &str = "ws://box.local/";

/// The first byte of a frame that is whole.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8a;

/// The server's side of one socket.
pub(crate) struct Peer<'a>(&'a mut dyn Connection);

impl<'a> Peer<'a> {
    pub(crate) fn of(connection: &'a mut dyn Connection) -> Self {
        Self(connection)
    }

    /// Sends bytes as they are. The client may be gone.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let _ = block_on(self.0.write_all(bytes));
        let _ = block_on(self.0.flush());
    }

    /// Sends a frame with this first byte.
    pub(crate) fn send(&mut self, first: u8, payload: &[u8]) {
        self.raw(&frame(first, payload));
    }

    /// The next frame of the client: its first byte, and its payload unmasked.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> (u8, Vec<u8>) {
        let [first, second] = self.take();
        assert_eq!(second & 0x80, 0x80, "a client masks its frames");
        let length = match second & 0x7f {
            126 => u16::from_be_bytes(self.take()).into(),
            127 => usize::try_from(u64::from_be_bytes(self.take())).unwrap(),
            length => length.into(),
        };
        let mask: [u8; 4] = self.take();
        let mut payload = vec![0; length];
        block_on(self.0.read_exact(&mut payload)).unwrap();
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        (first, payload)
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        block_on(self.0.read_exact(&mut bytes)).unwrap();
        bytes
    }
}

/// Sends each message back, until the client closes.
pub(crate) fn echo(peer: &mut Peer<'_>) {
    loop {
        let (first, payload) = peer.hear();
        peer.send(first, &payload);
        if first == CLOSE {
            return;
        }
    }
}

/// A frame as a server sends it.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ ..126 => frame.push(u8::try_from(length).unwrap()),
        length @ 126..0x1_0000 => {
            frame.push(126);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// The header of a request; empty if it has none.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let mut lines = request.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

/// The value of `Sec-WebSocket-Accept` that fits the request.
pub(crate) fn accept(request: &str) -> String {
    let key = header(request, "sec-websocket-key");
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let digest = ::ring::digest::digest(&::ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    Base64::encode_string(digest.as_ref())
}

/// The head of an answer that switches, with further headers.
pub(crate) fn switch(request: &str, headers: &str) -> String {
    let accept = accept(request);
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n"
    )
}

fn reply(
    talk: impl Fn(&mut Peer<'_>) + Send + Sync + 'static,
) -> impl Fn(&str) -> Reply + Send + Sync + 'static {
    let talk = Arc::new(talk);
    move |request| {
        let (head, talk) = (switch(request, ""), Arc::clone(&talk));
        Reply::Talk(Box::new(move |connection| {
            let mut peer = Peer(connection);
            peer.raw(head.as_bytes());
            talk(&mut peer);
        }))
    }
}

/// A server that switches, and then talks so to each client.
pub(crate) fn talking(talk: impl Fn(&mut Peer<'_>) + Send + Sync + 'static) -> Server {
    Server::start(reply(talk))
}

/// The same under TLS.
pub(crate) fn talking_securely(talk: impl Fn(&mut Peer<'_>) + Send + Sync + 'static) -> Server {
    let certificate = include_bytes!("../network/certificates/server.pem");
    let certificate = CertificateDer::from_pem_slice(certificate);
    let key =
        PrivateKeyDer::from_pem_slice(include_bytes!("../network/certificates/server-key.pem"));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap()], key.unwrap())
        .unwrap();
    Server::start_with(Some(TlsAcceptor::from(Arc::new(config))), reply(talk))
}

pub(crate) fn trusting(options: NetworkOptions) -> NetworkOptions {
    options.trust_pem(include_bytes!("../network/certificates/authority.pem")).unwrap()
}

/// A plugin that may reach `box.local`, where a server talks so.
pub(crate) fn setup(talk: impl Fn(&mut Peer<'_>) + Send + Sync + 'static) -> Setup {
    Setup { server: talking(talk), ..local() }
}

/// The same with the server of a test's choice.
pub(crate) fn local() -> Setup {
    Setup {
        guest: "sockets",
        permissions: json!({ "network": ["box.local"] }),
        names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap()]),
        network: |options| options.allow_private_hosts(["box.local"]).unwrap(),
        ..Setup::default()
    }
}

pub(crate) fn world(talk: impl Fn(&mut Peer<'_>) + Send + Sync + 'static) -> World {
    World::new(setup(talk))
}

pub(crate) fn open() -> (&'static str, Value) {
    ("ws_open", json!({ "url": URL }))
}

pub(crate) fn say(socket: u32, text: &str) -> (&'static str, Value) {
    ("ws_send", json!({ "socket": socket, "text": text }))
}

/// Receives, for as long as it takes.
pub(crate) fn receive(socket: u32) -> (&'static str, Value) {
    ("ws_receive", json!({ "socket": socket, "timeout": 60_000 }))
}

pub(crate) fn close(socket: u32) -> (&'static str, Value) {
    ("ws_close", json!({ "socket": socket }))
}

pub(crate) fn ok(value: impl Into<Value>) -> Value {
    json!({ "ok": value.into() })
}

pub(crate) fn text(text: &str) -> Value {
    ok(json!({ "text": text }))
}

pub(crate) fn error(text: impl Into<String>) -> Value {
    json!({ "error": text.into() })
}

pub(crate) fn not_open(socket: u32) -> Value {
    error(format!("socket not open: {socket}"))
}
