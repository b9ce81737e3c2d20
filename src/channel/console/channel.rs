//! The console as a channel: input lines become messages, replies are printed.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use async_channel::{Receiver, Sender};
use futures_lite::future::or;
use futures_lite::{AsyncRead, AsyncWrite, AsyncWriteExt};

#[cfg(feature = "console")]
use super::above::AboveLine;
#[cfg(feature = "console")]
use super::editing::ConsoleEditing;
#[cfg(feature = "console")]
use super::editor;
use super::look::ConsoleStyle;
use crate::channel::lines::{Line, Lines};
use crate::channel::standard;
use crate::channel::threaded::Threaded;
use crate::contract::limits::{MESSAGE_BYTES, PARAMS_BYTES};
use crate::contract::{
    AnswerPart, BoxFuture, Cancellation, CancellationSource, ChannelAdapter, ChannelFormat,
    ChannelHost, ChatId, Failure, InboundMessage, MessagePayload, OWNER, PluginError, Reply,
    TextFormat,
};
use crate::sandbox::printable;
use crate::task::{AsyncLock, until};

/// The channel's name, and its only chat.
const CONSOLE: &str = "console";

/// What fails where the input can't be read.
const READING: &str = "reading from the console";

/// Standard input and output as a channel. Its one chat is named `console`, and its sender
/// is the owner.
///
/// On a pipe each line is a message; blank ones are none. A line of more than 4.5 MB, or one
/// that is not UTF-8, is refused with a message on the output and never held whole. At a terminal,
/// with [`editing`](Self::editing), a message may have several lines if they are pasted, and the
/// next one is read when the last one has been answered.
///
/// The id that [`send`](ChannelAdapter::send) returns is the number of the message among those this
/// console has written, from `1`.
pub struct ConsoleChannel {
    source: AsyncLock<ConsoleInput>,
    output: AsyncLock<ConsoleOutput>,
    style: ConsoleStyle,
    /// A person types: a prompt is shown on standard error.
    prompt: bool,
    /// A terminal shows the output: control characters of guests must not reach it.
    terminal: bool,
    /// Whether the reader of the output is gone.
    closed: AtomicBool,
    /// Messages that came to nothing: the exit status of a pipe tells of them.
    failures: AtomicUsize,
    /// Messages that were handed over.
    messages: AtomicU64,
    answered: (Sender<()>, Receiver<()>),
    /// Fires when the console is done: somebody quit, or the output is closed.
    over: CancellationSource,
    /// Fires to stop reading.
    finish: CancellationSource,
    /// Fires when the reading has ended.
    ended: CancellationSource,
    /// The error that ended it.
    fault: OnceLock<PluginError>,
    /// Prints above the edited line; `None` where lines are only read.
    #[cfg(feature = "console")]
    above: Option<AboveLine>,
}

/// Where messages are read: lines of a stream, or the line editor at a terminal.
enum ConsoleInput {
    Lines(Lines<Box<dyn AsyncRead + Send + Unpin>>),
    #[cfg(feature = "console")]
    Editor(editor::Editor),
}

/// Where answers go, and how many have gone there.
struct ConsoleOutput {
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    written: u64,
    /// Bytes of the answer that is being shown as it comes; its line is not ended yet.
    said_bytes: usize,
}

impl ConsoleChannel {
    /// The process's own console, with a prompt where a person types.
    #[must_use]
    pub fn stdio(style: ConsoleStyle) -> Self {
        let console = Self::new(standard::console_input(), Threaded::new(io::stdout()), style);
        let prompt = io::stdin().is_terminal() && io::stderr().is_terminal();
        Self { prompt, terminal: io::stdout().is_terminal(), ..console }
    }

    /// A console without input, which writes to standard output.
    #[must_use]
    pub fn stdout(style: ConsoleStyle) -> Self {
        Self::new(futures_lite::io::empty(), Threaded::new(io::stdout()), style)
    }

    /// A console on other streams, without a prompt.
    #[must_use]
    pub fn new(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
        style: ConsoleStyle,
    ) -> Self {
        let finish = CancellationSource::new();
        let input: Box<dyn AsyncRead + Send + Unpin> = Box::new(input);
        let lines = Lines::new(input, MESSAGE_BYTES).until(finish.token());
        Self {
            source: AsyncLock::new(ConsoleInput::Lines(lines)),
            output: AsyncLock::new(ConsoleOutput {
                writer: Box::new(output),
                written: 0,
                said_bytes: 0,
            }),
            style,
            prompt: false,
            terminal: false,
            closed: AtomicBool::new(false),
            failures: AtomicUsize::new(0),
            messages: AtomicU64::new(0),
            answered: async_channel::unbounded(),
            over: CancellationSource::new(),
            finish,
            ended: CancellationSource::new(),
            fault: OnceLock::new(),
            #[cfg(feature = "console")]
            above: None,
        }
    }

