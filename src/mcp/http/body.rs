//! What is sent back: a text, or a stream of events that ends with the answer.
//!
//! Hyper polls a body only as its own buffer empties, so a client that reads slowly slows down what
//! is sent to it, and few messages wait.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::{FutureExt, Stream};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use smol::Timer;

use crate::contract::{BoxFuture, CancellationSource};
use crate::mcp::client::HeldText;

/// The body of a response.
pub(super) enum ResponseBody {
    /// A whole text; `None` once it is taken, and for a response without a body.
    Text(Option<Bytes>),
    /// Events until the answer, with no length known before.
    Events(Box<EventStream>),
}

impl ResponseBody {
    /// A body of one text.
    pub(super) fn text(text: impl Into<Bytes>) -> Self {
        Self::Text(Some(text.into()))
    }
}

/// Messages as events, and a comment when none has come for a while. Dropping it cancels the request.
pub(super) struct EventStream {
    /// The request, whose output is the last message of the stream, if it has one. `None` when it has
    /// ended.
    pub(super) work: Option<BoxFuture<'static, Option<HeldText>>>,
    /// What comes before the last message.
    pub(super) early: Pin<Box<Receiver<HeldText>>>,
    /// How long nothing is sent before a comment shows proxies that the stream is alive.
    pub(super) keep_alive: Duration,
    /// Fires when the next comment is due; set back by every message.
    pub(super) timer: Timer,
    /// Lives as long as the connection.
    pub(super) _ends: CancellationSource,
}

impl EventStream {
    /// The next part: events that have come, the answer with what came before it, or a comment. `None`
    /// at the end.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        if let Poll::Ready(last) = work.poll(context) {
            self.work = None;
            let mut events = String::new();
            // What was sent before the answer has to arrive before it.
            while let Ok(message) = self.early.try_recv() {
                push_event(&mut events, &message.text);
            }
            let Some(HeldText { text, held }) = last else {
                return Poll::Ready(Some(events).filter(|it| !it.is_empty()).map(Bytes::from));
            };
            push_event(&mut events, &text);
            return Poll::Ready(Some(HeldText { text: events, held }.into()));
        }
        if let Poll::Ready(Some(message)) = self.early.as_mut().poll_next(context) {
            self.timer.set_after(self.keep_alive);
            let HeldText { text, held } = message;
            return Poll::Ready(Some(HeldText { text: event(&text), held }.into()));
        }
        if self.timer.poll(context).is_ready() {
            self.timer.set_after(self.keep_alive);
            // A line that begins with a colon is a comment, which clients ignore (Streamable HTTP,
            // Receiving Messages).
            return Poll::Ready(Some(Bytes::from_static(b":\n\n")));
        }
        Poll::Pending
    }
}

/// One message as the only event of a stream.
pub(super) fn event(message: &str) -> String {
    let mut event = String::with_capacity(message.len() + 24);
    push_event(&mut event, message);
    event
}

impl From<HeldText> for Bytes {
    fn from(text: HeldText) -> Self {
        Self::from_owner(text)
    }
}

impl AsRef<[u8]> for HeldText {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// Appends an event. A message is one line, so it is one `data` field.
fn push_event(events: &mut String, message: &str) {
    events.push_str("event: message\ndata: ");
    events.push_str(message);
    events.push_str("\n\n");
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match self.get_mut() {
            Self::Text(text) => Poll::Ready(text.take()),
            Self::Events(events) => events.poll(context),
        };
        data.map(|data| data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Events(events) => events.work.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
