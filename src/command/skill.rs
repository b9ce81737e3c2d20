//! The commands that skills contribute: `/<name>` follows the skill, or calls the one tool it names.

use std::sync::Arc;

use serde_json::json;

use super::answer::{Answer, CommandOutcome, SkillPrompt};
use super::assignments::assignments;
use super::error::CommandError;
use super::registry::{Audience, Command, CommandCall, CommandHandler, WithoutCommand};
use super::source::CommandSource;
#[cfg(feature = "autonomous")]
use super::tool_arguments::ToolParameters;
use crate::contract::{ActionableError, BoxFuture, full_tool_name, json_line};
use crate::skill::{
    CommandDispatch, Diagnostic, Severity, SkillDocument, SkillEntry, SkillRegistry, SkillState,
};

/// One command for each active skill that people may call.
pub(super) fn commands(skills: &SkillRegistry) -> impl Iterator<Item = Command> {
    skills.active().filter(|(_, document)| document.user_invocable).map(|(entry, document)| {
        let handler: Arc<dyn CommandHandler> = match &document.dispatch {
            Some(dispatch) => Arc::new(Dispatch::new(entry, document, dispatch)),
            None => Arc::new(Follow { entry: Arc::clone(entry), document: Arc::clone(document) }),
        };
        Command {
            name: entry.name.to_string(),
            aliases: Vec::new(),
            argument_hint: document.argument_hint.clone().unwrap_or_default(),
            summary: summary(&document.description),
            help: help(document),
            source: source(entry),
            audience: Audience::Everyone,
            handler,
        }
    })
}

/// Skills of plugins that are no commands because a file has their name, which is as much an error as
/// any other collision.
pub(super) fn shadowed_by_files(
    skills: &SkillRegistry,
) -> impl Iterator<Item = (String, CommandSource)> {
    let shadowed = skills.entries().filter(|entry| {
        entry.providing_plugin().is_some() && matches!(entry.state, SkillState::Shadowed { .. })
    });
    shadowed.map(|entry| (entry.name.to_string(), source(entry)))
}

/// Skills that are no commands, by name; without those shadowed by another skill.
pub(super) fn without_command(
    skills: &SkillRegistry,
) -> impl Iterator<Item = (String, WithoutCommand)> {
    let counts = |entry: &&Arc<SkillEntry>| !matches!(entry.state, SkillState::Shadowed { .. });
    skills.entries().filter(counts).filter_map(|entry| {
        let of_models = entry.document.as_ref().is_some_and(|it| !it.user_invocable);
        let of_models =
            of_models.then(|| "it is for models alone (`user-invocable: false`)".into());
        let reason = reason(entry).or(of_models)?;
        Some((entry.name.to_ascii_lowercase(), WithoutCommand { source: source(entry), reason }))
    })
}

pub(super) fn error(entry: &SkillEntry) -> Option<&Diagnostic> {
    entry.diagnostics.iter().find(|it| it.severity == Severity::Error)
}

/// Why a skill can't be used, if it can't.
pub(super) fn reason(entry: &SkillEntry) -> Option<String> {
    let state = entry.state.as_str();
    match &entry.state {
        SkillState::Active => None,
        SkillState::Unavailable { reasons } => Some(format!("{state}: {}", reasons.join("; "))),
        SkillState::Pending { unapproved } => Some(format!("{state}: {}", unapproved.join(", "))),
        SkillState::Shadowed { by } => Some(match &by.path {
            Some(path) => format!("{state} by {}", path.display()),
            None => format!("{state} by the {} one", by.level),
        }),
        SkillState::Invalid => Some(match error(entry) {
            Some(error) => format!("{state}: {error}"),
            None => state.to_owned(),
        }),
        SkillState::Disabled => Some(state.to_owned()),
    }
}

/// The source of a skill's command.
fn source(entry: &SkillEntry) -> CommandSource {
    let name = entry.name.to_string();
    match (entry.providing_plugin(), &entry.path) {
        (Some(plugin), _) => CommandSource::Plugin { name, plugin: plugin.to_owned() },
        (None, Some(path)) => CommandSource::Skill { name, path: path.display().to_string() },
        (None, None) => CommandSource::Skill { name, path: entry.level.to_string() },
    }
}

/// The first sentence, without its full stop and on one line.
pub(super) fn summary(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = line.split_once(". ").map_or(line.as_str(), |(sentence, _)| sentence);
    sentence.trim_end_matches('.').to_owned()
}

