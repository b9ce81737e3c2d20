//! Starting and stopping of what else needs nothing of the kind.

use super::{BoxFuture, PluginError};

/// What has to happen before a stage, a tool, a memory backend or a voice handler is used, and
/// after. (A channel has [`open`](super::ChannelAdapter::open) and its cancellation instead.)
pub trait Service: Send + Sync {
    /// Makes ready. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// Why it can't be used; it is not used then.
    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Ends: writes what is not yet written, lets go of what it holds. Default: nothing to do.
    ///
    /// # Errors
    ///
    /// What could not be done; it counts as failed then.
    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Nothing to start and nothing to stop.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoService;

impl Service for NoService {}
