//! The socket as a channel: it accepts connections and finds the one that a reply is for.

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use smol::{Executor, Timer};

use super::address::{Listener, Peer};
use super::connection::{ClientConnection, Limits};
use super::options::{SocketAddress, SocketOptions};
use super::protocol::{ErrorCode, SOCKET, ToClient};
use crate::contract::{
    Acknowledgement, AnswerPart, BoxFuture, ByteBudget, Cancellation, ChannelAdapter,
    ChannelFormat, ChannelHost, MessagePayload, PluginError, Progress, Reply, Secret, SortedMap,
    TextFormat,
};
use crate::task::{Held, Lock, until};

/// The socket as a channel. A chat is one conversation of one connection.
///
/// ```
/// use weft_lite::channel::{SocketAddress, SocketChannel, SocketOptions};
///
/// let address = SocketAddress::Unix("/run/user/1000/weft.sock".into());
/// let options = SocketOptions { max_clients: 8, ..SocketOptions::new(address) };
/// // Nothing is opened before the host starts it.
/// let socket = SocketChannel::new(options);
/// ```
pub struct SocketChannel {
    options: SocketOptions,
    listening: Lock<Option<(Listener, Option<Secret>)>>,
    /// The socket inherited from an earlier process, until it is opened.
    inherited: Lock<Option<OwnedFd>>,
    /// The connections, also after their read side is closed: accepted messages are answered.
    connections: Lock<SortedMap<u64, Arc<ClientConnection>>>,
    /// The number of the next connection.
    next: AtomicU64,
    /// How many messages this socket has written: the number is the id of each.
    written: AtomicU64,
    /// What messages and answers of all clients may hold together.
    budget: ByteBudget,
}

impl SocketChannel {
    /// A socket that is not open yet.
    #[must_use]
    pub fn new(options: SocketOptions) -> Self {
        Self {
            budget: ByteBudget::new(SOCKET, options.memory_bytes),
            options,
            listening: Lock::default(),
            inherited: Lock::default(),
            connections: Lock::default(),
            next: AtomicU64::new(1),
            written: AtomicU64::new(0),
        }
    }

    /// Where it listens while it is open, with the TCP port that the system chose.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddress> {
        let listening = self.listening.lock();
        listening.as_ref().map(|(listener, _)| listener.address())
    }

    /// The listening socket for another process, which [adopts](Self::adopt) it: a client that connects in
    /// between waits for that one. `None` while it is not open.
    #[must_use]
    pub fn keep(&self) -> Option<OwnedFd> {
        self.listening.lock().as_ref()?.0.keep().ok()
    }

    /// Takes the socket that another process has kept, when it is opened for the first time. One that does not
    /// listen is ignored.
    pub fn adopt(&self, socket: OwnedFd) {
        *self.inherited.lock() = Some(socket);
    }

    /// How many clients are connected.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.connections().len()
    }

    /// The open connections by their number.
    fn connections(&self) -> Held<'_, SortedMap<u64, Arc<ClientConnection>>> {
        self.connections.lock()
    }

    /// Binds the address, or adopts the socket of the process before this one. Until then the channel is not running.
    fn listen(&self) -> Result<(), PluginError> {
        let SocketOptions { address, token, others, .. } = &self.options;
        let token = match (address, token) {
            (SocketAddress::Unix(_), _) => None,
            (SocketAddress::Tcp(_), Some(token)) => Some(token().ok_or_else(no_token)?),
            (SocketAddress::Tcp(_), None) => return Err(no_token()),
        };
        // Nobody reads from connections that were made before a failure.
        self.connections().clear();
        let mut listening = self.listening.lock();
        // The old one goes first, so that the address is free.
        *listening = None;
        let inherited = self.inherited.lock().take();
        let adopted = inherited.and_then(|socket| Listener::adopt(address, socket).ok());
        let listener = match adopted {
            Some(listener) => listener,
            None => Listener::bind(address, *others)
                .map_err(|error| PluginError::io("opening the socket", &error))?,
        };
        *listening = Some((listener, token));
        Ok(())
    }

    /// Takes connections until the listener breaks. Each is a task of its own on `tasks`.
    async fn accept<'a>(
        &'a self,
        tasks: &Executor<'a>,
        host: &'a dyn ChannelHost,
    ) -> Result<(), PluginError> {
        let (listener, token) = {
            let listening = self.listening.lock();
            listening.clone().ok_or_else(|| PluginError::Unsupported {
                what: "starting a socket that is not open".into(),
            })?
        };
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if passes(&error) => {
                    log::warn!("socket: a connection can't be accepted: {error}");
                    Timer::after(Duration::from_millis(100)).await;
                    continue;
                }
                Err(error) => return Err(PluginError::io("taking a connection", &error)),
            };
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let connection = Arc::new(ClientConnection::new(number, stream, self.budget.clone()));
            if self.clients() >= self.options.max_clients {
                let full =
                    ToClient::error(ErrorCode::TooManyClients, "there are too many connections");
                let refused: BoxFuture<'a, ()> = Box::pin(async move {
                    // A client that can't read the error sees that the connection is closed.
                    let _ = connection.write(&full).await;
                });
                tasks.spawn(refused).detach();
                continue;
            }
            self.connections().insert(number, Arc::clone(&connection));
            let token = token.clone();
            let served: BoxFuture<'a, ()> = Box::pin(self.serve(connection, peer, token, host));
            tasks.spawn(served).detach();
        }
    }

    /// Serves one connection to its end, then ends its chats: nobody reads their answers any more.
    async fn serve(
        &self,
        connection: Arc<ClientConnection>,
        peer: Peer,
        token: Option<Secret>,
        host: &dyn ChannelHost,
    ) {
        let limits = Limits {
            line_bytes: self.options.line_bytes,
            in_flight: self.options.in_flight,
            hello: self.options.hello_limit,
        };
        if let Err(error) = connection.serve(&peer, token.as_ref(), limits, host).await {
            log::debug!("socket: connection {}: {error}", connection.number);
        }
        self.connections().remove(&connection.number);
        for chat in connection.chats() {
            host.chat_ended(&chat).await;
        }
    }

    /// The id of a line: its number among those this socket has written, from 1.
    fn written(&self) -> String {
        (self.written.fetch_add(1, Ordering::Relaxed) + 1).to_string()
    }

    /// The connection that a chat belongs to, and the chat's name there.
    fn connection<'c>(
        &self,
        chat: &'c str,
    ) -> Result<(Arc<ClientConnection>, &'c str), PluginError> {
        let gone = || PluginError::Cancelled;
        let (number, name) = chat.split_once('/').ok_or_else(gone)?;
        let number: u64 = number.parse().map_err(|_| gone())?;
        let connection = self.connections().get(&number).cloned().ok_or_else(gone)?;
        Ok((connection, name))
    }
}

