//! Skills that write themselves: what is observed of calls, and how repeated work becomes the draft of a skill.
//!
//! Nothing here runs, and nothing is kept, unless the operator says `autonomous_skills.enabled: true`. It needs no
//! model: what runs of the same work have in common is computed.
//!
//! | question | file |
//! | --- | --- |
//! | What do two calls have to do with each other? | `link`, `history` |
//! | Which calls belong together, and when were they made often enough? | `align`, `finder` |
//! | What have runs in common? | `draft`, `template` |
//! | What do people and models read of it? | `texts` |
//! | What is kept of calls, and for how long? | `observations` |
//! | Which values are secrets, or came out of one? | `confidential` |

mod align;
mod call;
mod confidential;
mod draft;
mod finder;
mod history;
mod link;
mod observations;
mod template;
mod texts;

pub use call::SeenCall;
pub use confidential::{Confidential, has_secret};
pub use draft::{Draft, WorkRun};
pub use finder::{Finder, WorkPattern};
pub use observations::{OBSERVED_BYTES, OBSERVED_SECONDS, Observations};

pub use crate::contract::{CallObserver, CallOrigin, ObservedCall};
