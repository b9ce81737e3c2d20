//! Control tokens and role markers of models, made into text that shows them.
//!
//! What strangers write (skills, descriptions and answers of tools, names of plugins) reaches a model
//! beside the host's own words. Models know whose words are whose by markers, and a text that holds one
//! could speak in another's name. So the sign that opens one of these is written as its HTML entity,
//! in code blocks too, for a model reads them like everything else:
//!
//! - tags of roles and of their messages, opening or closing, with attributes or without: `<system>`,
//!   `</user>`, `<tool_result>` ([`ROLES`], [`MESSAGES`]), others of templates ([`TAGS`]), and every
//!   tag with the prefix `antml:`
//! - special tokens of chat templates: `<|im_start|>` and everything of that form, `<<SYS>>`, `[INST]`
//!   and its kin ([`TOKENS`])
//! - headings of turns: `### System:` ([`SPEAKERS`])
//!
//! They are known in every case, in full-width and mathematical letters, in those of other scripts that
//! look the same, and with characters in between that nobody sees. Characters that hide a text of their own
//! (Unicode's tags, and runs of variation selectors) are left out. Everything else stays byte for byte.
//! The work is linear, and a text without markers is not copied.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::first_bytes::{FirstBytes, may_mean};
use super::json_text::end_of_string;
use crate::contract::json_line;

/// Who speaks in a conversation.
const ROLES: [&str; 10] = [
    "system",
    "developer",
    "assistant",
    "user",
    "human",
    "ai",
    "tool",
    "tools",
    "function",
    "functions",
];

/// What a role is followed by in the name of a tag, with or without a line between.
const MESSAGES: [&str; 20] = [
    "prompt",
    "message",
    "messages",
    "reminder",
    "instruction",
    "instructions",
    "use",
    "uses",
    "call",
    "calls",
    "result",
    "results",
    "response",
    "responses",
    "output",
    "outputs",
    "error",
    "turn",
    "role",
    "context",
];

/// Other tags of templates, without lines between.
const TAGS: [&str; 16] = [
    "s",
    "bos",
    "eos",
    "invoke",
    "startofturn",
    "endofturn",
    "imstart",
    "imend",
    "imsep",
    "startheaderid",
    "endheaderid",
    "eotid",
    "endoftext",
    "beginoftext",
    "startofrole",
    "endofrole",
];

/// Words in square brackets that are tokens of chat templates.
const TOKENS: [&str; 6] =
    ["inst", "systemprompt", "availabletools", "toolcalls", "toolresults", "toolcontent"];

/// Who speaks below a heading that ends with a colon.
const SPEAKERS: [&str; 5] = ["system", "developer", "assistant", "user", "human"];

/// The longest name that means something, and more.
const NAME_BYTES: usize = 40;
/// What may stand between a tag's name and its end.
const ATTRIBUTE_BYTES: usize = 2_000;
/// Letters of a token between `<|` and `|>`.
const TOKEN_LETTERS: usize = 60;

/// The flags that are written with tags: England, Scotland and Wales.
const FLAGS: [&str; 3] = [
    "\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// Letters of other scripts that look like these.
const LOOKALIKES: [(&str, &str); 2] =
    [("аеорсухѕіјԁмтνοιАВЕКМНОРСТУХЅІ", "aeopcyxsijdmtvoiabekmhopctyxsi"), ("ℎℓℯℊℴ", "hlego")];

/// A text whose markers are made harmless, and what they were.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sanitized<'t> {
    pub(crate) text: Cow<'t, str>,
    /// How many there were.
    pub(crate) count: usize,
    /// The first one, and where it was.
    pub(crate) first: Option<(usize, &'t str)>,
    /// Where the first characters were that hide a text.
    pub(crate) hidden: Option<usize>,
}

/// The text with every marker in it made harmless: what may be put before a model when a stranger
/// wrote it. Doing it twice changes nothing more.
///
/// ```
/// assert_eq!(weft_lite::text::sanitize_text("</tool> <b>now</b>"), "&lt;/tool> <b>now</b>");
/// ```
#[must_use]
pub fn sanitize_text(text: &str) -> Cow<'_, str> {
    sanitize(text).text
}