/// The error of a TCP address without a token. Anybody on the network could talk otherwise.
fn no_token() -> PluginError {
    PluginError::Invalid {
        what: "the socket's token".into(),
        problem: "a TCP socket needs a secret as its token, and there is none".into(),
    }
}

/// Whether an error of `accept` is about that one connection, or temporary.
fn passes(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, OutOfMemory};
    // Too many open files, in the process or in the system.
    let files = matches!(error.raw_os_error(), Some(23 | 24));
    files || matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | OutOfMemory)
}

impl ChannelAdapter for SocketChannel {
    fn name(&self) -> &str {
        SOCKET
    }

    fn display_name(&self) -> &str {
        "Socket"
    }

    fn supports_threads(&self) -> bool {
        true
    }

    fn supports_media(&self) -> bool {
        true
    }

    fn format(&self) -> ChannelFormat {
        let max_message_chars = None::<NonZeroUsize>;
        ChannelFormat { max_message_chars, structured: true, text: TextFormat::Verbatim }
    }

    fn open(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async move { self.listen() })
    }

    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let tasks = Executor::new();
            let accepting = tasks.run(self.accept(&tasks, &*host));
            let result = until(cancellation.cancelled(), accepting).await.unwrap_or(Ok(()));
            // Nobody can connect any more; the connections stay for what is still to be answered.
            *self.listening.lock() = None;
            result
        })
    }

    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            let (connection, chat) = self.connection(target)?;
            connection.write(&ToClient::Message { chat: chat.to_owned(), payload }).await?;
            Ok(self.written())
        })
    }

    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            let (connection, _) = self.connection(&reply.chat)?;
            let id = reply.reply_to.clone().unwrap_or_default();
            let frame = match &reply.failure {
                Some(failure) => ToClient::Failure { id: id.clone(), failure: failure.clone() },
                None => ToClient::Answer {
                    id: id.clone(),
                    thread: reply.thread.clone(),
                    part: (reply.parts > 1).then_some((reply.part, reply.parts)),
                    payload: &reply.payload,
                },
            };
            match reply.is_last() {
                true => connection.final_frame(&id, &frame).await?,
                false => connection.write(&frame).await?,
            }
            Ok(self.written())
        })
    }

    fn acknowledge<'a>(
        &'a self,
        chat: &'a str,
        id: &'a str,
        acknowledgement: Acknowledgement,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let (connection, _) = self.connection(chat)?;
            if acknowledgement == Acknowledgement::Taken && connection.wants_progress(id) {
                connection.write(&ToClient::Taken { id: id.to_owned() }).await?;
            }
            Ok(())
        })
    }

    fn progress<'a>(&'a self, progress: &'a Progress) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let (connection, _) = self.connection(&progress.chat)?;
            let id = progress.reply_to.clone().unwrap_or_default();
            connection.write(&ToClient::Progress { id, note: progress.note.clone() }).await?;
            Ok(())
        })
    }

    fn shows_parts(&self) -> bool {
        true
    }

    fn part<'a>(&'a self, part: &'a AnswerPart) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let (connection, _) = self.connection(&part.chat)?;
            let id = part.reply_to.clone().unwrap_or_default();
            if connection.wants_parts(&id) {
                let (thread, text) = (part.thread.clone(), &*part.text);
                connection.write(&ToClient::Part { id, thread, text }).await?;
            }
            Ok(())
        })
    }

    fn leave<'a>(&'a self, chat: &'a str) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            // What was written is delivered before the end.
            self.connection(chat)?.0.close();
            Ok(())
        })
    }
}
