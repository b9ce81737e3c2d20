//! What the operator has approved, and for which content.
//!
//! `grants` decides which permissions an approval covers, `content` whether it covers the files that are there
//! now. `consent` asks the operator, and `approvals` keeps the answers in `$WEFT_HOME`.

mod approvals;
mod consent;
pub(super) mod content;
mod grants;

pub use approvals::Approvals;
#[cfg(feature = "package")]
pub(super) use consent::Pending;
pub use consent::{NoPrompt, Prompt, ask_for_permissions};
#[cfg(feature = "package")]
pub(super) use content::ChangedBy;
pub(crate) use content::trusted_key_ids;
pub use content::{ApprovedContent, PackageContent};
pub use grants::{Approval, ApprovalPolicy, StoredApproval};
