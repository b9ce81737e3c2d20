//! From a package to a plugin that can be put into service: approve, validate, describe, let go.
//!
//! What takes long and asks no guest is apart, so that it is done off the executor and ahead of time:
//! [`ready`]. A module that is known is not even compiled.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::kinds::{Answers, CapabilityMismatch, GuestFacts, check_tools};
use super::known::{self, Known};
use super::load::LoadError;
use super::module::{PluginModule, translate};
use super::plugin::Recipe;
use crate::contract::{PluginDescription, PluginManifest, ToolDescription};
use crate::package::{
    ApprovalPolicy, Descriptions, ModuleSource, PackageError, PackageOrigin, PluginPackage,
    ReadLimits,
};
use crate::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use crate::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};

/// A package whose module stays where it is.
pub(super) struct PackageHead {
    pub(super) manifest: PluginManifest,
    pub(super) warnings: Vec<String>,
    pub(super) origin: PackageOrigin,
    pub(super) module: ModuleSource,
}

/// A module that is either known or can be asked.
pub(super) struct Ready {
    /// Under which its description is kept, where descriptions are.
    key: Option<String>,
    what: Readied,
}

enum Readied {
    Known(Known),
    Compiled(Box<CompiledModule>),
}

/// A plugin that can be put into service.
pub(super) struct PreparedPlugin {
    pub(super) manifest: PluginManifest,
    pub(super) tools: Vec<ToolDescription>,
    pub(super) facts: GuestFacts,
    pub(super) origin: PackageOrigin,
    pub(super) warnings: Vec<String>,
    pub(super) recipe: Recipe,
    /// The instance that described itself, where it is wanted at once.
    pub(super) instance: Option<Instance>,
    /// What is to be kept for the next time, with its key.
    pub(super) to_keep: Option<(String, String)>,
}

/// What becomes of the instance that a plugin describes itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// Nobody has called the plugin: it is dropped.
    Cold,
    /// The plugin takes the place of one that is in use.
    Warm,
}

impl PackageHead {
    /// A package without its module's bytes, and these.
    pub(super) fn of(mut package: PluginPackage) -> (Self, Arc<Cow<'static, [u8]>>) {
        let (module, bytes) = ModuleSource::take(&mut package);
        let PluginPackage { manifest, warnings, origin, .. } = package;
        (Self { manifest, warnings, origin, module }, bytes)
    }

    /// Finds the module among those that are known, unless its code will be wanted at once, or compiles
    /// it. This takes long, and asks no guest.
    pub(super) fn ready(
        &self,
        bytes: Option<Arc<Cow<'static, [u8]>>>,
        descriptions: Option<&Descriptions>,
        afterwards: Afterwards,
        module_bytes: usize,
    ) -> Result<Ready, LoadError> {
        let limits = ReadLimits { module_bytes, ..ReadLimits::default() };
        let limit = limits.allowing(self.manifest.permissions.module_kb).module_bytes;
        let digest = || self.module.digest();
        let key = descriptions.map(|_| known::key(&digest(), &self.manifest, limit));
        if let (Afterwards::Cold, Some(descriptions), Some(key)) = (afterwards, descriptions, &key)
            && let Some(known) =
                descriptions.read(key).and_then(|text| Known::read(&text, key, &self.manifest))
        {
            return Ok(Ready { key: None, what: Readied::Known(known) });
        }
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => self.module.read().map_err(|kind| {
                LoadError::Package(PackageError { path: self.origin.to_string().into(), kind })
            })?,
        };
        let summary = CompiledModule::check(&bytes, limit).map_err(LoadError::Module)?;
        let compiled = translate(&bytes, &Arc::new(summary), &self.module)?;
        Ok(Ready { key, what: Readied::Compiled(Box::new(compiled)) })
    }
}

