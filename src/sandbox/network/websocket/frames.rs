//! The frames of RFC 6455: a server's are decoded, a client's are encoded. Nothing here reads or writes.
//!
//! A decoder holds at most one message and one read. Every length is checked before its bytes are taken.

use super::super::RequestError;
use crate::contract::limits;
use crate::contract::limits::KB;
use crate::sandbox::WebSocketMessage;

/// The bytes of one read.
const READ_BYTES: usize = 4 * KB;
/// The payload of a control frame (section 5.5).
const CONTROL_BYTES: usize = 125;

/// The kinds of frames (section 11.8).
pub(super) mod opcode {
    pub(in super::super) const CONTINUATION: u8 = 0;
    pub(in super::super) const TEXT: u8 = 1;
    pub(in super::super) const BINARY: u8 = 2;
    pub(in super::super) const CLOSE: u8 = 8;
    pub(in super::super) const PING: u8 = 9;
    pub(in super::super) const PONG: u8 = 10;
}

/// The reasons for a closing (section 7.4.1).
pub(super) mod close_code {
    pub(in super::super) const NORMAL: u16 = 1000;
    pub(in super::super) const PROTOCOL: u16 = 1002;
    /// Never sent: the frame has no code.
    pub(in super::super) const NONE: u16 = 1005;
    pub(in super::super) const NOT_UTF8: u16 = 1007;
    pub(in super::super) const TOO_LARGE: u16 = 1009;
}

/// What a server has sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FrameEvent {
    /// A whole message.
    Message(WebSocketMessage),
    /// A ping with its payload.
    Ping(Vec<u8>),
    /// The end, with its code and reason.
    Closed { code: u16, reason: String },
}

/// A rule that a server broke.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProtocolFault {
    TooLarge,
    NotUtf8,
    Protocol(&'static str),
}

use ProtocolFault::Protocol;

/// The decoder of one connection.
#[derive(Default)]
pub(super) struct FrameDecoder {
    /// Bytes as they came; those before `used` are done.
    input: Vec<u8>,
    used: usize,
    /// The frame whose payload is under way.
    frame: Option<FrameHead>,
    /// The payload of a control frame, so far.
    control: Vec<u8>,
    /// The message so far, and whether it is text.
    message: Vec<u8>,
    is_text: Option<bool>,
}

/// The head of a frame.
#[derive(Clone, Copy)]
struct FrameHead {
    is_last: bool,
    opcode: u8,
    /// Payload bytes that are still to come.
    left: usize,
}

impl FrameHead {
    fn is_control(self) -> bool {
        self.opcode >= opcode::CLOSE
    }
}

impl FrameDecoder {
    /// A decoder that begins with these bytes.
    pub(super) fn new(input: Vec<u8>) -> Self {
        Self { input, ..Self::default() }
    }

