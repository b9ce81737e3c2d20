//! The state of a member, and the reason for it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::member::{MemberObject, MemberOrigin};
use crate::contract::PluginCapability;

/// The state of a member. Only its own task changes it; readers see it in
/// [`PluginHost::members`](crate::PluginHost::members).
///
/// ```text
/// registered -> starting -> running -> stopping -> stopped
///                  |           |          |
///                  +-----------+----------+--> failed
/// ```
///
/// From stopped and failed a member can be started again. A failed channel is started again by
/// itself; other members wait for a request, because they would fail again.
///
/// ```
/// use std::time::Duration;
/// use weft_lite::LifecycleState;
///
/// let reason = "connection refused".to_owned();
/// let state = LifecycleState::Failed { reason, restart_ms: Some(Duration::from_secs(2)) };
/// assert_eq!(state.to_string(), "failed: connection refused; starts again after 2 s");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LifecycleState {
    /// Registered and not started yet.
    Registered,
    /// Starting, within its time limit.
    Starting,
    /// Running. Look-ups by name, such as [`running_channel`](crate::PluginHost::running_channel),
    /// find only members in this state.
    Running,
    /// Asked to stop, within its time limit.
    Stopping,
    /// Stopped in order.
    Stopped {
        /// Why: it was asked to, or a channel ended by itself.
        reason: String,
    },
    /// Failed.
    Failed {
        /// Why.
        reason: String,
        /// The time from the failure to the restart; `None` if it is not restarted.
        #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_millis")]
        restart_ms: Option<Duration>,
    },
}

/// In JSON a wait is a whole number of milliseconds, as the field's name says.
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

/// One member and its state at one moment.
#[derive(Debug, Clone, Serialize)]
pub struct MemberStatus {
    /// Its name among those of its kind.
    pub name: String,
    /// Its kind.
    pub kind: PluginCapability,
    /// Its origin.
    pub origin: MemberOrigin,
    /// Its state.
    #[serde(flatten)]
    pub state: LifecycleState,
    /// The number of its restarts after failures.
    pub restarts: u32,
    /// Its trait object.
    #[serde(skip)]
    pub object: MemberObject,
}

impl MemberStatus {
    /// Whether it is running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == LifecycleState::Running
    }
}

/// All members at one moment, in the order in which they were registered.
pub(crate) type Members = Arc<Vec<MemberStatus>>;
