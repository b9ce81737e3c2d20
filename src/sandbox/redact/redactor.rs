//! Replaces secrets in texts: the values of one plugin, and the search for their forms.

use std::borrow::Cow;
use std::sync::Arc;

use super::form::SecretForm;
#[cfg(any(feature = "net", feature = "autonomous"))]
use crate::contract::sort_by_key;
use crate::sandbox::text::cut;
use crate::sandbox::{HostCall, ToolRequest, WebRequest};
#[cfg(feature = "websocket")]
use crate::sandbox::{WebSocketCall, WebSocketMessage};
use crate::task::Lock;

/// The replacement of a secret.
const REDACTED: &str = "[redacted]";
/// The most characters in a text for one byte of a value: two digits of hex, each like `\u0061`.
#[cfg(feature = "net")]
const LONGEST_FORM_BYTES: usize = 12;
/// Comparisons for each byte of a text, beside one for each form. Ordinary texts need about one. A text that
/// needs more was made to cost time, and is cut there.
const STEPS_PER_BYTE: usize = 32;

/// The values that one plugin's requests carried, or that answers to them may contain. Each is kept as long as
/// the plugin is loaded, also when the operator changes it. Not `Debug`.
#[derive(Default)]
pub(in crate::sandbox) struct PluginSecrets {
    /// The values that requests carried.
    sent: Lock<Arc<Redactor>>,
    /// The same, and all values that are bound to the hosts of these requests.
    known: Lock<Arc<Redactor>>,
}

/// Replaces a set of values. Not `Debug`.
#[derive(Default)]
pub(in crate::sandbox) struct Redactor {
    /// Longest first, so that a value that begins with another is replaced whole.
    #[cfg_attr(not(feature = "net"), allow(dead_code, reason = "without requests there are none"))]
    values: Vec<String>,
    forms: Vec<SecretForm>,
    /// For each byte, the forms that can begin with it. Empty where there are none.
    beginnings: Vec<Vec<usize>>,
}

/// The result of a search.
struct Search {
    /// Start and end of each value. The part of a text that was not compared counts as one.
    found: Vec<(usize, usize)>,
    /// Whether the text needs too many comparisons.
    #[cfg_attr(not(feature = "net"), allow(dead_code, reason = "only bodies are cut there"))]
    is_exhausted: bool,
}

/// The beginning of some bytes, without secrets.
#[cfg(feature = "net")]
pub(super) struct RedactedBytes<'a> {
    pub(super) redacted: Cow<'a, [u8]>,
    /// The bytes that were neither passed on nor replaced.
    pub(super) rest: &'a [u8],
    /// Whether the bytes were made to take long, so that the rest is left out.
    pub(super) is_cut: bool,
}

/// Finds secrets in every form in which they are redacted.
#[cfg(feature = "autonomous")]
#[derive(Default)]
pub(crate) struct SecretSearch(Redactor);

#[cfg(feature = "autonomous")]
impl SecretSearch {
    /// Finds these.
    pub(crate) fn new(values: &[String]) -> Self {
        Self(Redactor::default().with(values.iter().map(String::as_str)).unwrap_or_default())
    }

    /// Whether one of them is in the text. A text that was made to cost time counts as one that has it.
    pub(crate) fn finds(&self, text: &str) -> bool {
        let mut steps = self.0.steps(text.len());
        !self.0.forms.is_empty()
            && !self.0.search(text.as_bytes(), text.len(), &mut steps).found.is_empty()
    }
}

impl PluginSecrets {
    /// Redacts from now on a value that a request carries.
    #[cfg(feature = "net")]
    pub(in crate::sandbox) fn add_sent(&self, value: &str) {
        extend(&self.sent, [value]);
        extend(&self.known, [value]);
    }

    /// The redactor for the answer of a host to which the `bound` values are bound.
    #[cfg(feature = "net")]
    pub(in crate::sandbox) fn for_answer(&self, bound: &[String]) -> Arc<Redactor> {
        let bound = || bound.iter().map(String::as_str);
        extend(&self.known, bound());
        let sent = self.for_guest();
        sent.with(bound()).map_or(sent, Arc::new)
    }

    /// The redactor for text that the guest reads.
    pub(in crate::sandbox) fn for_guest(&self) -> Arc<Redactor> {
        Arc::clone(&self.sent.lock())
    }

