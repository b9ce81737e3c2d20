//! The messages that the supervisor receives.

use std::sync::Arc;

use super::member::Member;
use super::outcome::{LifecycleError, MemberOutcome};
use super::state::LifecycleState;
use crate::contract::{ChannelHost, PluginCapability};
use crate::task::{ReplyReceiver, ReplySender};

/// A request to the supervisor, or a report of a member's task.
pub(super) enum SupervisorMessage {
    /// Adds a member.
    Register { member: Member, reply: ReplySender<Result<(), LifecycleError>> },
    /// Removes a member from the table, whatever its state, and replies with the receiver of a
    /// channel's messages.
    Remove {
        kind: PluginCapability,
        name: String,
        reply: ReplySender<Result<Option<Arc<dyn ChannelHost>>, LifecycleError>>,
    },
    /// Passes the action to the selected members and replies with their pending outcomes.
    Change { selector: Selector, action: Action, reply: ReplySender<PendingOutcomes> },
    /// The member of this number has changed. It is ignored if the member was removed meanwhile.
    Changed(u64, MemberChange),
    /// Removes every member.
    ForgetAll { reply: ReplySender<()> },
    /// Replies when every earlier report is in the table. It has no other effect.
    Settle { reply: ReplySender<()> },
}

/// A change of a member that its task reports.
pub(super) enum MemberChange {
    /// It has another state.
    State(LifecycleState),
    /// It is about to be started again after a failure.
    Restarted,
}

/// The members that an action applies to.
pub(super) enum Selector {
    /// Every member.
    All,
    /// The members of one kind.
    Kind(PluginCapability),
    /// The member of this kind and name.
    One(PluginCapability, String),
}

/// A change of state that a caller asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Start,
    Stop,
}

/// The outcomes of the members that an action was passed to. The supervisor replies with the
/// receivers instead of the outcomes, so that the caller does the waiting.
pub(super) type PendingOutcomes = Vec<ReplyReceiver<MemberOutcome>>;
