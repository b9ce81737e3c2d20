//! A guest's description of itself at load: its tools, and the answers that traits of other kinds
//! return without waiting.

use std::sync::Arc;

use super::capabilities::check_tools;
use crate::actor::load::LoadError;
use crate::contract::{
    PipelineStageType, PluginCapability, PluginDescription, PluginManifest, SortedMap,
    ToolDescription, full_tool_name,
};
use crate::skill::{FoundSkill, SkillDocument, SkillVariable};
use crate::wasm::{CallBudget, GuestCall, GuestValue, Instance};

/// Characters of a skill's description (Agent Skills specification).
const DESCRIPTION_CHARS: usize = 1024;
/// Characters of a variable's name.
const NAME_CHARS: usize = 64;

/// The checked answers of one version of a plugin about its stage and its skill.
///
/// They are asked for once, when the plugin is loaded, since traits return them without waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestMetadata {
    /// The type of its stage, if it is a stage.
    pub stage_type: Option<PipelineStageType>,
    /// Its skill, if it is a skill.
    pub skill: Option<Arc<GuestSkill>>,
}

/// A skill that a guest provides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GuestSkill {
    /// The plugin's id, with one hyphen for each run of characters that are not `a-z 0-9`.
    pub name: String,
    /// The manifest's description, or its name; at most 1,024 characters.
    pub description: String,
    /// The plugin's version.
    pub version: String,
    /// The instructions, as Markdown.
    pub instructions: String,
    /// Variables of the instructions, with their default values.
    pub variables: SortedMap<String, String>,
    /// Its own tools, by their full names.
    pub tools: Vec<String>,
}

/// A guest's answers before they are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::actor) struct Answers {
    pub(in crate::actor) stage_type: String,
    pub(in crate::actor) instructions: String,
    pub(in crate::actor) variables: Vec<(String, String)>,
}

impl Answers {
    /// Calls the functions of the kinds that the manifest declares.
    pub(in crate::actor) async fn ask(
        instance: &mut Instance,
        manifest: &PluginManifest,
        budget: &mut CallBudget,
    ) -> Result<Self, LoadError> {
        let mut answers = Self::default();
        if manifest.capabilities.contains(&PluginCapability::PipelineStage) {
            let text = GuestValue::into_text;
            answers.stage_type = answer(instance, GuestCall::StageType, budget, text).await?;
        }
        if manifest.capabilities.contains(&PluginCapability::Skill) {
            let (text, pairs) = (GuestValue::into_text, GuestValue::into_pairs);
            answers.instructions = answer(instance, GuestCall::Instructions, budget, text).await?;
            answers.variables = answer(instance, GuestCall::Variables, budget, pairs).await?;
        }
        Ok(answers)
    }
}

/// The tools of a description, if the manifest's kinds may have tools.
pub(in crate::actor) fn described_tools(
    description: &str,
    manifest: &PluginManifest,
) -> Result<Vec<ToolDescription>, LoadError> {
    let tools = PluginDescription::parse(description, &manifest.id)
        .map_err(|problem| LoadError::Description { problem })?
        .tools;
    check_tools(&manifest.capabilities, &tools).map_err(LoadError::Capability)?;
    Ok(tools)
}

impl GuestMetadata {
    /// Checks the answers for the kinds that the manifest declares.
    pub(in crate::actor) fn of(
        answers: Answers,
        manifest: &PluginManifest,
        tools: &[ToolDescription],
    ) -> Result<Self, LoadError> {
        let Answers { stage_type: word, instructions, variables: pairs } = answers;
        let wrong =
            |call: GuestCall| move |problem| LoadError::Answer { export: call.export(), problem };
        let mut metadata = Self::default();
        if manifest.capabilities.contains(&PluginCapability::PipelineStage) {
            let stage_type = stage_type(&word).map_err(wrong(GuestCall::StageType))?;
            metadata.stage_type = Some(stage_type);
        }
        if manifest.capabilities.contains(&PluginCapability::Skill) {
            let variables = variables(pairs).map_err(wrong(GuestCall::Variables))?;
            let skill = GuestSkill::new(manifest, tools, instructions, variables);
            metadata.skill = Some(Arc::new(skill));
        }
        Ok(metadata)
    }
}

impl GuestSkill {
    /// The skill as the skill registry takes it.
    pub(in crate::actor) fn found(&self, plugin: &str) -> FoundSkill {
        let mut document = SkillDocument::from_plugin(
            &self.name,
            &self.description,
            &self.version,
            &self.instructions,
        );
        document.allowed_tools.clone_from(&self.tools);
        let variable = |(name, value): (&String, &String)| SkillVariable {
            name: name.clone(),
            description: None,
            default: Some(value.clone()),
            required: false,
        };
        document.variables = self.variables.iter().map(variable).collect();
        FoundSkill::from_plugin(plugin, document)
    }

    /// A skill made from the manifest and the guest's answers. What it says is untrusted text, like
    /// that of any skill.
    fn new(
        manifest: &PluginManifest,
        tools: &[ToolDescription],
        instructions: String,
        variables: SortedMap<String, String>,
    ) -> Self {
        let description = manifest.description.as_deref().filter(|text| !text.is_empty());
        let description = description.unwrap_or(&manifest.name);
        Self {
            name: skill_name(&manifest.id),
            description: description.chars().take(DESCRIPTION_CHARS).collect(),
            version: manifest.version.to_string(),
            instructions,
            variables,
            tools: tools.iter().map(|tool| full_tool_name(&manifest.id, &tool.name)).collect(),
        }
    }
}

/// Makes one call and converts the result with `read`.
async fn answer<T>(
    instance: &mut Instance,
    call: GuestCall,
    budget: &mut CallBudget,
    read: impl FnOnce(GuestValue) -> Option<T>,
) -> Result<T, LoadError> {
    let value = instance.run(&call, budget).await;
    let value = value.map_err(|error| LoadError::Start { error })?;
    let other = || "a value of another type".into();
    read(value).ok_or_else(|| LoadError::Answer { export: call.export(), problem: other() })
}

/// The type that a stage's answer names.
fn stage_type(word: &str) -> Result<PipelineStageType, String> {
    PipelineStageType::named(word).ok_or_else(|| {
        let word = shown(word);
        format!("`{word}`, which is none of pre_process, process, post_process and observer")
    })
}

/// The variables of a skill. Each name comes once, and is 1 to 64 of `A-Z a-z 0-9 _ - .`.
fn variables(pairs: Vec<(String, String)>) -> Result<SortedMap<String, String>, String> {
    let mut variables = SortedMap::new();
    for (name, value) in pairs {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if name.is_empty() || name.len() > NAME_CHARS || !name.bytes().all(allowed) {
            let name = shown(&name);
            return Err(format!("the name `{name}`, which is not 1 to 64 of A-Z a-z 0-9 _ - ."));
        }
        if variables.contains_key(&name) {
            return Err(format!("the name `{name}` twice"));
        }
        variables.insert(name, value);
    }
    Ok(variables)
}

/// A guest's text, made safe for a message.
fn shown(word: &str) -> String {
    word.chars().take(NAME_CHARS).flat_map(char::escape_debug).collect()
}

/// A skill's name for a plugin's id: 1 to 64 of `a-z 0-9` and single inner hyphens. The parts of an id, between
/// dots, begin and end with a letter or digit.
fn skill_name(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for letter in id.chars() {
        let plain = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if plain {
            name.push(letter);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    name
}
