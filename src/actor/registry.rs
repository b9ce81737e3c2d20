//! The plugins of one snapshot: those in service, those refused, and their tools.
//!
//! A registry never changes. The plugin host replaces it as a whole; a reader keeps the one it started
//! with, so a change never disturbs a call in flight.

use std::path::Path;
use std::sync::Arc;

use async_channel::Sender;

use super::kinds::GuestMetadata;
use super::load::LoadError;
use super::module::PluginModule;
use super::plugin::PluginMessage;
use crate::contract::{
    ActionableError, CallError, CancellationSource, NotLoaded, PluginManifest, SortedMap,
    ToolDescription, closest, full_tool_name, sort_by,
};
use crate::package::{PackageError, PackageOrigin};
use crate::sandbox::Sandbox;
use crate::skill::FoundSkill;
use crate::wasm::GuestCall;

/// The plugins in service at one moment, and those refused, with the reasons. Names of tools are
/// looked up here: by full name, or by a bare name that only one plugin has.
#[derive(Debug, Default)]
pub struct PluginRegistry {
    /// The generation of the snapshot that it was made for.
    pub generation: u64,
    plugins: SortedMap<String, Arc<LoadedPlugin>>,
    refused: Vec<RefusedPlugin>,
    by_full_name: SortedMap<String, ToolEntry>,
    /// The full names for each bare name.
    by_bare_name: SortedMap<String, Vec<String>>,
}

/// A plugin in service.
#[derive(Debug)]
pub struct LoadedPlugin {
    /// Its checked manifest.
    pub manifest: PluginManifest,
    /// Its tools, as the module describes them.
    pub tools: Vec<Arc<ToolDescription>>,
    /// The guest's answers at load as a stage or a skill.
    pub metadata: GuestMetadata,
    /// Where it came from.
    pub origin: PackageOrigin,
    /// Warnings for its author or operator.
    pub warnings: Vec<String>,
    /// The module it runs.
    pub module: Arc<PluginModule>,
    /// The skill that the plugin provides.
    pub(super) provided_skill: Option<FoundSkill>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) mailbox: Sender<PluginMessage>,
    /// The second mailbox of a resident channel, whose instance is the one that polls: a long poll must not delay
    /// an answer.
    pub(super) polling: Option<Sender<PluginMessage>>,
    /// The same for requests to its webhook: strangers must not delay an answer.
    #[cfg(feature = "serve")]
    pub(super) hooks: Option<Sender<PluginMessage>>,
    /// Cancels its calls in flight when its approval is revoked.
    pub(super) revocation: Arc<CancellationSource>,
    /// The number of this load, unique in the host.
    pub(crate) load: u64,
}

/// A plugin that was found and is not in service.
#[derive(Debug, Clone)]
pub struct RefusedPlugin {
    /// Its id, where the manifest could be read.
    pub id: Option<String>,
    /// Where it was found.
    pub origin: String,
    /// Why it is not in service.
    pub error: LoadError,
}

impl LoadedPlugin {
    /// The mailbox for a call. Where the plugin is a resident channel, polls and their receipts have one of their own, and
    /// so have requests to its webhook.
    pub(super) fn mailbox_for(&self, call: &GuestCall) -> Sender<PluginMessage> {
        let own = match call {
            GuestCall::Poll | GuestCall::Acknowledge { .. } => &self.polling,
            #[cfg(feature = "serve")]
            GuestCall::Webhook(_) => &self.hooks,
            _ => &None,
        };
        own.as_ref().unwrap_or(&self.mailbox).clone()
    }
}

/// Two refusals are equal if their ids, origins and messages are.
impl PartialEq for RefusedPlugin {
    fn eq(&self, other: &Self) -> bool {
        let said = |it: &Self| (it.error.to_string(), it.error.next_step());
        (&self.id, &self.origin) == (&other.id, &other.origin) && said(self) == said(other)
    }
}

impl Eq for RefusedPlugin {}

impl RefusedPlugin {
    /// The refusal of a package whose manifest can't be read, so that its id is unknown.
    pub(super) fn unreadable(error: PackageError) -> Self {
        let origin = error.path.display().to_string();
        Self { id: None, origin, error: LoadError::Package(error) }
    }

    /// The refusal as a caller may see it, without the path of the package.
    #[must_use]
    pub fn for_caller(&self) -> NotLoaded {
        let folder = || Path::new(&self.origin).file_name().map(|it| it.to_string_lossy());
        let name = self.id.clone().or_else(|| folder().map(Into::into));
        self.error.for_caller(&name.unwrap_or_else(|| self.origin.clone()))
    }
}

/// One tool of one plugin.
#[derive(Debug, Clone)]
pub struct ToolEntry {
    /// The plugin that runs it.
    pub plugin: Arc<LoadedPlugin>,
    index: usize,
}

impl ToolEntry {
    /// The tool.
    ///
    /// # Panics
    ///
    /// Never: entries are made from the plugin's own list.
    #[must_use]
    pub fn description(&self) -> &ToolDescription {
        self.shared_description()
    }

    /// The tool's description, to be shared.
    pub(super) fn shared_description(&self) -> &Arc<ToolDescription> {
        &self.plugin.tools[self.index]
    }

    /// Whether models are offered the tool. A tool that is a slash command is for people.
    #[must_use]
    pub fn is_for_models(&self) -> bool {
        self.description().command.is_none()
    }

    /// The tool's name outside its plugin.
    #[must_use]
    pub fn full_name(&self) -> String {
        full_tool_name(&self.plugin.manifest.id, &self.description().name)
    }
}

impl PluginRegistry {
    /// The plugins in service, by id.
    pub fn plugins(&self) -> impl Iterator<Item = &Arc<LoadedPlugin>> {
        self.plugins.values()
    }

