//! Lines from a stream whose other end isn't trusted, the console's and an MCP client's: none makes memory
//! grow past its limit, and none is copied; a reader can keep long ones.

use std::borrow::Cow;
use std::io::{self, Read};

use futures_lite::future::{pending, yield_now};
use futures_lite::{AsyncRead, AsyncReadExt};
use memchr::memchr;

use crate::contract::Cancellation;
use crate::task::until;

/// Bytes of one read from a fast sender: the capacity of a pipe.
const READ_BYTES: usize = 64 << 10;
/// Bytes of the first read.
const FIRST_READ_BYTES: usize = 4 << 10;
/// Reads of less before others have their turn.
const READS_AT_ONCE: usize = 16;
/// What room is made of. More at once is no faster, and counts in the program.
static ZEROES: [u8; 1 << 10] = [0; 1 << 10];
/// Bytes that are kept of a line over the limit.
const KEPT_BYTES: usize = 1 << 10;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line without its end, which is a line feed, with or without a carriage return before it.
    Whole(Cow<'a, [u8]>),
    /// The beginning of a line over the limit; the rest was skipped to its end.
    TooLong(&'a [u8]),
    /// The stream has ended.
    End,
}

/// The lines of `input`, each of at most `limit` bytes.
///
/// It has a buffer of its own because `AsyncBufReadExt::fill_buf` polls a stream a second time
/// after its end, which a stream that reads on another thread doesn't bear.
pub(crate) struct Lines<R> {
    input: R,
    limit: usize,
    /// What has been read, and room behind it that is only made ready once.
    buffer: Vec<u8>,
    filled: usize,
    /// Bytes to be read at once.
    at_once: usize,
    /// Reads since others had their turn.
    reads: usize,
    /// Where in the buffer the next line begins.
    start: usize,
    /// How far the buffer was searched for the end of that line.
    searched: usize,
    /// What is read belongs to a line that was too long.
    skipping: bool,
    /// The beginning of that line.
    begin: Vec<u8>,
    ended: bool,
    /// When it fires, nothing new is begun.
    finish: Option<Cancellation>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self {
            input,
            limit,
            buffer: Vec::new(),
            filled: 0,
            at_once: FIRST_READ_BYTES,
            reads: 0,
            start: 0,
            searched: 0,
            skipping: false,
            begin: Vec::new(),
            ended: false,
            finish: None,
        }
    }

    /// The same, which end also when `finish` fires: with the end of a line, so that what was not read
    /// stays in the stream.
    pub(crate) fn until(self, finish: Cancellation) -> Self {
        Self { finish: Some(finish), ..self }
    }

    /// The next line. A last one needs no line feed.
    ///
    /// # Errors
    ///
    /// Those of the stream.
    pub(crate) async fn next(&mut self) -> io::Result<Line<'_>> {
        loop {
            let unread = &self.buffer[self.start..self.filled];
            let end = memchr(b'\n', &unread[self.searched..]);
            let Some(end) = end.map(|end| self.searched + end) else {
                if self.ended {
                    return Ok(self.last());
                }
                self.searched = unread.len();
                if self.searched > self.limit && !self.skipping {
                    self.skipping = true;
                    self.begin = unread[..unread.len().min(KEPT_BYTES)].to_vec();
                }
                if self.skipping {
                    (self.filled, self.start, self.searched) = (0, 0, 0);
                }
                self.read().await?;
                continue;
            };
            let line = self.start..self.start + end;
            self.start = line.end + 1;
            self.searched = 0;
            if std::mem::take(&mut self.skipping) {
                return Ok(Line::TooLong(&self.begin));
            }
            if line.len() > self.limit {
                return Ok(Line::TooLong(&self.buffer[line][..KEPT_BYTES.min(self.limit)]));
            }
            // A long line that is all there is goes with the memory it is in.
            if line.len() > READ_BYTES && line.start == 0 && self.start == self.filled {
                let mut long = std::mem::take(&mut self.buffer);
                (self.filled, self.start) = (0, 0);
                long.truncate(without_return(&long[line]).len());
                return Ok(Line::Whole(long.into()));
            }
            return Ok(Line::Whole(without_return(&self.buffer[line]).into()));
        }
    }

    /// What is left at the end of the stream.
    fn last(&mut self) -> Line<'_> {
        let rest = std::mem::replace(&mut self.start, self.filled)..self.filled;
        self.searched = 0;
        if std::mem::take(&mut self.skipping) {
            return Line::TooLong(&self.begin);
        }
        if rest.len() > self.limit {
            return Line::TooLong(&self.buffer[rest][..KEPT_BYTES.min(self.limit)]);
        }
        match &self.buffer[rest] {
            [] => Line::End,
            rest => Line::Whole(without_return(rest).into()),
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.filled -= self.start;
            self.start = 0;
        }
        // What a long line took is given back.
        if self.filled == 0 && self.buffer.len() > 4 * READ_BYTES {
            self.buffer = Vec::new();
        }
        let room = self.filled + self.at_once;
        if self.buffer.len() < room {
            // `resize` writes byte by byte in a program that is built for size.
            self.buffer.reserve(room - self.buffer.len());
            while self.buffer.len() < room {
                let more = ZEROES.len().min(room - self.buffer.len());
                self.buffer.extend_from_slice(&ZEROES[..more]);
            }
        }
        let finish = self.finish.as_ref().filter(|_| self.filled == 0 && !self.skipping);
        let finished = async {
            match finish {
                Some(finish) => finish.cancelled().await,
                None => pending().await,
            }
        };
        let reading = self.input.read(&mut self.buffer[self.filled..room]);
        let read = until(finished, reading).await.unwrap_or(Ok(0))?;
        self.filled += read;
        self.ended = read == 0;
        self.reads += 1;
        // A sender without a pause never makes this wait, so other tasks would get no turn.
        if read == self.at_once || self.reads == READS_AT_ONCE {
            self.reads = 0;
            yield_now().await;
        }
        if read == self.at_once {
            self.at_once = READ_BYTES;
        }
        Ok(())
    }
}

