//! Skills that write themselves, while the program runs: calls are observed, drafts are tried, and the user is asked.
//!
//! It exists only where the operator has turned it on. Its actor has a task on the executor; calls are sent to it
//! and never wait for it.

mod guard;
mod learner;
mod replay;
mod trial;

pub(super) use learner::{Learner, LearnerParts};
pub(super) use trial::grown;
