//! Skills that write themselves: what is observed of calls, and how repeated work becomes the draft of a skill.
//!
//! Nothing here runs, and nothing is kept, unless the operator says `autonomous_skills.enabled: true`. It needs no
//! model: what runs of the same work have in common is computed.
//!
//! | question | file |
//! | --- | --- |
//! | Which calls belong together, and when were they made often enough? | `finder` |
//! | What have runs in common? | `draft`, `template` |

mod call;
mod draft;
mod finder;
mod template;
mod texts;

pub use call::SeenCall;
pub use draft::{Draft, WorkRun};
pub use finder::{Finder, WorkPattern};