    /// The redactor for text that only the operator reads.
    pub(in crate::sandbox) fn for_operator(&self) -> Arc<Redactor> {
        Arc::clone(&self.known.lock())
    }
}

/// Adds values to a shared redactor. Those who hold the one before keep it.
#[cfg(feature = "net")]
fn extend<'v>(redactor: &Lock<Arc<Redactor>>, values: impl IntoIterator<Item = &'v str>) {
    let mut redactor = redactor.lock();
    if let Some(extended) = redactor.with(values) {
        *redactor = Arc::new(extended);
    }
}

impl Redactor {
    /// A redactor for these values too; `None` if it has them all. Servers drop the spaces around a header's
    /// value, so the spaces are no part of it.
    #[cfg(any(feature = "net", feature = "autonomous"))]
    fn with<'v>(&self, added: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        let mut values = self.values.clone();
        for value in added {
            let value = value.trim();
            if !value.is_empty() && !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        if values.len() == self.values.len() {
            return None;
        }
        sort_by_key(&mut values, |value| std::cmp::Reverse(value.len()));
        let forms: Vec<_> = values.iter().flat_map(|value| SecretForm::all_of(value)).collect();
        let beginning = |byte: u8| {
            forms.iter().enumerate().filter(move |(_, it)| it.begins_with(byte)).map(|(at, _)| at)
        };
        let beginnings = (0..=u8::MAX).map(|byte| beginning(byte).collect()).collect();
        Some(Self { values, forms, beginnings })
    }

    /// Whether there is no value to replace.
    #[cfg(feature = "net")]
    pub(in crate::sandbox) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The length of the longest value in its longest form, with the character before it that may hold some of its
    /// bits; 0 if there is no value.
    #[cfg(feature = "net")]
    pub(in crate::sandbox) fn longest_bytes(&self) -> usize {
        self.values.first().map_or(0, |value| value.len() * LONGEST_FORM_BYTES + 1)
    }

