//! Changes inside `{...}` and `[...]`, the members of which are found by their commas.

use std::ops::Range;

use super::Edit;
use crate::contract::json_line;

/// The text after a change inside the brackets that open at this byte.
pub(super) fn edit(text: &str, open: usize, path: &[&str], edit: Edit<'_>) -> Option<String> {
    let members = members(text, open)?;
    let insert = |member: &str| {
        let (at, comma) = members.last().map_or((open + 1, ""), |last| (last.end, ", "));
        Some([&text[..at], comma, member, &text[at..]].concat())
    };
    let Some((first, rest)) = path.split_first() else {
        return match edit {
            Edit::Append(item) if text[open..].starts_with('[') => insert(&json_line(item)),
            _ => None,
        };
    };
    let found = members.iter().enumerate().find_map(|(at, member)| {
        let (key, colon) = key(&text[member.clone()])?;
        let behind = &text[member.start + colon..member.end];
        let start = member.end - behind.trim_start().len();
        (key == *first).then_some((at, start..member.end))
    });
    match (found, edit) {
        (None, Edit::Remove) => None,
        (None, Edit::Set(value)) => insert(&nested(path, &json_line(value))),
        (None, Edit::Append(item)) => insert(&nested(path, &format!("[{}]", json_line(item)))),
        (Some((_, value)), _) if !rest.is_empty() => text[value.clone()]
            .starts_with('{')
            .then(|| self::edit(text, value.start, rest, edit))?,
        (Some((_, value)), Edit::Append(_)) => self::edit(text, value.start, rest, edit),
        (Some((_, value)), Edit::Set(new)) => {
            let is_plain = !text[value.clone()].starts_with(['{', '[', '&', '*', '!']);
            is_plain.then(|| [&text[..value.start], &json_line(new), &text[value.end..]].concat())
        }
        (Some((at, _)), Edit::Remove) => {
            // The comma goes with it: the one behind it, or that before the last one.
            let (start, end) = match (members.get(at + 1), at.checked_sub(1)) {
                (Some(next), _) => (members[at].start, next.start),
                (None, Some(before)) => (members[before].end, members[at].end),
                (None, None) => (members[at].start, members[at].end),
            };
            Some([&text[..start], &text[end..]].concat())
        }
    }
}

/// `a: {b: value}` for the path `a`, `b`.
fn nested(path: &[&str], value: &str) -> String {
    let keys = path.join(": {");
    format!("{keys}: {value}{}", "}".repeat(path.len() - 1))
}

/// The members between the bracket at this byte and the one that closes it, each without the space and the
/// comments around it.
fn members(text: &str, open: usize) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut members = Vec::new();
    let (mut at, mut depth) = (open + 1, 0_usize);
    // The member that is being read, and the last byte that is no space.
    let (mut member, mut last): (Option<Range<usize>>, u8) = (None, bytes[open]);
    loop {
        let byte = *bytes.get(at)?;
        let starts_value = matches!(last, b'[' | b'{' | b',' | b':');
        let end = match byte {
            b'"' | b'\'' if starts_value => quoted_end(text, at)?,
            b'#' if bytes[at - 1].is_ascii_whitespace() => {
                at += text[at..].find('\n')?;
                continue;
            }
            b',' | b']' | b'}' if depth == 0 => {
                members.extend(member.take());
                if byte != b',' {
                    return Some(members);
                }
                (at, last) = (at + 1, byte);
                continue;
            }
            b'[' | b'{' => {
                depth += 1;
                at + 1
            }
            b']' | b'}' => {
                depth -= 1;
                at + 1
            }
            _ => at + 1,
        };
        if !byte.is_ascii_whitespace() {
            last = byte;
            member = Some(member.map_or(at, |member| member.start)..end);
        }
        at = end;
    }
}

/// The key that a text begins with, without its quotes, and the byte behind its colon.
pub(super) fn key(text: &str) -> Option<(&str, usize)> {
    let (key, end) = match text.starts_with(['"', '\'']) {
        true => {
            let end = quoted_end(text, 0)?;
            (&text[1..end - 1], end)
        }
        false => {
            let is_end = |at: &usize| text[at + 1..].chars().next().is_none_or(char::is_whitespace);
            let end = text.match_indices(':').map(|(at, _)| at).find(is_end)?;
            (text[..end].trim_end(), end)
        }
    };
    let behind = text[end..].trim_start();
    behind.starts_with(':').then(|| (key, text.len() - behind.len() + 1))
}

/// The byte behind the text in quotes that begins at this one.
pub(super) fn quoted_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.get(start)?;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            // Two of these are one of the text.
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}
