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
///
/// ```
/// use std::sync::Arc;
/// use weft_lite::Runtime;
///
/// let runtime = Runtime::builder().without_bundled().build();
/// runtime.block_on(async {
///     let host = runtime.host();
///     let before = host.snapshot();
///     host.put_skills(Arc::default()).await;
///
///     before.replaced().await;
///     assert_eq!(host.snapshot().generation, before.generation + 1);
/// });
/// ```
#[derive(Debug)]
pub struct Snapshot {
    /// The number of the snapshot. Every change adds one. It begins with 0, for the host without
    /// plugins.
    pub generation: u64,
    /// The plugins in service, and those that were refused.
    pub plugins: Arc<PluginRegistry>,
    /// All skills: those from folders and those that plugins in service provide.
    pub skills: Arc<SkillRegistry>,
    pub(super) replaced: Cancellation,
}

impl Snapshot {
    /// Resolves when there is a newer snapshot, or the host is gone. It keeps no place in a queue,
    /// so dropping the future loses nothing. The newer snapshot may itself be replaced already.
    pub async fn replaced(&self) {
        self.replaced.cancelled().await;
    }
}
