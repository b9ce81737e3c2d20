//! Why a command failed.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::contract::{ActionableError, CallError, PluginError, did_you_mean};

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such command.
    Unknown {
        /// The name, without the slash.
        name: String,
        /// Similar names, best first.
        similar: Vec<String>,
    },
    /// The text after the command is missing or invalid.
    Usage {
        /// How the command is typed.
        usage: String,
    },
    /// Only the owner may call it.
    OwnerOnly {
        /// The name, without the slash.
        name: String,
    },
    /// The command is not allowed over a plugin's channel, where the plugin itself names the sender.
    OverPlugin {
        /// The name, without the slash.
        name: String,
    },
    /// There is no skill of this name that can be used.
    UnknownSkill {
        /// The name.
        name: String,
        /// Why it can't be used, if it exists.
        reason: Option<String>,
        /// Similar names, best first.
        similar: Vec<String>,
    },
    /// Variables of the skill have no value.
    MissingVariables {
        /// The missing variables, in words.
        problem: String,
        /// How to set them.
        next_step: String,
    },
    /// What was typed after the command does not fit the tool that it calls.
    #[cfg(feature = "autonomous")]
    Parameters {
        /// What is wrong.
        problem: String,
        /// How the command is typed.
        usage: String,
        /// A line for each parameter.
        help: String,
    },
    /// A quote in a value was opened and not closed.
    UnclosedQuote {
        /// `'` or `"`.
        quote: char,
        /// The text from the quote on.
        text: String,
    },
    /// The skill's own list of tools leaves out the tool that it calls.
    ToolNotAllowed {
        /// The skill.
        skill: String,
        /// The tool.
        tool: String,
    },
    /// The plugin of the command failed, and says what to do.
    Guest {
        /// What happened.
        message: String,
        /// The next step.
        next_step: String,
    },
    /// A limit was reached.
    Limit {
        /// The limit.
        limit: String,
    },
    /// The program failed.
    Administration {
        /// The message.
        message: String,
        /// The next step.
        next_step: String,
    },
    /// The plugin that does the work failed.
    Plugin(PluginError),
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, .. } => write!(formatter, "there is no command `/{name}`"),
            Self::Usage { usage } => {
                let command = usage.split_whitespace().next().unwrap_or_default();
                write!(formatter, "wrong arguments for `{command}`")
            }
            Self::OwnerOnly { name } => write!(formatter, "`/{name}` is for the owner alone"),
            Self::OverPlugin { name } => {
                write!(formatter, "`/{name}` is not allowed over the channel of a plugin")
            }
            Self::UnknownSkill { name, reason: None, .. } => {
                write!(formatter, "there is no skill `{name}`")
            }
            Self::UnknownSkill { name, reason: Some(reason), .. } => {
                write!(formatter, "the skill `{name}` can't be used: {reason}")
            }
            Self::MissingVariables { problem, .. } => formatter.write_str(problem),
            #[cfg(feature = "autonomous")]
            Self::Parameters { problem, .. } => formatter.write_str(problem),
            Self::UnclosedQuote { text, .. } => {
                let begins: String = text.chars().take(20).collect();
                let more = if text.chars().nth(20).is_some() { "..." } else { "" };
                write!(formatter, "the quote at {begins}{more} is not closed")
            }
            Self::ToolNotAllowed { skill, tool } => {
                write!(formatter, "the skill `{skill}` does not allow itself the tool `{tool}`")
            }
            Self::Limit { limit } => write!(formatter, "limit reached: {limit}"),
            Self::Guest { message, .. } | Self::Administration { message, .. } => {
                formatter.write_str(message)
            }
            Self::Plugin(error) => error.fmt(formatter),
        }
    }
}

impl ActionableError for CommandError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_command",
            Self::Usage { .. } => "usage",
            Self::OwnerOnly { .. } => "owner_only",
            Self::OverPlugin { .. } => "over_plugin",
            Self::UnknownSkill { .. } => "unknown_skill",
            Self::MissingVariables { .. } => "missing_variables",
            #[cfg(feature = "autonomous")]
            Self::Parameters { .. } => "parameters",
            Self::UnclosedQuote { .. } => "unclosed_quote",
            Self::ToolNotAllowed { .. } => "tool_not_allowed",
            Self::Guest { .. } => "guest_error",
            Self::Limit { .. } => "limit_reached",
            Self::Administration { .. } => "administration",
            Self::Plugin(error) => error.code(),
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Unknown { similar, .. } => {
                did_you_mean(similar, "/").unwrap_or_else(|| "`/help` lists the commands".into())
            }
            Self::Usage { usage } => format!("type `{usage}`"),
            Self::OwnerOnly { .. } => "ask the owner of this program".into(),
            Self::OverPlugin { .. } => "use it at the console or over the socket".into(),
            Self::UnknownSkill { similar, .. } => did_you_mean(similar, "")
                .unwrap_or_else(|| "`/skills` lists the skills and their states".into()),
            Self::MissingVariables { next_step, .. }
            | Self::Guest { next_step, .. }
            | Self::Administration { next_step, .. } => next_step.clone(),
            #[cfg(feature = "autonomous")]
            Self::Parameters { usage, help, .. } => format!("type `{usage}`{help}"),
            Self::UnclosedQuote { quote, .. } => {
                format!("close it with another {quote}, or write \\{quote} for the letter itself")
            }
            Self::ToolNotAllowed { tool, .. } => {
                format!("add `{tool}` to `allowed-tools` in the skill's file")
            }
            Self::Limit { .. } => "`/clear` makes room".into(),
            Self::Plugin(error) => error.next_step(),
        }
    }

    fn details(&self) -> Map<String, Value> {
        match self {
            Self::Unknown { similar, .. } => Map::from_iter([("similar".into(), json!(similar))]),
            Self::Plugin(error) => error.details(),
            _ => Map::new(),
        }
    }
}

impl std::error::Error for CommandError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Plugin(error) => Some(error),
            _ => None,
        }
    }
}

impl From<PluginError> for CommandError {
    fn from(error: PluginError) -> Self {
        Self::Plugin(error)
    }
}

impl From<CallError> for CommandError {
    fn from(error: CallError) -> Self {
        Self::Plugin(error.into())
    }
}
