//! One life cycle for all members of the host: channels, stages, memory backends, tools and voice handlers,
//! native or from a guest.
//!
//! An actor keeps the table of members. Each member has a task of its own that starts it, watches it and stops
//! it. So members never wait for each other, and a member's failure only changes its own state.

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
pub use state::{LifecycleState, MemberStatus};
pub(super) use supervisor::Lifecycle;