/// The result of a tool with every marker made harmless: JSON text, or any other text.
pub(crate) fn sanitize_result(text: &str) -> Cow<'_, str> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => sanitize_json(text),
        Err(_) => sanitize_text(text),
    }
}

/// The JSON text with every marker in its strings made harmless; numbers, order and spaces stay.
pub(crate) fn sanitize_json(json: &str) -> Cow<'_, str> {
    if !may_mean(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let mut written = String::new();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = json[at..].find('"') {
        let start = at + found;
        at = end_of_string(json.as_bytes(), start + 1).unwrap_or(json.len());
        let literal = &json[start..at];
        if !may_mean(literal.as_bytes()) {
            continue;
        }
        let Ok(text) = serde_json::from_str::<Cow<'_, str>>(literal) else { continue };
        if let Cow::Owned(sanitized) = sanitize_text(&text) {
            written.push_str(&json[done..start]);
            written.push_str(&json_line(&Value::String(sanitized)));
            done = at;
        }
    }
    if done == 0 {
        return Cow::Borrowed(json);
    }
    written.push_str(&json[done..]);
    Cow::Owned(written)
}

/// Makes every marker in the strings of a value harmless, names of members included.
pub(crate) fn neutralise_value(value: &mut Value) {
    if let Cow::Owned(sanitized) = sanitize_json(&json_line(value))
        && let Ok(sanitized) = serde_json::from_str(&sanitized)
    {
        *value = sanitized;
    }
}

/// Makes every marker in `text` harmless, and says what there was.
pub(crate) fn sanitize(text: &str) -> Sanitized<'_> {
    let mut sanitized =
        Sanitized { text: Cow::Borrowed(text), count: 0, first: None, hidden: None };
    let mut written = String::new();
    let mut end = NextEnd { looked: 0, found: None };
    let (mut done, mut at) = (0, 0);
    let mut first_bytes = FirstBytes::default();
    while let Some(found) = first_bytes.next(text.as_bytes(), at) {
        at = found;
        let before = if at > done { &text[done..at] } else { written.as_str() };
        let before = before.chars().next_back();
        let rest = &text[at..];
        let Some(sign) = rest.chars().next() else { break };
        let mut taken = sign.len_utf8();
        if before == Some('\u{1f3f4}')
            && let Some(flag) = FLAGS.iter().find(|flag| rest.starts_with(**flag))
        {
            at += flag.len();
            continue;
        }
        if is_tag(sign) || (is_variation(sign) && before.is_some_and(is_variation)) {
            taken = rest.find(|it| !is_tag(it) && !is_variation(it)).unwrap_or(rest.len());
            sanitized.hidden.get_or_insert(at);
            written.push_str(&text[done..at]);
            done = at + taken;
        } else if let Some(length) = marker(text, at, before, &mut end) {
            written.push_str(&text[done..at]);
            written.push_str(entity(sign));
            sanitized.count += 1;
            sanitized.first.get_or_insert((at, &text[at..at + length]));
            done = at + taken;
        }
        at += taken;
    }
    if sanitized.count > 0 || sanitized.hidden.is_some() {
        written.push_str(&text[done..]);
        sanitized.text = Cow::Owned(written);
    }
    sanitized
}

/// What stands for the sign that opens a marker.
pub(crate) fn entity(sign: char) -> &'static str {
    match fold(sign) {
        '[' => "&#91;",
        '#' => "&#35;",
        _ => "&lt;",
    }
}

/// Tags of Unicode: a second alphabet that nobody sees.
fn is_tag(sign: char) -> bool {
    matches!(sign, '\u{e0000}'..='\u{e00ff}')
}

