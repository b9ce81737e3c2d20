//! The rules for single values. Each gets the author's text and returns the value in its canonical form, or the
//! problem with it.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr};

use crate::contract::limits::TOOL_NAME_CHARS;
use crate::contract::{sanitize_text, setting_key};

/// The problem with a value, and what is expected.
pub(in crate::contract) struct Flaw {
    pub(in crate::contract) problem: String,
    pub(in crate::contract) expected: String,
}

impl Flaw {
    pub(in crate::contract) fn new(problem: &dyn Display, expected: &dyn Display) -> Self {
        Self { problem: problem.to_string(), expected: expected.to_string() }
    }
}

/// A manifest's text for a message: cut, and without characters that control a terminal.
pub(in crate::contract) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(64).flat_map(char::escape_debug).collect();
    if text.chars().nth(64).is_some() {
        short.push_str("...");
    }
    short
}

/// A plugin's id. Parts between dots begin and end with a letter or digit. An id has no `__`, so the first `__` of
/// a tool's full name always ends the id.
pub(in crate::contract) fn id(text: &str) -> Result<String, Flaw> {
    let expected = "expected a name like `com.example.my-plugin`: 1 to 64 of a-z, 0-9, `-`, `_` and `.`, \
                    each part beginning and ending with a letter or digit, no `__`";
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        part.bytes().all(|byte| plain(byte) || byte == b'-' || byte == b'_')
            && part.bytes().next().is_some_and(plain)
            && part.bytes().last().is_some_and(plain)
    };
    if text == "skill" {
        // `skill__<name>` is how skills without code appear among the tools.
        return Err(Flaw::new(&"`skill` is reserved", &"expected another id"));
    }
    if text.len() > 64 || text.contains("__") || !text.split('.').all(part) {
        return Err(Flaw::new(&format_args!("invalid id `{}`", quoted(text)), &expected));
    }
    Ok(text.to_owned())
}

/// Whether a person who is asked for approval would see another text than the one to approve.
pub(crate) fn is_unfit(character: char) -> bool {
    let is_unseen = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}' | '\u{2060}'
            ..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
    );
    character.is_control() || deceives(character) || is_unseen
}

/// Line and paragraph separators and the marks that reorder what is shown (Unicode's `Bidi_Control`).
pub(crate) fn deceives(character: char) -> bool {
    matches!(
        character,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
    )
}

/// A name for people: one line, not empty.
pub(in crate::contract) fn title(text: &str) -> Result<String, Flaw> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 128 || text.chars().any(is_unfit) {
        return Err(Flaw::new(
            &format_args!("invalid name `{}`", quoted(text)),
            &"expected one line of 1 to 128 characters",
        ));
    }
    Ok(sanitize_text(text).into_owned())
}

/// A text of several lines, without the control tokens of models, because models read it too.
pub(in crate::contract) fn prose(text: &str) -> Result<String, Flaw> {
    if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
        return Err(Flaw::new(&"it holds control characters", &"expected plain text"));
    }
    Ok(sanitize_text(text.trim()).into_owned())
}

/// A version number.
pub(in crate::contract) fn version(text: &str) -> Result<semver::Version, Flaw> {
    semver::Version::parse(text).map_err(|error| {
        let problem = format_args!("`{}` is not a semantic version ({error})", quoted(text));
        Flaw::new(&problem, &"expected three numbers like `1.2.0`")
    })
}

