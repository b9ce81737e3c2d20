//! Finds a key by the indentation of its lines, and changes these lines alone.

use std::ops::Range;

use serde_json::Value;

use super::{Edit, flow};
use crate::contract::json_line;

/// Spaces before the keys of a mapping that is made.
const INDENT: usize = 2;

/// One line, by its bytes in the text.
struct TextLine {
    start: usize,
    /// Behind its line end.
    end: usize,
    indent: usize,
    /// Whether it is neither blank nor a comment.
    has_content: bool,
}

/// Where a key is, or where it belongs.
enum Place {
    /// A line of its own. `value` is what stands behind its colon, without a comment; `body` are the lines below.
    Lines { line: usize, value: Range<usize>, body: Range<usize> },
    /// Inside the brackets that open at this byte; `depth` keys of the path lead there.
    Brackets { open: usize, depth: usize },
    /// Nowhere: from `depth` on its keys are missing. They belong at this byte, with this indentation.
    Missing { at: usize, indent: usize, depth: usize },
}

/// The text after the change; `None` if the key is written in a way that is not understood.
pub(super) fn edit(text: &str, path: &[&str], edit: Edit<'_>) -> Option<String> {
    let lines = lines(text);
    match find(text, &lines, path)? {
        Place::Brackets { open, depth } => flow::edit(text, open, &path[depth..], edit),
        Place::Missing { at, indent, depth } => {
            let value = match edit {
                Edit::Set(value) => json_line(value),
                Edit::Append(item) => list_of(item),
                Edit::Remove => return None,
            };
            Some(insert_lines(text, at, &nested(text, &path[depth..], indent, &value)))
        }
        Place::Lines { line, value, body } => {
            let last = body.clone().rev().find(|&line| lines[line].has_content);
            let inline = &text[value.clone()];
            match edit {
                Edit::Remove => {
                    let end = lines[last.unwrap_or(line)].end;
                    Some(replaced(text, lines[line].start..end, ""))
                }
                Edit::Append(item) if inline.starts_with('[') => {
                    flow::edit(text, value.start, &[], Edit::Append(item))
                }
                Edit::Append(item) if inline.is_empty() => match last {
                    None => Some(replaced(text, value, &format!(" {}", list_of(item)))),
                    Some(last) => {
                        let first = body.into_iter().find(|&line| lines[line].has_content)?;
                        let spaces = " ".repeat(lines[first].indent);
                        let item = format!("{spaces}- {}{}", json_line(item), line_end(text));
                        Some(insert_lines(text, lines[last].end, &item))
                    }
                },
                // What an alias, a tag or a text of several lines stands for is not here.
                Edit::Set(_)
                    if last.is_some()
                        || inline.starts_with(['{', '[', '&', '*', '!', '|', '>']) =>
                {
                    None
                }
                Edit::Set(new) if inline.is_empty() => {
                    Some(replaced(text, value, &format!(" {}", json_line(new))))
                }
                Edit::Set(new) => Some(replaced(text, value, &json_line(new))),
                Edit::Append(_) => None,
            }
        }
    }
}

fn lines(text: &str) -> Vec<TextLine> {
    let mut start = 0;
    let line = |line: &str| {
        let content = line.trim_start_matches(' ');
        let has_content = !content.trim().is_empty() && !content.starts_with('#');
        let indent = line.len() - content.len();
        let begins = start;
        start += line.len();
        TextLine { start: begins, end: start, indent, has_content }
    };
    text.split_inclusive('\n').map(line).collect()
}

fn find(text: &str, lines: &[TextLine], path: &[&str]) -> Option<Place> {
    let is_key = |line: &&TextLine| {
        let marks_document =
            text[line.start..].starts_with("---") || text[line.start..].starts_with('%');
        line.has_content && !marks_document
    };
    let mut range = 0..lines.len();
    let mut indent = lines.iter().find(is_key).map_or(0, |line| line.indent);
    let mut end = text.len();
    for (depth, key) in path.iter().enumerate() {
        let Some((line, colon)) = entry(text, &lines[range.clone()], indent, key) else {
            return Some(Place::Missing { at: end, indent, depth });
        };
        let line = range.start + line;
        let value = inline_value(text, colon..lines[line].end);
        let body = line + 1..body_end(text, lines, line + 1..range.end, indent);
        if depth + 1 == path.len() {
            return Some(Place::Lines { line, value, body });
        }
        if text[value.clone()].starts_with('{') {
            return Some(Place::Brackets { open: value.start, depth: depth + 1 });
        }
        if !value.is_empty() {
            return None;
        }
        let Some(first) = body.clone().find(|&line| lines[line].has_content) else {
            let at = lines[line].end;
            return Some(Place::Missing { at, indent: indent + INDENT, depth: depth + 1 });
        };
        let last = body.clone().rev().find(|&line| lines[line].has_content)?;
        (range, indent, end) = (body, lines[first].indent, lines[last].end);
    }
    None
}

/// The line with this key at this indentation, and the byte behind its colon.
fn entry(text: &str, lines: &[TextLine], indent: usize, key: &str) -> Option<(usize, usize)> {
    let candidates = lines.iter().enumerate();
    candidates.filter(|(_, line)| line.has_content && line.indent == indent).find_map(
        |(at, line)| {
            let content = &text[line.start + indent..line.end];
            let (found, colon) = flow::key(content)?;
            (found == key).then_some((at, line.start + indent + colon))
        },
    )
}

/// The line behind the value of a key at this indentation. The items of a list may stand below their key.
fn body_end(text: &str, lines: &[TextLine], mut range: Range<usize>, indent: usize) -> usize {
    let end = range.end;
    let is_outside = |line: &TextLine| {
        let is_item = text[line.start + line.indent..].starts_with("- ");
        line.has_content && (line.indent < indent || line.indent == indent && !is_item)
    };
    range.find(|&line| is_outside(&lines[line])).unwrap_or(end)
}

/// What stands behind the colon of a key on its line, without a comment.
fn inline_value(text: &str, rest: Range<usize>) -> Range<usize> {
    let behind = &text[rest.clone()];
    let content = behind.trim_start();
    let start = rest.start + (behind.len() - content.len());
    if content.is_empty() || content.starts_with('#') {
        return rest.start..rest.start;
    }
    let end = match content.starts_with(['"', '\'']) {
        true => flow::quoted_end(content, 0),
        false => content.find(" #"),
    };
    let value = content[..end.unwrap_or(content.len())].trim_end();
    start..start + value.len()
}

/// The lines of a key that is missing, with the mappings that lead there.
fn nested(text: &str, path: &[&str], indent: usize, value: &str) -> String {
    let mut lines = String::new();
    for (depth, key) in path.iter().enumerate() {
        lines.push_str(&" ".repeat(indent + INDENT * depth));
        lines.extend([key, ":"]);
        if depth + 1 == path.len() {
            lines.extend([" ", value]);
        }
        lines.push_str(line_end(text));
    }
    lines
}

/// Inserts whole lines at the start of a line, or behind a last line, which may lack its end.
fn insert_lines(text: &str, at: usize, lines: &str) -> String {
    let before = &text[..at];
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { line_end(text) };
    [before, end, lines, &text[at..]].concat()
}

fn list_of(item: &Value) -> String {
    format!("[{}]", json_line(item))
}

/// How the lines of the text end.
fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The text with these bytes replaced.
fn replaced(text: &str, bytes: Range<usize>, new: &str) -> String {
    [&text[..bytes.start], new, &text[bytes.end..]].concat()
}
