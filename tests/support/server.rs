//! An HTTP server on loopback that keeps what it was sent and answers as it is told.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use async_channel::{Receiver, Sender};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures_rustls::TlsAcceptor;
use smol::Async;

/// What the server says to a request.
pub(crate) enum Reply {
    /// These bytes, then the end.
    Bytes(Vec<u8>),
    /// These bytes, then nothing until the client leaves.
    Hang(Vec<u8>),
    /// What comes through the channel, until its sender is dropped.
    #[allow(dead_code, reason = "shared with tests that need none")]
    Steps(Receiver<&'static str>),
    /// These bytes again and again until the client leaves.
    #[allow(dead_code, reason = "shared with tests that need none")]
    Endless(Vec<u8>),
    /// What this says and hears, then nothing until the client leaves.
    #[allow(dead_code, reason = "shared with tests that need none")]
    Talk(Talk),
}

/// The server's part of a conversation.
pub(crate) type Talk = Box<dyn FnOnce(&mut dyn Connection) + Send>;

/// What a client is connected by.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Connection for T {}

pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

pub(crate) fn ok(body: impl AsRef<[u8]>) -> Reply {
    answer("200 OK", "", body)
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// One message for each request that has arrived.
    pub(crate) arrived: Receiver<()>,
    /// One message for each client that left a reply which waits for that.
    pub(crate) left: Receiver<()>,
}

struct Shared {
    requests: Arc<Mutex<Vec<String>>>,
    reply: Box<dyn Fn(&str) -> Reply + Send + Sync>,
    arrived: Sender<()>,
    left: Sender<()>,
    tls: Option<TlsAcceptor>,
}

impl Server {
    pub(crate) fn start(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, reply)
    }

    pub(crate) fn start_with(
        tls: Option<TlsAcceptor>,
        reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (arrived, arrivals) = async_channel::unbounded();
        let (left, leavings) = async_channel::unbounded();
        let shared = Arc::new(Shared {
            requests: Arc::clone(&requests),
            reply: Box::new(reply),
            arrived,
            left,
            tls,
        });
        // The threads end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                thread::spawn(move || smol::block_on(shared.accept(stream)));
            }
        });
        Self { address, requests, arrived: arrivals, left: leavings }
    }

    /// The requests as they came, oldest first.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request.
    #[track_caller]
    pub(crate) fn request(&self) -> String {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }
}

impl Shared {
    async fn accept(&self, stream: TcpStream) {
        let stream = Async::new(stream).unwrap();
        match &self.tls {
            Some(tls) => {
                // A client that doesn't trust this server leaves during the handshake.
                if let Ok(stream) = tls.accept(stream).await {
                    self.serve(stream).await;
                }
            }
            None => self.serve(stream).await,
        }
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some(request) = read_request(&mut stream).await else { return };
        self.requests.lock().unwrap().push(request.clone());
        let _ = self.arrived.send(()).await;
        // A client may leave before it has read everything: one that cuts, for instance.
        match (self.reply)(&request) {
            Reply::Bytes(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.close().await;
            }
            Reply::Hang(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.flush().await;
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                let _ = self.left.send(()).await;
            }
            Reply::Steps(steps) => {
                while let Ok(bytes) = steps.recv().await {
                    let _ = stream.write_all(bytes.as_bytes()).await;
                    let _ = stream.flush().await;
                }
                let _ = stream.close().await;
            }
            Reply::Talk(talk) => {
                talk(&mut stream);
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
                let _ = self.left.send(()).await;
            }
            Reply::Endless(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                let _ = self.left.send(()).await;
            }
        }
    }
}

/// One request with its body; none if the client leaves before its end, or speaks TLS.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text);
            }
        }
        let read = stream.read(&mut buffer).await.ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
        if bytes[0] == 0x16 {
            return None;
        }
    }
}
