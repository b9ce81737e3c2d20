//! What is offered at one moment: a registry snapshot in MCP's terms, made once for all connections.
//!
//! Every entry is JSON text already, so that listing is copying. A catalog never changes; there is
//! a new one for each generation of the registry.

mod headers;
mod names;
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

use super::options::McpOptions;
use super::revision::Revision;
use crate::actor::{RefusedPlugin, Snapshot};
use crate::contract::{CancellationSource, neutral_text};

/// Something in a list.
pub(super) trait Entry {
    /// What the list is sorted by, unlike that of any other entry.
    fn key(&self) -> &str;

    /// The entry as clients of `revision` know it.
    fn json(&self, revision: Revision) -> &str;
}

/// A list of any entries.
pub(super) fn entries<T: Entry>(list: &[T]) -> Vec<&dyn Entry> {
    list.iter().map(|entry| entry as &dyn Entry).collect()
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
    /// The plugins that are not in service, and why: a sentence each.
    pub(super) refused: Vec<String>,
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
            refused: Vec::new(),
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
            prompts: skills::prompts(&skills, options.name_length),
            published: skills.iter().filter(|skill| skill.conforms()).cloned().collect(),
            skills: skills.into(),
            refused: snapshot.plugins.refused().iter().map(refusal).collect(),
            replaced: CancellationSource::new(),
        }
    }

    /// The skill that a prompt is made of, by its offered or full name. The names of most skills have
    /// no underscores, so one in their place, as clients write that make identifiers of names, means
    /// a hyphen.
    pub(super) fn prompt(&self, name: &str) -> Option<&OfferedSkill> {
        let is_full = |name: &str| self.prompts.iter().any(|prompt| &*prompt.skill == name);
        let offered = || self.prompts.iter().find(|prompt| prompt.key() == name);
        let name = match offered() {
            _ if is_full(name) => name.to_owned(),
            Some(prompt) => prompt.skill.to_string(),
            None => name.replace('_', "-"),
        };
        let skill = self.skills.iter().find(|skill| *skill.name == *name)?;
        skill.document.user_invocable.then_some(skill)
    }

    /// Whether clients that list tools again get another answer than they got from `earlier`.
    pub(super) fn lists_other_tools(&self, earlier: &Self) -> bool {
        differ(&self.tools.listed, &earlier.tools.listed)
    }

    /// The same of prompts.
    pub(super) fn lists_other_prompts(&self, earlier: &Self) -> bool {
        differ(&self.prompts, &earlier.prompts)
    }

    /// Whether a skill lies in a folder, where its files may change.
    pub(super) fn has_folders(&self) -> bool {
        self.skills.iter().any(|skill| skill.folder.is_some())
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

fn refusal(refused: &RefusedPlugin) -> String {
    let name = refused.id.as_deref().unwrap_or(&refused.origin);
    neutral_text(&format!("plugin {name} is not in service: {}", refused.error)).into_owned()
}
