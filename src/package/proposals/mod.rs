//! Proposed skills: drafts that the program made of repeated work, and that wait for the user's yes.
//!
//! All of it is in `$WEFT_HOME/autonomous`, which no plugin can open. Nothing there is ever loaded: an approved
//! proposal is installed as a skill by the ordinary installer. Reading makes no file and no folder.
//!
//! | question | file |
//! | --- | --- |
//! | What is a proposal, and what is its digest? | `proposal` |
//! | What may be proposed at all? | `admission` |
//! | Which files are there? | `disk` |
//! | What is known of rejected patterns and approved skills? | `state` |
//! | What waits, and what is added, rejected and forgotten? | `queue` |
//! | How does a proposal become a skill, and a skill the one before? | `decide` |
//! | Which approved skills fail, or are not used? | `uses` |
//! | What does the person read who decides? | `describe` |

mod admission;
mod decide;
mod describe;
mod disk;
mod error;
mod proposal;
mod queue;
mod state;
mod uses;

pub use decide::{Decision, ProposalCheck};
pub use describe::describe_proposal;
pub use error::ProposalError;
pub use proposal::{NewProposal, Proposal, ProposalKind, RecordedCall};
pub use queue::{PendingProposals, Proposals};
pub use state::{ApprovedSkill, ApprovedVersion, ProposalState};
pub use uses::SkillUse;
