//! Builds a skill's document from the keys of its frontmatter. The name of a skill with a `SKILL.md` is decided
//! here, by `name`.
//!
//! Each field has one function, which also reports what is wrong with its key. A fault costs the key and not the
//! skill: only a missing description, with no paragraph to take one from, keeps a skill from loading. Text that
//! a model reads passes `sanitize` here; keys that nobody knows stay as they are in [`Frontmatter`].

use std::borrow::Cow;
use std::fmt::Display;

use serde_json::{Map, Value};

use super::name::{is_name, slug};
use super::openclaw::{self, Openclaw};
use super::paragraph::{DESCRIPTION_CHARS, first_paragraph};
use super::values::{flag, has_commas, kind, text, tools, variables};
use crate::contract::{Sanitized, entity, json_line, sanitize, sanitize_text};
use crate::skill::format::conflict;
use crate::skill::format::document::{CommandDispatch, SkillDocument, SkillFormat, SkillVariable};
use crate::skill::format::findings::SkillFindings;
use crate::skill::format::frontmatter::Frontmatter;
use crate::skill::format::lines::{KeyPlaces, quoted};
use crate::skill::format::spelling::Keys;
use crate::skill::format::yaml::json5;

/// The longest `compatibility` by the specification, in characters.
const COMPATIBILITY_CHARS: usize = 500;

/// The source of a document, apart from its keys.
#[derive(Debug)]
pub(in crate::skill::format) struct SkillSource<'s, 't> {
    /// The name of the folder.
    pub(in crate::skill::format) folder: &'s str,
    /// Where the instructions begin.
    pub(in crate::skill::format) body: usize,
    /// Where the keys are, if there is a frontmatter.
    pub(in crate::skill::format) place: Option<KeyPlaces<'t>>,
}

/// Reads every key. Returns `None`, and reports an error, if there is no description.
///
/// An empty `map` is a file without frontmatter, whose description is its first paragraph.
pub(in crate::skill::format) fn document<'t>(
    map: &Map<String, Value>,
    source: &SkillSource<'_, 't>,
    findings: &mut SkillFindings<'t>,
) -> Option<SkillDocument> {
    let body = &findings.text()[source.body..];
    let place = source.place.clone().unwrap_or_else(|| KeyPlaces::new(findings.text(), 0..0));
    let keys = Keys::new(map, &place, findings);
    let mut fields = Fields { keys, place, findings };
    let (name, written_name) = fields.name(source);
    let description = fields.description(source, &name, body)?;
    let compatibility = fields.text("compatibility").map(|text| fields.compatibility(&text));
    let metadata = fields.metadata();
    let openclaw = metadata
        .as_deref()
        .and_then(|metadata| openclaw::read(metadata, &fields.place, fields.findings));
    let dispatch = fields.dispatch().or_else(|| dispatch_in(metadata.as_deref()?));
    let format = fields.format(openclaw.is_some());
    let Openclaw { requirements, install } = openclaw.unwrap_or_default();
    let version = fields.text("version");
    let in_metadata = || metadata.as_deref()?.get("version").and_then(text);
    let document = SkillDocument {
        name,
        written_name,
        description,
        version: version.or_else(in_metadata),
        license: fields.text("license").map(|text| sanitize_text(&text).into_owned()),
        compatibility,
        format,
        allowed_tools: fields.allowed_tools(),
        user_invocable: fields.flag("user-invocable").unwrap_or(true),
        model_invocable: !fields.flag("disable-model-invocation").unwrap_or(false),
        argument_hint: fields.argument_hint(),
        variables: fields.variables(),
        dispatch,
        requirements,
        install,
        frontmatter: Frontmatter::new(map),
        instructions: fields.instructions(source.body, body),
    };
    if body.trim().is_empty() && document.dispatch.is_none() {
        let message = "there are no instructions below the frontmatter";
        let write = "say what to do, in Markdown";
        fields.findings.warning("no-instructions", source.body, &message, &write);
    }
    Some(document)
}

