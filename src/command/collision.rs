//! A name that two commands want.

use std::fmt;

use super::source::CommandSource;

/// A name that two commands want. The first one gets it, and the second one is not a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The name, without the slash.
    pub name: String,
    /// The command that has the name.
    pub kept: CommandSource,
    /// The source of the other one, which is not a command.
    pub refused: CommandSource,
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
            CommandSource::PluginTool { tool, .. } => {
                format!("give the tool `{tool}` another `command` in what its plugin describes")
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