    /// Edits lines where a person sits at both ends; otherwise nothing changes.
    #[cfg(feature = "console")]
    #[must_use]
    pub fn editing(mut self, editing: ConsoleEditing) -> Self {
        if self.prompt && self.terminal {
            match editor::Editor::new(editing) {
                Ok(editor) => {
                    self.above = Some(editor.above());
                    self.source = AsyncLock::new(ConsoleInput::Editor(editor));
                    self.prompt = false;
                }
                Err(error) => log::warn!("lines can't be edited: {error}"),
            }
        }
        self
    }

    /// Whether the reader of the output has gone away: nothing that is sent arrives any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether somebody who edits lines waits for an answer: then ctrl-c, which is a signal only
    /// while no line is edited, is about that answer.
    #[must_use]
    pub fn is_waited_at(&self) -> bool {
        #[cfg(feature = "console")]
        let waits = self.above.as_ref().is_some_and(|above| !above.is_edited());
        #[cfg(not(feature = "console"))]
        let waits = false;
        waits
    }

    /// Prints above the edited line; `None` where lines are only read.
    #[cfg(feature = "console")]
    #[must_use]
    pub fn above_line(&self) -> Option<AboveLine> {
        self.above.clone()
    }

    /// Reads nothing more from a pipe: what was read is handed over, and what was not stays there for another
    /// process. [`ended`](Self::ended) tells when.
    pub fn finish(&self) {
        self.finish.cancel();
        #[cfg(feature = "console")]
        if self.above.is_some() {
            self.over.cancel();
        }
    }

    /// What ended it although nobody wanted that: its input can't be read any more, or its output
    /// can't be written although its reader is there.
    #[must_use]
    pub fn fault(&self) -> Option<&PluginError> {
        self.fault.get()
    }

