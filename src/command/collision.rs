//! A name that two commands want.

use std::fmt;

use super::source::CommandSource;

/// A name that two commands want.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Collision {
    /// The name, without the slash.
    pub name: String,
    /// The source of the first one.
    pub kept: CommandSource,
    /// The source of the other one, which is not a command.
    pub refused: CommandSource,
    /// What becomes of the name.
    pub outcome: CollisionOutcome,
}

/// What becomes of a name that two commands want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CollisionOutcome {
    /// The first one is the command.
    First,
    /// The first one is a skill that can't be called now, and nothing else gets its name.
    Reserved,
    /// Neither is a command: nothing tells which of two plugins people mean.
    Neither,
}

impl Collision {
    /// How to make both commands.
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
            CommandSource::PluginTool { .. } if self.outcome == CollisionOutcome::Neither => {
                "remove one of the two plugins, or give its tool another `command` in what it describes".into()
            }
            CommandSource::PluginTool { tool, .. } => {
                format!("give the tool `{tool}` another `command` in what its plugin describes")
            }
            CommandSource::BuiltIn => "give the command another name".into(),
        }
    }
}

impl fmt::Display for Collision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, kept, refused, outcome } = self;
        match outcome {
            CollisionOutcome::First => {
                write!(formatter, "`/{name}` is {kept}, so {refused} is not a command")
            }
            CollisionOutcome::Reserved => {
                write!(formatter, "`/{name}` belongs to {kept}, so {refused} is not a command")
            }
            CollisionOutcome::Neither => {
                write!(
                    formatter,
                    "`/{name}` is wanted by {kept} and {refused}, so neither is a command"
                )
            }
        }
    }
}
