//! A guest's answer as the content of a tool's result.
//!
//! Text that is not JSON, or a JSON string, is a block of text. An object or array is structured
//! content with its text beside it. An object with a `content` list of MCP blocks is checked and passed
//! through. Errors are text, with `isError`. Control tokens of models are made harmless in all of it.
//!
//! A guest is a stranger and its result goes into a model's context, so what claims to be MCP is
//! checked before it is passed on, and what breaks the tool's own output schema becomes an error that
//! says so. The text is never parsed into a tree and written out again where it can be copied. A guest
//! writes both its result and its schema, so a check that takes long runs off the executor.

use std::mem;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::object::{Object, one_line};
use super::revision::Revision;
use crate::contract::{
    CallError, Failure, escapes_letters, has_quoted, push_string, sanitize_json, sanitize_text,
};
use crate::schema::{Schema, Violation, bounds};
use crate::task::off_executor;

/// The kinds of blocks, each with the members that it has to have, all of them text.
const BLOCKS: [(&str, &[&str]); 5] = [
    ("text", &["text"]),
    ("image", &["data", "mimeType"]),
    ("audio", &["data", "mimeType"]),
    ("resource", &[]),
    ("resource_link", &["name", "uri"]),
];

/// Checks a value; `None` if it takes longer than it may.
type ValueCheck = fn(&Schema, &Value) -> Option<Result<Vec<usize>, Vec<Violation>>>;

/// A tool's output schema, and how a result is checked against it.
type Promise<'a> = (&'a Schema, ValueCheck);

/// Writes the members of a tool's result. `promised` is the tool's output schema, where it has one; a
/// result that it doesn't fit is an error for the model (2026-07-28, Tools, Output Schema).
///
/// Revisions before 2026-07-28 have `structuredContent` only as an object, so other values are text
/// alone there.
pub(super) async fn write(
    result: &mut Object,
    text: String,
    promised: Option<&Arc<Schema>>,
    revision: Revision,
) {
    let is_short = promised.is_none() || text.len() <= bounds::SHORT_BYTES;
    let promise = promised.map(|schema| (&**schema, Schema::validate_shortly as ValueCheck));
    if is_short && write_checked(result, &text, promise, revision).is_some() {
        return;
    }
    let Some(schema) = promised.map(Arc::clone) else { return };
    let mut whole = mem::replace(result, Object::new());
    *result = off_executor(move || {
        let check: ValueCheck = |schema, value| Some(schema.validate_integers(value));
        write_checked(&mut whole, &text, Some((&schema, check)), revision);
        whole
    })
    .await;
}

/// The same in one go. `None`, with nothing written, if the check takes longer than it may.
fn write_checked(
    result: &mut Object,
    text: &str,
    promised: Option<Promise<'_>>,
    revision: Revision,
) -> Option<()> {
    let trimmed = text.trim();
    let json = is_json(trimmed);
    // A stranger wrote it, and a model reads it.
    let neutral = if json { sanitize_json(trimmed) } else { sanitize_text(text) };
    let text = &*neutral;
    let trimmed = text.trim();
    let first = trimmed.as_bytes().first().filter(|_| json);
    if first == Some(&b'{') && has_quoted(trimmed, "\"content\"") {
        match passed_through(trimmed) {
            ContentKind::Blocks(value) => return write_blocks(result, &value, promised, revision),
            ContentKind::Wrong(problem) => {
                write_error(result, &problem);
                return Some(());
            }
            ContentKind::Data => {}
        }
    }
    // Without quotes around it, text is a value as well.
    let value = match (promised, json) {
        (Some(_), true) => serde_json::from_str(trimmed).ok(),
        (Some(_), false) => Some(Value::String(text.to_owned())),
        (None, _) => None,
    };
    if let Some(problem) = broken_promise(promised, value.as_ref())? {
        write_error(result, &problem);
        return Some(());
    }
    let structured = match first {
        Some(b'{') => true,
        Some(b'[') => revision.is_modern(),
        _ => revision.is_modern() && promised.is_some(),
    };
    // Once as a text with escapes, once as it is, and what stands around it.
    if structured {
        result.reserve(2 * trimmed.len() + trimmed.len() / 8 + 256);
    }
    match first {
        // A JSON string is its text.
        Some(b'"') => {
            write_block(result, trimmed.len(), |json| json.push_str(trimmed));
        }
        // What opens in one string and closes in another is a marker only in the text.
        Some(_) => {
            write_text(result, trimmed);
        }
        None => {
            write_neutral(result, text);
        }
    }
    match (structured, json) {
        (true, true) => result.raw("structuredContent", &one_line(trimmed)),
        (true, false) => result.text("structuredContent", text),
        (false, _) => result,
    };
    Some(())
}

/// What is wrong with a result whose tool has promised another one; `None` if the check takes longer
/// than it may.
///
/// Nothing is wrong if nothing is promised or the promise is kept. A result without a value is checked
/// as `null`.
fn broken_promise(promised: Option<Promise<'_>>, value: Option<&Value>) -> Option<Option<String>> {
    let Some((schema, check)) = promised else { return Some(None) };
    let problem = check(schema, value.unwrap_or(&Value::Null))?.err().map(|violations| {
        let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
        format!("the tool's result is not what its output schema says:\n{}", list.join("\n"))
    });
    Some(problem)
}

/// Writes the result of a call that failed: what happened, and what to do next.
pub(super) fn write_call_error(result: &mut Object, error: &CallError) {
    let text = match error {
        // The guest's own message is for its caller and needs no next step.
        CallError::Guest { message } => message.clone(),
        error => Failure::of(error).to_string(),
    };
    write_error(result, &text);
}

