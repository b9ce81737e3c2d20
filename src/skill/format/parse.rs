//! Parses a `SKILL.md`: from any bytes to a document, or to the error that prevents one.
//!
//! The order is that of the rules: what is unsafe is refused before anything parses it; then YAML,
//! with two fallbacks; then the keys. No step reads a file or a variable of the environment.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::decode::{Oddity, decode};
use super::diagnostic::{Diagnostic, ParseMode, Severity};
use super::document::SkillDocument;
use super::fields::{SkillSource, check_folder_name, document};
use super::findings::SkillFindings;
use super::lines::{KeyLine, KeyPlaces, lines, offset, position};
use super::split::{Split, reach, split};
use super::yaml::reader::{self, Read, YamlFault};
use super::yaml::{keys, nesting, repair};
use super::{conflict, spelling};
use crate::contract::ActionableError;

/// Bytes of a `SKILL.md`.
pub const SKILL_BYTES: usize = 256 * 1024;
/// Bytes of a `SKILL.md` from which on its author is asked to split it.
pub const LARGE_SKILL_BYTES: usize = 64 * 1024;
/// Bytes of a frontmatter.
pub const FRONTMATTER_BYTES: usize = 16 * 1024;

/// The result of parsing one file.
#[derive(Debug, Clone, PartialEq)]
pub struct ParsedSkill {
    /// The document; without it, one of the diagnostics is an error that says why.
    pub document: Option<SkillDocument>,
    /// What there is to say, from the top of the file to its end.
    pub diagnostics: Vec<Diagnostic>,
}

impl ParsedSkill {
    /// Whether it loads and, in strict mode, breaks no rule of the specification.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.document.is_some() && self.diagnostics.iter().all(|it| it.severity < Severity::Error)
    }
}

/// Reads the bytes of a `SKILL.md` that is in a folder with this name.
///
/// ```
/// use weft_lite::skill::{ParseMode, parse_skill};
///
/// let file = b"---\nname: greet\ndescription: Says hello: to all\n---\nSay hello.\n";
/// let parsed = parse_skill(file, "greet", ParseMode::Lenient);
/// let skill = parsed.document.expect("the fault can be repaired");
/// assert_eq!(skill.description, "Says hello: to all");
/// assert_eq!(skill.instructions, "Say hello.\n");
/// let diagnostic = &parsed.diagnostics[0];
/// assert_eq!((diagnostic.line, diagnostic.column), (3, 24));
/// let write = diagnostic.suggestion.as_deref();
/// assert_eq!(write, Some("description: \"Says hello: to all\""));
/// ```
#[must_use]
pub fn parse_skill(bytes: &[u8], folder: &str, mode: ParseMode) -> ParsedSkill {
    if bytes.len() > SKILL_BYTES {
        let mut findings = SkillFindings::new("", mode);
        let message = format_args!("the file has {} bytes; {SKILL_BYTES} is the most", bytes.len());
        findings.error("too-large", 0, &message, &"move parts of it to files beside it");
        return ParsedSkill { document: None, diagnostics: findings.finish() };
    }
    let decoded = decode(bytes);
    let mut findings = SkillFindings::new(&decoded.text, mode);
    if let Some(oddity) = decoded.oddity {
        odd(oddity, &mut findings);
    }
    if bytes.len() > LARGE_SKILL_BYTES {
        let kb = bytes.len() / 1024;
        let message = format_args!("the file has {kb} KB, all of which a model reads each time");
        let write = "move parts of it to files beside it, and say when to read them";
        findings.warning("large-file", 0, &message, &write);
    }
    let document = read(folder, &mut findings);
    ParsedSkill { document, diagnostics: findings.finish() }
}

/// Reports how the encoding differs from plain UTF-8.
fn odd(oddity: Oddity, findings: &mut SkillFindings<'_>) {
    let write = "save the file as UTF-8";
    match oddity {
        Oddity::ByteOrderMark => {
            let message = "there is a byte order mark before the first line";
            findings.note("byte-order-mark", 0, &message, &"save the file as UTF-8 without it");
        }
        Oddity::Utf16 => findings.deviation("utf-16", 0, &"the file is UTF-16", &write),
        Oddity::CarriageReturns => {
            let message = "the lines end with a carriage return alone";
            let write = "save the file with line feeds at the ends of lines";
            findings.deviation("carriage-returns", 0, &message, &write);
        }
        Oddity::NotUtf8(at) => {
            let message = "this byte is no UTF-8; it and its like are replaced";
            findings.deviation("not-utf-8", at, &message, &write);
        }
    }
}