/// The help of a skill's command: its description, then its variables with their defaults.
fn help(document: &SkillDocument) -> String {
    let mut lines = vec![document.description.trim().to_owned()];
    for variable in &document.variables {
        let default = variable.default.as_ref().map(|value| format!(" (default: {value})"));
        let description = variable.description.as_deref().unwrap_or("a value for the skill's text");
        let required = if variable.required { ", required" } else { "" };
        let name = &variable.name;
        lines.push(format!("  {name}=...  {description}{required}{}", default.unwrap_or_default()));
    }
    if let Some(dispatch) = &document.dispatch {
        lines.push(format!("Calls the tool `{}` with what is typed after it.", dispatch.tool));
    }
    lines.join("\n")
}

/// A skill's text with its variables filled in: those that `arguments` set as `name=value` (see
/// [`assignments`]), and `ARGUMENTS` with all of the arguments.
pub(super) fn rendered(
    entry: &SkillEntry,
    document: &SkillDocument,
    arguments: &str,
) -> Result<SkillPrompt, CommandError> {
    let is_known = |name: &str| document.variables.iter().any(|variable| variable.name == name);
    let mut values = assignments(arguments, is_known)?;
    values.extend(entry.values(arguments));
    let text = document.render(&values).map_err(|missing| CommandError::MissingVariables {
        problem: missing.to_string(),
        next_step: missing.next_step(),
    })?;
    Ok(SkillPrompt { name: entry.name.to_string(), instructions: text.into_owned() })
}

/// Follows the skill's instructions.
struct Follow {
    entry: Arc<SkillEntry>,
    document: Arc<SkillDocument>,
}

impl CommandHandler for Follow {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let skill = rendered(&self.entry, &self.document, call.arguments)?;
            Ok(CommandOutcome::Follow { skill, text: call.arguments.to_owned() })
        })
    }
}

/// Calls one tool with the text after the command (`command-dispatch: tool`).
struct Dispatch {
    skill: String,
    tool: String,
    /// The plugin that runs the skill's own code. Its tools come first.
    provider: Option<Arc<str>>,
    document: Arc<SkillDocument>,
}

impl Dispatch {
    /// A command that passes its arguments to a tool, without the skill's text.
    fn new(entry: &SkillEntry, document: &Arc<SkillDocument>, dispatch: &CommandDispatch) -> Self {
        Self {
            skill: entry.name.to_string(),
            tool: dispatch.tool.clone(),
            provider: entry.provider.clone(),
            document: Arc::clone(document),
        }
    }

    /// The schema of its own tool, if that is made from a recipe: such a tool takes its parameters by name.
    #[cfg(feature = "autonomous")]
    fn recipe_schema(&self, call: &CommandCall<'_>) -> Option<serde_json::Value> {
        let registry = call.host.registry();
        let entry = registry.find_tool(&self.own_tool()?).ok()?;
        entry.plugin.manifest.generated?;
        Some(entry.description().input_schema.clone())
    }

    /// The tool's name in the host.
    fn resolved(&self, call: &CommandCall<'_>) -> String {
        let own = self.provider.as_deref().map(|provider| full_tool_name(provider, &self.tool));
        let own = own.filter(|name| call.host.registry().find_tool(name).is_ok());
        own.unwrap_or_else(|| self.tool.clone())
    }
}

impl CommandHandler for Dispatch {
    #[cfg(feature = "autonomous")]
    fn own_tool(&self) -> Option<String> {
        self.provider.as_deref().map(|provider| full_tool_name(provider, &self.tool))
    }

    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let tool = self.resolved(&call);
            if !self.document.allows_tool(&tool) {
                let skill = self.skill.clone();
                return Err(CommandError::ToolNotAllowed { skill, tool });
            }
            call.progress.note(|| format!("calling {tool}"));
            #[cfg(feature = "autonomous")]
            if let Some(schema) = self.recipe_schema(&call) {
                let parameters = ToolParameters::new(&self.skill, &schema).read(call.arguments)?;
                let text = call.call_tool(&tool, parameters).await.result?;
                // A text is for people here, and not a value in JSON.
                return Ok(CommandOutcome::Answer(match serde_json::from_str::<String>(&text) {
                    Ok(text) => Answer::text(text),
                    Err(_) => Answer::of_result(text),
                }));
            }
            // The keys are the same as in OpenClaw.
            let params = json!({
                "command": call.arguments,
                "commandName": self.skill,
                "skillName": self.skill,
            });
            let text = call.call_tool(&tool, json_line(&params)).await.result?;
            Ok(CommandOutcome::Answer(Answer::of_result(text)))
        })
    }
}
