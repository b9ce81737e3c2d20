//! The commands of one moment, and how one of them is called.
//!
//! A command's handler receives the call, and a call can list all commands: so these types are together.

use std::fmt;
use std::sync::Arc;

use super::answer::CommandOutcome;
use super::caller::{Caller, Conversation, ProgressNotes};
use super::collision::{Collision, CollisionOutcome};
use super::error::CommandError;
use super::line::CommandLine;
use super::source::CommandSource;
#[cfg(feature = "autonomous")]
use super::tool_arguments::ToolParameters;
#[cfg(feature = "autonomous")]
use crate::actor::PluginRegistry;
use crate::actor::{LoadError, PluginHost};
use crate::contract::{BoxFuture, CallOutcome, Requester, SortedMap, similar_names};

/// Runs a command.
pub trait CommandHandler: Send + Sync {
    /// Runs it. Dropping the future cancels it.
    ///
    /// # Errors
    ///
    /// [`CommandError`]: why it failed.
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>>;

    /// The kind of names that may follow the command, for completion. Default: none.
    fn completes(&self) -> Option<Completes> {
        None
    }

    /// The full name of the one tool that it calls with the text after the command, if that tool is of its own
    /// skill. Default: none.
    #[cfg(feature = "autonomous")]
    fn own_tool(&self) -> Option<String> {
        None
    }
}

/// The kind of names that may follow a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completes {
    /// Names of commands.
    Commands,
    /// Names of active skills.
    Skills,
    /// Full names of tools.
    Tools,
    /// Ids of plugins that wait for approval.
    Waiting,
}

/// One call of a command.
#[derive(Clone, Copy)]
pub struct CommandCall<'a> {
    /// The text after the command's name, as it was typed, without the space around it.
    pub arguments: &'a str,
    /// The caller.
    pub caller: &'a Caller,
    /// The caller's chat.
    pub conversation: &'a Arc<Conversation>,
    /// All commands of this moment.
    pub registry: &'a CommandRegistry,
    /// The plugin host.
    pub host: &'a PluginHost,
    /// The receiver of progress notes.
    pub progress: &'a ProgressNotes,
    /// Whoever waits for the answer, as guests see it; `None` if the caller has no channel.
    pub requester: Option<&'a Arc<dyn Requester>>,
}

impl CommandCall<'_> {
    /// Calls a tool for the sender.
    pub(super) async fn call_tool(&self, tool: &str, params: String) -> CallOutcome {
        match self.requester {
            Some(requester) => self.host.call_for(tool, params, Arc::clone(requester)).await,
            None => self.host.call(tool, params).await,
        }
    }

    /// Why a plugin is refused, as the caller may see it.
    pub(super) fn reason(&self, error: &LoadError) -> String {
        match self.caller.is_owner {
            true => error.reason(),
            false => error.reason_for_caller(),
        }
    }
}

/// The built-in command that forgets. Tools of plugins may forget with it.
pub(super) const CLEAR: &str = "clear";

/// Who may call a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every sender whose messages are accepted.
    Everyone,
    /// The owner of this program.
    Owner,
}

/// One slash command.
#[derive(Clone)]
pub struct Command {
    /// Its name, without the slash, in lower case.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// A hint for the text after it, for instance `SKILL`; empty if it takes none.
    pub argument_hint: String,
    /// A summary in one line, without a full stop.
    pub summary: String,
    /// More help; may be empty.
    pub help: String,
    /// Its source.
    pub source: CommandSource,
    /// Who may call it.
    pub audience: Audience,
    /// Its implementation.
    pub handler: Arc<dyn CommandHandler>,
}

impl Command {
    /// How it is typed: `/use SKILL`.
    #[must_use]
    pub fn usage(&self) -> String {
        match self.argument_hint.as_str() {
            "" => format!("/{}", self.name),
            hint => format!("/{} {hint}", self.name),
        }
    }

    /// A built-in command for everyone, without aliases.
    pub(super) fn built_in(
        name: &str,
        argument_hint: &str,
        summary: &str,
        help: &str,
        handler: impl CommandHandler + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            argument_hint: argument_hint.to_owned(),
            summary: summary.to_owned(),
            help: help.to_owned(),
            source: CommandSource::BuiltIn,
            audience: Audience::Everyone,
            handler: Arc::new(handler),
        }
    }

    /// The same command for the owner alone.
    pub(super) fn for_owner(self) -> Self {
        Self { audience: Audience::Owner, ..self }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.aliases)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("Command");
        fields.field("usage", &self.usage()).field("source", &self.source).finish_non_exhaustive()
    }
}

/// All commands at one moment. A registry never changes.
#[derive(Debug, Default)]
pub struct CommandRegistry {
    /// In the order of `/help`: the built-in ones in their given order, then those of skills by name, then
    /// those of plugins.
    commands: Vec<Arc<Command>>,
    by_name: SortedMap<String, usize>,
    collisions: Vec<Collision>,
    /// The skills that are not commands, by name.
    pub(super) without_command: SortedMap<String, WithoutCommand>,
}

