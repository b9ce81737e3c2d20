//! The transport within one process: for tests, and for programs that are client and server.
//!
//! Messages pass as strings. Requests are handled as over a pipe.

use std::fmt;

use async_channel::{Receiver, Sender};
use futures_lite::future::or;

use super::client::HeldText;
use super::connection::Connection;
use super::server::McpServer;
use crate::contract::{ByteBudget, HeldBytes};

/// Messages that wait in each direction.
const WAITING: usize = 64;

/// The client's end of a connection. Dropping it cancels what runs for it.
///
/// ```
/// # use weft_lite::Runtime;
/// # use weft_lite::mcp::{McpOptions, McpServer};
/// let runtime = Runtime::builder().without_bundled().build();
/// let host = runtime.host().clone();
/// let server = McpServer::new(host, runtime.executor(), McpOptions::default());
/// runtime.block_on(async {
///     let client = server.connect();
///     client.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
///     let answer = client.receive().await;
///     assert_eq!(answer.as_deref(), Some(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
/// });
/// ```
pub struct MemoryConnection {
    input: Sender<(String, HeldBytes)>,
    output: Receiver<HeldText>,
    budget: ByteBudget,
}

impl fmt::Debug for MemoryConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MemoryConnection")
    }
}

impl MemoryConnection {
    /// Sends a message, as soon as there is room for it. One that comes after [`finish`](Self::finish)
    /// or after the server has stopped is lost.
    pub async fn send(&self, message: impl Into<String>) {
        let message = message.into();
        let held = self.budget.hold_when_free(message.len()).await;
        let _ = self.input.send((message, held)).await;
    }

    /// The next message from the server; `None` when there will be no more.
    ///
    /// Cancel safe: a message that was not returned is there for the next call. Answers come in the
    /// order in which requests end, so compare their ids.
    pub async fn receive(&self) -> Option<String> {
        self.output.recv().await.ok().map(|message| message.text)
    }

    /// Ends the input: what runs is still answered.
    pub fn finish(&self) {
        self.input.close();
    }
}

impl McpServer {
    /// Connects a client within this process.
    ///
    /// The connection runs on the server's executor. It ends when its last message has been answered
    /// after [`finish`](MemoryConnection::finish), when it is dropped, or after [`stop`](Self::stop).
    #[must_use]
    pub fn connect(&self) -> MemoryConnection {
        let (input, received) = async_channel::bounded::<(String, HeldBytes)>(WAITING);
        let (mut connection, output) = Connection::new(self.clone());
        let stopping = self.stopping();
        let serving = async move {
            let all = async {
                while let Ok((message, held)) = received.recv().await {
                    // A request holds its own room while it runs.
                    drop(held);
                    connection.receive(message.into_bytes().into()).await;
                }
            };
            // Messages come first: those that were sent before the stop are still answered.
            or(all, stopping.cancelled()).await;
            connection.end().await;
        };
        self.tasks().detach(serving);
        MemoryConnection { input, output, budget: self.budget().clone() }
    }
}
