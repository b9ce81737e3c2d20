//! Accepting connections, so many at a time, and ending them in good order.
//!
//! One task serves one connection, and one connection has one request at a time (HTTP/1.1). A
//! connection over the limit is closed and not left waiting: its client would see neither an answer nor
//! an error.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::or;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use smol::lock::Semaphore;
use smol::{Async, Timer};
use smol_hyper::rt::SmolTimer;

use super::options::{HttpError, HttpOptions};
use super::service::Endpoint;
use super::write_timeout::WriteTimeout;
use crate::channel::{LOOK, is_read_to_its_end};
use crate::contract::BoxFuture;
use crate::mcp::server::McpServer;
use crate::task::{SystemClock, within};

/// Bytes that the head of a request may have, and that are buffered of a body. Each connection may hold
/// so many, which the budget does not count.
const BUFFER_BYTES: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 64;
/// How long connections may go on after the server is stopped.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// An address that clients can connect to.
///
/// It listens from [`bind`](Self::bind) on: clients that connect before [`McpServer::serve_http`] wait
/// in the system's queue. Dropping it closes the address.
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use weft_lite::Runtime;
/// use weft_lite::mcp::{HttpOptions, McpListener, McpOptions, McpServer};
///
/// let runtime = Runtime::builder().without_bundled().build();
/// let server = McpServer::new(runtime.host().clone(), runtime.executor(), McpOptions::default());
/// let listener = McpListener::bind((Ipv4Addr::LOCALHOST, 0).into(), HttpOptions::default())?;
/// println!("http://{}/mcp", listener.address());
/// server.stop(); // A program calls this when it is asked to quit.
/// runtime.block_on(server.serve_http(listener));
/// # Ok::<(), weft_lite::mcp::HttpError>(())
/// ```
#[derive(Debug)]
pub struct McpListener {
    listener: Async<TcpListener>,
    address: SocketAddr,
    options: HttpOptions,
}

impl McpListener {
    /// Listens on an address; port 0 stands for any that is free.
    ///
    /// # Errors
    ///
    /// [`HttpError::TokenNeeded`] if the address is not loopback and there is no token, and
    /// [`HttpError::Listen`].
    pub fn bind(address: SocketAddr, options: HttpOptions) -> Result<Self, HttpError> {
        check_token(address, &options)?;
        let failed = |error| HttpError::Listen { address, error };
        let listener = Async::<TcpListener>::bind(address).map_err(failed)?;
        let address = listener.get_ref().local_addr().map_err(failed)?;
        Ok(Self { listener, address, options })
    }

    /// The same, with the listening socket that another process has [kept](Self::keep) for this one, if
    /// it is one and listens on this address. Otherwise a new socket is bound.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn adopt(
        socket: OwnedFd,
        address: SocketAddr,
        options: HttpOptions,
    ) -> Result<Self, HttpError> {
        check_token(address, &options)?;
        let listens = rustix::net::sockopt::socket_acceptconn(&socket).unwrap_or_default();
        let listener = TcpListener::from(socket);
        let bound = listener.local_addr().ok().filter(|_| listens);
        let is_it = |bound: &SocketAddr| {
            bound.ip() == address.ip() && [0, bound.port()].contains(&address.port())
        };
        match (Async::new(listener), bound.filter(is_it)) {
            (Ok(listener), Some(address)) => Ok(Self { listener, address, options }),
            _ => Self::bind(address, options),
        }
    }

    /// The listening socket for another process: it goes on listening when this one is closed, and
    /// a client that connects in between waits for that process.
    ///
    /// # Errors
    ///
    /// There are too many open files.
    pub fn keep(&self) -> io::Result<OwnedFd> {
        self.listener.as_fd().try_clone_to_owned()
    }

    /// The address that it listens on.
    ///
    /// With the port that the system chose, if it was bound to port 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Other machines can only be served with a token.
fn check_token(address: SocketAddr, options: &HttpOptions) -> Result<(), HttpError> {
    if address.ip().is_loopback() || options.token.is_some() {
        return Ok(());
    }
    Err(HttpError::TokenNeeded { address })
}

