//! The skills that are offered: each with where its files are, and as the prompt of a person.
//!
//! A skill can be offered three ways: as a prompt to people, as a tool to models if it has no code, and
//! as files. Its author decides on the first two.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::CatalogEntry;
use super::names::{self, WantedName};
use crate::contract::sort_by;
use crate::mcp::object::{Object, array};
use crate::mcp::revision::Revision;
use crate::skill::{SkillDocument, SkillEntry, SkillRegistry};

/// What stands for the text after a slash command.
const ARGUMENTS: &str = "ARGUMENTS";

/// The findings about text that imitates another speaker, or hides.
const IMITATIONS: [&str; 2] = ["imitated-message", "hidden-text"];

/// One active skill.
#[derive(Debug, Clone)]
pub(in crate::mcp) struct OfferedSkill {
    /// The name in its URIs.
    pub(in crate::mcp) name: Arc<str>,
    /// What was read of its `SKILL.md`.
    pub(in crate::mcp) document: Arc<SkillDocument>,
    /// Its folder; `None` where it is compiled in.
    pub(in crate::mcp) folder: Option<Arc<Path>>,
    /// Whether it is nothing but instructions.
    is_instruction: bool,
    /// Whether its `SKILL.md` can be given word for word: it speaks for nobody else.
    is_harmless: bool,
}

impl OfferedSkill {
    /// The skill of a registry's entry.
    fn new(entry: &SkillEntry, document: &Arc<SkillDocument>) -> Self {
        let folder = entry.path.as_deref().and_then(Path::parent).map(Arc::from);
        Self {
            name: Arc::clone(&entry.name),
            document: Arc::clone(document),
            folder,
            is_instruction: entry.provider.is_none(),
            is_harmless: !entry.diagnostics.iter().any(|it| IMITATIONS.contains(&it.code)),
        }
    }

    /// Whether it conforms to its specification without repairs: hosts accept no
    /// other over the extension, which gives files word for word.
    pub(super) fn conforms(&self) -> bool {
        let frontmatter = self.document.frontmatter.to_value();
        self.is_harmless
            && frontmatter["name"] == *self.name
            && frontmatter["description"].is_string()
    }

    /// The URI of its folder.
    pub(in crate::mcp) fn uri(&self) -> String {
        format!("skill://{}", self.name)
    }

    /// Whether models can ask for its text: it has no code that they would call instead.
    pub(super) fn is_offered_to_models(&self) -> bool {
        self.is_instruction && self.document.model_invocable
    }

    /// Whether its text has a place for what is typed after a slash command.
    fn takes_arguments(&self) -> bool {
        self.document.instructions.contains(ARGUMENTS)
    }

    /// What can be put into its text: name, description, and whether it has to be given.
    pub(in crate::mcp) fn inputs(&self) -> Vec<Input<'_>> {
        let variables = self.document.variables.iter().map(|variable| Input {
            name: &variable.name,
            description: variable.description.as_deref(),
            default: variable.default.as_deref(),
            required: variable.required && variable.default.is_none(),
        });
        let declared = self.document.variables.iter().any(|variable| variable.name == ARGUMENTS);
        let arguments = (self.takes_arguments() && !declared).then(|| Input {
            name: ARGUMENTS,
            description: self.document.argument_hint.as_deref(),
            default: None,
            required: false,
        });
        variables.chain(arguments).collect()
    }
}

/// Something that can be put into a skill's text.
#[derive(Debug, Clone, Copy)]
pub(in crate::mcp) struct Input<'a> {
    pub(in crate::mcp) name: &'a str,
    pub(in crate::mcp) description: Option<&'a str>,
    pub(in crate::mcp) default: Option<&'a str>,
    /// Whether rendering fails without it.
    pub(in crate::mcp) required: bool,
}

impl Input<'_> {
    /// What a value of it is, as a JSON Schema.
    pub(in crate::mcp) fn schema(&self) -> Value {
        let mut schema = json!({ "type": "string" });
        if let Some(description) = self.description {
            schema["description"] = json!(description);
        }
        if let Some(default) = self.default {
            schema["default"] = json!(default);
        }
        schema
    }
}

/// The active skills, in the order of their names.
pub(super) fn offered(registry: &SkillRegistry) -> Vec<OfferedSkill> {
    registry.active().map(|(entry, document)| OfferedSkill::new(entry, document)).collect()
}

/// A skill as a person calls it.
#[derive(Debug)]
pub(in crate::mcp) struct OfferedPrompt {
    /// The name in the list.
    name: String,
    /// The skill's own name.
    pub(super) skill: Arc<str>,
    /// The same text for every revision.
    json: String,
}

impl CatalogEntry for OfferedPrompt {
    fn key(&self) -> &str {
        &self.name
    }

    fn json(&self, _: Revision) -> &str {
        &self.json
    }
}

/// The skills that people may call, under names of at most `name_length` characters.
pub(super) fn prompts(skills: &[OfferedSkill], name_length: usize) -> Vec<OfferedPrompt> {
    let skills: Vec<&OfferedSkill> =
        skills.iter().filter(|skill| skill.document.user_invocable).collect();
    let wanted = |skill: &&OfferedSkill| WantedName {
        preferred: skill.name.to_string(),
        full: skill.name.to_string(),
    };
    let names = names::offered(&skills.iter().map(wanted).collect::<Vec<_>>(), name_length);
    let mut prompts: Vec<OfferedPrompt> =
        skills.into_iter().zip(names).map(|(skill, name)| prompt(skill, name)).collect();
    sort_by(&mut prompts, |one, other| one.name.cmp(&other.name));
    prompts
}

/// The entry of `prompts/list`, with the skill's variables as arguments.
fn prompt(skill: &OfferedSkill, name: String) -> OfferedPrompt {
    let inputs: Vec<String> = skill
        .inputs()
        .into_iter()
        .map(|input| {
            let mut argument = Object::new();
            argument.member("name", input.name).optional("description", input.description);
            argument.member("required", &input.required);
            argument.end()
        })
        .collect();
    let mut json = Object::new();
    json.member("name", &name).member("title", &*skill.name);
    json.member("description", &skill.document.description);
    if !inputs.is_empty() {
        json.raw("arguments", &array(inputs.iter().map(String::as_str)));
    }
    OfferedPrompt { name, skill: Arc::clone(&skill.name), json: json.end() }
}
