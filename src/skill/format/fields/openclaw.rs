//! `metadata.openclaw`: what a skill needs, and how its author would install that.
//!
//! Nothing here is run or looked up. Requirements that are not met make a skill unavailable, which `registry`
//! decides; install recipes are only shown.

use serde_json::{Map, Value};

use super::values::{flag, kind, names, text};
use crate::contract::json_line;
use crate::skill::format::document::{InstallRecipe, SkillRequirements};
use crate::skill::format::findings::SkillFindings;
use crate::skill::format::lines::KeyPlaces;
use crate::skill::format::yaml::json5;

/// The names that the program has had; the first one that is present counts.
const PROGRAMS: [&str; 4] = ["openclaw", "clawdbot", "moltbot", "clawdis"];

/// The content of `metadata.openclaw`.
#[derive(Debug, Default)]
pub(super) struct Openclaw {
    pub(super) requirements: SkillRequirements,
    pub(super) install: Vec<InstallRecipe>,
}

/// Reads it, where one of its names is there.
///
/// Returns `None` if none of the program's names is there. A value of the wrong kind is reported and left out,
/// and the rest is read.
pub(super) fn read<'t>(
    metadata: &Map<String, Value>,
    place: &KeyPlaces<'t>,
    findings: &mut SkillFindings<'t>,
) -> Option<Openclaw> {
    let found = PROGRAMS.iter().find_map(|name| Some((*name, metadata.get(*name)?)));
    let Some((program, value)) = found else {
        misplaced(metadata, place, findings);
        return None;
    };
    let mut reader = OpenclawReader { path: vec!["metadata", program], place, findings };
    let mut openclaw = Openclaw::default();
    // The specification has only text in metadata, so JSON in a text is the careful way to write it.
    let parsed = value.as_str().and_then(|text| json5::read(text).ok());
    let value = parsed.as_ref().unwrap_or(value);
    let Some(map) = reader.map(value, "{\"requires\": {\"bins\": [\"...\"]}}") else {
        return Some(openclaw);
    };
    let needs = &mut openclaw.requirements;
    if let Some(value) = map.get("os") {
        needs.os = reader.names("os", value);
    }
    if let Some(value) = map.get("always") {
        needs.always = reader.flag("always", value);
    }
    needs.primary_env = map.get("primaryEnv").and_then(text);
    if let Some(Value::Array(recipes)) = map.get("install") {
        openclaw.install = recipes.iter().filter_map(recipe).collect();
    } else if let Some(value) = map.get("install") {
        openclaw.install = recipe(value).into_iter().collect();
    }
    if let Some(value) = map.get("requires") {
        reader.path.push("requires");
        if let Some(map) = reader.map(value, "{\"bins\": [\"...\"]}") {
            let lists = [
                ("bins", &mut needs.bins),
                ("anyBins", &mut needs.any_bins),
                ("env", &mut needs.env),
                ("config", &mut needs.config),
                ("os", &mut needs.os),
            ];
            for (key, list) in lists {
                if let Some(value) = map.get(key) {
                    *list = reader.names(key, value);
                }
            }
        }
    }
    needs.os = std::mem::take(&mut needs.os).into_iter().map(system).collect();
    Some(openclaw)
}

/// Requirements beside `metadata.openclaw`, where no program reads them.
fn misplaced(
    metadata: &Map<String, Value>,
    place: &KeyPlaces<'_>,
    findings: &mut SkillFindings<'_>,
) {
    let beneath = metadata.iter().find_map(|(key, value)| {
        value.get("requires").map(|requires| (vec!["metadata", key, "requires"], requires))
    });
    let direct = metadata.get("requires").map(|requires| (vec!["metadata", "requires"], requires));
    if let Some((path, requires)) = direct.or(beneath) {
        let path_text = path.join(".");
        let message = format_args!("`{path_text}` is not read: it belongs to `metadata.openclaw`");
        let write =
            format_args!("metadata: {{\"openclaw\": {{\"requires\": {}}}}}", json_line(requires));
        findings.warning("misplaced-requirements", place.inner(&path), &message, &write);
    }
}

/// The names of systems as `OpenClaw` has them: those of Node.js.
fn system(name: String) -> String {
    match name.to_ascii_lowercase().as_str() {
        "macos" | "mac" | "osx" => "darwin".into(),
        "windows" | "win" => "win32".into(),
        _ => name,
    }
}

/// A recipe, if it says of which kind it is. The rest of it is kept as it was written.
fn recipe(value: &Value) -> Option<InstallRecipe> {
    let kind = value.get("kind").and_then(text)?;
    Some(InstallRecipe { kind, recipe: value.clone() })
}

/// Reads values at a path, and warns about values of the wrong kind.
struct OpenclawReader<'r, 'k, 't> {
    /// The keys that lead to the values that are read now.
    path: Vec<&'k str>,
    place: &'r KeyPlaces<'t>,
    findings: &'r mut SkillFindings<'t>,
}

impl OpenclawReader<'_, '_, '_> {
    /// The value as a mapping. `write` is the part of the next step after the key.
    fn map<'v>(&mut self, value: &'v Value, write: &str) -> Option<&'v Map<String, Value>> {
        if value.as_object().is_none() && !value.is_null() {
            let key = self.path.last().copied().unwrap_or_default();
            self.wrong(None, "a mapping", value, &format!("\"{key}\": {write}"));
        }
        value.as_object()
    }

    /// A list of names; empty, with a warning, for a value of another kind.
    fn names(&mut self, key: &str, value: &Value) -> Vec<String> {
        names(value).unwrap_or_else(|| {
            self.wrong(Some(key), "a list of names", value, &format!("\"{key}\": [\"...\"]"));
            Vec::new()
        })
    }

    /// Yes or no; no, with a warning, for a value of another kind.
    fn flag(&mut self, key: &str, value: &Value) -> bool {
        flag(value).map_or_else(
            || {
                self.wrong(Some(key), "true or false", value, &format!("\"{key}\": true"));
                false
            },
            |(flag, _)| flag,
        )
    }

    /// Warns about a value at the path, or at `key` beneath it.
    fn wrong(&mut self, key: Option<&str>, expected: &str, value: &Value, write: &str) {
        let path: Vec<&str> = self.path.iter().copied().chain(key).collect();
        let message = format_args!("`{}` is {}, not {expected}", path.join("."), kind(value));
        self.findings.warning("wrong-kind", self.place.inner(&path), &message, &write);
    }
}
