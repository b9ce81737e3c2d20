//! The console: one line in is one message, one message out is printed.
//!
//! It knows nothing of what the lines mean; that is its host's business.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use blocking::Unblock;
use futures_lite::future::or;
use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt};
use smol::lock::Mutex;

use super::lines::{Line, Lines, UntilEnd};
use crate::contract::limits::{KB, PARAMS_BYTES};
use crate::contract::{
    BoxFuture, Cancellation, ChannelAdapter, ChannelHost, MessagePayload, PluginError,
};
use crate::sandbox::printable;

/// The channel's name, and its only chat.
const CONSOLE: &str = "console";

/// Bytes of a line: the parameters of a call with room for a tool's name.
const LINE_BYTES: usize = PARAMS_BYTES + 4 * KB;

/// Standard input and output as a channel. Its one chat is named `console`.
///
/// Blank lines are no messages. A line of more than 1 MB and 4 KB, or one that is not UTF-8, is
/// refused with a message on the output and never held whole.
///
/// The id that [`send`](ChannelAdapter::send) returns is the number of the message among those this
/// console has written, from `1`.
pub struct ConsoleChannel {
    input: Mutex<Lines<Box<dyn AsyncRead + Send + Unpin>>>,
    output: Mutex<Output>,
    look: Look,
    /// Nothing is read any more, so nobody is asked for the next line.
    ended: AtomicBool,
    closed: AtomicBool,
}

struct Output {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    written: u64,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    /// A person types: a prompt is shown on standard error.
    prompt: bool,
    /// A terminal shows the output: control characters of guests must not reach it.
    terminal: bool,
}

impl ConsoleChannel {
    /// The process's own console, with a prompt where a person types.
    #[must_use]
    pub fn stdio() -> Self {
        let input = Unblock::new(UntilEnd::new(io::stdin()));
        let console = Self::new(input, Unblock::new(io::stdout()));
        let prompt = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { look: Look { prompt, terminal: io::stdout().is_terminal() }, ..console }
    }

    /// A console on other streams, without a prompt.
    #[must_use]
    pub fn new(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self {
            input: Mutex::new(Lines::new(Box::new(input), LINE_BYTES)),
            output: Mutex::new(Output { writer: Box::new(output), written: 0 }),
            look: Look { prompt: false, terminal: false },
            ended: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    /// Whether the reader of the output has gone away: nothing that is sent arrives any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    async fn receive(&self, host: &dyn ChannelHost) -> Result<(), PluginError> {
        let Some(mut input) = self.input.try_lock() else {
            let what = "starting a console twice".to_owned();
            return Err(PluginError::Unsupported { what });
        };
        self.prompt();
        loop {
            let line = input.next().await;
            match line.map_err(|error| PluginError::io("reading from the console", &error))? {
                Line::End => return Ok(()),
                Line::Text(text) if text.trim().is_empty() => self.prompt(),
                Line::Text(text) => {
                    let payload = MessagePayload::text(text);
                    host.deliver_inbound(CONSOLE, CONSOLE, CONSOLE, payload, BTreeMap::new())
                        .await?;
                }
                Line::TooLong => {
                    let refusal = format!(
                        "error: the line is over {LINE_BYTES} bytes\n  try: pass at most {PARAMS_BYTES} bytes of parameters"
                    );
                    self.write(&refusal).await?;
                }
                Line::NotText => {
                    self.write("error: the line is not UTF-8 text\n  try: send it as UTF-8")
                        .await?;
                }
            }
        }
    }

    async fn write(&self, text: &str) -> Result<String, PluginError> {
        let mut line = if self.look.terminal { printable(text) } else { text.to_owned() };
        line.push('\n');
        let mut output = self.output.lock().await;
        let written = async {
            output.writer.write_all(line.as_bytes()).await?;
            output.writer.flush().await
        };
        if let Err(error) = written.await {
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.closed.store(true, Ordering::Relaxed);
            }
            return Err(PluginError::io("writing to the console", &error));
        }
        output.written += 1;
        let id = output.written.to_string();
        drop(output);
        self.prompt();
        Ok(id)
    }

    fn prompt(&self) {
        if self.look.prompt && !self.ended.load(Ordering::Relaxed) {
            // A prompt that can't be shown is no reason to stop.
            let _ = io::stderr().write_all(b"> ");
        }
    }
}

impl ChannelAdapter for ConsoleChannel {
    fn name(&self) -> &str {
        CONSOLE
    }

    fn display_name(&self) -> &str {
        "Console"
    }

    fn supports_threads(&self) -> bool {
        false
    }

    fn supports_media(&self) -> bool {
        false
    }

    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let cancelled = async {
                cancellation.cancelled().await;
                Ok(())
            };
            let result = or(cancelled, self.receive(&*host)).await;
            self.ended.store(true, Ordering::Relaxed);
            result
        })
    }

    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            if target != CONSOLE {
                let problem = format!("the console has one chat, `{CONSOLE}`");
                return Err(PluginError::Invalid { what: "target".into(), problem });
            }
            match payload {
                MessagePayload::Text { text } => self.write(text).await,
                MessagePayload::Json { value } => self.write(&value.to_string()).await,
                MessagePayload::Binary { mime, .. } => {
                    Err(PluginError::Unsupported { what: format!("{mime} on a console") })
                }
            }
        })
    }
}