/// The frontmatter that is being read. Keys are looked up by their right names; `place` finds them as they were
/// written.
struct Fields<'m, 'f, 't> {
    keys: Keys<'m>,
    place: KeyPlaces<'t>,
    findings: &'f mut SkillFindings<'t>,
}

/// The tool that the slash command calls, as `metadata` names it: there the specification has room for keys of
/// single programs.
fn dispatch_in(metadata: &Map<String, Value>) -> Option<CommandDispatch> {
    metadata.get("command-dispatch").filter(|dispatch| *dispatch == "tool")?;
    let tool = metadata.get("command-tool").and_then(text)?;
    Some(CommandDispatch { tool, argument_mode: "raw".into() })
}

impl<'m> Fields<'m, '_, '_> {
    /// The text of a key. `None` if it is missing or empty; also, with a finding, if it is a list or a mapping.
    ///
    /// A number or a date is the text it was written as. An empty text counts as absent.
    fn text(&mut self, key: &str) -> Option<String> {
        let (written, value) = self.keys.get(key)?;
        let Some(found) = text(value) else {
            // `absent` reports these two, together with what is used instead.
            if !value.is_null() && !matches!(key, "name" | "description") {
                self.wrong_kind(written, value, "text", &format_args!("{key}: ..."));
            }
            return None;
        };
        if !value.is_string() && key != "version" {
            let message = format_args!("`{key}` is {}, not text", kind(value));
            let write = format_args!("{key}: {}", quoted(&found));
            self.findings.pedantry("not-text", self.place.value(written), &message, &write);
        }
        Some(found).filter(|text| !text.is_empty())
    }

    /// The place and the fault of a key that is missing or has no text.
    fn absent(&self, key: &str) -> (usize, String) {
        match self.keys.get(key) {
            Some((written, value)) if value.is_array() || value.is_object() => {
                (self.place.value(written), format!("`{key}` is {}, not text", kind(value)))
            }
            Some((written, _)) => (self.place.key(written), format!("`{key}` is empty")),
            None => (self.place.start(), format!("there is no `{key}`")),
        }
    }

    /// Reports a value of the wrong kind, with `write` as the line that would be right. The value is left out.
    fn wrong_kind(&mut self, written: &str, value: &Value, expected: &str, write: &dyn Display) {
        let message = format_args!("`{written}` is {}, not {expected}", kind(value));
        self.findings.deviation("wrong-kind", self.place.value(written), &message, write);
    }

    /// The skill's name, and the written name if that is a different one.
    ///
    /// A name that breaks the rules is replaced by a slug of itself, a missing one by the folder's. So a skill
    /// always has a valid name; what was written is kept for the diagnostics.
    fn name(&mut self, source: &SkillSource<'_, '_>) -> (String, Option<String>) {
        let folder = slug(source.folder);
        let Some(written) = self.text("name") else {
            if source.place.is_some() {
                let (at, what) = self.absent("name");
                let message = format_args!("{what}; the folder's name is used");
                self.findings.deviation(
                    "missing-name",
                    at,
                    &message,
                    &format_args!("name: {folder}"),
                );
            }
            return (folder, None);
        };
        let key = self.keys.get("name").map_or("name", |(key, _)| key);
        let at = self.place.value(key);
        if !is_name(&written) {
            let name = slug(&written);
            let message = format_args!(
                "`{written}` is no name, which is 1 to 64 of a-z, 0-9 and single inner hyphens; \
                 the skill loads as `{name}`"
            );
            self.findings.deviation("invalid-name", at, &message, &format_args!("name: {name}"));
            return (name, Some(written));
        }
        if written != source.folder {
            let message =
                format_args!("the name is `{written}`, and the folder's is `{}`", source.folder);
            let numeric = source.folder.bytes().all(|it| it.is_ascii_digit());
            let write = match is_name(source.folder) && !numeric {
                true => format!("name: {}, or name the folder {written}", source.folder),
                false => format!("name the folder {written}"),
            };
            self.findings.deviation("name-not-folder", at, &message, &write);
        }
        (written, None)
    }

