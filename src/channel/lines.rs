//! Lines from a stream whose other end isn't trusted: none makes memory grow past its limit.

use std::io::{self, Read};
use std::ops::Range;

use futures_lite::{AsyncRead, AsyncReadExt};

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 8 * 1024;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line without its end.
    Text(String),
    /// A line over the limit; it was skipped to its end.
    TooLong,
    /// A line that is not UTF-8.
    NotText,
    /// The stream has ended.
    End,
}

/// The lines of `input`, each of at most `limit` bytes.
///
/// It has a buffer of its own because `AsyncBufReadExt::fill_buf` polls a stream a second time
/// after its end, which a stream that reads on another thread doesn't bear.
pub(super) struct Lines<R> {
    input: R,
    limit: usize,
    buffer: Box<[u8]>,
    /// What of the buffer has been read and not yet given out.
    unread: Range<usize>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self { input, limit, buffer: vec![0; BUFFER_BYTES].into(), unread: 0..0 }
    }

    /// The next line. A last one needs no line feed.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        let mut too_long = false;
        loop {
            if self.unread.is_empty() {
                self.unread = 0..self.input.read(&mut self.buffer).await?;
            }
            let available = &self.buffer[self.unread.clone()];
            if available.is_empty() && line.is_empty() && !too_long {
                return Ok(Line::End);
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let part = end.map_or(available, |end| &available[..end]);
            too_long |= line.len() + part.len() > self.limit;
            if too_long {
                line = Vec::new();
            } else {
                line.extend_from_slice(part);
            }
            let ended = end.is_some() || available.is_empty();
            self.unread.start += part.len() + usize::from(end.is_some());
            if ended {
                break;
            }
        }
        if too_long {
            return Ok(Line::TooLong);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8(line).map_or(Line::NotText, Line::Text))
    }
}

/// A stream whose end is its end: a terminal would be read again after it, and whoever reads ahead
/// does that.
pub(super) struct UntilEnd<R> {
    input: R,
    ended: bool,
}

impl<R> UntilEnd<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, ended: false }
    }
}

impl<R: Read> Read for UntilEnd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let read = self.input.read(buffer)?;
        self.ended = read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Line> {
        let mut input = Lines::new(text, 8);
        // A small buffer, so that lines come in parts.
        input.buffer = vec![0; 3].into();
        futures_lite::future::block_on(async {
            let mut lines = Vec::new();
            loop {
                match input.next().await.unwrap() {
                    Line::End => return lines,
                    line => lines.push(line),
                }
            }
        })
    }

    #[test]
    fn what_follows_a_line_over_the_limit_is_read() {
        let text = |text: &str| Line::Text(text.into());
        assert_eq!(
            lines(b"12345678\n123456789\nend"),
            [text("12345678"), Line::TooLong, text("end")]
        );
        assert_eq!(lines(b"123456789"), [Line::TooLong]);
        assert_eq!(lines(b"a\r\n\n\xff\nb\n"), [text("a"), text(""), Line::NotText, text("b")]);
        assert_eq!(lines(b""), []);
    }
}
