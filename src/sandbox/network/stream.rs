//! A body that is read bit by bit: each part without secrets, as soon as it is there.

use std::sync::Arc;

use super::RequestError;
use super::answer::AnswerBody;
use crate::contract::limits;
use crate::sandbox::redact::{Redactor, StreamRedactor};

/// The rest of an answer. Dropping it closes the connection.
pub(super) struct BodyStream {
    body: AnswerBody,
    redactor: StreamRedactor,
    /// Bytes for the next reads.
    ready: Vec<u8>,
    /// What the server may still send.
    bytes_left: usize,
    has_ended: bool,
}

impl BodyStream {
    pub(super) fn new(body: AnswerBody, redactor: Arc<Redactor>) -> Self {
        Self {
            body,
            redactor: StreamRedactor::new(redactor),
            ready: Vec::new(),
            bytes_left: limits::HTTP_STREAM_BYTES,
            has_ended: false,
        }
    }

    /// The next bytes as they come, at most [`limits::HTTP_STREAM_PART_BYTES`]; `None` at the end.
    ///
    /// # Errors
    ///
    /// `request failed` if the connection breaks, and `response stream too large`.
    pub(super) async fn read(&mut self) -> Result<Option<Vec<u8>>, RequestError> {
        while self.ready.is_empty() && !self.has_ended {
            let Some(data) = self.body.next().await? else {
                self.ready = self.redactor.finish();
                self.has_ended = true;
                break;
            };
            let left = self.bytes_left.checked_sub(data.len());
            self.bytes_left = left.ok_or(RequestError::StreamTooLarge)?;
            let part = self.redactor.add(&data);
            (self.ready, self.has_ended) = (part.bytes, part.is_cut);
        }
        if self.ready.is_empty() {
            return Ok(None);
        }
        let rest = self.ready.split_off(self.ready.len().min(limits::HTTP_STREAM_PART_BYTES));
        Ok(Some(std::mem::replace(&mut self.ready, rest)))
    }
}
