//! The open streams of one call of a guest.
//!
//! A stream belongs to the call in which it was opened. Another call has a table of its own, so neither another
//! instance nor another plugin reaches it, and it ends with its call.

use std::fmt;

use super::RequestError;
use super::permit::HttpPermit;
use super::response::ResponseHead;
use super::send::open;
use super::slots::{StreamSlot, StreamSlots};
use super::stream::BodyStream;
use crate::contract::limits;
use crate::sandbox::WebHead;
use crate::task::{Clock, Lock, within};

/// The open streams of one call. Dropping it closes their connections.
#[derive(Default)]
pub(crate) struct HttpStreams {
    open: Vec<OpenStream>,
}

struct OpenStream {
    slot: StreamSlot,
    /// The host for audit records.
    host: String,
    /// Never locked: a lock makes it a part of what threads share, like the budget of a call.
    body: Lock<BodyStream>,
}

impl HttpStreams {
    /// Sends a request, once the plugin has a place for a stream. The rest of the answer is read by the stream's
    /// number. The permit is got after the wait, so that the wait is not a part of the request's time.
    ///
    /// A call waits only while neither it nor its instance has a place (`may_wait`): two that have some could wait
    /// for each other.
    ///
    /// # Errors
    ///
    /// `too many open streams` if all places are taken and it doesn't wait, the permit's, and those of [`open`].
    pub(in crate::sandbox) async fn open(
        &mut self,
        permit: impl Future<Output = Result<HttpPermit, RequestError>>,
        slots: &StreamSlots,
        may_wait: bool,
        clock: &dyn Clock,
    ) -> Result<WebHead, RequestError> {
        let slot = match may_wait && self.open.is_empty() {
            true => slots.take().await,
            false => slots.try_take(),
        };
        let slot = slot.ok_or(RequestError::TooManyStreams)?;
        let permit = permit.await?;
        let (host, stream) = (permit.host().to_string(), slot.number);
        let (ResponseHead { status, headers }, body) = open(permit, clock).await?;
        self.open.push(OpenStream { slot, host, body: Lock::new(body) });
        Ok(WebHead { stream, status, headers })
    }

    /// The host of a stream that is open.
    pub(in crate::sandbox) fn host(&self, number: u32) -> Option<&str> {
        self.open.iter().find(|stream| stream.slot.number == number).map(|it| it.host.as_str())
    }

    /// The next bytes of a stream; `None` at its end. A stream that has ended or failed is closed.
    ///
    /// # Errors
    ///
    /// `stream not open`, `stream idle`, `response stream too large`, `request failed`.
    pub(in crate::sandbox) async fn read(
        &mut self,
        number: u32,
        clock: &dyn Clock,
    ) -> Result<Option<Vec<u8>>, RequestError> {
        // Taken out, so that it is closed unless it is put back.
        let mut stream = self.take(number).ok_or(RequestError::NoStream { number })?;
        let read = within(clock, limits::HTTP_STREAM_IDLE_TIME, stream.body.get_mut().read()).await;
        let part = read.ok_or(RequestError::StreamIdle)??;
        if part.is_some() {
            self.open.push(stream);
        }
        Ok(part)
    }

    /// Closes a stream, if it is open.
    pub(in crate::sandbox) fn close(&mut self, number: u32) {
        self.take(number);
    }

    fn take(&mut self, number: u32) -> Option<OpenStream> {
        let at = self.open.iter().position(|stream| stream.slot.number == number)?;
        Some(self.open.swap_remove(at))
    }
}

impl fmt::Debug for HttpStreams {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.open.iter().map(|stream| stream.slot.number)).finish()
    }
}
