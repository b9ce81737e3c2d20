//! What is in service at one moment: the plugins and the skills, as one value with a number.

use std::sync::Arc;

use super::registry::PluginRegistry;
use crate::contract::Cancellation;
use crate::skill::SkillRegistry;

/// What is in service at one moment. It never changes; the plugin host replaces it whole.
///
/// Whoever keeps a snapshot keeps the plugins in it: a plugin that was replaced or removed ends
/// when the last snapshot that names it is gone.
#[derive(Debug)]
pub struct Snapshot {
    /// Rises by one with every change.
    pub generation: u64,
    /// The plugins in service, and those that were refused.
    pub plugins: Arc<PluginRegistry>,
    /// The skills there are.
    pub skills: Arc<SkillRegistry>,
    pub(super) replaced: Cancellation,
}

impl Snapshot {
    /// Resolves when there is a newer snapshot, or the host is gone.
    pub async fn replaced(&self) {
        self.replaced.cancelled().await;
    }
}
