//! The commands there are at one moment.

use std::fmt;
use std::sync::Arc;

use super::answer::CommandOutcome;
use super::caller::CommandCall;
use super::error::CommandError;
use super::line::CommandLine;
use super::skill;
use crate::contract::{BoxFuture, SortedMap, similar_names};
use crate::skill::SkillRegistry;

/// Runs a command.
pub trait CommandHandler: Send + Sync {
    /// Runs it. Dropping the future cancels it.
    ///
    /// # Errors
    ///
    /// [`CommandError`]: why it came to nothing.
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>>;

    /// What may follow the command, for completion: names of this kind. Default: nothing.
    fn completes(&self) -> Option<super::complete::Completes> {
        None
    }
}

/// Where a command comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandSource {
    /// The program, or an embedder of the library.
    BuiltIn,
    /// A skill.
    Skill {
        /// Its name.
        name: String,
        /// Its file, or what it is where there is none.
        path: String,
    },
    /// A skill without a file, which a plugin tells.
    Plugin {
        /// The skill's name.
        name: String,
        /// The plugin's id.
        plugin: String,
    },
}

impl fmt::Display for CommandSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("a built-in command"),
            Self::Skill { name, path } => write!(formatter, "the skill `{name}` ({path})"),
            Self::Plugin { name, plugin } => {
                write!(formatter, "the skill `{name}` of the plugin `{plugin}`")
            }
        }
    }
}

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
    /// What is typed after it, for instance `SKILL`; empty where nothing is.
    pub argument_hint: String,
    /// What it does, in one line without a full stop.
    pub summary: String,
    /// What else there is to know; may be empty.
    pub help: String,
    /// Where it comes from.
    pub source: CommandSource,
    /// Who may call it.
    pub audience: Audience,
    /// What does it.
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

/// A name that two commands want. The first one has it; the second one has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The name, without the slash.
    pub name: String,
    /// Whose it is.
    pub kept: CommandSource,
    /// Who wanted it too, and is no command.
    pub refused: CommandSource,
}

impl Collision {
    /// How to have both.
    #[must_use]
    pub fn next_step(&self) -> String {
        match &self.refused {
            CommandSource::Skill { path, .. } => {
                format!("give the skill another `name` in {path}")
            }
            CommandSource::Plugin { plugin, .. } => {
                format!(
                    "give the plugin another `id` than `{plugin}`, from which its skill is named"
                )
            }
            CommandSource::BuiltIn => "give the command another name".into(),
        }
    }
}

impl fmt::Display for Collision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kept, refused } = self;
        write!(formatter, "`/{name}` is {kept}, so {refused} is not a command")
    }
}

/// The commands there are at one moment. It never changes.
#[derive(Debug, Default)]
pub struct CommandRegistry {
    /// In the order in which they are shown: the built-in ones as they were given, then those of
    /// skills by name.
    commands: Vec<Arc<Command>>,
    by_name: SortedMap<String, usize>,
    collisions: Vec<Collision>,
    /// Skills that are no commands, and why.
    without_command: SortedMap<String, String>,
}

impl CommandRegistry {
    /// Takes the built-in commands, and then one for each skill that people may call. A name goes to
    /// the first that wants it; who comes later is a [`Collision`].
    #[must_use]
    pub fn new(built_in: impl IntoIterator<Item = Command>, skills: &SkillRegistry) -> Self {
        let mut registry = Self::default();
        for command in built_in.into_iter().chain(skill::commands(skills)) {
            registry.add(command);
        }
        for (name, refused) in skill::shadowed_by_files(skills) {
            if let Some(by) = registry.by_name.get(&name) {
                let kept = registry.commands[*by].source.clone();
                registry.collisions.push(Collision { name, kept, refused });
            }
        }
        registry.without_command = skill::without_command(skills).collect();
        registry
    }

    fn add(&mut self, command: Command) {
        let in_use = command.names().find_map(|name| Some((name, *self.by_name.get(name)?)));
        if let Some((name, by)) = in_use {
            let (name, kept) = (name.clone(), self.commands[by].source.clone());
            self.collisions.push(Collision { name, kept, refused: command.source });
            return;
        }
        let index = self.commands.len();
        self.by_name.extend(command.names().map(|name| (name.clone(), index)));
        self.commands.push(Arc::new(command));
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
    /// [`CommandError::UnknownSkill`] with its state where it is that of a skill which can't be used;
    /// [`CommandError::Unknown`] with names that come close.
    pub fn find(&self, name: &str) -> Result<&Arc<Command>, CommandError> {
        let name = name.to_ascii_lowercase();
        match self.by_name.get(&name) {
            Some(index) => Ok(&self.commands[*index]),
            None if self.without_command.contains_key(&name) => {
                let reason = self.without_command.get(&name).cloned();
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