/// The line without the `\r` of Windows.
fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A stream that ends for good: a terminal would be read again after its end, and a buffered reader
/// does that.
pub(super) struct EndOnce<R> {
    input: R,
    ended: bool,
}

impl<R> EndOnce<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, ended: false }
    }
}

impl<R: Read> Read for EndOnce<R> {
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

    /// A stream that comes in parts of `N` bytes.
    struct Parts<'a, const N: usize>(&'a [u8]);

    impl<const N: usize> AsyncRead for Parts<'_, N> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            let count = self.0.len().min(N).min(buffer.len());
            let (part, rest) = self.0.split_at(count);
            buffer[..count].copy_from_slice(part);
            self.0 = rest;
            std::task::Poll::Ready(Ok(count))
        }
    }

    #[test]
    fn what_was_begun_is_read_before_the_end() {
        let finish = crate::contract::CancellationSource::new();
        let rest = futures_lite::future::block_on(async {
            let mut input = Lines::new(Parts::<4>(b"one\ntwo\nthree\n"), 8).until(finish.token());
            assert_eq!(input.next().await.unwrap(), Line::Whole(b"one"[..].into()));
            finish.cancel();
            assert_eq!(input.next().await.unwrap(), Line::End);
            input.input.0
        });
        assert_eq!(rest, b"two\nthree\n");
        let finish = crate::contract::CancellationSource::new();
        let rest = futures_lite::future::block_on(async {
            let mut input = Lines::new(Parts::<6>(b"one\ntwo\nthree\n"), 8).until(finish.token());
            assert_eq!(input.next().await.unwrap(), Line::Whole(b"one"[..].into()));
            finish.cancel();
            // Its beginning has been read, and with its end comes the beginning of the next.
            assert_eq!(input.next().await.unwrap(), Line::Whole(b"two"[..].into()));
            assert_eq!(input.next().await.unwrap(), Line::Whole(b"three"[..].into()));
            assert_eq!(input.next().await.unwrap(), Line::End);
            input.input.0
        });
        assert_eq!(rest, b"");
    }

    fn lines<const N: usize>(text: &str) -> Vec<String> {
        let mut input = Lines::new(Parts::<N>(text.as_bytes()), 8);
        futures_lite::future::block_on(async {
            let mut lines = Vec::new();
            loop {
                lines.push(match input.next().await.unwrap() {
                    Line::End => return lines,
                    Line::TooLong(begin) => {
                        assert!(text.as_bytes().windows(begin.len()).any(|part| part == begin));
                        assert!(!begin.is_empty());
                        "too long".to_owned()
                    }
                    Line::Whole(line) => String::from_utf8(line.to_vec()).unwrap(),
                });
            }
        })
    }

    #[test]
    fn a_long_line_goes_with_its_memory() {
        let long = |letter: &str, more: usize| letter.repeat(READ_BYTES + more);
        let lines = [long("a", 1), "short".to_owned(), long("b", 90_000), long("c", 200_000)];
        let text = format!("{}\r\n{}\n{}\n{}\n", lines[0], lines[1], lines[2], lines[3]);
        let mut input = Lines::new(Parts::<{ READ_BYTES + 3 }>(text.as_bytes()), 1 << 20);
        futures_lite::future::block_on(async {
            for expected in lines {
                let Line::Whole(line) = input.next().await.unwrap() else {
                    panic!("no line");
                };
                assert!(&*line == expected.as_bytes());
                // Nothing is behind the last one.
                if expected.starts_with('c') {
                    assert!(matches!(line, Cow::Owned(_)));
                }
            }
            assert_eq!(input.next().await.unwrap(), Line::End);
        });
    }

    #[test]
    fn reading_goes_on_after_a_too_long_line() {
        for (text, expected) in [
            ("12345678\n123456789\nend", vec!["12345678", "too long", "end"]),
            ("123456789", vec!["too long"]),
            ("123456789012345678901234567890\n1\n", vec!["too long", "1"]),
            ("a\r\n\n  \nb\n", vec!["a", "", "  ", "b"]),
            ("", vec![]),
        ] {
            assert_eq!(lines::<1>(text), expected, "{text:?}");
            assert_eq!(lines::<3>(text), expected, "{text:?}");
            assert_eq!(lines::<100>(text), expected, "{text:?}");
        }
    }
}