    /// Room for more bytes behind those that are not used yet.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.input.drain(..self.used);
        self.used = 0;
        let begin = self.input.len();
        self.input.resize(begin + READ_BYTES, 0);
        &mut self.input[begin..]
    }

    /// Keeps so many bytes of the newest [`room`](Self::room).
    pub(super) fn filled(&mut self, bytes: usize) {
        self.input.truncate(self.input.len() - READ_BYTES + bytes);
    }

    /// The next event; `None` if more bytes are needed for it.
    pub(super) fn next(&mut self) -> Result<Option<FrameEvent>, ProtocolFault> {
        loop {
            let head = match self.frame.take() {
                Some(head) => head,
                None => match self.read_head()? {
                    Some(head) => head,
                    None => return Ok(None),
                },
            };
            let unused = &self.input[self.used..];
            let (part, rest) = unused.split_at(unused.len().min(head.left));
            let payload = if head.is_control() { &mut self.control } else { &mut self.message };
            payload.extend_from_slice(part);
            self.used += part.len();
            let head = FrameHead { left: head.left - part.len(), ..head };
            if head.left > 0 {
                debug_assert!(rest.is_empty());
                self.frame = Some(head);
                return Ok(None);
            }
            if let Some(event) = self.finish(head)? {
                return Ok(Some(event));
            }
        }
    }

    /// The head of the next frame, checked; `None` if it is not there yet.
    fn read_head(&mut self) -> Result<Option<FrameHead>, ProtocolFault> {
        let [first, second, rest @ ..] = &self.input[self.used..] else { return Ok(None) };
        let (length, head_bytes) = match second & 0x7f {
            126 => match rest.first_chunk() {
                Some(length) => (u64::from(u16::from_be_bytes(*length)), 4),
                None => return Ok(None),
            },
            127 => match rest.first_chunk() {
                Some(length) => (u64::from_be_bytes(*length), 10),
                None => return Ok(None),
            },
            length => (u64::from(length), 2),
        };
        let (is_last, opcode) = (first & 0x80 != 0, first & 0x0f);
        if second & 0x80 != 0 {
            return Err(Protocol("the server masked a frame"));
        }
        if first & 0x70 != 0 {
            return Err(Protocol("a frame has a reserved bit"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match opcode {
            opcode::CLOSE | opcode::PING | opcode::PONG => {
                if !is_last || length > CONTROL_BYTES {
                    return Err(Protocol("a control frame is too long or in parts"));
                }
                self.control.clear();
            }
            opcode::CONTINUATION if self.is_text.is_none() => {
                return Err(Protocol("a message goes on that has not begun"));
            }
            opcode::TEXT | opcode::BINARY if self.is_text.is_some() => {
                return Err(Protocol("a message begins within another"));
            }
            opcode::CONTINUATION => {}
            opcode::TEXT | opcode::BINARY => self.is_text = Some(opcode == opcode::TEXT),
            _ => return Err(Protocol("a frame has a reserved kind")),
        }
        let head = FrameHead { is_last, opcode, left: length };
        if !head.is_control() && length > limits::WEBSOCKET_MESSAGE_BYTES - self.message.len() {
            return Err(ProtocolFault::TooLarge);
        }
        self.used += head_bytes;
        Ok(Some(head))
    }

    /// The event of a frame whose payload is whole; `None` for a pong, and for a part of a message.
    fn finish(&mut self, head: FrameHead) -> Result<Option<FrameEvent>, ProtocolFault> {
        match head.opcode {
            opcode::PONG => Ok(None),
            opcode::PING => Ok(Some(FrameEvent::Ping(std::mem::take(&mut self.control)))),
            opcode::CLOSE => self.closed().map(Some),
            _ if !head.is_last => Ok(None),
            _ => {
                let bytes = std::mem::take(&mut self.message);
                let message = match self.is_text.take() {
                    Some(true) => WebSocketMessage::Text(text(bytes)?),
                    _ => WebSocketMessage::Binary(bytes),
                };
                Ok(Some(FrameEvent::Message(message)))
            }
        }
    }

    /// The end: a code and a reason, or nothing.
    fn closed(&mut self) -> Result<FrameEvent, ProtocolFault> {
        let (code, reason) = match &self.control[..] {
            [] => (close_code::NONE, Vec::new()),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason.to_vec()),
            [_] => return Err(Protocol("a close frame has half a code")),
        };
        let is_valid = match code {
            close_code::NONE => self.control.is_empty(),
            1004 | 1006 | 1015 => false,
            code => (1000..5000).contains(&code),
        };
        if !is_valid {
            return Err(Protocol("a close frame has a code that may not be sent"));
        }
        Ok(FrameEvent::Closed { code, reason: text(reason)? })
    }
}

fn text(bytes: Vec<u8>) -> Result<String, ProtocolFault> {
    String::from_utf8(bytes).map_err(|_| ProtocolFault::NotUtf8)
}

impl ProtocolFault {
    /// The code with which the socket is closed.
    pub(super) fn close_code(&self) -> u16 {
        match self {
            Self::TooLarge => close_code::TOO_LARGE,
            Self::NotUtf8 => close_code::NOT_UTF8,
            Self::Protocol(_) => close_code::PROTOCOL,
        }
    }
}

impl From<ProtocolFault> for RequestError {
    fn from(fault: ProtocolFault) -> Self {
        let problem = match fault {
            ProtocolFault::TooLarge => return Self::MessageTooLarge,
            ProtocolFault::NotUtf8 => "a text is not valid UTF-8",
            Protocol(problem) => problem,
        };
        Self::websocket(problem)
    }
}

/// A frame with a whole message, masked with fresh random bytes (section 5.3).
///
/// # Errors
///
/// `websocket failed` if the system has no random bytes.
pub(super) fn encode(opcode: u8, payload: &[u8]) -> Result<Vec<u8>, RequestError> {
    const LAST: u8 = 0x80;
    const MASKED: u8 = 0x80;
    let mut mask = [0; 4];
    getrandom::fill(&mut mask).map_err(|_| RequestError::websocket("no random bytes"))?;
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.push(LAST | opcode);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a server that knows no rule, the same ones in every run.
    fn noise(seed: u64) -> impl Iterator<Item = u8> {
        let mut state = seed | 1;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Most lengths are short, and most opcodes known.
            match (state >> 56) % 4 {
                0 => (state >> 40).to_le_bytes()[0],
                1 => [0x81, 0x01, 0x80, 0x00, 0x89, 0x02, 0x7e, 0x7f][(state >> 40) as usize % 8],
                _ => (state >> 40).to_le_bytes()[0] % 8,
            }
        })
    }

    #[test]
    fn whatever_comes_memory_is_bounded() {
        let mut events = 0;
        for seed in 0..1_000 {
            let mut decoder = FrameDecoder::default();
            let bytes: Vec<u8> = noise(seed).take(400).collect();
            for part in bytes.chunks(40) {
                decoder.room()[..part.len()].copy_from_slice(part);
                decoder.filled(part.len());
                while let Some(result) = decoder.next().transpose() {
                    events += 1;
                    if result.is_err() {
                        decoder = FrameDecoder::default();
                    }
                }
                assert!(decoder.input.len() <= 50 && decoder.control.len() <= CONTROL_BYTES);
                assert!(decoder.message.len() <= limits::WEBSOCKET_MESSAGE_BYTES);
            }
        }
        assert!(events > 5_000, "{events}");
    }
}
