//! The results of earlier reloads, which the next plan builds on.

use super::code::ContentDigest;
use super::place::{Outcomes, PackagePlace};
use crate::actor::load::LoadError;
use crate::contract::{PluginPermissions, SortedMap};

/// A plugin in service.
///
/// As the loader has put it there. The host may have unloaded it meanwhile, which the loader does
/// not see.
pub(super) struct Serving {
    pub(super) place: PackagePlace,
    pub(super) digest: ContentDigest,
    pub(super) version: String,
    pub(super) permissions: PluginPermissions,
}

/// The results of earlier reloads.
#[derive(Default)]
pub(super) struct History {
    /// The plugins in service, by id.
    pub(super) serving: SortedMap<String, Serving>,
    /// The content that could not be put into service, and why.
    pub(super) failed: SortedMap<PackagePlace, (ContentDigest, LoadError)>,
    pub(super) outcomes: Outcomes,
}
