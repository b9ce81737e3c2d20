//! What a guest says about itself: the JSON of `describe`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::control_tokens::{neutralise_value, sanitize_text};
use super::{SortedSet, limits};

/// A guest's description of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginDescription {
    /// The plugin's name, as people read it.
    #[serde(default)]
    pub name: String,
    /// The module's own version.
    #[serde(default)]
    pub version: String,
    /// The tools that `execute-tool` takes.
    #[serde(default)]
    pub tools: Vec<ToolDescription>,
}

/// One tool of a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolDescription {
    /// The bare name that `execute-tool` gets.
    pub name: String,
    /// What it does, for people and models.
    #[serde(default)]
    pub description: String,
    /// A JSON Schema for the parameters; an object of any kind where the guest gives none.
    #[serde(default = "any_object")]
    pub input_schema: Value,
    /// A JSON Schema for the result, where the guest promises one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The guest's claim that the tool changes nothing.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it may ask its caller for something, as [`InputRequired`](super::InputRequired) has it.
    #[serde(default)]
    pub asks_for_input: bool,
    /// The slash command, without the slash, that the tool is for people. Then it is not offered to models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

fn any_object() -> Value {
    json!({ "type": "object" })
}

impl PluginDescription {
    /// Reads the JSON of `describe`, makes control tokens in its words harmless, for models read them,
    /// and checks the tools of plugin `owner`.
    ///
    /// # Errors
    ///
    /// A sentence on what is wrong: not this JSON, more than [`limits::TOOLS`] tools, a schema that is not an object, a tool name that
    /// is used twice, has `__` or characters outside `A-Z a-z 0-9 _ - .`, or gets a full name of more than
    /// [`limits::TOOL_NAME_CHARS`].
    pub fn parse(text: &str, owner: &str) -> Result<Self, String> {
        let description: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let (count, most) = (description.tools.len(), limits::TOOLS);
        if count > most {
            return Err(format!("{count} tools, and a plugin has at most {most}"));
        }
        let mut seen = SortedSet::new();
        for tool in &description.tools {
            let name = &tool.name;
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            let shown: String = name.chars().take(limits::TOOL_NAME_CHARS).collect();
            if name.is_empty() || !name.bytes().all(allowed) {
                return Err(format!("tool name {shown:?} is not made of A-Z a-z 0-9 _ - ."));
            }
            // `ec__echo` of another plugin would pass for the tool of `ec`.
            if name.contains("__") {
                return Err(format!(
                    "tool name `{shown}` has `__`, which stands after a plugin's id"
                ));
            }
            if full_tool_name(owner, name).len() > limits::TOOL_NAME_CHARS {
                let limit = limits::TOOL_NAME_CHARS;
                return Err(format!("tool name `{owner}__{shown}` is over {limit} characters"));
            }
            if !seen.insert(name) {
                return Err(format!("two tools are named `{name}`"));
            }
            if tool.command.as_deref().is_some_and(|word| !is_command(word)) {
                return Err(format!("`command` of tool `{name}` is not 1 to 32 of a-z 0-9 -"));
            }
            if !tool.input_schema.is_object() {
                return Err(format!("`input_schema` of tool `{name}` is not an object"));
            }
            if tool.output_schema.as_ref().is_some_and(|schema| !schema.is_object()) {
                return Err(format!("`output_schema` of tool `{name}` is not an object"));
            }
        }
        Ok(description.sanitized())
    }

    fn sanitized(mut self) -> Self {
        self.name = sanitize_text(&self.name).into_owned();
        self.version = sanitize_text(&self.version).into_owned();
        for tool in &mut self.tools {
            tool.description = sanitize_text(&tool.description).into_owned();
            // Also what arguments are checked by: a model can only give what it was shown.
            neutralise_value(&mut tool.input_schema);
            tool.output_schema.iter_mut().for_each(neutralise_value);
        }
        self
    }
}

/// Whether a slash command may have this name.
fn is_command(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&word.len()) && word.bytes().all(allowed)
}

/// The name of a tool as everybody outside the plugin sees it.
#[must_use]
pub fn full_tool_name(owner: &str, tool: &str) -> String {
    format!("{owner}__{tool}")
}
