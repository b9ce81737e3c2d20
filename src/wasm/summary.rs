//! The summary of a module: its imports, exports, memory and code, and the faults that keep it from loading.

use serde::Serialize;

use super::fault::ModuleFault;
use super::signature::export;
use crate::contract::{PluginCapability, limits};

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModuleFormat {
    /// A core module.
    Core,
    /// A component, of which the first core module is used.
    Component,
}

/// An import, with the type of its kind: a function's parameters and results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportSummary {
    /// The module, for instance `host`.
    pub module: String,
    /// The name, for instance `read-file`.
    pub name: String,
    /// The type as text.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An export, with the type of its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportSummary {
    /// The name, for instance `plugin#execute-tool`.
    pub name: String,
    /// The type as text.
    #[serde(rename = "type")]
    pub ty: String,
}

/// The linear memory a module defines, in pages of 65,536 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemorySummary {
    /// Pages at the start.
    pub minimum_pages: u64,
    /// Pages at most, if the module itself sets a limit.
    pub maximum_pages: Option<u64>,
}

/// The parts of a module, and the faults that keep it from loading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModuleSummary {
    /// Core module or component.
    pub format: ModuleFormat,
    /// Bytes of the file, without its custom sections.
    pub bytes: usize,
    /// Imports in their order.
    pub imports: Vec<ImportSummary>,
    /// Exports in their order.
    pub exports: Vec<ExportSummary>,
    /// The linear memory, if there is one.
    pub memory: Option<MemorySummary>,
    /// Functions defined in the module.
    pub functions: u32,
    /// The interpreter's work to translate the code. Most instructions are one step; a branch or a block is
    /// several, and more if it has values to copy.
    pub translation_steps: u64,
    /// Everything that keeps the module from loading; empty when nothing does.
    #[serde(skip)]
    pub faults: Vec<ModuleFault>,
}

impl ModuleSummary {
    /// An estimate of the translated code's size: 9 bytes for each step of ordinary code, beside the size that
    /// every module has.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        let steps = usize::try_from(self.translation_steps).unwrap_or(usize::MAX);
        steps.saturating_mul(9).saturating_add(24 * limits::KB)
    }

    /// Whether the module has an export of this name, of any kind.
    #[must_use]
    pub fn exports(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.name == name)
    }

    /// The kinds of this plugin, by its exports. Every plugin has the exports of a tool provider; `describe` shows
    /// whether it has tools.
    #[must_use]
    pub fn kinds(&self) -> Vec<PluginCapability> {
        PluginCapability::ALL.into_iter().filter(|kind| self.offers(*kind)).collect()
    }

    /// Whether a channel wants a receipt for each message that the host has handled.
    #[must_use]
    pub fn acknowledges(&self) -> bool {
        self.exports(export::ACKNOWLEDGE)
    }

    /// Whether a channel wants to know what became of each message that the host has accepted.
    #[must_use]
    pub fn hears_answers(&self) -> bool {
        self.exports(export::ANSWERED)
    }

    /// Whether a channel shows an answer while it comes, by a message that is replaced.
    #[must_use]
    pub fn shows_drafts(&self) -> bool {
        self.exports(export::REVISE)
    }

    /// Whether a channel answers HTTP requests.
    #[cfg(feature = "serve")]
    #[must_use]
    pub fn has_webhook(&self) -> bool {
        self.exports(export::HANDLE)
    }

    /// Whether any function of a kind's interface is exported.
    pub(super) fn offers(&self, kind: PluginCapability) -> bool {
        let of_kind = export::KINDS.iter().filter(|(of, _)| *of == kind);
        let mut functions = of_kind.flat_map(|(_, functions)| *functions);
        functions.any(|name| self.exports(name))
            || (kind == PluginCapability::Channel
                && export::BESIDE_CHANNEL.concat().iter().any(|name| self.exports(name)))
    }

    /// The name of the guest's allocator: generators may put a version behind it.
    pub(super) fn realloc(&self) -> Option<&str> {
        let name = |export: &'_ ExportSummary| export.name.starts_with(export::REALLOC);
        if self.exports(export::REALLOC) {
            return Some(export::REALLOC);
        }
        self.exports.iter().find(|export| name(export)).map(|export| export.name.as_str())
    }
}
