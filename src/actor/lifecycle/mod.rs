//! One life cycle for everything that the host owns: channels, stages, memory backends, tools and
//! voice handlers, native or from a guest.
//!
//! An actor keeps the table of members; each member has a task of its own that starts it, watches
//! it and stops it. So members never wait for each other, and what one of them does wrong ends in
//! its state.

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
