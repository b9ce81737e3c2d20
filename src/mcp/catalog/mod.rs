//! What is offered at one moment: a registry snapshot in MCP's terms, made once for all connections.
//!
//! Every entry is JSON text already, so that listing is copying. A catalog never changes; there is
//! a new one for each generation of the registry.

mod headers;
mod page;
mod retired;
mod skills;
mod tools;

#[cfg(feature = "serve")]
pub(super) use headers::HeaderParameter;
pub(super) use page::Page;
pub(super) use skills::{OfferedSkill, Prompt};
pub(super) use tools::{Action, OfferedTool, Tools};

use std::sync::Arc;

use smol::lock::OnceCell;

use super::files::Index;
use super::options::McpOptions;
use super::revision::Revision;
use crate::actor::Snapshot;
use crate::contract::CancellationSource;

/// Something in a list.
pub(super) trait Keyed {
    /// What the list is sorted by, unlike that of any other entry.
    fn key(&self) -> &str;
}

/// Something in a list that is given as it is.
pub(super) trait Entry: Keyed {
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
#[derive(Debug)]
pub(super) struct Catalog {
    /// The registry's generation that it was made from.
    pub(super) generation: u64,
    pub(super) tools: Tools,
    /// Every active skill.
    pub(super) skills: Arc<[OfferedSkill]>,
    pub(super) prompts: Vec<Prompt>,
    /// The skills that are as the Agent Skills specification wants them, for the extension.
    pub(super) published: Vec<OfferedSkill>,
    /// The files that the skills had when somebody first asked.
    files: OnceCell<Index>,
    /// Fires when there is a newer one.
    replaced: CancellationSource,
}

impl Default for Catalog {
    /// The one of an empty registry.
    fn default() -> Self {
        Self {
            generation: 0,
            tools: Tools::default(),
            skills: Arc::default(),
            prompts: Vec::new(),
            published: Vec::new(),
            files: OnceCell::new(),
            replaced: CancellationSource::new(),
        }
    }
}

impl Catalog {
    /// The catalog after `earlier`.
    pub(super) fn new(snapshot: &Snapshot, options: &McpOptions, earlier: &Self) -> Self {
        let skills = skills::offered(&snapshot.skills);
        Self {
            generation: snapshot.generation,
            tools: Tools::new(&snapshot.plugins, &skills, options, &earlier.tools),
            prompts: skills::prompts(&skills),
            published: skills.iter().filter(|skill| skill.conforms()).cloned().collect(),
            skills: skills.into(),
            files: OnceCell::new(),
            replaced: CancellationSource::new(),
        }
    }

    /// The skill that a prompt is made of.
    pub(super) fn prompt(&self, name: &str) -> Option<&OfferedSkill> {
        let skill = self.skills.iter().find(|skill| &*skill.name == name)?;
        skill.document.user_invocable.then_some(skill)
    }

    /// The files that the skills had when somebody first asked.
    pub(super) async fn files(&self) -> &Index {
        self.files.get_or_init(|| Index::look(Arc::clone(&self.skills))).await
    }

    /// Whether clients that list again get another answer than they got from `earlier`.
    pub(super) async fn list_differs(&self, earlier: &Self, list: List) -> bool {
        match list {
            List::Tools => differ(&self.tools.listed, &earlier.tools.listed),
            List::Prompts => differ(&self.prompts, &earlier.prompts),
            List::Resources => self.files().await.lists_others(earlier.files().await),
        }
    }

    /// Whether a resource is another one than in `earlier`, or is not there any more.
    pub(super) async fn resource_differs(&self, earlier: &Self, uri: &str) -> bool {
        self.files().await.differs(earlier.files().await, uri)
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
