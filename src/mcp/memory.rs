//! The transport within one process: for tests, and for programs that are client and server.

use async_channel::{Receiver, Sender};

use super::connection::Connection;
use super::server::McpServer;

/// Messages that wait in each direction.
const WAITING: usize = 64;

/// The client's end of a connection. Dropping it cancels what runs for it.
///
/// ```
/// # use weft_lite::{McpOptions, McpServer, Runtime};
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
#[derive(Debug)]
pub struct MemoryConnection {
    input: Sender<String>,
    output: Receiver<String>,
}

impl MemoryConnection {
    /// Sends a message. One that comes after [`finish`](Self::finish) or after the server has
    /// stopped is lost.
    pub async fn send(&self, message: impl Into<String>) {
        let _ = self.input.send(message.into()).await;
    }

    /// The next message from the server; `None` when there will be no more.
    pub async fn receive(&self) -> Option<String> {
        self.output.recv().await.ok()
    }

    /// Says that no more messages come: what runs is answered still.
    pub fn finish(&self) {
        self.input.close();
    }
}

impl McpServer {
    /// Connects a client within this process.
    #[must_use]
    pub fn connect(&self) -> MemoryConnection {
        let (input, received) = async_channel::bounded::<String>(WAITING);
        let (mut connection, output) = Connection::new(self.clone());
        let stopping = self.stopping();
        let serving = async move {
            let all = async {
                while let Ok(message) = received.recv().await {
                    connection.receive(message.as_bytes()).await;
                }
            };
            futures_lite::future::or(all, stopping.cancelled()).await;
            connection.end().await;
        };
        self.tasks().detach(serving);
        MemoryConnection { input, output }
    }
}
