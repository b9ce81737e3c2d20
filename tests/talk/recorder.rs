//! A channel that writes down what it is given, for tests of what is behind channels.

#![allow(dead_code, reason = "not every test looks at everything")]

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use async_channel::{Receiver, Sender};
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::config::ChannelFormat;
use weft_lite::errors::PluginError;
use weft_lite::{
    Acknowledgement, AnswerPart, BoxFuture, Cancellation, ChannelAdapter, ChannelHost,
    MessagePayload, Progress, Reply,
};

/// How a running channel ends.
type End = Result<(), PluginError>;

pub(crate) struct Recorder {
    name: &'static str,
    pub(crate) format: ChannelFormat,
    pub(crate) rich: bool,
    pub(crate) shows_parts: bool,
    pub(crate) parts: Mutex<Vec<String>>,
    /// Sending fails so often before it succeeds.
    pub(crate) failures: Mutex<usize>,
    replies: (Sender<Reply>, Receiver<Reply>),
    pub(crate) acknowledged: Mutex<Vec<(String, Acknowledgement)>>,
    pub(crate) progress: Mutex<Vec<String>>,
    pub(crate) left: Mutex<Vec<String>>,
    /// What was sent to a chat without being an answer.
    pub(crate) sent: Mutex<Vec<(String, String)>>,
    ends: (Sender<End>, Receiver<End>),
}

impl Recorder {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            format: ChannelFormat::default(),
            rich: false,
            shows_parts: false,
            parts: Mutex::default(),
            failures: Mutex::default(),
            replies: async_channel::unbounded(),
            acknowledged: Mutex::default(),
            progress: Mutex::default(),
            left: Mutex::default(),
            sent: Mutex::default(),
            ends: async_channel::unbounded(),
        }
    }

    /// A channel with threads and media, whose messages have at most so many characters.
    pub(crate) fn rich(name: &'static str, max_chars: usize) -> Self {
        let format = ChannelFormat {
            max_message_chars: NonZeroUsize::new(max_chars),
            ..ChannelFormat::default()
        };
        Self { format, rich: true, ..Self::new(name) }
    }

    /// A channel that shows an answer as it comes.
    pub(crate) fn showing_parts(name: &'static str) -> Self {
        Self { shows_parts: true, ..Self::new(name) }
    }

    pub(crate) async fn next(&self) -> Reply {
        self.replies.1.recv().await.unwrap()
    }

    /// The text of the next reply.
    pub(crate) async fn text(&self) -> String {
        match self.next().await.payload {
            MessagePayload::Text { text } => text,
            MessagePayload::Json { value } => value.to_string(),
            MessagePayload::Binary { mime, .. } => mime,
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.replies.1.len()
    }

    /// Makes the running channel fail; or the next one, each time that it was started again.
    pub(crate) fn break_down(&self) {
        let error = PluginError::Io { doing: "receiving".into(), problem: "reset".into() };
        self.ends.0.try_send(Err(error)).unwrap();
    }

    /// Closes the channel from outside.
    pub(crate) fn close(&self) {
        self.ends.0.try_send(Ok(())).unwrap();
    }
}

/// Hands over a text.
pub(crate) async fn say(
    host: &dyn ChannelHost,
    channel: &str,
    chat: &str,
    text: &str,
) -> Result<(), PluginError> {
    say_with(host, channel, chat, text, |_| {}).await
}

/// The same as a message of which `change` may say more.
pub(crate) async fn say_with(
    host: &dyn ChannelHost,
    channel: &str,
    chat: &str,
    text: &str,
    change: impl FnOnce(&mut InboundMessage),
) -> Result<(), PluginError> {
    let mut message = InboundMessage::text(ChatId::new(channel, chat), "owner", text);
    change(&mut message);
    host.deliver_inbound(message).await
}

impl ChannelAdapter for Recorder {
    fn name(&self) -> &str {
        self.name
    }

    fn display_name(&self) -> &str {
        self.name
    }

    fn supports_threads(&self) -> bool {
        self.rich
    }

    fn supports_media(&self) -> bool {
        self.rich
    }

    fn format(&self) -> ChannelFormat {
        self.format
    }

    fn start<'a>(
        &'a self,
        _host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        let ended = async move {
            cancellation.cancelled().await;
            Ok(())
        };
        let from_outside = async { self.ends.1.recv().await.unwrap() };
        Box::pin(futures_lite::future::or(ended, from_outside))
    }

    fn send<'a>(
        &'a self,
        target: &'a str,
        payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        let MessagePayload::Text { text } = payload else {
            return Box::pin(async { Err(PluginError::Unsupported { what: "media".into() }) });
        };
        self.sent.lock().unwrap().push((target.to_owned(), text.clone()));
        Box::pin(async { Ok("1".to_owned()) })
    }

    fn reply<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<String, PluginError>> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Box::pin(async {
                Err(PluginError::Io { doing: "sending".into(), problem: "reset".into() })
            });
        }
        self.replies.0.try_send(reply.clone()).unwrap();
        Box::pin(async { Ok("1".to_owned()) })
    }

    fn acknowledge<'a>(
        &'a self,
        _chat: &'a str,
        id: &'a str,
        acknowledgement: Acknowledgement,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        self.acknowledged.lock().unwrap().push((id.to_owned(), acknowledgement));
        Box::pin(async { Ok(()) })
    }

    fn shows_parts(&self) -> bool {
        self.shows_parts
    }

    fn part<'a>(&'a self, part: &'a AnswerPart) -> BoxFuture<'a, Result<(), PluginError>> {
        self.parts.lock().unwrap().push(part.text.clone());
        Box::pin(std::future::ready(Ok(())))
    }

    fn progress<'a>(&'a self, progress: &'a Progress) -> BoxFuture<'a, Result<(), PluginError>> {
        self.progress.lock().unwrap().push(progress.note.clone());
        Box::pin(async { Ok(()) })
    }

    fn leave<'a>(&'a self, chat: &'a str) -> BoxFuture<'a, Result<(), PluginError>> {
        self.left.lock().unwrap().push(chat.to_owned());
        Box::pin(async { Ok(()) })
    }
}