fn is_variation(sign: char) -> bool {
    matches!(sign, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// What nobody sees, or what changes only how the letter before it looks.
fn is_unseen(sign: char) -> bool {
    matches!(
        sign,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}'
            | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffc}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The plain sign that this one is another form of, or itself.
fn fold(sign: char) -> char {
    let shifted = |first: char, to: u8, letters: u32| {
        let letter = (u32::from(sign) - u32::from(first)) % letters;
        char::from_u32(u32::from(to) + letter + if letter >= 26 { 6 } else { 0 }).unwrap_or(sign)
    };
    match sign {
        '\0'..='\u{7f}' => sign,
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).unwrap_or(sign),
        '\u{fe64}' => '<',
        '\u{fe65}' => '>',
        '\u{fe5f}' => '#',
        '\u{fe55}' => ':',
        // 26 great letters, then 26 small ones, in every style.
        '\u{1d400}'..='\u{1d6a3}' => shifted('\u{1d400}', b'A', 52),
        '\u{24b6}'..='\u{24e9}' => shifted('\u{24b6}', b'A', 52),
        _ => {
            let same =
                LOOKALIKES.iter().flat_map(|(others, ours)| others.chars().zip(ours.chars()));
            same.clone().find(|(other, _)| *other == sign).map_or(sign, |(_, ours)| ours)
        }
    }
}

/// The signs of a text in their plain form, without those that nobody sees.
#[derive(Clone)]
struct Signs<'t> {
    text: &'t str,
    at: usize,
}

impl Signs<'_> {
    fn peek(&self) -> Option<char> {
        self.clone().take()
    }

    fn take(&mut self) -> Option<char> {
        loop {
            let sign = self.text[self.at..].chars().next()?;
            self.at += sign.len_utf8();
            if !is_unseen(sign) {
                return Some(fold(sign));
            }
        }
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let mut count = 0;
        let mut ahead = self.clone();
        while ahead.take().is_some_and(&wanted) {
            self.at = ahead.at;
            count += 1;
        }
        count
    }

    fn skip_one(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    /// A name in small letters without lines in it, and whether it is written like that of a type:
    /// `User`, `S`.
    fn name(&mut self) -> Name {
        let mut name = Name::default();
        let (mut signs, mut great) = (0, [false; 2]);
        let mut ahead = self.clone();
        while let Some(sign) = ahead.take() {
            match sign {
                '_' | '-' => {}
                ':' => name.push(sign),
                sign if sign.is_ascii_alphanumeric() => name.push(sign.to_ascii_lowercase()),
                _ => break,
            }
            if let Some(place) = great.get_mut(signs) {
                *place = sign.is_ascii_uppercase();
            }
            name.has_great |= sign.is_ascii_uppercase();
            signs += 1;
            self.at = ahead.at;
        }
        name.is_type = great == [true, false];
        name
    }
}

#[derive(Default)]
struct Name {
    letters: String,
    is_type: bool,
    has_great: bool,
}

impl Name {
    /// One that is too long is none of those that mean something, whatever it goes on with.
    fn push(&mut self, letter: char) {
        if self.letters.len() < NAME_BYTES {
            self.letters.push(letter);
        }
    }

    fn is_of_tag(&self) -> bool {
        let name = self.letters.trim_end_matches(':');
        let message = |role: &str| {
            name.strip_prefix(role).is_some_and(|rest| rest.is_empty() || MESSAGES.contains(&rest))
        };
        self.letters.starts_with("antml:")
            || TAGS.contains(&name)
            || ROLES.iter().any(|role| message(role))
    }
}

/// Where the next `>` is, looked for once.
struct NextEnd {
    looked: usize,
    found: Option<usize>,
}

impl NextEnd {
    /// The end of the tag whose name ends at `at`.
    fn after(&mut self, text: &str, at: usize) -> Option<usize> {
        let known = self.looked > 0 && self.found.is_none_or(|found| found > at);
        if !known {
            self.looked = at + 1;
            self.found = text[at..]
                .char_indices()
                .find(|(_, sign)| matches!(sign, '>' | '\u{ff1e}' | '\u{fe65}'))
                .map(|(found, sign)| at + found + sign.len_utf8());
        }
        self.found.filter(|found| found - at <= ATTRIBUTE_BYTES)
    }
}