    /// `text` without secrets.
    pub(in crate::sandbox) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.redact_until(text, text.len())
    }

    /// At most `bytes` bytes of `text` without secrets, also without the beginning of one at the cut, and
    /// whether the rest of the text was left out.
    pub(in crate::sandbox) fn cut<'a>(&self, text: &'a str, bytes: usize) -> (Cow<'a, str>, bool) {
        let redacted = self.redact_until(text, bytes);
        let kept = cut(&redacted, bytes).len();
        let left_out = text.len() > bytes || kept < redacted.len();
        let redacted = match redacted {
            Cow::Borrowed(text) => Cow::Borrowed(&text[..kept]),
            Cow::Owned(mut text) => {
                text.truncate(kept);
                Cow::Owned(text)
            }
        };
        (redacted, left_out)
    }

    /// The call as the audit log may summarize it: without secrets, and without the parts that no summary
    /// shows.
    pub(in crate::sandbox) fn redact_call<'a>(&self, call: &'a HostCall) -> Cow<'a, HostCall> {
        if self.forms.is_empty() {
            return Cow::Borrowed(call);
        }
        let redact = |text: &str| self.redact(text).into_owned();
        let tool =
            |call: &ToolRequest| ToolRequest { name: redact(&call.name), params: String::new() };
        let web = |request: &WebRequest| WebRequest {
            method: redact(&request.method),
            url: redact(&request.url),
            headers: Vec::new(),
            body: None,
        };
        Cow::Owned(match call {
            HostCall::HttpRequest { method, url, .. } => HostCall::HttpRequest {
                method: redact(method),
                url: redact(url),
                headers: Vec::new(),
                body: None,
            },
            HostCall::ReadFile { path } => HostCall::ReadFile { path: redact(path) },
            HostCall::WriteFile { path, .. } => {
                HostCall::WriteFile { path: redact(path), content: String::new() }
            }
            HostCall::GetEnv { name } => HostCall::GetEnv { name: redact(name) },
            HostCall::Log { level, .. } => HostCall::Log { level: *level, message: String::new() },
            HostCall::StoreGet { key } => HostCall::StoreGet { key: redact(key) },
            HostCall::StoreSet { key, .. } => {
                HostCall::StoreSet { key: redact(key), value: Vec::new() }
            }
            HostCall::StoreDelete { key } => HostCall::StoreDelete { key: redact(key) },
            HostCall::StoreKeys { prefix } => HostCall::StoreKeys { prefix: redact(prefix) },
            HostCall::ToolCall(call) => HostCall::ToolCall(tool(call)),
            HostCall::ToolCallAll(calls) => HostCall::ToolCallAll(calls.iter().map(tool).collect()),
            HostCall::HttpFetch(request) => HostCall::HttpFetch(web(request)),
            HostCall::HttpOpen(request) => HostCall::HttpOpen(web(request)),
            #[cfg(feature = "websocket")]
            HostCall::WebSocket(call) => HostCall::WebSocket(match call {
                WebSocketCall::Open { url, .. } => {
                    WebSocketCall::Open { url: redact(url), headers: Vec::new() }
                }
                WebSocketCall::Send { socket, .. } => {
                    let message = WebSocketMessage::Binary(Vec::new());
                    WebSocketCall::Send { socket: *socket, message }
                }
                other => other.clone(),
            }),
            HostCall::Say { .. } => HostCall::Say { text: String::new() },
            HostCall::Note { .. } => HostCall::Note { text: String::new() },
            HostCall::Settings
            | HostCall::ToolList
            | HostCall::HttpRead { .. }
            | HostCall::HttpClose { .. }
            | HostCall::Current
            | HostCall::Cancelled => call.clone(),
        })
    }

    /// Replaces the values that begin before `end`, and drops the text after it.
    fn redact_until<'a>(&self, text: &'a str, end: usize) -> Cow<'a, str> {
        let end = text.floor_char_boundary(end);
        if self.forms.is_empty() {
            return Cow::Borrowed(&text[..end]);
        }
        let mut redacted = String::new();
        let mut kept = 0;
        let mut steps = self.steps(text.len());
        for (start, behind) in self.search(text.as_bytes(), end, &mut steps).found {
            redacted.push_str(text.get(kept..start).unwrap_or_default());
            redacted.push_str(REDACTED);
            kept = behind;
        }
        redacted.push_str(text.get(kept..end).unwrap_or_default());
        Cow::Owned(redacted)
    }

    /// The same for bytes. Replaces the values that begin before `searched`, and passes on the text before `end`.
    #[cfg(feature = "net")]
    pub(super) fn redact_bytes<'a>(
        &self,
        bytes: &'a [u8],
        searched: usize,
        end: usize,
        steps: &mut usize,
    ) -> RedactedBytes<'a> {
        if self.forms.is_empty() {
            let (examined, rest) = bytes.split_at(end);
            return RedactedBytes { redacted: Cow::Borrowed(examined), rest, is_cut: false };
        }
        let Search { found, is_exhausted } = self.search(bytes, searched, steps);
        let mut redacted = Vec::with_capacity(end);
        let mut kept = 0;
        for (start, behind) in found {
            redacted.extend_from_slice(bytes.get(kept..start).unwrap_or_default());
            redacted.extend_from_slice(REDACTED.as_bytes());
            kept = behind;
        }
        redacted.extend_from_slice(bytes.get(kept..end).unwrap_or_default());
        let rest = bytes.get(kept.max(end)..).unwrap_or_default();
        RedactedBytes { redacted: Cow::Owned(redacted), rest, is_cut: is_exhausted }
    }

    /// At most `limit` bytes without secrets, also without the beginning of one at the cut.
    #[cfg(feature = "net")]
    pub(in crate::sandbox) fn cut_bytes(&self, bytes: &[u8], limit: usize) -> Vec<u8> {
        let end = limit.min(bytes.len());
        let mut steps = self.steps(bytes.len());
        let mut redacted = self.redact_bytes(bytes, end, end, &mut steps).redacted.into_owned();
        redacted.truncate(limit);
        redacted
    }

    /// The places of the values that begin before `end`, in ascending order.
    fn search(&self, text: &[u8], end: usize, steps: &mut usize) -> Search {
        let mut found = Vec::new();
        let mut at = 0;
        while at < end {
            let candidates = &self.beginnings[usize::from(text[at])];
            let place =
                candidates.iter().find_map(|&form| self.forms[form].find_at(text, at, steps));
            if *steps == 0 {
                found.push((at, text.len()));
                return Search { found, is_exhausted: true };
            }
            at = place.map_or(at + 1, |(_, behind)| behind);
            found.extend(place);
        }
        Search { found, is_exhausted: false }
    }

    /// The comparisons that a search of so many bytes may need.
    pub(super) fn steps(&self, bytes: usize) -> usize {
        bytes.saturating_mul(STEPS_PER_BYTE + self.forms.len())
    }
}
