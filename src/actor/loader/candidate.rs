//! A package that may be put into service.

use super::code::Content;
use super::place::PackagePlace;
use crate::package::{ApprovalPolicy, PackageError};

/// A package that may be put into service.
pub(super) struct Candidate {
    pub(super) place: PackagePlace,
    pub(super) content: Result<Content, PackageError>,
    pub(super) policy: ApprovalPolicy,
    /// Why the approval does not cover its content, as `kind: value`.
    pub(super) objection: Option<String>,
    /// The command that approves its permissions, if approvals are kept.
    pub(super) command: Option<String>,
}
