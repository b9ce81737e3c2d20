//! The transport over a pair of streams: one message a line, in both directions.
//!
//! Messages are delimited by line feeds and contain none (Transports, stdio), so nothing else may be
//! written to the output: logs go to standard error. Reading and writing go on side by side; when
//! either fails, the other ends.

use std::io;
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::future::{or, pending, try_zip};
use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt};
use smol::Timer;

use super::client::HeldText;
use super::connection::Connection;
use super::server::McpServer;
use crate::channel::{Line, Lines, standard};
use crate::contract::limits::MESSAGE_BYTES;
use crate::contract::{BoxFuture, Cancellation, CancellationSource};

/// Bytes that are written at once: many small messages are one system call.
const WRITE_BYTES: usize = 64 << 10;

/// How long after the end of input what was sent before may take to begin, and an answer to be read.
const PATIENCE: Duration = Duration::from_secs(30);

impl McpServer {
    /// Serves the parent process, over standard input and output, as
    /// [`serve_stream`](Self::serve_stream) does. Nothing else may write to standard output.
    ///
    /// # Errors
    ///
    /// Those of [`serve_stream`](Self::serve_stream). A client that is gone is noticed at once, also
    /// while nothing is written.
    pub async fn serve_stdio(&self) -> io::Result<()> {
        self.serve_standard().await
    }

    /// In a box, so that a program has no copy of the server.
    fn serve_standard(&self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(async {
            let (input, output) = (standard::input(), standard::output());
            let (mut connection, outbox) = Connection::new(self.clone());
            connection.resume();
            let gone = standard::writer_gone();
            let serving = self.serve_until(input, output, connection, outbox, gone);
            let gone = async {
                standard::reader_gone().await;
                Err(io::ErrorKind::BrokenPipe.into())
            };
            or(serving, gone).await
        })
    }

    /// Serves one client over a pair of streams. A message of more than 4.5 MB is refused and never
    /// held whole.
    ///
    /// It returns when the client's last message has been answered, a few seconds after the end of
    /// `input` at the latest; or, with the subscriptions ended and the rest cancelled, after
    /// [`stop`](Self::stop); or, with what was read answered, after [`finish`](Self::finish).
    ///
    /// # Errors
    ///
    /// Those of the streams; a broken pipe means that the client is gone.
    pub async fn serve_stream(
        &self,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let (connection, outbox) = Connection::new(self.clone());
        self.serve_until(input, output, connection, outbox, pending()).await
    }

    /// Serves a client over streams until `writer_gone`, after which nothing more is sent to `input`.
    /// What waits in it then has 30 seconds to begin.
    async fn serve_until(
        &self,
        input: impl AsyncRead + Unpin,
        output: impl AsyncWrite + Unpin,
        mut connection: Connection,
        outbox: Receiver<HeldText>,
        writer_gone: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let ended = CancellationSource::new();
        let written_by = ended.token();
        let (stopping, finishing) = (self.stopping(), self.finishing());
        let reading = async move {
            let mut lines = Lines::new(input, MESSAGE_BYTES).until(finishing);
            let overdue = async {
                writer_gone.await;
                Timer::after(PATIENCE).await;
                let seconds = PATIENCE.as_secs();
                log::warn!(
                    "mcp: requests left unread {seconds} s after the end of input are dropped"
                );
            };
            let reading = read_all(&mut lines, &mut connection);
            let over = async {
                or(stopping.cancelled(), overdue).await;
                Ok(())
            };
            // The reading comes first: a line that has arrived is still answered.
            let read = or(reading, over).await;
            ended.cancel();
            connection.end().await;
            Ok(read)
        };
        // Nobody is served any more when nothing can be written.
        let (read, ()) = try_zip(reading, write_all(&outbox, output, &written_by)).await?;
        read
    }
}

/// Takes one line after the other until the end of input. Empty lines are passed over, and those that
/// are too long are answered from their begin alone.
async fn read_all(
    lines: &mut Lines<impl AsyncRead + Unpin>,
    connection: &mut Connection,
) -> io::Result<()> {
    loop {
        match lines.next().await? {
            Line::Whole(blank) if blank.trim_ascii().is_empty() => {}
            Line::Whole(message) => connection.receive(message).await,
            Line::TooLong(begin) => {
                let problem = format!("the message is over {MESSAGE_BYTES} bytes");
                connection.refuse(&problem, begin).await;
            }
            Line::End => return Ok(()),
        }
    }
}

/// Writes messages until every sender is gone, as many at once as there are.
async fn write_all(
    outbox: &Receiver<HeldText>,
    mut output: impl AsyncWrite + Unpin,
    ended: &Cancellation,
) -> io::Result<()> {
    let mut batch = Vec::with_capacity(WRITE_BYTES);
    let mut room = Vec::new();
    while let Ok(HeldText { mut text, held }) = outbox.recv().await {
        text.push('\n');
        batch.clear();
        room.clear();
        room.push(held);
        // A long one is written from where it is.
        let bytes = if text.len() >= WRITE_BYTES {
            text.as_bytes()
        } else {
            batch.extend_from_slice(text.as_bytes());
            while batch.len() < WRITE_BYTES
                && let Ok(HeldText { text, held }) = outbox.try_recv()
            {
                batch.extend_from_slice(text.as_bytes());
                batch.push(b'\n');
                room.push(held);
            }
            &batch
        };
        let written = async {
            output.write_all(bytes).await?;
            output.flush().await
        };
        // A client that has ended its input and reads nothing is no reason to stay.
        let stuck = async {
            ended.cancelled().await;
            Timer::after(PATIENCE).await;
            Err(io::ErrorKind::TimedOut.into())
        };
        or(written, stuck).await?;
        // What a large answer took is given back.
        room.clear();
        if batch.capacity() > 4 * WRITE_BYTES {
            batch = Vec::with_capacity(WRITE_BYTES);
        }
    }
    Ok(())
}
