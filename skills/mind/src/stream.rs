//! From the bytes of an answer to the events of a reply: server-sent events, or one JSON text from a server
//! that doesn't stream.

use crate::fault::BROKEN;
use crate::reply::{Outcome, Reply};
use alloc::vec::Vec;
use core::mem::take;

/// A line, an event, or a whole answer.
const MAX_EVENT_BYTES: usize = 1 << 20;

#[derive(Default)]
pub struct Stream {
    /// What has come and is not yet read: the beginning of a line, or of a whole answer.
    rest: Vec<u8>,
    /// The data lines of the event that is not yet over.
    data: Vec<u8>,
    /// Whether anything but space has come.
    begun: bool,
    /// Whether this is one JSON text.
    whole: bool,
}

impl Stream {
    /// Takes the next bytes, wherever they are cut.
    pub fn push(&mut self, bytes: &[u8], reply: &mut Reply) -> Outcome {
        if !self.begun
            && let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace())
        {
            self.begun = true;
            self.whole = *first == b'{';
        }
        let mut bytes = bytes;
        while !self.whole
            && let Some(end) = bytes.iter().position(|byte| *byte == b'\n')
        {
            self.rest.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.line(reply)?;
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() + self.data.len() > MAX_EVENT_BYTES {
            return reply.fail(BROKEN, "its answer is too large");
        }
        Ok(())
    }

    /// Takes what is left when the answer has ended.
    pub fn end(&mut self, reply: &mut Reply) -> Outcome {
        if self.whole {
            // A whole answer may leave out why it ended.
            reply.done = true;
            return reply.event(&self.rest);
        }
        self.line(reply)?;
        self.line(reply)
    }

    /// Takes the line in `rest`. An empty one ends an event.
    fn line(&mut self, reply: &mut Reply) -> Outcome {
        let rest = take(&mut self.rest);
        let line = rest.strip_suffix(b"\r").unwrap_or(&rest);
        if line.is_empty() {
            let data = take(&mut self.data);
            return if data.is_empty() { Ok(()) } else { reply.event(&data) };
        }
        // Everything else is a comment or a field that means nothing here.
        if let Some(data) = line.strip_prefix(b"data:") {
            // The lines of one event are one JSON text, to which a space means as much as a line's end.
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
        Ok(())
    }
}