/// Writes the result of a call that failed.
pub(super) fn write_error(result: &mut Object, text: &str) {
    write_text(result, text).member("isError", &true);
}

/// Writes one block of text, without control tokens.
pub(super) fn write_text<'a>(result: &'a mut Object, text: &str) -> &'a mut Object {
    write_neutral(result, &sanitize_text(text))
}

/// The same for a text that has none.
fn write_neutral<'a>(result: &'a mut Object, text: &str) -> &'a mut Object {
    write_block(result, text.len(), |json| push_string(json, text))
}

/// Writes one block of text, of about so many bytes, whose JSON string is written by `write`.
fn write_block(result: &mut Object, bytes: usize, write: impl FnOnce(&mut String)) -> &mut Object {
    result.written("content", bytes, |json| {
        json.push_str(r#"[{"type":"text","text":"#);
        write(json);
        json.push_str("}]");
    })
}

/// Whether this is one JSON value that every reader takes. Half of a surrogate pair is none, and only
/// a full parse sees it.
///
/// `serde_json` skips strings without decoding them where nothing is kept of them.
fn is_json(text: &str) -> bool {
    match escapes_letters(text.as_bytes()) {
        true => serde_json::from_str::<Value>(text).is_ok(),
        false => serde_json::from_str::<IgnoredAny>(text).is_ok(),
    }
}

/// What an object with a member `content` is.
enum ContentKind {
    /// A result in MCP's own terms.
    Blocks(Value),
    /// One with a fault.
    Wrong(String),
    /// Something else that has a member of this name.
    Data,
}

/// Tells what an object is that may be a result in MCP's terms. It is data unless every block has a
/// kind that MCP knows: a guest may well have a member `content` of its own.
fn passed_through(json: &str) -> ContentKind {
    let Ok(value) = serde_json::from_str::<Value>(json) else { return ContentKind::Data };
    let Some(blocks) = value.get("content").and_then(Value::as_array) else {
        return ContentKind::Data;
    };
    let kind = |block: &Value| {
        let kind = block.get("type")?.as_str()?;
        BLOCKS.iter().find(|(name, _)| *name == kind)
    };
    if blocks.is_empty() || blocks.iter().any(|block| kind(block).is_none()) {
        return ContentKind::Data;
    }
    for (at, block) in blocks.iter().enumerate() {
        if let Some(problem) = kind(block).and_then(|(name, members)| fault(block, name, members)) {
            return ContentKind::Wrong(format!(
                "the tool's result is wrong: `content[{at}]` {problem}"
            ));
        }
    }
    if value.get("isError").is_some_and(|flag| !flag.is_boolean()) {
        return ContentKind::Wrong("the tool's result is wrong: `isError` is not a boolean".into());
    }
    ContentKind::Blocks(value)
}

/// What is wrong with a block, if anything is.
///
/// The protocol's schema requires these members of a block.
fn fault(block: &Value, kind: &str, members: &[&str]) -> Option<String> {
    let missing = |holder: &Value, names: &[&str]| {
        let name = names.iter().find(|name| !holder[**name].is_string())?;
        Some(format!("({kind}) has no text `{name}`"))
    };
    let base64 = |text: &Value| text.as_str().is_some_and(is_base64);
    if let Some(problem) = missing(block, members) {
        return Some(problem);
    }
    if members.contains(&"data") && !base64(&block["data"]) {
        return Some(format!("({kind}) has `data` that is not base64"));
    }
    if members.contains(&"uri") && !is_uri(&block["uri"]) {
        return Some(format!("({kind}) has a `uri` that is not one"));
    }
    if kind != "resource" {
        return None;
    }
    let resource = &block["resource"];
    missing(resource, &["uri"]).or_else(|| match (&resource["text"], &resource["blob"]) {
        _ if !is_uri(&resource["uri"]) => Some("(resource) has a `uri` that is not one".into()),
        (Value::String(_), Value::Null) => None,
        (Value::Null, blob) if base64(blob) => None,
        _ => Some("(resource) has neither a `text` nor a `blob` in base64".into()),
    })
}

/// The alphabet and the padding of RFC 4648, section 4.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

/// Whether it begins with a scheme (RFC 3986, section 3.1) and has no space.
fn is_uri(text: &Value) -> bool {
    let Some((scheme, rest)) = text.as_str().and_then(|text| text.split_once(':')) else {
        return false;
    };
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(letter)
        && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// Passes on the members that a result may have, and drops what else the guest wrote. `None`, with
/// nothing written, if the check takes longer than it may.
///
/// An error keeps no promise, so its structured content is not checked.
fn write_blocks(
    result: &mut Object,
    value: &Value,
    promised: Option<Promise<'_>>,
    revision: Revision,
) -> Option<()> {
    let structured = value.get("structuredContent");
    let failed = value["isError"] == true;
    if let Some(problem) = broken_promise(promised.filter(|_| !failed), structured)? {
        write_error(result, &problem);
        return Some(());
    }
    result.member("content", &value["content"]);
    let fits = |content: &&Value| revision.is_modern() || content.is_object();
    result.optional("structuredContent", structured.filter(fits));
    result.optional("isError", value.get("isError"));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, revision: Revision) -> String {
        let mut result = Object::new();
        write_checked(&mut result, text, None, revision);
        result.end()
    }

    #[test]
    fn a_lone_surrogate_stays_text() {
        let result = written(r#"{"a":"\ud800"}"#, Revision::July2026);
        assert_eq!(result, r#"{"content":[{"type":"text","text":"{\"a\":\"\\ud800\"}"}]}"#);
    }
}