    /// The description, made harmless. Without a key it is the first paragraph of `body`, with a warning; `None`,
    /// with an error, if there is none either.
    fn description(
        &mut self,
        source: &SkillSource<'_, '_>,
        name: &str,
        body: &str,
    ) -> Option<String> {
        if let Some(written) = self.text("description") {
            let count = written.chars().count();
            if count > DESCRIPTION_CHARS {
                let message = format_args!(
                    "the description has {count} characters; {DESCRIPTION_CHARS} is the most"
                );
                let at = self.place.value("description");
                let write = "say what it does and when to use it, and the rest below";
                self.findings.deviation("long-description", at, &message, &write);
            }
            let at = self.keys.get("description").map_or(0, |(key, _)| self.place.value(key));
            self.cut_by_comment(at, &written);
            return Some(self.sanitized(at, &written));
        }
        let taken = first_paragraph(body);
        let write = quoted(taken.as_deref().unwrap_or("what it does and when to use it"));
        if source.place.is_none() {
            let message = match &taken {
                Some(_) => {
                    "there is no frontmatter: the folder's name and the first paragraph are used"
                }
                None => "there is no frontmatter, and no paragraph to take a description from",
            };
            let write = format_args!("---\nname: {name}\ndescription: {write}\n---");
            match &taken {
                Some(_) => self.findings.deviation("no-frontmatter", 0, &message, &write),
                None => self.findings.error("no-description", 0, &message, &write),
            }
        } else {
            let (at, what) = self.absent("description");
            let write = format_args!("description: {write}");
            if taken.is_some() {
                let message = format_args!("{what}; the first paragraph is used");
                self.findings.deviation("missing-description", at, &message, &write);
            } else {
                let message = format_args!("{what}, and no paragraph to take one from");
                self.findings.error("no-description", at, &message, &write);
            }
        }
        taken.map(|text| sanitize_text(&text).into_owned())
    }

    /// Warns if ` #` begins a comment inside a value that was probably text.
    fn cut_by_comment(&mut self, at: usize, written: &str) {
        let line = self.findings.text()[at..].lines().next().unwrap_or_default().trim_end();
        let plain = !line.starts_with(['"', '\'', '|', '>', '&', '!', '*']);
        if let Some(comment) =
            line.find(" #").filter(|cut| plain && line[..*cut].trim_end() == written)
        {
            let message = "what follows ` #` is a comment, and not part of the description";
            let write = format_args!("description: {}", quoted(line));
            self.findings.warning("cut-by-comment", at + comment + 1, &message, &write);
        }
    }

    /// The text of `compatibility`. One that is too long is reported and kept whole.
    fn compatibility(&mut self, written: &str) -> String {
        let at = self.place.value("compatibility");
        let count = written.chars().count();
        if count > COMPATIBILITY_CHARS {
            let message = format_args!(
                "`compatibility` has {count} characters; {COMPATIBILITY_CHARS} is the most"
            );
            let write = "name the program and what it needs, and the rest below";
            self.findings.deviation("long-compatibility", at, &message, &write);
        }
        self.sanitized(at, written)
    }

    /// The hint as text, also if its brackets make it a list for YAML.
    fn argument_hint(&mut self) -> Option<String> {
        // `argument-hint: [issue]` is a list of one for YAML, and meant as it stands.
        if let Some((_, Value::Array(items))) = self.keys.get("argument-hint") {
            let items: Option<Vec<String>> = items.iter().map(text).collect();
            return items
                .map(|items| sanitize_text(&format!("[{}]", items.join(", "))).into_owned());
        }
        let hint = self.text("argument-hint")?;
        Some(self.sanitized(self.place.value("argument-hint"), &hint))
    }

