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
pub use content::{ApprovedContent, PackageContent};
#[cfg(feature = "package")]
pub(super) use content::{ChangedBy, Left};
#[cfg(feature = "package")]
pub use content::{SIGNATURE_FILE, sha256_hex};
pub(crate) use content::{is_installed, trusted_key_ids};
pub use grants::{Approval, ApprovalPolicy, StoredApproval};
