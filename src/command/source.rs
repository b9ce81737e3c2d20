//! The source of a command: the program, a skill or a plugin.

use std::fmt;

/// The source of a command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandSource {
    /// The program, or an embedder of the library.
    BuiltIn,
    /// A skill.
    Skill {
        /// Its name.
        name: String,
        /// Its file, or its level if it has none.
        path: String,
    },
    /// A skill without a file, which a plugin provides.
    Plugin {
        /// The skill's name.
        name: String,
        /// The plugin's id.
        plugin: String,
    },
    /// A tool of a plugin.
    PluginTool {
        /// The tool's full name.
        tool: String,
        /// The plugin's id.
        plugin: String,
    },
}

impl CommandSource {
    /// Whether both are tools of one plugin.
    pub(super) fn shares_plugin(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PluginTool { plugin, .. }, Self::PluginTool { plugin: of_other, .. }) => {
                plugin == of_other
            }
            _ => false,
        }
    }
}

impl fmt::Display for CommandSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => formatter.write_str("a built-in command"),
            Self::Skill { name, path } => write!(formatter, "the skill `{name}` ({path})"),
            Self::Plugin { name, plugin } => {
                write!(formatter, "the skill `{name}` of the plugin `{plugin}`")
            }
            Self::PluginTool { tool, .. } => write!(formatter, "the tool `{tool}`"),
        }
    }
}