/// Makes a package ready, without changing anything that is in service.
pub(super) async fn prepare(
    package: PackageHead,
    ready: Ready,
    options: &SandboxOptions,
    memory: &Arc<MemoryBudget>,
    afterwards: Afterwards,
) -> Result<PreparedPlugin, LoadError> {
    let PackageHead { manifest, mut warnings, origin, module } = package;
    // Before the first wait: a neighbour that holds more than its share gives way meanwhile.
    let account = Arc::new(memory.account(&manifest.id));
    let summary = match &ready.what {
        Readied::Known(known) => &known.summary,
        Readied::Compiled(compiled) => compiled.shared_summary(),
    };
    CapabilityMismatch::check(&manifest.capabilities, &summary.kinds())
        .map_err(LoadError::Capability)?;

    let identity =
        PluginIdentity { id: manifest.id.clone(), version: manifest.version.to_string() };
    let folder = match &origin {
        PackageOrigin::Folder(folder) => Some(folder.as_path()),
        PackageOrigin::Bundled => None,
    };
    let (sandbox, closed) = sandbox(identity, folder, &manifest, options);
    warnings.extend(closed);
    let recipe = Recipe {
        module: Arc::new(PluginModule::new(Arc::clone(summary), module, &origin)),
        sandbox: Arc::new(sandbox),
        resources: manifest.resources,
        memory: Arc::clone(memory),
        account,
    };
    let told = match ready.what {
        Readied::Known(Known { tools, facts, .. }) => {
            Told { tools, facts, instance: None, to_keep: None }
        }
        Readied::Compiled(compiled) => ask(&recipe, *compiled, &manifest, ready.key).await?,
    };
    let Told { tools, facts, instance, to_keep } = told;
    let instance = instance.filter(|_| afterwards == Afterwards::Warm);
    warnings.extend(announced(&manifest, &tools));
    Ok(PreparedPlugin { manifest, tools, facts, origin, warnings, recipe, instance, to_keep })
}

/// What a guest says of itself.
struct Told {
    tools: Vec<ToolDescription>,
    facts: GuestFacts,
    instance: Option<Instance>,
    to_keep: Option<(String, String)>,
}

/// Starts a guest and has it describe itself.
async fn ask(
    recipe: &Recipe,
    compiled: CompiledModule,
    manifest: &PluginManifest,
    key: Option<String>,
) -> Result<Told, LoadError> {
    let mut budget = CallBudget::new(&recipe.resources);
    let started = async {
        let charge = recipe.module.charge(&recipe.account)?;
        let code = recipe.module.put(compiled, charge);
        let mut instance = recipe.start(&code, &mut budget).await?;
        let text = instance.describe(&mut budget).await?;
        Ok((instance, text))
    };
    let (mut instance, text) = started.await.map_err(|error| LoadError::Start { error })?;
    let tools = described_tools(&text, manifest)?;
    let answers = Answers::ask(&mut instance, manifest, &mut budget).await?;
    // What depends on more than the module may be another the next time.
    let key = key.filter(|_| !budget.has_asked_host());
    let to_keep = key.and_then(|key| {
        let text = known::text(&key, &text, &answers, recipe.module.summary())?;
        Some((key, text))
    });
    let facts = GuestFacts::of(answers, manifest, &tools)?;
    Ok(Told { tools, facts, instance: Some(instance), to_keep })
}

/// The tools that a description has, if they are what the manifest says.
pub(super) fn described_tools(
    description: &str,
    manifest: &PluginManifest,
) -> Result<Vec<ToolDescription>, LoadError> {
    let tools = PluginDescription::parse(description, &manifest.id)
        .map_err(|problem| LoadError::Description { problem })?
        .tools;
    check_tools(&manifest.capabilities, &tools).map_err(LoadError::Capability)?;
    Ok(tools)
}

/// What keeps a package from being looked at any further.
pub(super) fn approved(
    manifest: &PluginManifest,
    approval: &ApprovalPolicy,
) -> Result<(), LoadError> {
    let unapproved = approval.missing(&manifest.permissions);
    match unapproved.is_empty() {
        true => Ok(()),
        false => Err(LoadError::pending(&manifest.id, unapproved, approval)),
    }
}

fn sandbox(
    identity: PluginIdentity,
    folder: Option<&Path>,
    manifest: &PluginManifest,
    options: &SandboxOptions,
) -> (Sandbox, Vec<String>) {
    Sandbox::new(identity, folder, &manifest.permissions, &manifest.resources, options)
}

/// Where the manifest announces other tools than the module describes.
fn announced(manifest: &PluginManifest, tools: &[ToolDescription]) -> Vec<String> {
    if manifest.tools.is_empty() {
        return Vec::new();
    }
    let described = |name: &String| tools.iter().any(|tool| tool.name == *name);
    let missing = manifest.tools.iter().filter(|name| !described(name));
    let unannounced = tools.iter().filter(|tool| !manifest.tools.contains(&tool.name));
    missing
        .map(|name| format!("`tools` announces `{name}`, which the module does not describe"))
        .chain(unannounced.map(|tool| {
            format!("the module describes `{}`, which `tools` does not announce", tool.name)
        }))
        .collect()
}
