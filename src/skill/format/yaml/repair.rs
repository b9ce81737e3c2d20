//! The first fallback for YAML that does not parse: quoting values that can't stand without quotes,
//! and spaces for tabs. Lines keep their numbers.
//!
//! Of 49 real files in which YAML failed, quoting repaired 38, so this fallback comes first. Whether the result
//! is YAML is not known here: the caller parses it, and keeps the diagnostics only if that works.

use crate::skill::format::lines::{KeyLine, indent, lines, quoted};
use crate::skill::format::spelling::is_known;

/// A frontmatter with some of its lines rewritten.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::skill::format) struct Repaired {
    pub(in crate::skill::format) text: String,
    pub(in crate::skill::format) repairs: Vec<Repair>,
}

/// One line that was rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::skill::format) struct Repair {
    /// The diagnostic's code.
    pub(in crate::skill::format) code: &'static str,
    /// Where the fault is, as an offset in the original text.
    pub(in crate::skill::format) at: usize,
    /// What is wrong, for the diagnostic.
    pub(in crate::skill::format) message: String,
    /// The line as it should be.
    pub(in crate::skill::format) line: String,
}

/// Rewrites the lines that YAML can't read. Returns `None` if no line needs it.
pub(in crate::skill::format) fn repair(text: &str) -> Option<Repaired> {
    let mut repaired =
        Repaired { text: String::with_capacity(text.len() + 16), repairs: Vec::new() };
    let all: Vec<(usize, &str)> = lines(text).collect();
    // The indentation of the key whose lines of literal text follow. Nothing in such text needs a repair.
    let mut literal = None;
    // Whether the last key at the margin has a value beside it, so that nothing can be beneath it.
    let mut flat = false;
    let mut index = 0;
    while let Some(&(at, line)) = all.get(index) {
        index += 1;
        let line = repaired.without_tabs(at, line);
        let depth = indent(&line);
        if literal.is_some_and(|parent| depth > parent || line.trim().is_empty()) {
            repaired.push(&line);
            continue;
        }
        literal = None;
        let Some(key) = KeyLine::read(&line) else {
            repaired.push(&line);
            continue;
        };
        let value = line[key.value_at..].trim_end();
        if flat && depth > 0 && key.key_at == depth && is_known(key.key) {
            let line = line.trim_start();
            repaired.push(line);
            let message = format!("`{}` is indented, and so belongs to the line above", key.key);
            let (at, line) = (at + depth, line.to_owned());
            repaired.repairs.push(Repair { code: "wrong-indentation", at, message, line });
            continue;
        }
        if depth == 0 {
            flat = !value.is_empty() && !value.starts_with(['|', '>', '[', '{', '#', '&', '!']);
        }
        if value.starts_with(['|', '>']) && value.len() <= 3 {
            literal = Some(key.key_at);
        }
        // Lines further in go on with a value that has begun.
        let more = match value.is_empty() || value.starts_with(['|', '>', '[', '{', '#']) {
            true => 0,
            false => all[index..]
                .iter()
                .take_while(|(_, line)| {
                    let other = KeyLine::read(line).is_some_and(|other| is_known(other.key));
                    indent(line) > key.key_at && !line.trim().is_empty() && !(flat && other)
                })
                .count(),
        };
        let going_on = all[index..index + more].iter().map(|(_, line)| line.trim());
        let whole = std::iter::once(value).chain(going_on).collect::<Vec<_>>().join(" ");
        let Some((culprit, message)) = unquotable(&whole) else {
            repaired.push(&line);
            continue;
        };
        let message = format!("{message}, in `{}`", key.key);
        let culprit = at + (key.value_at + culprit).min(line.len().saturating_sub(1));
        let (start, whole) = (&line[..key.value_at], quoted(&whole));
        let written = match start.ends_with([':', '\t']) {
            true => format!("{} {whole}", start.trim_end()),
            false => format!("{start}{whole}"),
        };
        repaired.push(&written);
        for _ in 0..more {
            repaired.push("");
        }
        index += more;
        let line = written.trim_start().to_owned();
        repaired.repairs.push(Repair { code: "unquoted-value", at: culprit, message, line });
    }
    (!repaired.repairs.is_empty()).then_some(repaired)
}

impl Repaired {
    /// Adds a line of the result. Each line of the original gets one, so that places stay the same.
    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The line with two spaces for each tab that it is indented with.
    fn without_tabs(&mut self, at: usize, line: &str) -> String {
        let content = line.trim_start_matches([' ', '\t']);
        let start = &line[..line.len() - content.len()];
        let Some(tab) = start.find('\t').filter(|_| !content.is_empty()) else {
            return line.to_owned();
        };
        let line = format!("{}{content}", start.replace('\t', "  "));
        self.repairs.push(Repair {
            code: "tab-indentation",
            at: at + tab,
            message: "a tab can't indent in YAML".into(),
            line: line.clone(),
        });
        line
    }
}

/// Why a value can't stand without quotes, and where in it.
fn unquotable(value: &str) -> Option<(usize, String)> {
    let first = value.chars().next()?;
    let starts = |what: &str| {
        let what = if what == "`" { "a backtick".to_owned() } else { format!("`{what}`") };
        Some((0, format!("a value can't begin with {what} without quotes")))
    };
    match first {
        '"' | '\'' => {
            let end = closing_quote(value, first)?;
            let after = value[end + 1..].trim_start();
            (!after.is_empty() && !after.starts_with('#'))
                .then(|| (end + 1, "there is text after the closing quote".to_owned()))
        }
        '@' | '`' | '%' | ',' | ']' | '}' => starts(first.encode_utf8(&mut [0; 4])),
        '-' | '?' if value[1..].starts_with(' ') => starts(&value[..2]),
        // An alias, an anchor or a tag is one word; emphasis and `!important` text are not.
        '*' if value.contains(' ') || value[1..].contains('*') => starts("*"),
        '&' | '!' if value.ends_with(['.', '!', ';']) => starts(first.encode_utf8(&mut [0; 4])),
        '|' | '>' if value.len() > 3 && value[1..].starts_with(' ') => starts(&value[..1]),
        '[' | '{' => {
            let end = closing_bracket(value)?;
            let after = value[end..].trim_start();
            (!after.is_empty() && !after.starts_with('#'))
                .then(|| (end, "there is text after the closing bracket".to_owned()))
        }
        '|' | '>' | '&' | '!' | '#' => None,
        _ => {
            let inside = value.find(": ").map(|at| (at, "`: ` in a value that is not quoted"));
            let last = || {
                let before = value.strip_suffix(':')?;
                Some((before.len(), "`:` at the end of a value that is not quoted"))
            };
            inside.or_else(last).map(|(at, message)| (at, message.to_owned()))
        }
    }
}

/// Where the quote closes that the value begins with; at its end, where it does not.
fn closing_quote(value: &str, quote: char) -> Option<usize> {
    let bytes = value.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        if quote == '"' && byte == b'\\' {
            at += 1;
        } else if byte == quote as u8 {
            if quote == '\'' && bytes.get(at + 1) == Some(&byte) {
                at += 1;
            } else {
                return Some(at);
            }
        }
        at += 1;
    }
    None
}

/// Where the bracket has closed that the value begins with.
fn closing_bracket(value: &str) -> Option<usize> {
    let mut open = 0_usize;
    value.char_indices().find_map(|(at, letter)| {
        match letter {
            '[' | '{' => open += 1,
            ']' | '}' => open = open.saturating_sub(1),
            _ => {}
        }
        (open == 0).then_some(at + 1)
    })
}
