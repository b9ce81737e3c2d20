//! Text that imitates a message of the system or of a tool, made into text that shows it.
//!
//! A skill's words reach a model beside the host's own. Models know those by tags, and a skill that
//! writes such a tag itself could speak in another's name. So the bracket that opens one of these is
//! written as its HTML entity, in code blocks too, for a model reads them like everything else:
//!
//! - `<system>` and its kin, and those of tools and functions, opening or closing, with attributes
//!   or without ([`TAGS`]), and every tag with the prefix `antml:`
//! - the special tokens of chat templates: `<|im_start|>` and everything of that form, `<<SYS>>`,
//!   `[INST]`, `[TOOL_RESULTS]` and their kin ([`TOKENS`])
//!
//! Left alone are `<user>` and `<assistant>`, which are everyday placeholders and speak for nobody
//! with more rights than a skill; `Human:` at a line's beginning, which no model's template is made
//! of any more; and all other Markdown and HTML, byte for byte.

use std::borrow::Cow;

/// Names of tags, lowercase and with `_` for `-`.
const TAGS: [&str; 23] = [
    "system",
    "system_prompt",
    "system_message",
    "system_reminder",
    "system_instruction",
    "system_instructions",
    "developer_message",
    "tool_use",
    "tool_call",
    "tool_calls",
    "tool_result",
    "tool_results",
    "tool_response",
    "tool_responses",
    "tool_output",
    "tool_outputs",
    "function_call",
    "function_calls",
    "function_result",
    "function_results",
    "function_response",
    "function_output",
    "invoke",
];

/// Words in square brackets that are tokens of chat templates.
const TOKENS: [&str; 6] =
    ["INST", "SYSTEM_PROMPT", "AVAILABLE_TOOLS", "TOOL_CALLS", "TOOL_RESULTS", "TOOL_CONTENT"];

/// The longest tag, with its attributes.
const TAG_BYTES: usize = 400;

/// A text without imitations, and what was one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Neutral<'t> {
    pub(super) text: Cow<'t, str>,
    /// How many there were.
    pub(super) count: usize,
    /// The first one, and where it was.
    pub(super) first: Option<(usize, &'t str)>,
}

/// Makes every imitation in `text` harmless; a text without any is given back as it is.
pub(super) fn neutralise(text: &str) -> Neutral<'_> {
    let mut neutral = Neutral { text: Cow::Borrowed(text), count: 0, first: None };
    let mut written = String::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find(['<', '[']) {
        at += found;
        if let Some(length) = imitation(&text[at..]) {
            let (before, tag) = (&text[done..at], &text[at..at + length]);
            written.push_str(before);
            written.push_str(entity(tag));
            neutral.count += 1;
            neutral.first.get_or_insert((at, tag));
            done = at + 1;
        }
        at += 1;
    }
    if neutral.count > 0 {
        written.push_str(&text[done..]);
        neutral.text = Cow::Owned(written);
    }
    neutral
}

/// What stands for the bracket that `tag` begins with.
pub(super) fn entity(tag: &str) -> &'static str {
    if tag.starts_with('<') { "&lt;" } else { "&#91;" }
}

/// The length of the imitation that `text` begins with.
fn imitation(text: &str) -> Option<usize> {
    let head = &text[..text.floor_char_boundary(TAG_BYTES)];
    if let Some(rest) = head.strip_prefix('[') {
        let end = rest.find(']')?;
        let name = rest[..end].strip_prefix('/').unwrap_or(&rest[..end]);
        return TOKENS.contains(&name).then_some(end + 2);
    }
    for (open, close) in [("<|", "|>"), ("<\u{ff5c}", "\u{ff5c}>")] {
        if let Some(rest) = head.strip_prefix(open) {
            let end = rest.find(close)?;
            let word =
                |it: char| it.is_alphanumeric() || matches!(it, '_' | '-' | '\u{2581}' | ' ');
            let token = (1..=60).contains(&end) && rest[..end].chars().all(word);
            return token.then_some(open.len() + end + close.len());
        }
    }
    for token in ["<<SYS>>", "<</SYS>>"] {
        if head.starts_with(token) {
            return Some(token.len());
        }
    }
    let rest = head.strip_prefix('<')?.trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix('/').unwrap_or(rest).trim_start_matches([' ', '\t']);
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | ':');
    let name = &rest[..rest.find(|it| !is_word(it)).unwrap_or(rest.len())];
    let after = &rest[name.len()..];
    if !after.starts_with(['>', '/', ' ', '\t', '\r', '\n']) {
        return None;
    }
    let end = after.find(['<', '>']).filter(|end| after[*end..].starts_with('>'))?;
    is_tag(name).then(|| head.len() - after.len() + end + 1)
}

fn is_tag(name: &str) -> bool {
    // No name is longer, and most words after a bracket are none of them.
    if name.len() > 30 {
        return false;
    }
    let name = name.to_ascii_lowercase().replace('-', "_");
    name.starts_with("antml:") || TAGS.contains(&name.as_str())
}