/// A skill that is not a command.
#[derive(Debug)]
pub(super) struct WithoutCommand {
    pub(super) source: CommandSource,
    pub(super) reason: String,
}

impl CommandRegistry {
    /// Adds a command, unless one of its names is another command's.
    pub(super) fn add(&mut self, command: Command) {
        let in_use = command.names().find(|name| self.by_name.contains_key(*name)).cloned();
        if let Some(name) = in_use {
            return self.refuse(name, command.source);
        }
        let index = self.commands.len();
        self.by_name.extend(command.names().map(|name| (name.clone(), index)));
        self.commands.push(Arc::new(command));
    }

    /// Has the commands that call tools made from recipes say which parameters they take.
    #[cfg(feature = "autonomous")]
    pub(super) fn explain_parameters(&mut self, plugins: &PluginRegistry) {
        for command in &mut self.commands {
            let Some(tool) = command.handler.own_tool() else { continue };
            let Ok(entry) = plugins.find_tool(&tool) else { continue };
            if entry.plugin.manifest.generated.is_none() {
                continue;
            }
            let name = command.name.clone();
            let parameters = ToolParameters::new(&name, &entry.description().input_schema);
            let command = Arc::make_mut(command);
            if command.argument_hint.is_empty() {
                command.argument_hint = parameters.hint();
            }
            command.help.push_str(&parameters.help());
        }
    }

    /// Records a collision if `name` is a command.
    pub(super) fn refuse(&mut self, name: String, refused: CommandSource) {
        if let Some(by) = self.by_name.get(&name) {
            let kept = self.commands[*by].source.clone();
            let outcome = CollisionOutcome::First;
            self.collisions.push(Collision { name, kept, refused, outcome });
        }
    }

    /// Adds the command of a plugin's tool, unless its name is another command's, or that of a skill that is none.
    pub(super) fn add_of_plugin(&mut self, command: Command) {
        let Command { name, source, .. } = &command;
        match self.without_command.get(name) {
            Some(skill) if !self.by_name.contains_key(name) => self.collisions.push(Collision {
                name: name.clone(),
                kept: skill.source.clone(),
                refused: source.clone(),
                outcome: CollisionOutcome::Reserved,
            }),
            _ => self.add(command),
        }
    }

    /// Records that two plugins want one name, which is no command then.
    pub(super) fn contest(&mut self, name: &str, first: &CommandSource, other: &CommandSource) {
        self.collisions.push(Collision {
            name: name.to_owned(),
            kept: first.clone(),
            refused: other.clone(),
            outcome: CollisionOutcome::Neither,
        });
    }

    /// Whether a command or a skill has this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.without_command.contains_key(name)
    }

    /// Every command, the built-in ones first.
    pub fn commands(&self) -> impl Iterator<Item = &Arc<Command>> {
        self.commands.iter()
    }

    /// Names that two commands want.
    #[must_use]
    pub fn collisions(&self) -> &[Collision] {
        &self.collisions
    }

    /// The command of this name or alias, in whatever case, without the slash.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownSkill`] with the reason for the name of a skill that is not a command;
    /// [`CommandError::Unknown`] with similar names.
    pub fn find(&self, name: &str) -> Result<&Arc<Command>, CommandError> {
        let name = name.to_ascii_lowercase();
        match self.by_name.get(&name) {
            Some(index) => Ok(&self.commands[*index]),
            None if self.without_command.contains_key(&name) => {
                let reason = self.without_command.get(&name).map(|skill| skill.reason.clone());
                Err(CommandError::UnknownSkill { name, reason, similar: Vec::new() })
            }
            None => {
                let names = self.by_name.keys().chain(self.without_command.keys());
                let similar = similar_names(&name, names.map(String::as_str));
                Err(CommandError::Unknown { name, similar })
            }
        }
    }

    /// Runs the command that `line` names.
    ///
    /// # Errors
    ///
    /// [`CommandError::Unknown`], [`CommandError::OwnerOnly`], [`CommandError::Usage`] for text after a
    /// built-in command that takes none, and those of the command.
    pub async fn run(
        &self,
        line: CommandLine<'_>,
        call: CommandCall<'_>,
    ) -> Result<CommandOutcome, CommandError> {
        let command = self.find(line.name)?;
        if command.audience == Audience::Owner && !call.caller.is_owner {
            return Err(CommandError::OwnerOnly { name: command.name.clone() });
        }
        // Only the skill's text can use arguments; here they would be dropped silently.
        let is_plain = command.source == CommandSource::BuiltIn && command.argument_hint.is_empty();
        if is_plain && !line.arguments.is_empty() {
            return Err(CommandError::Usage { usage: command.usage() });
        }
        command.handler.run(CommandCall { arguments: line.arguments, ..call }).await
    }
}