    /// How many messages were received.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// How many messages came to nothing.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.failures.load(Ordering::Relaxed)
    }

    /// Resolves when nothing more will be read: at the end of input, or when somebody left.
    pub async fn ended(&self) {
        self.ended.token().cancelled().await;
    }

    /// Reads until the end of the input. The input is taken once: two readers would share out the lines.
    async fn receive(&self, host: &dyn ChannelHost) -> Result<(), PluginError> {
        let Some(mut source) = self.source.try_lock() else {
            let what = "starting a console twice".to_owned();
            return Err(PluginError::Unsupported { what });
        };
        match &mut *source {
            ConsoleInput::Lines(lines) => self.receive_lines(lines, host).await,
            #[cfg(feature = "console")]
            ConsoleInput::Editor(editor) => self.receive_edited(editor, host).await,
        }
    }

    /// Every line that is not blank is a message. The next one is read as soon as the gateway has accepted it.
    async fn receive_lines(
        &self,
        lines: &mut Lines<Box<dyn AsyncRead + Send + Unpin>>,
        host: &dyn ChannelHost,
    ) -> Result<(), PluginError> {
        self.show_prompt();
        loop {
            let line = match lines.next().await {
                Ok(line) => line,
                Err(error) => return self.give_up(PluginError::io(READING, &error)),
            };
            match line {
                Line::End => return Ok(()),
                Line::Whole(line) => match str::from_utf8(&line) {
                    Ok(text) if text.trim().is_empty() => self.show_prompt(),
                    Ok(text) => self.hand_over(text.to_owned(), host).await?,
                    Err(_) => self.refuse_not_text().await?,
                },
                Line::TooLong(_) => {
                    let message = format!("the line is over {MESSAGE_BYTES} bytes");
                    let next_step = format!("pass at most {PARAMS_BYTES} bytes of parameters");
                    self.refuse("line_too_long", message, next_step).await?;
                }
            }
        }
    }

    /// One message at a time: an answer in the middle of a typed line would tear it apart.
    #[cfg(feature = "console")]
    async fn receive_edited(
        &self,
        editor: &editor::Editor,
        host: &dyn ChannelHost,
    ) -> Result<(), PluginError> {
        let _terminal = editor.take_terminal();
        loop {
            let typed = match editor.read().await {
                Ok(typed) => typed,
                Err(error) => return self.give_up(PluginError::io(READING, &error)),
            };
            match typed {
                editor::Typed::End => return Ok(()),
                editor::Typed::Interrupted => {
                    let _ = io::stderr().write_all(b"ctrl-d ends\n");
                }
                editor::Typed::NotText => self.refuse_not_text().await?,
                editor::Typed::Text(text) if text.trim().is_empty() => {}
                editor::Typed::Text(text) => {
                    // Answers to what nobody waits for any more were left here by a cancellation.
                    while self.answered.1.try_recv().is_ok() {}
                    self.hand_over(text, host).await?;
                    let _ = self.answered.1.recv().await;
                }
            }
        }
    }

    /// Ends the console because of `error`: nobody could start it again.
    fn give_up(&self, error: PluginError) -> Result<(), PluginError> {
        let _ = self.fault.set(error);
        Ok(())
    }

    /// Hands one message to the gateway. Its id is the number of the message.
    async fn hand_over(&self, text: String, host: &dyn ChannelHost) -> Result<(), PluginError> {
        let number = self.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let message = InboundMessage::text(ChatId::new(CONSOLE, CONSOLE), OWNER, text);
        host.deliver_inbound(InboundMessage { id: Some(number.to_string()), ..message }).await
    }

    /// Refuses bytes that are no text. They cost one line, and the console goes on.
    async fn refuse_not_text(&self) -> Result<(), PluginError> {
        let message = "the line is not UTF-8 text".to_owned();
        self.refuse("not_text", message, "send it as UTF-8".to_owned()).await
    }

    /// Says that a line is no message, which counts as one that failed.
    async fn refuse(
        &self,
        code: &str,
        message: String,
        next_step: String,
    ) -> Result<(), PluginError> {
        let text = format!("error: {message}\n  try: {next_step}");
        let failure = Failure::new(code, message, next_step);
        let reply = Reply {
            chat: CONSOLE.to_owned(),
            thread: None,
            reply_to: None,
            payload: MessagePayload::text(text),
            failure: Some(failure),
            part: 0,
            parts: 1,
            said_bytes: 0,
        };
        self.reply(&reply).await.map(|_| ())
    }

    /// Writes a text as lines of its own, after `said_bytes` of it that came as parts. Writers take turns, so that no
    /// two answers mix.
    ///
    /// # Errors
    ///
    /// [`PluginError::Cancelled`] if the reader is gone. Either way the console is over: nobody can read further answers.
    async fn write(&self, text: &str, said_bytes: usize) -> Result<String, PluginError> {
        let mut output = self.output.lock().await;
        // The rest of what is there already, or the whole on a line of its own.
        let (begin, text) = match std::mem::take(&mut output.said_bytes) {
            0 => ("", text),
            said if said == said_bytes => ("", text.get(said..).unwrap_or(text)),
            _ => ("\n", text),
        };
        let text = if self.terminal { &*printable(text) } else { text };
        let line = [begin, text, "\n"].concat();
        self.print(&mut output, &line).await?;
        output.written += 1;
        let id = output.written.to_string();
        drop(output);
        self.show_prompt();
        Ok(id)
    }

    /// Writes a part of an answer, and leaves its line open. While somebody edits a line, nothing is written.
    async fn write_part(&self, text: &str) -> Result<(), PluginError> {
        let mut output = self.output.lock().await;
        #[cfg(feature = "console")]
        if self.above.as_ref().is_some_and(AboveLine::is_edited) {
            return Ok(());
        }
        let shown = if self.terminal { &*printable(text) } else { text };
        self.print(&mut output, shown).await?;
        output.said_bytes += text.len();
        Ok(())
    }

    /// Writes to the output, or above the line that is being edited.
    async fn print(&self, output: &mut ConsoleOutput, text: &str) -> Result<(), PluginError> {
        let written = async {
            #[cfg(feature = "console")]
            if self.above.as_ref().is_some_and(|above| above.show(text)) {
                return Ok(());
            }
            output.writer.write_all(text.as_bytes()).await?;
            output.writer.flush().await
        };
        let Err(error) = written.await else { return Ok(()) };
        // Nobody can read the answers to further messages.
        self.over.cancel();
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.closed.store(true, Ordering::Relaxed);
            return Err(PluginError::Cancelled);
        }
        let error = PluginError::io("writing to the console", &error);
        let _ = self.fault.set(error.clone());
        Err(error)
    }

    /// Shows the prompt, where a person types.
    fn show_prompt(&self) {
        if self.prompt && !self.ended.token().is_cancelled() {
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

    fn format(&self) -> ChannelFormat {
        // What a terminal must not be given is escaped at the very end, in `write`.
        ChannelFormat { max_message_chars: None, structured: true, text: TextFormat::Verbatim }
    }

    fn start<'a>(
        &'a self,
        host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let over = self.over.token();
            let stopped = or(cancellation.cancelled(), over.cancelled());
            let result = until(stopped, self.receive(&*host)).await.unwrap_or(Ok(()));
            self.ended.cancel();
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
            self.write(&self.style.payload(payload)?, 0).await
        })
    }

    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async move {
            if reply.is_last() && reply.failure.is_some() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
            let written = self.write(&self.style.reply(reply)?, reply.said_bytes).await;
            if reply.is_last() {
                let _ = self.answered.0.try_send(());
            }
            written
        })
    }

    fn shows_parts(&self) -> bool {
        self.style != ConsoleStyle::Json
    }

    fn part<'a>(&'a self, part: &'a AnswerPart) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(self.write_part(&part.text))
    }

    fn leave<'a>(&'a self, _chat: &'a str) -> BoxFuture<'a, Result<(), PluginError>> {
        self.over.cancel();
        Box::pin(std::future::ready(Ok(())))
    }
}
