//! A reply of the model, put together from the events of a stream or from one whole answer.

use crate::fault::{BROKEN, FAILED, Fault};
use crate::text::{Text, cut, fill, list_of, number_of, text_of};
use alloc::string::String;
use alloc::vec::Vec;
use json_text::Value;

/// Bytes of text and arguments together.
const MAX_REPLY_BYTES: usize = 1 << 20;
/// Calls in one reply.
const MAX_CALLS: usize = 64;
/// Bytes of a server's words that reach a person.
const MAX_WORDS_BYTES: usize = 300;

#[derive(Default)]
pub struct Reply {
    pub text: String,
    pub calls: Vec<Call>,
    /// `stop`, `length`, `tool_calls` or another word of the server; empty until it says one.
    pub finish: String,
    /// The server has said that nothing comes any more.
    pub done: bool,
    /// The model writes down thoughts, which are not passed on.
    pub thinks: bool,
    /// Why it is not whole.
    pub fault: Option<Fault>,
}

/// The reply has a fault, which says more.
pub struct Failed;

pub type Outcome = Result<(), Failed>;

/// A tool call as the model wrote it.
#[derive(Default)]
pub struct Call {
    pub id: String,
    pub name: String,
    /// Meant to be the JSON text of an object.
    pub arguments: String,
    /// The number by which fragments belong together.
    index: u32,
}

/// Bytes of a call and its result in a request beside their texts.
const CALL_BYTES: usize = 160;

impl Call {
    /// What the call and an empty result have in a request.
    pub fn bytes(&self) -> usize {
        CALL_BYTES + self.id.len() * 2 + self.name.len() + self.arguments.len()
    }

    /// The arguments.
    ///
    /// # Errors
    ///
    /// They are no JSON, or not an object; the text says what they are.
    pub fn checked_arguments(&self) -> Result<&str, Text> {
        let text = self.arguments.as_str();
        if text.is_empty() {
            return Ok("{}");
        }
        match json_text::read(text) {
            Ok(Value::Object(_)) => Ok(text),
            Ok(other) => Err(other.kind()),
            Err(error) => Err(error.message().leak()),
        }
    }
}

impl Reply {
    /// Notes a fault.
    pub fn fail(&mut self, status: u32, words: Text) -> Outcome {
        self.fault = Some(Fault { status, words, retry_after: None });
        Err(Failed)
    }

    /// Takes one event of a stream, or a whole answer.
    pub fn event(&mut self, text: &[u8]) -> Outcome {
        if text.starts_with(b"[DONE]") {
            self.done = true;
            return Ok(());
        }
        let text = core::str::from_utf8(text).unwrap_or_default();
        // Events come in large numbers, so they are freed.
        let Ok(event) = json_text::read(text) else {
            return self.fail(BROKEN, "it sent something that is not JSON");
        };
        if let Some(error @ (Value::Object(_) | Value::String(_))) = event.get("error") {
            // Codes of a server's own are no statuses.
            let code = number_of(error, "code", FAILED);
            return self.fail(if code < 400 { FAILED } else { code }, words(&event));
        }
        if let Some(choice) = list_of(&event, "choices").first() {
            let finish = text_of(choice, "finish_reason");
            if !finish.is_empty() {
                // Some servers repeat it.
                self.finish.clear();
                self.finish.push_str(finish);
            }
            if let Some(part) = choice.get("delta").or(choice.get("message")) {
                self.part(part);
            }
        }
        let arguments: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
        if self.text.len() + arguments > MAX_REPLY_BYTES || self.calls.len() > MAX_CALLS {
            return self.fail(BROKEN, "its answer is too large");
        }
        Ok(())
    }

    fn part(&mut self, part: &Value) {
        for name in &["content", "refusal"] {
            self.text.push_str(text_of(part, name));
        }
        for name in &["reasoning_content", "reasoning"] {
            self.thinks |= !text_of(part, name).is_empty();
        }
        for (position, fragment) in list_of(part, "tool_calls").iter().enumerate() {
            self.fragment(position, fragment);
        }
    }

    /// Fragments of a call have the same index. Some servers give all calls one index and each its id, or give
    /// no index in a whole answer.
    fn fragment(&mut self, position: usize, fragment: &Value) {
        let id = text_of(fragment, "id");
        let index = number_of(fragment, "index", position as u32);
        let begun = self.calls.iter().rposition(|call| {
            call.index == index && (id.is_empty() || call.id.is_empty() || call.id == id)
        });
        if begun.is_none() {
            self.calls.push(Call { index, ..Call::default() });
        }
        let at = begun.unwrap_or(self.calls.len() - 1);
        let Some(call) = self.calls.get_mut(at) else { return };
        if call.id.is_empty() {
            call.id.push_str(id);
        }
        let Some(function) = fragment.get("function") else { return };
        let name = text_of(function, "name");
        // Some servers repeat the name.
        if call.name != name {
            call.name.push_str(name);
        }
        match function.get("arguments") {
            Some(object @ Value::Object(_)) => call.arguments = object.to_text(),
            _ => call.arguments.push_str(text_of(function, "arguments")),
        }
    }
}

/// The words in which a server says what is wrong; empty if there are none.
pub fn words(answer: &Value) -> Text {
    let error = answer.get("error").unwrap_or(answer);
    let said = match error {
        Value::String(text) => text,
        _ => text_of(error, "message"),
    };
    let said = if said.is_empty() { text_of(error, "detail") } else { said };
    // A page for browsers says nothing to people in a chat.
    let said = if said.starts_with('<') { "" } else { said };
    cut(fill("~", &[said]), MAX_WORDS_BYTES, "...")
}