    /// The plugin of this id, if it is in service.
    #[must_use]
    pub fn plugin(&self, id: &str) -> Option<&Arc<LoadedPlugin>> {
        self.plugins.get(id)
    }

    /// Plugins that were found and are not in service, with the reason.
    #[must_use]
    pub fn refused(&self) -> &[RefusedPlugin] {
        &self.refused
    }

    /// Every tool, in the order of the full names.
    #[must_use]
    pub fn tools(&self) -> Vec<ToolEntry> {
        self.by_full_name.values().cloned().collect()
    }

    /// The tool of this full name, or of this bare name if only one plugin has it.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownTool`] with similar names, [`CallError::AmbiguousTool`]; for a full name whose
    /// plugin was refused, or one with a similar id, [`CallError::Denied`] if it waits for approval and
    /// otherwise [`CallError::NotLoaded`].
    pub fn find_tool(&self, name: &str) -> Result<&ToolEntry, CallError> {
        if let Some(entry) = self.by_full_name.get(name) {
            return Ok(entry);
        }
        match self.by_bare_name.get(name).map(Vec::as_slice) {
            Some([full]) => self.by_full_name.get(full).ok_or_else(|| self.missing(name)),
            Some(candidates) => Err(CallError::AmbiguousTool {
                name: name.to_owned(),
                candidates: candidates.to_vec(),
            }),
            None => Err(self.missing(name)),
        }
    }

    /// Why there is no such tool: its plugin was refused, or no plugin has it.
    fn missing(&self, name: &str) -> CallError {
        let owner = name.split_once("__").map(|(owner, _)| owner);
        let absent = owner.filter(|owner| !self.plugins.contains_key(*owner));
        // The reason of a refusal is also the answer to a misspelt name of the plugin.
        let ids: Vec<&str> = self.refused.iter().filter_map(|it| it.id.as_deref()).collect();
        let others = self.plugins.keys().map(String::as_str);
        let all: Vec<&str> = ids.iter().copied().chain(others).collect();
        let closest_id = absent.and_then(|owner| closest(owner, &all));
        let refused =
            self.refused.iter().find(|it| closest_id.is_some() && it.id.as_deref() == closest_id);
        match refused {
            Some(refused) => refused.error.as_call_error(closest_id.unwrap_or_default()),
            None => self.unknown(name, owner),
        }
    }

    /// Why no plugin of this id is in service: it was refused, or there is none.
    pub(super) fn not_in_service(&self, id: &str) -> CallError {
        match self.refused.iter().find(|refused| refused.id.as_deref() == Some(id)) {
            Some(refused) => refused.error.as_call_error(id),
            None => CallError::NotReady { reason: format!("no plugin `{id}` is in service") },
        }
    }

    /// The error for a name that no tool has: it lists similar names, and the refused plugins that
    /// might have had the tool.
    fn unknown(&self, name: &str, owner: Option<&str>) -> CallError {
        let bare = name.rsplit_once("__").map_or(name, |(_, bare)| bare);
        let names = self.by_full_name.keys().map(String::as_str);
        // The tools of a plugin that never started are unknown: it might have this one.
        let might_have = |refused: &&RefusedPlugin| match (owner, &refused.id) {
            _ if matches!(refused.error, LoadError::Shadowed { .. }) => false,
            (Some(owner), Some(id)) => owner == id,
            (Some(owner), None) => !self.plugins.contains_key(owner),
            (None, _) => true,
        };
        let not_loaded =
            self.refused.iter().filter(might_have).map(RefusedPlugin::for_caller).collect();
        let similar = similar(bare, name, names);
        CallError::UnknownTool { name: name.to_owned(), similar: similar.into(), not_loaded }
    }

    /// The plugins in service. The host copies this map to change it.
    pub(super) fn by_id(&self) -> &SortedMap<String, Arc<LoadedPlugin>> {
        &self.plugins
    }

    /// Builds a registry with the indexes of its tools. They are built anew for every generation:
    /// changes are rare, and look-ups are not.
    pub(super) fn build(
        generation: u64,
        plugins: SortedMap<String, Arc<LoadedPlugin>>,
        refused: Vec<RefusedPlugin>,
    ) -> Self {
        let mut by_full_name = Vec::new();
        let mut by_bare_name: SortedMap<String, Vec<String>> = SortedMap::new();
        for plugin in plugins.values() {
            for (index, tool) in plugin.tools.iter().enumerate() {
                let entry = ToolEntry { plugin: Arc::clone(plugin), index };
                let full = entry.full_name();
                by_bare_name.entry(tool.name.clone()).or_default().push(full.clone());
                by_full_name.push((full, entry));
            }
        }
        let by_full_name = SortedMap::from_iter(by_full_name);
        Self { generation, plugins, refused, by_full_name, by_bare_name }
    }
}

/// Up to three likely names: similar ones, ones that contain `wanted`, or ones with the same beginning.
fn similar<'a>(bare: &str, name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = bare.to_ascii_lowercase();
    let mut close: Vec<(usize, &str)> = names
        .filter_map(|candidate| {
            let tool = candidate.rsplit_once("__").map_or(candidate, |(_, tool)| tool);
            let tool = tool.to_ascii_lowercase();
            let shared = tool.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
            let misspelt = closest(&wanted, &[&*tool]).is_some();
            let close = !wanted.is_empty()
                && (misspelt
                    || candidate.contains(name)
                    || tool.contains(&wanted)
                    || wanted.contains(&tool)
                    || (shared >= 3 && shared * 2 >= wanted.len()));
            close.then_some((if misspelt { 0 } else { usize::MAX - shared }, candidate))
        })
        .collect();
    sort_by(&mut close, Ord::cmp);
    close.into_iter().take(3).map(|(_, candidate)| candidate.to_owned()).collect()
}
