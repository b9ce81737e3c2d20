//! Lines out of a stream of bytes that comes in pieces.
//!
//! Between two lines nothing is held: a client that says nothing costs no buffer.

/// The bytes of a line that has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    unfinished: Vec<u8>,
    /// The line is over the limit and is skipped to its end.
    skipping: bool,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Line(Vec<u8>),
    TooLong,
}

impl Frames {
    /// Takes what was read and adds every line that ends in it to `lines`. None has more than `limit`
    /// bytes.
    pub(super) fn push(&mut self, mut bytes: &[u8], limit: usize, lines: &mut Vec<Frame>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end], limit);
            bytes = &bytes[end + 1..];
            let line = std::mem::take(&mut self.unfinished);
            lines.push(if std::mem::take(&mut self.skipping) {
                Frame::TooLong
            } else {
                Frame::Line(line)
            });
        }
        self.extend(bytes, limit);
    }

    /// Bytes of the line that has not ended yet.
    pub(super) fn unfinished_bytes(&self) -> usize {
        self.unfinished.len()
    }

    /// Adds bytes to the unfinished line. One that is over the limit is dropped at once, so that it holds no memory.
    fn extend(&mut self, bytes: &[u8], limit: usize) {
        if self.unfinished.len() + bytes.len() > limit {
            self.unfinished = Vec::new();
            self.skipping = true;
        }
        if !self.skipping {
            self.unfinished.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let text = b"one\n\ntwo\nfar too long\nend";
        for size in 1..text.len() {
            let (mut frames, mut lines) = (Frames::default(), Vec::new());
            text.chunks(size).for_each(|piece| frames.push(piece, 5, &mut lines));
            let line = |text: &str| Frame::Line(text.into());
            assert_eq!(lines, [line("one"), line(""), line("two"), Frame::TooLong]);
            assert_eq!(frames.unfinished, b"end");
        }
    }
}
