//! The stored description of a module: at the next start a known module is not even compiled.
//!
//! A description is valid for one module, manifest, program and size limit, which are all in the key. A
//! stored description is checked as if the guest had just given it.

use std::sync::Arc;

use super::kinds::{Answers, GuestMetadata, described_tools};
use crate::contract::{PluginManifest, Sha256, ToolDescription, to_hex};
use crate::package::program_mark;
use crate::wasm::{ExportSummary, ImportSummary, MemorySummary, ModuleFormat, ModuleSummary};

/// The version of the stored format. It is part of the key, so a text in another format is never
/// read.
const FORMAT_VERSION: &str = "1";

/// A module with its stored description.
///
/// It has all that a plugin needs to be in service. The bytes are read, and their digest is
/// compared, for the first call.
pub(super) struct KnownModule {
    /// What the check of the module has found: imports, exports, size.
    pub(super) summary: Arc<ModuleSummary>,
    /// The tools, checked as if the guest had just described them.
    pub(super) tools: Vec<ToolDescription>,
    /// The answers of the other kinds, checked likewise.
    pub(super) metadata: GuestMetadata,
}

/// The key of a module's description: a digest of all that the description depends on. `module_bytes` is
/// the size limit.
///
/// The program is part of it, because another version of it may check modules differently.
pub(super) fn key(digest: &str, manifest: &PluginManifest, module_bytes: usize) -> String {
    let manifest = serde_json::to_string(manifest).unwrap_or_default();
    let limit = module_bytes.to_string();
    let all = [FORMAT_VERSION, program_mark(), digest, &limit, &manifest].join("\n");
    to_hex(&Sha256::of(all.as_bytes()))
}

/// The stored form of a description: a JSON list of strings, of which the first is the key. The
/// order is the same as in [`KnownModule::read`]. `None` if it can't be written.
pub(super) fn text(
    key: &str,
    description: &str,
    answers: &Answers,
    summary: &ModuleSummary,
) -> Option<String> {
    let numbers = [
        u64::from(summary.format == ModuleFormat::Component),
        summary.bytes as u64,
        u64::from(summary.functions),
        summary.translation_steps,
        summary.imports.len() as u64,
        summary.exports.len() as u64,
    ];
    let memory = match summary.memory {
        Some(MemorySummary { minimum_pages, maximum_pages }) => {
            [Some(minimum_pages), maximum_pages]
        }
        None => [None, None],
    };
    let mut texts: Vec<String> =
        [key, description, &answers.stage_type, &answers.instructions].map(str::to_owned).into();
    texts.extend(numbers.map(|number| number.to_string()));
    texts.extend(memory.map(|pages| pages.map_or_else(String::new, |pages| pages.to_string())));
    for ImportSummary { module, name, ty } in &summary.imports {
        texts.extend([module, name, ty].map(String::clone));
    }
    for ExportSummary { name, ty } in &summary.exports {
        texts.extend([name, ty].map(String::clone));
    }
    for (name, value) in &answers.variables {
        texts.extend([name, value].map(String::clone));
    }
    serde_json::to_string(&texts).ok()
}

impl KnownModule {
    /// Reads a stored description. `None` if it has another key, is incomplete or does not fit the manifest.
    pub(super) fn read(text: &str, key: &str, manifest: &PluginManifest) -> Option<Self> {
        let texts: Vec<String> = serde_json::from_str(text).ok()?;
        let mut texts = texts.into_iter();
        if texts.next()? != key {
            return None;
        }
        let description = texts.next()?;
        let mut answers = Answers {
            stage_type: texts.next()?,
            instructions: texts.next()?,
            variables: Vec::new(),
        };
        let mut number = || texts.next()?.parse::<u64>().ok();
        let (component, bytes, functions) = (number()?, number()?, number()?);
        let (translation_steps, imports, exports) = (number()?, number()?, number()?);
        let mut pages = || Some(texts.next()?.parse::<u64>().ok());
        let (minimum, maximum_pages) = (pages()?, pages()?);
        let memory = minimum.map(|minimum_pages| MemorySummary { minimum_pages, maximum_pages });
        let mut import = |_| {
            Some(ImportSummary { module: texts.next()?, name: texts.next()?, ty: texts.next()? })
        };
        let imports = (0..imports).map(&mut import).collect::<Option<_>>()?;
        let mut export = |_| Some(ExportSummary { name: texts.next()?, ty: texts.next()? });
        let exports = (0..exports).map(&mut export).collect::<Option<_>>()?;
        while let Some(name) = texts.next() {
            answers.variables.push((name, texts.next()?));
        }
        let format = if component == 0 { ModuleFormat::Core } else { ModuleFormat::Component };
        let summary = ModuleSummary {
            format,
            bytes: usize::try_from(bytes).ok()?,
            imports,
            exports,
            memory,
            functions: u32::try_from(functions).ok()?,
            translation_steps,
            faults: Vec::new(),
        };
        let tools = described_tools(&description, manifest).ok()?;
        let metadata = GuestMetadata::of(answers, manifest, &tools).ok()?;
        Some(Self { summary: Arc::new(summary), tools, metadata })
    }
}
