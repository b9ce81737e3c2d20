//! A name that two commands want.

use std::fmt;

use super::source::CommandSource;

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