/// A path inside the package. `./` before it and `/` behind it are dropped.
pub(in crate::contract) fn inner_path(text: &str) -> Result<String, Flaw> {
    let flaw = |problem: &str| {
        let expected = "expected a path inside the package, with `/` between its parts";
        Err(Flaw::new(&format_args!("`{}` {problem}", quoted(text)), &expected))
    };
    if text.is_empty() {
        return flaw("is empty");
    }
    if text.starts_with('/') {
        return flaw("is absolute");
    }
    if text.chars().any(|char| is_unfit(char) || matches!(char, '\\' | ':')) {
        return flaw("holds a backslash, a colon or a control character");
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    if parts.contains(&"..") {
        return flaw("leads out of the package");
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// A path inside the package that can be a file's.
pub(in crate::contract) fn inner_file(text: &str) -> Result<String, Flaw> {
    let path = inner_path(text)?;
    if path == "." {
        return Err(Flaw::new(
            &"it names the package itself",
            &"expected a file like `plugin.wasm`",
        ));
    }
    Ok(path)
}

/// Whether `text` can be the name of a tool or a secret, or the key of a setting.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=TOOL_NAME_CHARS).contains(&text.len()) && text.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// The name of a tool or a secret, or the key of a setting.
pub(in crate::contract) fn name(text: &str) -> Result<String, Flaw> {
    if !is_name(text) {
        return Err(Flaw::new(
            &format_args!("invalid name `{}`", quoted(text)),
            &format_args!("expected 1 to {TOOL_NAME_CHARS} of A-Z, a-z, 0-9, `_`, `-` and `.`"),
        ));
    }
    Ok(text.to_owned())
}

/// The name of a tool without its plugin's id. It has no `__`, so no part of it looks like an id.
pub(in crate::contract) fn tool(text: &str) -> Result<String, Flaw> {
    let name = name(text)?;
    match name.contains("__") {
        true => Err(Flaw::new(
            &format_args!("invalid name `{name}`"),
            &"expected no `__`, which stands after a plugin's id in a full name",
        )),
        false => Ok(name),
    }
}

/// An environment variable. `*` would be a legal name, but authors write it as a pattern.
pub(in crate::contract) fn variable(text: &str) -> Result<String, Flaw> {
    if text.is_empty() || text.chars().any(|char| is_unfit(char) || matches!(char, '=' | '*')) {
        return Err(Flaw::new(
            &format_args!("`{}` is not a variable's name", quoted(text)),
            &"expected each variable by its own name, without `=` and `*`",
        ));
    }
    Ok(text.to_owned())
}

/// A folder or file of the host.
pub(in crate::contract) fn host_path(text: &str) -> Result<String, Flaw> {
    if text.trim().is_empty() || text.chars().any(is_unfit) {
        return Err(Flaw::new(
            &format_args!("`{}` is not a path", quoted(text)),
            &"expected a folder or file like `$WORKSPACE/notes`",
        ));
    }
    Ok(text.to_owned())
}

/// A pattern of tools: a full name, or the beginning of one before `*`.
pub(in crate::contract) fn tool_pattern(text: &str) -> Result<String, Flaw> {
    let beginning = text.strip_suffix('*').unwrap_or(text);
    if text != "*" && !is_name(beginning) {
        let problem = format_args!("`{}` is not a tool's name", quoted(text));
        let expected = format_args!(
            "expected a full name like `text-stats__text_stats` of at most {TOOL_NAME_CHARS} \
             characters, or its beginning before `*`"
        );
        return Err(Flaw::new(&problem, &expected));
    }
    Ok(text.to_owned())
}

/// `settings:KEY` with a valid key, or a value that `rule` accepts.
fn setting_or(text: &str, rule: fn(&str) -> Result<String, Flaw>) -> Result<String, Flaw> {
    match setting_key(text) {
        Some(key) => name(key).map(|_| text.to_owned()),
        None => rule(text),
    }
}

/// A `network` permission: a pattern for hosts, or `settings:KEY`.
pub(in crate::contract) fn network(text: &str) -> Result<String, Flaw> {
    setting_or(text, host_pattern)
}

/// A `secrets` permission: the name of a secret, or `settings:KEY`.
pub(in crate::contract) fn secret(text: &str) -> Result<String, Flaw> {
    setting_or(text, name)
}

/// A network pattern: `*`, a host, or `*.` before a host. Lower case, and addresses in the form of
/// RFC 5952 without brackets.
pub(in crate::contract) fn host_pattern(text: &str) -> Result<String, Flaw> {
    let flaw = |problem: &str, expected: &str| {
        Err(Flaw::new(
            &format_args!("`{}` {problem}", quoted(text)),
            &format_args!("expected {expected}"),
        ))
    };
    let forms = "`*`, a host like `api.example.com`, or `*.example.com` for every host below it";
    if text == "*" {
        return Ok(text.to_owned());
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
        return flaw("has a scheme", &format!("the host alone: `{}`", quoted(host)));
    }
    if let Some((host, _)) = text.split_once(['/', '?', '#']) {
        return flaw("has a path", &format!("the host alone: `{}`", quoted(host)));
    }
    if let Some((host, _)) = text.split_once(':') {
        return flaw(
            "has a port",
            &format!("the host alone, which covers every port: `{}`", quoted(host)),
        );
    }
    if !text.is_ascii() {
        return flaw("is not ASCII", "the host's form in ASCII, which begins with `xn--`");
    }
    let host = text.strip_prefix("*.").unwrap_or(text);
    if host.contains('*') {
        return flaw("has `*` within a name", forms);
    }
    let wildcard = host.len() < text.len();
    if !is_host_name(host) || (wildcard && host.parse::<Ipv4Addr>().is_ok()) {
        return flaw("is not a host", forms);
    }
    Ok(text.to_ascii_lowercase())
}

/// Whether `host` is a name of RFC 1123 (with `_`, as seen in practice), of at most 253 characters, that no parser
/// or resolver could read as an IPv4 address in another notation (`127.1`, `0x7f.0.0.1`).
pub(crate) fn is_host_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    host.len() <= 253 && host.split('.').all(label) && !number
}

/// A network pattern in its canonical form: `*`, a host, or `*.` before a host.
///
/// # Errors
///
/// The problem and what is expected, in a sentence.
pub(crate) fn check_host_pattern(text: &str) -> Result<String, String> {
    host_pattern(text).map_err(|flaw| format!("{}; {}", flaw.problem, flaw.expected))
}
