//! The error of the plugin traits.

use serde_json::{Map, Value};

use std::fmt;

use super::CallError;
use crate::contract::ActionableError;

/// Why a native or guest implementation of a plugin trait failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginError {
    /// A call into the sandbox failed.
    Call(CallError),
    /// What was asked for is not valid for this implementation.
    Invalid {
        /// The argument or field.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A limit of the implementation was reached.
    LimitReached {
        /// The limit, with its unit.
        limit: String,
    },
    /// The implementation doesn't offer this.
    Unsupported {
        /// What was asked for.
        what: String,
    },
    /// Whoever asked may not have it.
    Refused {
        /// Who asked for what.
        what: String,
        /// The rule that refuses it.
        rule: String,
    },
    /// The outside world failed: a closed terminal, a broken connection.
    Io {
        /// What was being done.
        doing: String,
        /// The system's words.
        problem: String,
    },
    /// The work was cancelled or the host is stopping.
    Cancelled,
}

impl PluginError {
    /// An [`Io`](Self::Io) error from a `std::io` one.
    #[must_use]
    pub fn io(doing: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Io { doing: doing.into(), problem: error.to_string() }
    }
}

impl From<CallError> for PluginError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Cancelled => Self::Cancelled,
            error => Self::Call(error),
        }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Not only tools are called here.
            Self::Call(CallError::Guest { message } | CallError::MissingGrant { message, .. }) => {
                write!(formatter, "the plugin failed: {message}")
            }
            Self::Call(error) => error.fmt(formatter),
            Self::Invalid { what, problem } => write!(formatter, "{what}: {problem}"),
            Self::LimitReached { limit } => write!(formatter, "limit reached: {limit}"),
            Self::Refused { what, rule } => write!(formatter, "refused: {what}: {rule}"),
            Self::Unsupported { what } => write!(formatter, "{what} is not supported"),
            Self::Io { doing, problem } => write!(formatter, "{doing}: {problem}"),
            Self::Cancelled => formatter.write_str("cancelled"),
        }
    }
}

impl ActionableError for PluginError {
    fn code(&self) -> &'static str {
        match self {
            Self::Call(error) => error.code(),
            Self::Invalid { .. } => "invalid",
            Self::LimitReached { .. } => "limit_reached",
            Self::Unsupported { .. } => "unsupported",
            Self::Refused { .. } => "refused",
            Self::Io { .. } => "io",
            Self::Cancelled => "cancelled",
        }
    }

    fn next_step(&self) -> String {
        match self {
            Self::Call(error) => error.next_step(),
            Self::Invalid { .. } => "correct it and try again".into(),
            Self::LimitReached { .. } => "ask for less at once, or wait".into(),
            Self::Unsupported { .. } => "see `/help` for what there is".into(),
            Self::Refused { .. } => "ask the owner of this program".into(),
            Self::Io { .. } => "check what it is connected to, then try again".into(),
            Self::Cancelled => CallError::Cancelled.next_step(),
        }
    }

    fn details(&self) -> Map<String, Value> {
        match self {
            Self::Call(error) => error.details(),
            _ => Map::new(),
        }
    }
}

impl std::error::Error for PluginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}
