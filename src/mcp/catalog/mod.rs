//! What is offered at one moment: a registry snapshot in MCP's terms, made once for all connections.
//!
//! Every entry is JSON text already, so that listing is copying. A catalog never changes; there is
//! a new one for each generation of the registry.

mod page;
mod retired;
mod tools;

pub(super) use page::Page;
pub(super) use tools::{OfferedTool, Tools};

use super::options::McpOptions;
use super::revision::Revision;
use crate::actor::PluginRegistry;
use crate::contract::CancellationSource;

/// One entry of a list.
pub(super) trait Entry {
    /// What the list is sorted by, unlike that of any other entry.
    fn key(&self) -> &str;

    /// The entry as clients of `revision` know it.
    fn json(&self, revision: Revision) -> &str;
}

/// The lists that clients hear of when they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Tools,
    Prompts,
    Resources,
}

impl List {
    pub(super) const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    /// The notification of its change.
    pub(super) fn changed(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }
}

/// Everything that is offered.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    /// The registry's generation that it was made from.
    pub(super) generation: u64,
    pub(super) tools: Tools,
    /// Fires when there is a newer one.
    replaced: CancellationSource,
}

impl Catalog {
    /// The catalog after `earlier`.
    pub(super) fn new(registry: &PluginRegistry, options: &McpOptions, earlier: &Self) -> Self {
        Self {
            generation: registry.generation,
            tools: Tools::new(registry, options, &earlier.tools),
            replaced: CancellationSource::new(),
        }
    }

    /// Whether clients that list again get another answer than they got from `earlier`.
    pub(super) fn list_differs(&self, earlier: &Self, list: List) -> bool {
        match list {
            List::Tools => differ(&self.tools.listed, &earlier.tools.listed),
            List::Prompts | List::Resources => false,
        }
    }

    /// Whether a resource is another one, or another text, than in `earlier`.
    pub(super) fn resource_differs(&self, _earlier: &Self, _uri: &str) -> bool {
        false
    }

    /// Tells whoever waits for it that there is a newer one.
    pub(super) fn replace(&self) {
        self.replaced.cancel();
    }

    /// Resolves when there is a newer one.
    pub(super) async fn replaced(&self) {
        self.replaced.token().cancelled().await;
    }
}

fn differ<T: Entry>(now: &[T], before: &[T]) -> bool {
    let same =
        |(one, other): (&T, &T)| one.json(Revision::July2026) == other.json(Revision::July2026);
    now.len() != before.len() || !now.iter().zip(before).all(same)
}
