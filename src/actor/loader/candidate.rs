//! A package that was found.

use super::code::Content;
use super::place::PackagePlace;
use crate::package::{ApprovalPolicy, PackageError};

/// A package that was found, readable or not, with all that the plan needs to know about it.
pub(super) struct Candidate {
    pub(super) place: PackagePlace,
    /// What was read, or why it can't be read.
    pub(super) content: Result<Content, PackageError>,
    /// Decides which of its permissions are approved.
    pub(super) policy: ApprovalPolicy,
    /// Why the approval does not cover its content, as `kind: value`.
    pub(super) objection: Option<String>,
    /// The command that approves its permissions, if approvals are kept.
    pub(super) command: Option<String>,
}