    /// Yes or no. `None` leaves the default to the caller: the key is absent or empty, or its value is neither, which is
    /// reported.
    fn flag(&mut self, key: &str) -> Option<bool> {
        let (written, value) = self.keys.get(key)?;
        let Some((flag, plain)) = flag(value) else {
            if !value.is_null() {
                self.wrong_kind(written, value, "true or false", &format_args!("{key}: true"));
            }
            return None;
        };
        if !plain {
            let message = format_args!("`{written}` is read as {flag}");
            let at = self.place.value(written);
            self.findings.warning("not-a-boolean", at, &message, &format_args!("{key}: {flag}"));
        }
        Some(flag)
    }

    /// The tools in their order, from the specification's text or from a list. A list, and commas between tools,
    /// are reported in strict mode alone.
    fn allowed_tools(&mut self) -> Vec<String> {
        let Some((written, value)) = self.keys.get("allowed-tools") else { return Vec::new() };
        let list: Vec<String> = match value {
            Value::Null => Vec::new(),
            Value::String(text) => tools(text).map(str::to_owned).collect(),
            Value::Array(items) if items.iter().all(|it| text(it).is_some()) => {
                items.iter().filter_map(text).filter(|tool| !tool.is_empty()).collect()
            }
            other => {
                let write = "allowed-tools: Read Grep";
                self.wrong_kind(written, other, "tools with spaces between them", &write);
                Vec::new()
            }
        };
        let at = self.place.value(written);
        let write = format_args!("allowed-tools: {}", list.join(" "));
        if value.is_array() {
            let message = "tools are one text with spaces between them, not a list";
            self.findings.pedantry("tools-list", at, &message, &write);
        } else if value.as_str().is_some_and(has_commas) {
            let message = "tools have spaces between them, not commas";
            self.findings.pedantry("tools-commas", at, &message, &write);
        }
        list
    }

    /// The variables in their order. The list is empty, with a warning, for a value of another kind.
    fn variables(&mut self) -> Vec<SkillVariable> {
        let Some((written, value)) = self.keys.get("variables") else { return Vec::new() };
        variables(value).unwrap_or_else(|| {
            let write = "variables:\n  - name: topic\n    default: \"...\"";
            self.wrong_kind(written, value, "a list of names or of mappings", &write);
            Vec::new()
        })
    }