impl McpServer {
    /// Serves every client that connects, until [`stop`](Self::stop): then subscriptions are ended
    /// with their last result, and what runs has a few seconds to be answered. A client that takes
    /// too long is cut off. The options of the listener say how long that is.
    ///
    /// Connections are tasks of the server's executor: dropping the future accepts no more of them, and
    /// those that are open go on.
    pub async fn serve_http(&self, listener: McpListener) {
        self.serve_boxed(listener).await;
    }

    /// In a box, so that a program has no copy of the server.
    fn serve_boxed(&self, listener: McpListener) -> BoxFuture<'_, ()> {
        Box::pin(self.serve_address(listener))
    }

    /// Accepts connections until the server stops, then waits up to [`GRACE`] for those that are open.
    async fn serve_address(&self, listener: McpListener) {
        let McpListener { listener, address, options } = listener;
        let room = Arc::new(Semaphore::new(options.connections.max(1)));
        let service = Arc::new(Endpoint::new(self.clone(), address, options));
        // Every connection holds a sender: when all are gone, the channel is closed.
        let (alive, ended) = async_channel::bounded::<()>(1);
        let stopping = self.stopping();
        let accepting = async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        // A client over the limit sees its connection closed.
                        let Some(room) = room.try_acquire_arc() else {
                            log::warn!("mcp: there are too many connections");
                            continue;
                        };
                        let (service, alive) = (Arc::clone(&service), alive.clone());
                        let connection = async move {
                            if let Err(error) = serve(stream, service).await {
                                log::debug!("mcp: a connection ended: {error}");
                            }
                            drop((room, alive));
                        };
                        self.tasks().detach(connection);
                    }
                    Err(error) => {
                        log::warn!("mcp: no connection can be accepted: {error}");
                        Timer::after(PAUSE).await;
                    }
                }
            }
        };
        or(accepting, stopping.cancelled()).await;
        drop((listener, alive));
        // Nothing is sent: the last connection drops the other end.
        within(&SystemClock, GRACE, ended.recv()).await;
    }
}

/// The stream of the client that sent a request; attached to every request.
#[derive(Clone)]
pub(super) struct ClientStream(Arc<Async<TcpStream>>);

impl ClientStream {
    /// Waits until it is gone. Hyper notices that by itself only as long as it has not read anything
    /// behind the request.
    pub(super) async fn gone(&self) {
        while !is_read_to_its_end(self.0.as_fd()) {
            Timer::after(LOOK).await;
        }
    }
}

/// Serves one connection until its client is gone, or until its request has been answered after the
/// server was stopped.
async fn serve(stream: Async<TcpStream>, service: Arc<Endpoint>) -> hyper::Result<()> {
    let write_timeout = service.options().write_timeout;
    // Small messages are answered at once.
    let _: io::Result<()> = stream.get_ref().set_nodelay(true);
    let stopping = service.server().stopping();
    let stream = Arc::new(stream);
    let client = ClientStream(Arc::clone(&stream));
    let connection = http1::Builder::new()
        .timer(SmolTimer::new())
        .header_read_timeout(write_timeout)
        .max_buf_size(BUFFER_BYTES)
        .max_headers(HEADERS)
        .serve_connection(
            WriteTimeout::new(stream, write_timeout),
            service_fn(move |mut request| {
                let (service, client) = (Arc::clone(&service), client.clone());
                request.extensions_mut().insert(client.clone());
                // Boxed, so that its room is given back while its answer is a stream.
                Box::pin(async move {
                    let answer = async { Ok(service.answer(request).await) };
                    let gone = async {
                        client.gone().await;
                        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
                    };
                    or(answer, gone).await
                })
            }),
        );
    let mut connection = pin!(connection);
    let stopped = async {
        stopping.cancelled().await;
        None
    };
    // The connection comes first: a request that has arrived is still answered.
    match or(async { Some(connection.as_mut().await) }, stopped).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
