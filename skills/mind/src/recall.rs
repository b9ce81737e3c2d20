//! What a memory knows about the message, asked for before the model is.

use crate::doors::Host;
use crate::text::{Text, add, cut, fill, list_of, read, text_of};
use crate::tools::{FAILED, Tools, answers};
use alloc::string::String;

/// The tool of the plugin `memory`.
const RECALL: Text = "memory__recall";

/// Notes that fit the text, one a line and quoted, so that none looks like several, at most so many bytes; empty if
/// there are none. A memory that fails is no reason to give no answer.
pub fn notes(host: &dyn Host, tools: &Tools, text: &str, bytes: usize) -> Text {
    // A memory refuses a query without words.
    if !text.contains(char::is_alphanumeric) || !tools.has(RECALL) {
        return "";
    }
    let arguments = fill(r#"{"query":^,"limit":5}"#, &[text]);
    let found = answers(host, &[(RECALL, arguments)]).pop().unwrap_or_default();
    if found.starts_with(FAILED) {
        host.warn(fill("nothing is recalled: ~", &[found]));
    }
    let mut notes = String::new();
    for note in list_of(read(found), "notes") {
        let parts = [text_of(note, "text"), text_of(note, "by"), text_of(note, "at")];
        add(&mut notes, "- ^ (^, ~)\n", &parts);
    }
    cut(notes.leak(), bytes, "...")
}
