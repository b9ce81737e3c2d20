//! Skills without a file, which plugins with the capability `skill` provide.
//!
//! They come and go with their plugins, and go before no skill that has a file: whoever names a plugin
//! must not replace what somebody has written.
//!
//! Their text comes from a guest and is a stranger's: it is made harmless in the same way as a file's.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::entry::{FoundSkill, Readiness, ShadowedSkill, SkillEntry, SkillLevel, SkillState};
use super::precedence::SkillRegistry;
use crate::contract::sanitize_text;
use crate::skill::format::Frontmatter;
use crate::skill::format::{Diagnostic, Severity};
use crate::skill::format::{SkillDocument, SkillFormat, SkillRequirements};

impl SkillDocument {
    /// The document of a plugin's skill, with control tokens made harmless as in a file. It is for
    /// people and for models, and has neither tools nor variables yet.
    pub(crate) fn from_plugin(
        name: &str,
        description: &str,
        version: &str,
        instructions: &str,
    ) -> Self {
        let description = sanitize_text(description).into_owned();
        let said = [("name", name), ("description", &description)];
        let said = said.map(|(key, text)| (key.to_owned(), Value::from(text)));
        Self {
            name: name.to_owned(),
            written_name: None,
            frontmatter: Frontmatter::new(&Map::from_iter(said)),
            description,
            version: Some(version.to_owned()),
            license: None,
            compatibility: None,
            format: SkillFormat::AgentSkills,
            allowed_tools: Vec::new(),
            user_invocable: true,
            model_invocable: true,
            argument_hint: None,
            variables: Vec::new(),
            dispatch: None,
            requirements: SkillRequirements::default(),
            install: Vec::new(),
            instructions: sanitize_text(instructions).into_owned(),
        }
    }
}

impl FoundSkill {
    /// The skill that the plugin `provider` provides.
    ///
    /// It has no path, and its level is that of plugins.
    pub(crate) fn from_plugin(provider: &str, document: SkillDocument) -> Self {
        Self {
            name: document.name.as_str().into(),
            level: SkillLevel::Plugin,
            path: None,
            document: Some(Arc::new(document)),
            diagnostics: Arc::default(),
            provider: Some(provider.into()),
            outdated: false,
            readiness: Readiness::Ready,
        }
    }
}

impl SkillEntry {
    /// The plugin that provides it, if it has no file.
    pub(crate) fn providing_plugin(&self) -> Option<&str> {
        let has_no_file = self.level == SkillLevel::Plugin && self.path.is_none();
        self.provider.as_deref().filter(|_| has_no_file)
    }
}

impl SkillRegistry {
    /// The same registry with these skills of plugins beside the others. One whose name is taken by a
    /// skill that can be read is shadowed by it; of two plugins' the first stays.
    ///
    /// This registry is not changed. The result is sorted as a registry is, so that a lookup still finds each name
    /// in one place.
    pub(crate) fn with_plugin_skills(&self, skills: impl IntoIterator<Item = FoundSkill>) -> Self {
        let mut entries: Vec<_> = self.entries().cloned().collect();
        for skill in skills {
            let start = entries.partition_point(|entry| entry.name < skill.name);
            let same = entries[start..].iter().take_while(|entry| entry.name == skill.name);
            let readable = same.filter(|entry| entry.document.is_some()).count();
            let entry = match readable {
                0 => {
                    let state = self.switched_off().state(&skill.name);
                    SkillEntry::new(skill, state.unwrap_or(SkillState::Active), Vec::new())
                }
                _ => {
                    let mut effective = SkillEntry::clone(&entries[start]);
                    effective.shadows.push(ShadowedSkill::of(&skill));
                    let entry = below(skill, &effective);
                    entries[start] = Arc::new(effective);
                    entry
                }
            };
            // Skills that can't be read come last.
            entries.insert(start + readable, Arc::new(entry));
        }
        self.with_entries(entries)
    }
}

/// A plugin's skill that another skill of its name shadows, with a warning.
///
/// The warning is shown to the operator, who can rename one of the two.
fn below(mut skill: FoundSkill, effective: &SkillEntry) -> SkillEntry {
    let other = match (effective.providing_plugin(), &effective.path) {
        (Some(plugin), _) => format!("the skill of the plugin `{plugin}`"),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "one that is compiled in".into(),
    };
    skill.diagnostics = Arc::new([Diagnostic {
        severity: Severity::Warning,
        code: "same-name",
        line: 1,
        column: 1,
        message: format!("`{}` is also the name of {other}, which comes first", skill.name),
        suggestion: Some("give the plugin another `id`, or the skill another name".into()),
    }]);
    let by = ShadowedSkill { level: effective.level, path: effective.path.clone() };
    SkillEntry::new(skill, SkillState::Shadowed { by }, Vec::new())
}
