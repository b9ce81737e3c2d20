//! The catalog of one generation of the registry.
//!
//! Making one reads every description, so it is made once for each generation and shared. It remembers
//! of the one before only the names that are retired and the warnings that have been logged.

use std::sync::Arc;

use super::entry::CatalogEntry;
use super::skills::{self, OfferedPrompt, OfferedSkill};
use super::tools::Tools;
use crate::actor::{RefusedPlugin, Snapshot};
use crate::contract::{CancellationSource, sanitize_text};
use crate::mcp::options::McpOptions;
use crate::mcp::revision::Revision;

/// Everything that is offered.
#[derive(Debug)]
pub(in crate::mcp) struct Catalog {
    /// The registry's generation that it was made from.
    pub(in crate::mcp) generation: u64,
    /// The tools of plugins and of instruction skills.
    pub(in crate::mcp) tools: Tools,
    /// Every active skill.
    pub(in crate::mcp) skills: Arc<[OfferedSkill]>,
    /// The skills that people may call, sorted by name.
    pub(in crate::mcp) prompts: Vec<OfferedPrompt>,
    /// The skills that are as the Agent Skills specification wants them, for the extension.
    pub(in crate::mcp) published: Vec<OfferedSkill>,
    /// The plugins that are not in service, and why: a sentence each.
    pub(in crate::mcp) refused: Vec<String>,
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
    ///
    /// No lock is held. The caller puts it in service and then calls [`replace`](Self::replace) on
    /// `earlier`.
    pub(in crate::mcp) fn new(snapshot: &Snapshot, options: &McpOptions, earlier: &Self) -> Self {
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
    pub(in crate::mcp) fn prompt(&self, name: &str) -> Option<&OfferedSkill> {
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
    pub(in crate::mcp) fn lists_other_tools(&self, earlier: &Self) -> bool {
        differ(&self.tools.listed, &earlier.tools.listed)
    }

    /// The same of prompts.
    pub(in crate::mcp) fn lists_other_prompts(&self, earlier: &Self) -> bool {
        differ(&self.prompts, &earlier.prompts)
    }

    /// Whether a skill lies in a folder, where its files may change.
    pub(in crate::mcp) fn has_folders(&self) -> bool {
        self.skills.iter().any(|skill| skill.folder.is_some())
    }

    /// Wakes everyone who waits for a newer catalog.
    pub(in crate::mcp) fn replace(&self) {
        self.replaced.cancel();
    }

    /// Resolves when there is a newer one.
    pub(in crate::mcp) async fn replaced(&self) {
        self.replaced.token().cancelled().await;
    }
}

/// Whether two lists differ in an entry or in their length. The modern text of an entry has all that
/// the legacy one has.
fn differ<T: CatalogEntry>(now: &[T], before: &[T]) -> bool {
    let same =
        |(one, other): (&T, &T)| one.json(Revision::July2026) == other.json(Revision::July2026);
    now.len() != before.len() || !now.iter().zip(before).all(same)
}

/// Why a plugin is not in service, as a sentence for a legacy client's log; its id, or where it came
/// from.
fn refusal(refused: &RefusedPlugin) -> String {
    let name = refused.id.as_deref().unwrap_or(&refused.origin);
    sanitize_text(&format!("plugin {name} is not in service: {}", refused.error)).into_owned()
}
