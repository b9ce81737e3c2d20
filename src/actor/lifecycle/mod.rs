//! One life cycle for all members of the host: channels, stages, memory backends, tools and voice handlers,
//! native or from a guest.
//!
//! An actor keeps the table of members. Each member has a task of its own that starts it, watches it and stops
//! it. So members never wait for each other, and a member's failure only changes its own state.
//!
//! The parts: `supervisor` has the handle and the table, `task` has the steps of one member,
//! `message` has what the handle and the tasks send to the supervisor, and `restart` has the times.
//! Requests and their order:
//!
//! 1. A handle sends a request to the supervisor, which passes it to the tasks of the selected
//!    members.
//! 2. Each task does the work, reports the new state to the supervisor, and then answers the
//!    handle.
//! 3. The handle waits until the reports are in the published list, and returns.
//!
//! So a caller that knows an outcome never sees an older state. The states are those of
//! [`LifecycleState`].

mod member;
mod message;
mod outcome;
mod restart;
mod state;
mod supervisor;
mod task;

pub use member::{Member, MemberObject, MemberOrigin};
pub use outcome::{LifecycleError, MemberOutcome};
pub use restart::LifecycleOptions;
pub(crate) use state::Members;
pub use state::{LifecycleState, MemberStatus};
pub(super) use supervisor::Lifecycle;
