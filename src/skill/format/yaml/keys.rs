//! The second fallback: every key for itself, so that one that can't be read costs only itself.
//!
//! A key is tried in this order: as YAML, as YAML after a repair, as JSON5, as plain text. Each step but the
//! first is reported. Only a value on one line is taken as plain text; any other that can't be read is left out.

use serde_json::{Map, Value};

use super::json5::{self, JsonFault};
use super::reader;
use super::repair::{Repair, repair};
use crate::contract::json_line;
use crate::skill::format::findings::SkillFindings;
use crate::skill::format::lines::{KeyLine, lines, offset, quoted};

/// Reads what can be read of a frontmatter that begins at `start` of the file's text.
///
/// Reports the other keys. The map is empty if no key can be read.
pub(in crate::skill::format) fn read(
    text: &str,
    start: usize,
    findings: &mut SkillFindings<'_>,
) -> Map<String, Value> {
    let mut map = Map::new();
    for chunk in chunks(text) {
        let at = start + chunk.at;
        match chunk.key {
            Some(key) => {
                if let Some((name, value)) = entry(&chunk, key, at, findings) {
                    map.insert(name, value);
                }
            }
            None => {
                let message = "this line is no `key: value`, and is left out";
                let write = format_args!("# {}", chunk.text.trim());
                findings.deviation("not-a-key", at, &message, &write);
            }
        }
    }
    map
}

/// A key with all the lines that belong to it, or one line that belongs to none.
#[derive(Debug)]
struct Chunk<'t> {
    /// The offset in the frontmatter.
    at: usize,
    key: Option<KeyLine<'t>>,
    /// The lines, without what ends the last one.
    text: &'t str,
}

/// Divides a frontmatter at the keys in its margin. Empty lines and comments end no chunk.
fn chunks(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks: Vec<Chunk<'_>> = Vec::new();
    for (at, line) in lines(text) {
        let end = at + line.len();
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let inner = line.starts_with([' ', '\t', '-', '}', ']']);
        match chunks.last_mut() {
            Some(last) if inner && last.key.is_some() => last.text = &text[last.at..end],
            _ => chunks.push(Chunk {
                at,
                key: KeyLine::read(line).filter(|key| key.key_at == 0),
                text: &text[at..end],
            }),
        }
    }
    chunks
}

/// Reads one key. `None` if it had to be left out, which is reported. `at` is where its chunk begins in the
/// file.
fn entry(
    chunk: &Chunk<'_>,
    key: KeyLine<'_>,
    at: usize,
    findings: &mut SkillFindings<'_>,
) -> Option<(String, Value)> {
    let fault = match reader::read(chunk.text) {
        Ok(read) => return read.map.into_iter().next(),
        Err(fault) => fault,
    };
    if let Some((map, repairs)) = repair(chunk.text)
        .and_then(|repaired| Some((reader::read(&repaired.text).ok()?.map, repaired.repairs)))
    {
        for repair in repairs {
            report(&repair, at, findings);
        }
        return map.into_iter().next();
    }
    let value = chunk.text[key.value_at..].trim();
    if value.starts_with(['{', '[']) {
        let value_at = at + key.value_at;
        let read = as_json(key.key, value, value_at, findings);
        return read.map(|read| (key.key.to_owned(), read));
    }
    let at = at + offset(chunk.text, fault.line, fault.column);
    if value.is_empty() || value.lines().count() > 1 {
        let message =
            format_args!("`{}` can't be read, and is left out: {}", key.key, fault.message);
        findings.deviation("unreadable-value", at, &message, &format_args!("{}: ...", key.key));
        return None;
    }
    let text = value.trim_matches(['"', '\'']);
    let message =
        format_args!("`{}` is not YAML, and is read as plain text: {}", key.key, fault.message);
    findings.deviation(
        "unreadable-value",
        at,
        &message,
        &format_args!("{}: {}", key.key, quoted(text)),
    );
    Some((key.key.to_owned(), Value::from(text)))
}

/// Reports a line that was rewritten.
pub(in crate::skill::format) fn report(
    repair: &Repair,
    start: usize,
    findings: &mut SkillFindings<'_>,
) {
    findings.deviation(repair.code, start + repair.at, &repair.message, &repair.line);
}

/// Reads the JSON of `key`, closing what was left open.
fn as_json(key: &str, text: &str, at: usize, findings: &mut SkillFindings<'_>) -> Option<Value> {
    let fault = match json5::read(text) {
        Ok(value) => {
            let message = format_args!("`{key}` is JSON5, which YAML does not know");
            findings.deviation(
                "json5",
                at,
                &message,
                &format_args!("{key}: {}", json_line(&value)),
            );
            return Some(value);
        }
        Err(fault) => fault,
    };
    if let JsonFault::Open(closing) = &fault
        && let Ok(value) = json5::read(&format!("{text}{closing}"))
    {
        let message = format_args!("`{key}` is cut off: `{closing}` is missing at its end");
        let end = at + text.len();
        findings.deviation(
            "unclosed-brackets",
            end,
            &message,
            &format_args!("{key}: {text}{closing}"),
        );
        return Some(value);
    }
    let message = match fault {
        JsonFault::TooDeep => format!("`{key}` is nested too deep, and is left out"),
        _ => format!("`{key}` is neither YAML nor JSON, and is left out"),
    };
    findings.deviation("unreadable-value", at, &message, &format_args!("{key}: {{}}"));
    None
}
