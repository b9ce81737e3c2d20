//! A package that may be put into service.

use super::code::Content;
use super::place::PackagePlace;
use crate::package::{ApprovalPolicy, PackageError};

/// A package that may be put into service if nothing stands in its way.
pub(super) struct Candidate {
    pub(super) place: PackagePlace,
    pub(super) content: Result<Content, PackageError>,
    pub(super) policy: ApprovalPolicy,
    /// Why its content is not what was approved, as `kind: value`.
    pub(super) objection: Option<String>,
    /// The command that approves its permissions, where approvals are kept.
    pub(super) command: Option<String>,
}