    /// The metadata as a mapping, also where it is JSON in a text.
    ///
    /// Borrowed from the frontmatter, unless it had to be parsed from a text first.
    fn metadata(&mut self) -> Option<Cow<'m, Map<String, Value>>> {
        let (written, value) = self.keys.get("metadata")?;
        let at = self.place.value(written);
        let map = match value {
            Value::Object(map) => Cow::Borrowed(map),
            Value::String(text) => match json5::read(text.trim()) {
                Ok(Value::Object(map)) => {
                    let message = "`metadata` is JSON in a text, not a mapping";
                    let write = format_args!("metadata: {}", json_line(&map.clone().into()));
                    self.findings.deviation("json-in-text", at, &message, &write);
                    Cow::Owned(map)
                }
                _ => {
                    self.wrong_kind(written, value, "a mapping", &"metadata: {}");
                    return None;
                }
            },
            Value::Null => return None,
            other => {
                self.wrong_kind(written, other, "a mapping", &"metadata: {}");
                return None;
            }
        };
        // The specification has text in metadata alone. Other programs write mappings there, so it is reported
        // in strict mode alone.
        let strict = self.findings.is_strict();
        for (key, value) in map.iter().filter(|(_, value)| strict && !value.is_string()) {
            let message = format_args!("`metadata.{key}` is {}, not text", kind(value));
            let write = format_args!("{key}: {}", quoted(&json_line(value)));
            let at = self.place.inner(&[written, key]);
            self.findings.pedantry("not-text", at, &message, &write);
        }
        Some(map)
    }

    /// The tool that the slash command calls. `None` if the command is an ordinary one, also after a mistake in
    /// its keys, which is reported.
    fn dispatch(&mut self) -> Option<CommandDispatch> {
        let tool = self.text("command-tool");
        let mode = self.text("command-arg-mode");
        let dispatch = self.text("command-dispatch");
        let Some(dispatch) = dispatch else {
            if let Some(tool) = tool {
                let message = format_args!(
                    "`command-tool` does nothing without `command-dispatch`: `{tool}`"
                );
                let at = self.place.key("command-tool");
                let write = "command-dispatch: tool";
                self.findings.warning("command-without-dispatch", at, &message, &write);
            }
            return None;
        };
        if dispatch != "tool" {
            let message = format_args!("`command-dispatch` can only be `tool`, not `{dispatch}`");
            let at = self.place.value("command-dispatch");
            let write = "command-dispatch: tool";
            self.findings.warning("unknown-dispatch", at, &message, &write);
            return None;
        }
        let Some(tool) = tool else {
            let message = "`command-dispatch` needs the tool that is called";
            let at = self.place.key("command-dispatch");
            let write = "command-tool: the-name-of-a-tool";
            self.findings.warning("missing-command-tool", at, &message, &write);
            return None;
        };
        if let Some(mode) = mode.filter(|mode| mode != "raw") {
            let message = format_args!("`command-arg-mode` can only be `raw`, not `{mode}`");
            let at = self.place.value("command-arg-mode");
            let write = "command-arg-mode: raw";
            self.findings.warning("unknown-argument-mode", at, &message, &write);
        }
        Some(CommandDispatch { tool, argument_mode: "raw".into() })
    }

    /// Whose dialect it is, by the keys that are there. `OpenClaw`'s decide before clawft's.
    fn format(&self, openclaw: bool) -> SkillFormat {
        if openclaw || self.keys.any(&["command-dispatch", "command-tool", "command-arg-mode"]) {
            SkillFormat::Openclaw
        } else if self.keys.any(&["variables", "allowed_tools"]) {
            SkillFormat::Clawft
        } else {
            SkillFormat::AgentSkills
        }
    }

    /// The text with its control tokens made harmless, which is reported.
    fn sanitized(&mut self, at: usize, written: &str) -> String {
        let sanitized = sanitize(written);
        self.report_removed(at, at, &sanitized);
        sanitized.text.into_owned()
    }

    /// The text below the frontmatter, which begins at `start` of the file. Ordinary Markdown stays byte for byte;
    /// tags that imitate a system or tool message become harmless.
    fn instructions(&mut self, start: usize, body: &str) -> String {
        if let Some(at) = conflict::in_markdown(body) {
            let message = "an unfinished merge is in the instructions";
            let write = "keep one side, and remove the three lines with markers";
            self.findings.warning("merge-conflict", start + at, &message, &write);
        }
        let sanitized = sanitize(body);
        let place = |at: Option<usize>| start + at.unwrap_or_default();
        self.report_removed(
            place(sanitized.first.map(|(at, _)| at)),
            place(sanitized.hidden),
            &sanitized,
        );
        sanitized.text.into_owned()
    }

    /// Reports the markers and hidden characters that were made harmless.
    fn report_removed(&mut self, at: usize, hidden_at: usize, sanitized: &Sanitized<'_>) {
        if sanitized.hidden.is_some() {
            let message = "invisible characters hide a text here; they are removed";
            let write = "write it in visible characters, or remove it";
            self.findings.warning("hidden-text", hidden_at, &message, &write);
        }
        let Some((_, tag)) = sanitized.first else { return };
        let more = match sanitized.count {
            1 => String::new(),
            more => format!(", and {} more", more - 1),
        };
        let sign = tag.chars().next().unwrap_or('<');
        let entity = entity(sign);
        let message = format_args!(
            "`{tag}` imitates a marker by which models recognize speakers; its first character becomes \
             `{entity}`{more}"
        );
        self.findings.warning(
            "imitated-message",
            at,
            &message,
            &format_args!("{entity}{}", &tag[sign.len_utf8()..]),
        );
    }
}
