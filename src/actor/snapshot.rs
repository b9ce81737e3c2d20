//! A snapshot: the plugins and skills in service at one moment, with a number.

use std::sync::Arc;

use super::registry::PluginRegistry;
use crate::contract::Cancellation;
use crate::skill::SkillRegistry;

/// The plugins and skills in service at one moment. A snapshot never changes; the plugin host replaces it as
/// a whole.
///
/// A snapshot keeps its plugins: a plugin that was replaced or removed ends with the last snapshot that
/// names it.
#[derive(Debug)]
pub struct Snapshot {
    /// The number of the snapshot. Every change adds one.
    pub generation: u64,
    /// The plugins in service, and those that were refused.
    pub plugins: Arc<PluginRegistry>,
    /// All skills.
    pub skills: Arc<SkillRegistry>,
    pub(super) replaced: Cancellation,
}

impl Snapshot {
    /// Resolves when there is a newer snapshot, or the host is gone.
    pub async fn replaced(&self) {
        self.replaced.cancelled().await;
    }
}
