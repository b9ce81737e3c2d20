//! The outcomes of starting and stopping members.

use std::fmt;
use std::time::Duration;

use crate::contract::{ActionableError, PluginCapability, PluginError};

/// The outcome of starting or stopping one member.
///
/// One request yields one outcome for each member that it selects. The result is the same that
/// [`PluginHost::start_member`](crate::PluginHost::start_member) returns for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberOutcome {
    /// The member's name.
    pub name: String,
    /// Its kind.
    pub kind: PluginCapability,
    /// Why it did not start or stop, if it failed.
    pub result: Result<(), LifecycleError>,
}

/// Why a member was not registered, started or stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LifecycleError {
    /// There is already a member of this kind and name.
    Taken,
    /// There is no member of this kind and name.
    Unknown,
    /// The member's own error.
    Plugin(PluginError),
    /// It panicked.
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// It exceeded its time limit.
    TimedOut {
        /// The operation: `start` or `stop`.
        doing: &'static str,
        /// The time limit.
        limit: Duration,
    },
    /// It was asked to stop before it had started.
    Stopped,
    /// The host has ended.
    HostGone,
}

impl fmt::Display for LifecycleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => formatter.write_str("there is one of this name already"),
            Self::Unknown => formatter.write_str("there is none of this name"),
            Self::Plugin(error) => error.fmt(formatter),
            Self::Panicked { message } => write!(formatter, "panicked: {message}"),
            Self::TimedOut { doing, limit } => {
                write!(formatter, "did not {doing} within {} s", limit.as_secs_f32())
            }
            Self::Stopped => formatter.write_str("it was stopped before it had started"),
            Self::HostGone => formatter.write_str("the host has ended"),
        }
    }
}

impl ActionableError for LifecycleError {
    fn next_step(&self) -> String {
        match self {
            Self::Taken => "give it another name".into(),
            Self::Unknown => "see `/status` for what there is".into(),
            Self::Plugin(error) => error.next_step(),
            Self::Panicked { .. } => "report it to whoever wrote it".into(),
            Self::TimedOut { .. } => "look at what it waits for".into(),
            Self::Stopped => "start it again".into(),
            Self::HostGone => "start the program again".into(),
        }
    }
}

impl std::error::Error for LifecycleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Plugin(error) => Some(error),
            _ => None,
        }
    }
}