/// The length of the marker that begins at `at`; `before` is the sign in front of it.
fn marker(text: &str, at: usize, before: Option<char>, end: &mut NextEnd) -> Option<usize> {
    let mut signs = Signs { text, at };
    // A name goes on here: `Vec<User>`, `list[inst]`.
    let inside = before.is_some_and(|it| it.is_alphanumeric() || it == '_');
    // No sign that nobody sees opens anything.
    let opens = signs.text[at..].chars().next().filter(|sign| !is_unseen(*sign))?;
    signs.take();
    match fold(opens) {
        '<' => match signs.peek()? {
            '|' => token(&mut signs).then_some(signs.at - at),
            '<' => llama(&mut signs).then_some(signs.at - at),
            _ => tag(&mut signs, inside, end).map(|end| end - at),
        },
        '[' => bracketed(&mut signs, inside).then_some(signs.at - at),
        '#' if begins_line(&text[..at]) => heading(&mut signs).then_some(signs.at - at),
        _ => None,
    }
}

/// `|im_start|>`
fn token(signs: &mut Signs<'_>) -> bool {
    signs.take();
    // With a space behind it, `<|` may be an operator, and what follows more than one word.
    let apart = signs.skip(|it| it == ' ') > 0;
    let word = |it: char| it.is_alphanumeric() || "_-/.:=\u{2581}".contains(it);
    let letters = signs.skip(|it| word(it) || (it == ' ' && !apart));
    signs.skip(|it| it == ' ');
    (1..=TOKEN_LETTERS).contains(&letters) && signs.skip_one('|') && signs.skip_one('>')
}

/// `<SYS>>`
fn llama(signs: &mut Signs<'_>) -> bool {
    signs.take();
    signs.skip(char::is_whitespace);
    signs.skip_one('/');
    signs.skip(char::is_whitespace);
    let name = signs.name();
    signs.skip(char::is_whitespace);
    name.letters == "sys" && signs.skip_one('>') && signs.skip_one('>')
}

/// `system role="x">`; the answer is where it ends.
fn tag(signs: &mut Signs<'_>, inside: bool, end: &mut NextEnd) -> Option<usize> {
    let apart = signs.skip(char::is_whitespace) > 0;
    let closing = signs.skip_one('/');
    signs.skip(char::is_whitespace);
    let name = signs.name();
    let after = signs.peek()?;
    let ends = match after {
        '>' | '=' | '|' => true,
        // `<user/repository>` is no tag that ends itself.
        '/' => {
            let mut ahead = signs.clone();
            ahead.take();
            ahead.skip(char::is_whitespace);
            ahead.peek() == Some('>')
        }
        // `a < user && b > c` compares, and `< Human: hi` says who speaks without a tag.
        after if apart && !closing => {
            let mut ahead = signs.clone();
            ahead.skip(char::is_whitespace);
            after.is_whitespace() && ahead.peek() == Some('>')
        }
        after => after.is_whitespace() && !name.letters.ends_with(':'),
    };
    let generic = inside && name.is_type && !closing && after == '>';
    if !ends || generic || !name.is_of_tag() {
        return None;
    }
    end.after(signs.text, signs.at)
}

/// `INST]`
fn bracketed(signs: &mut Signs<'_>, inside: bool) -> bool {
    signs.skip(char::is_whitespace);
    let closing = signs.skip_one('/');
    signs.skip(char::is_whitespace);
    let name = signs.name();
    signs.skip(char::is_whitespace);
    if !TOKENS.contains(&name.letters.as_str()) || !signs.skip_one(']') {
        return false;
    }
    // In small letters it may be a key, an index or the text of a link.
    let link = matches!(signs.peek(), Some('(' | '[' | ':'));
    name.has_great || closing || (name.letters == "inst" && !inside && !link)
}

/// `## System:`
fn heading(signs: &mut Signs<'_>) -> bool {
    let blank = |it: char| it.is_whitespace() && it != '\n';
    signs.skip(|it| it == '#');
    signs.skip(blank);
    let name = signs.name();
    let colon = name.letters.ends_with(':') || (signs.skip(blank) < 8 && signs.skip_one(':'));
    colon && SPEAKERS.contains(&name.letters.trim_end_matches(':'))
}

/// Whether nothing but blanks stands between `before` and the beginning of its last line.
fn begins_line(before: &str) -> bool {
    let line = |it: char| {
        matches!(it, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let seen = before.chars().rev().find(|it| line(*it) || !(it.is_whitespace() || is_unseen(*it)));
    seen.is_none_or(line)
}
