//! Where in its life a member is, and why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::member::{MemberObject, MemberOrigin};
use crate::contract::PluginCapability;

/// Where in its life something is that the host owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LifecycleState {
    /// Known, and not yet asked to start.
    Registered,
    /// Making ready.
    Starting,
    /// In use.
    Running,
    /// Told to end, and given time for it.
    Stopping,
    /// Ended in order.
    Stopped {
        /// Who wanted it.
        reason: String,
    },
    /// Ended otherwise.
    Failed {
        /// Why.
        reason: String,
        /// When it is started again, counted from its failure; `None` where it isn't.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_millis")]
        restart_ms: Option<Duration>,
    },
}

fn as_millis<S: serde::Serializer>(wait: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)).serialize(to)
}

impl fmt::Display for LifecycleState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => formatter.write_str("registered"),
            Self::Starting => formatter.write_str("starting"),
            Self::Running => formatter.write_str("running"),
            Self::Stopping => formatter.write_str("stopping"),
            Self::Stopped { reason } => write!(formatter, "stopped: {reason}"),
            Self::Failed { reason, restart_ms: None } => write!(formatter, "failed: {reason}"),
            Self::Failed { reason, restart_ms: Some(wait) } => {
                write!(formatter, "failed: {reason}; starts again after {} s", wait.as_secs_f32())
            }
        }
    }
}

/// One member and its state, as they were at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct MemberStatus {
    /// Its name among those of its kind.
    pub name: String,
    /// What it is.
    pub kind: PluginCapability,
    /// Who brought it.
    pub origin: MemberOrigin,
    /// Where it is.
    #[serde(flatten)]
    pub state: LifecycleState,
    /// How often it has been started again after a failure.
    pub restarts: u32,
    /// What does the work.
    #[serde(skip)]
    pub object: MemberObject,
}

impl MemberStatus {
    /// Whether it is in use.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == LifecycleState::Running
    }
}

/// All members at one moment, in the order in which they were registered.
pub(crate) type Members = Arc<Vec<MemberStatus>>;