/// The steps after decoding: the folder's name, the fences, the size of the frontmatter, YAML, keys. `None` if
/// one of them keeps the skill from loading; then its error is among the findings.
fn read(folder: &str, findings: &mut SkillFindings<'_>) -> Option<SkillDocument> {
    if let Err(fault) = check_folder_name(folder) {
        findings.error("unsafe-folder-name", 0, &fault, &fault.next_step());
        return None;
    }
    let text = findings.text();
    let mut split = split(findings);
    let Some(range) = split.frontmatter.clone() else {
        let source = SkillSource { folder, body: split.body, place: None };
        return document(&Map::new(), &source, findings);
    };
    // The size is checked before any parser works on the text, as its depth is.
    if range.len() > FRONTMATTER_BYTES {
        let message = format_args!(
            "the frontmatter has {} bytes; {FRONTMATTER_BYTES} is the most",
            range.len()
        );
        let write = "move text below the line that closes it";
        findings.error("frontmatter-too-large", range.start, &message, &write);
        return None;
    }
    let map = frontmatter(&mut split, findings)?;
    let range = split.frontmatter.unwrap_or(range);
    let source = SkillSource { folder, body: split.body, place: Some(KeyPlaces::new(text, range)) };
    document(&map, &source, findings)
}

/// The keys and values between the fences; `split` is put right where the closing one was none.
fn frontmatter(split: &mut Split, findings: &mut SkillFindings<'_>) -> Option<Map<String, Value>> {
    let text = findings.text();
    let range = split.frontmatter.clone().unwrap_or_default();
    let start = range.start;
    let mut yaml = Cow::Borrowed(&text[range.clone()]);
    if let Some(ours) = conflict::take_ours(&yaml) {
        let message = "an unfinished merge is in the frontmatter: its first side is used";
        let write = match ours.kept.trim() {
            "" => "take out the lines with markers".to_owned(),
            kept => kept.to_owned(),
        };
        findings.deviation("merge-conflict", start + ours.at, &message, &write);
        yaml = Cow::Owned(ours.text);
    }
    // The fallbacks in their order: an end that was overlooked, repaired lines, each key alone.
    let mut fault = match checked(&yaml) {
        Ok(read) => return Some(unique(read, &KeyPlaces::new(text, range), findings)),
        Err(fault) => fault,
    };
    if fault.bound {
        let message = format_args!("the frontmatter is not read: {}", fault.message);
        let at = start + offset(&yaml, fault.line, fault.column);
        findings.error("yaml-bounds", at, &message, &"write it flat and plain");
        return None;
    }
    if let Some((end, body)) = early_end(&yaml) {
        let message = "the frontmatter is not closed by a line `---` before Markdown begins";
        findings.deviation("unclosed-frontmatter", start + end, &message, &"---");
        *split = Split { frontmatter: Some(start..start + end), body: start + body };
        yaml = Cow::Owned(yaml[..end].to_owned());
        match checked(&yaml) {
            Ok(read) => {
                return Some(unique(read, &KeyPlaces::new(text, start..start + end), findings));
            }
            Err(other) => fault = other,
        }
    }
    if let Some(repaired) = repair::repair(&yaml)
        && let Ok(read) = checked(&repaired.text)
    {
        for repair in repaired.repairs {
            keys::report(&repair, start, findings);
        }
        return Some(unique(read, &KeyPlaces::new(text, range), findings));
    }
    let is_key = |(_, line)| KeyLine::read(line).is_some_and(|it| it.key_at == 0);
    if !lines(&yaml).any(is_key) {
        let at = start + offset(&yaml, fault.line, fault.column);
        let message = format_args!("the frontmatter can't be read: {}", fault.message);
        findings.error("yaml-syntax", at, &message, &"name: ...\ndescription: ...");
        return None;
    }
    Some(keys::read(&yaml, start, findings))
}

/// YAML whose depth is known before it is parsed.
fn checked(yaml: &str) -> Result<Read, YamlFault> {
    let Some(at) = nesting::too_deep(yaml) else { return reader::read(yaml) };
    let (line, column) = position(yaml, at);
    let message = format!("there are more than {} levels inside each other", nesting::DEPTH);
    Err(YamlFault { bound: true, message, line: line as usize, column: column as usize })
}

/// The values, after saying which keys are given twice.
fn unique(
    read: Read,
    place: &KeyPlaces<'_>,
    findings: &mut SkillFindings<'_>,
) -> Map<String, Value> {
    for key in read.repeated {
        let message = format_args!("`{key}` is given more than once, and this one counts");
        let write = format_args!("keep one `{key}`");
        findings.deviation("repeated-key", place.last(&key), &message, &write);
    }
    read.map
}

/// Where a frontmatter ends that has Markdown in it, because what seemed to close it is a rule
/// further down; `None` if more keys follow.
fn early_end(yaml: &str) -> Option<(usize, usize)> {
    let reach = reach(yaml);
    let known = |(_, line)| KeyLine::read(line).is_some_and(|it| spelling::is_known(it.key));
    let more = lines(&yaml[reach.end..]).any(known);
    // Without any key it is a text that begins with a rule, as empty lines in it show, or damaged.
    let text = reach.end > 0 || lines(yaml).any(|(_, line)| line.trim().is_empty());
    (reach.markdown && text && !more).then_some((reach.end, reach.body))
}
