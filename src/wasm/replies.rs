//! Writes the host's replies into a guest's memory: the texts and bytes first, then the result area that points to
//! them.
//!
//! Every field of the result areas is one word or is padded to one, so an area is a list of words. Source:
//! `CanonicalABI.md` of the component model; the types are those of `wit/plugin.wit` and `wit/deps/host.wit`.

use futures_lite::future::yield_now;
use wasmi::Val;

use super::abi::{self, Span};
#[cfg(feature = "websocket")]
use super::driver::TEXT;
use super::driver::{Driver, LIST, abi_fault};
use crate::contract::CallError;
use crate::sandbox::HostReply;
#[cfg(feature = "websocket")]
use crate::sandbox::{OpenedWebSocket, WebSocketMessage, WebSocketReceived};

/// The words of the largest result area: `result<response, string>`.
const WORDS: usize = 6;

/// Texts that are written before other guests get their turn.
const TEXTS_PER_TURN: usize = 256;

/// A result area: its words, and how many of them its type has.
struct Area {
    words: [u32; WORDS],
    count: usize,
}

impl Area {
    fn new<const N: usize>(words: [u32; N]) -> Self {
        let mut area = Self { words: [0; WORDS], count: N };
        area.words.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        area
    }

    fn bytes(&self) -> Vec<u8> {
        self.words.iter().take(self.count).flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// The words of the result area of this reply; 0 for one that has none.
fn area_words(reply: &HostReply) -> usize {
    match reply {
        HostReply::Nothing | HostReply::Bool(_) => 0,
        HostReply::Plain(_) | HostReply::Results(_) => 2,
        HostReply::Text(_) | HostReply::Done(_) | HostReply::Value(_) => 3,
        HostReply::Flag(_) | HostReply::Texts(_) => 3,
        HostReply::Bytes(_) => 4,
        HostReply::Head(_) => 5,
        #[cfg(feature = "websocket")]
        HostReply::Opened(_) => 4,
        #[cfg(feature = "websocket")]
        HostReply::Received(_) => 5,
        HostReply::Response(_) => 6,
    }
}

impl Driver<'_> {
    /// Writes a reply to the guest's memory. Returns the function's result, where that is a value and no area.
    pub(super) async fn lower_reply(
        &mut self,
        reply: HostReply,
        result: u32,
    ) -> Result<Option<Val>, CallError> {
        let words = area_words(&reply);
        let during = self.during;
        let fault = |fault| abi_fault(fault, during);
        if words > 0 {
            // A bad pointer is found before the guest's allocator runs for a text that has no place.
            let bytes = 4 * words as u64;
            abi::check_area(self.memory(), "result area", result, 4, bytes).map_err(fault)?;
        }
        let mut area = match reply {
            HostReply::Nothing => return Ok(None),
            HostReply::Bool(value) => return Ok(Some(Val::I32(value.into()))),
            HostReply::Plain(text) => {
                let Span { pointer, length } = self.lower(&text).await?;
                Area::new([pointer, length])
            }
            HostReply::Done(Ok(())) | HostReply::Value(None) => Area::new([0]),
            HostReply::Flag(Ok(flag)) => Area::new([0, flag.into()]),
            HostReply::Bytes(Ok(None)) => Area::new([0, 0]),
            HostReply::Text(Ok(text)) => self.lower_tagged(0, &text).await?,
            HostReply::Value(Some(text))
            | HostReply::Text(Err(text))
            | HostReply::Done(Err(text))
            | HostReply::Bytes(Err(text))
            | HostReply::Flag(Err(text))
            | HostReply::Texts(Err(text))
            | HostReply::Response(Err(text))
            | HostReply::Head(Err(text)) => self.lower_tagged(1, &text).await?,
            #[cfg(feature = "websocket")]
            HostReply::Opened(opened) => {
                let (front, text) = match opened {
                    Ok(OpenedWebSocket { socket, protocol }) => (vec![0, socket], protocol),
                    Err(text) => (vec![1], text),
                };
                self.lower_behind(front, TEXT, text.as_bytes()).await?
            }
            #[cfg(feature = "websocket")]
            HostReply::Received(received) => {
                let (front, what, bytes) = match received {
                    Ok(WebSocketReceived::Message(WebSocketMessage::Text(text))) => {
                        (vec![0, 0], TEXT, text.into_bytes())
                    }
                    Ok(WebSocketReceived::Message(WebSocketMessage::Binary(bytes))) => {
                        (vec![0, 1], LIST, bytes)
                    }
                    // Nothing has no bytes: what stands in their place is not read.
                    Ok(WebSocketReceived::Nothing) => (vec![0, 2], LIST, Vec::new()),
                    Ok(WebSocketReceived::Closed { code, reason }) => {
                        (vec![0, 3, code.into()], TEXT, reason.into_bytes())
                    }
                    Err(text) => (vec![1], TEXT, text.into_bytes()),
                };
                self.lower_behind(front, what, &bytes).await?
            }
            HostReply::Bytes(Ok(Some(bytes))) => {
                let Span { pointer, length } = self.lower_bytes(LIST, &bytes, 1).await?;
                Area::new([0, 1, pointer, length])
            }
            HostReply::Texts(Ok(texts)) => {
                let Span { pointer, length } = self.lower_list(&texts).await?;
                Area::new([0, pointer, length])
            }
            HostReply::Results(results) => {
                let mut list = Vec::with_capacity(3 * results.len());
                for result in &results {
                    let (tag, text) = match result {
                        Ok(text) => (0, text),
                        Err(text) => (1, text),
                    };
                    let Span { pointer, length } = self.lower(text).await?;
                    list.extend([tag, pointer, length]);
                }
                let Span { pointer, length } = self.lower_words(&list, 3).await?;
                Area::new([pointer, length])
            }
            HostReply::Response(Ok(response)) => {
                let headers = self.lower_pairs(&response.headers).await?;
                let body = self.lower_bytes(LIST, &response.body, 1).await?;
                let status = response.status.into();
                Area::new([0, status, headers.pointer, headers.length, body.pointer, body.length])
            }
            HostReply::Head(Ok(head)) => {
                let headers = self.lower_pairs(&head.headers).await?;
                Area::new([0, head.stream, head.status.into(), headers.pointer, headers.length])
            }
        };
        area.count = words;
        abi::store(self.memory(), "result area", result, &area.bytes()).map_err(fault)?;
        Ok(None)
    }

    /// A text behind a tag: a `result` or an `option`.
    async fn lower_tagged(&mut self, tag: u32, text: &str) -> Result<Area, CallError> {
        let Span { pointer, length } = self.lower(text).await?;
        Ok(Area::new([tag, pointer, length]))
    }

    /// A text or list behind the words in front of it.
    #[cfg(feature = "websocket")]
    async fn lower_behind(
        &mut self,
        mut words: Vec<u32>,
        what: &'static str,
        bytes: &[u8],
    ) -> Result<Area, CallError> {
        let Span { pointer, length } = self.lower_bytes(what, bytes, 1).await?;
        words.extend([pointer, length]);
        words.resize(WORDS, 0);
        Ok(Area { words: words.try_into().unwrap_or_default(), count: WORDS })
    }

    /// `list<string>`: the texts, then the list of their spans. The returned span's length counts texts.
    pub(super) async fn lower_list(&mut self, texts: &[String]) -> Result<Span, CallError> {
        let list = self.lower_texts(&mut texts.iter()).await?;
        self.lower_words(&list, 2).await
    }

    /// `list<tuple<string, string>>`.
    pub(super) async fn lower_pairs(
        &mut self,
        pairs: &[(String, String)],
    ) -> Result<Span, CallError> {
        let mut texts = pairs.iter().flat_map(|(name, value)| [name, value]);
        let list = self.lower_texts(&mut texts).await?;
        self.lower_words(&list, 4).await
    }

    /// The spans of texts. Each is a call of the guest's allocator, so neighbours get their turn between many.
    async fn lower_texts(
        &mut self,
        texts: &mut (dyn Iterator<Item = &String> + Send),
    ) -> Result<Vec<u32>, CallError> {
        let mut list = Vec::with_capacity(2 * texts.size_hint().0);
        for (at, text) in texts.enumerate() {
            if at > 0 && at % TEXTS_PER_TURN == 0 {
                yield_now().await;
                self.check_bounds()?;
            }
            let Span { pointer, length } = self.lower(text).await?;
            list.extend([pointer, length]);
        }
        Ok(list)
    }

    /// A list whose elements have so many words. The returned span's length counts elements.
    async fn lower_words(&mut self, words: &[u32], per_element: u32) -> Result<Span, CallError> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let Span { pointer, length } = self.lower_bytes(LIST, &bytes, 4).await?;
        Ok(Span { pointer, length: length / (4 * per_element) })
    }
}
