//! From a package to a plugin that can be put into service: approve, validate, describe, let go.
//!
//! What takes long is apart, so that it is done off the executor and ahead of time: [`PackageHead::ready`]. A
//! module that is known is not even compiled.

use std::borrow::Cow;
use std::sync::Arc;

use futures_lite::future::{block_on, poll_once};

use super::kinds::{Answers, CapabilityMismatch, GuestFacts, check_tools};
use super::known::{self, Known};
use super::load::LoadError;
use super::module::PluginModule;
use super::plugin::Recipe;
use crate::contract::{BoxFuture, PluginDescription, PluginManifest, ToolDescription};
use crate::package::{
    ApprovalPolicy, Descriptions, ModuleSource, PackageError, PackageOrigin, PluginPackage,
    ReadLimits,
};
use crate::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use crate::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget, ModuleSummary, Translation};

/// A package whose module stays where it is.
pub(super) struct PackageHead {
    pub(super) manifest: PluginManifest,
    pub(super) warnings: Vec<String>,
    pub(super) origin: PackageOrigin,
    pub(super) module: ModuleSource,
}

/// What packages are made ready with.
#[derive(Clone)]
pub(super) struct Workshop {
    pub(super) sandbox: SandboxOptions,
    pub(super) memory: Arc<MemoryBudget>,
    /// Bytes that a module may have without a question.
    pub(super) module_bytes: usize,
    pub(super) descriptions: Option<Descriptions>,
}

/// A plugin that has described itself, or waits to be asked.
pub(super) struct Ready {
    manifest: PluginManifest,
    warnings: Vec<String>,
    origin: PackageOrigin,
    recipe: Recipe,
    afterwards: Afterwards,
    what: Readied,
}

/// What finds out what is to be known of a module.
type Readying<'a> = Box<dyn FnOnce(&Recipe) -> Result<Readied, LoadError> + 'a>;

enum Readied {
    Told(Told),
    /// It has to be asked, and the answers are kept under this key.
    Unasked(Option<String>),
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

/// Slices of computing that a guest may take to describe itself before that is done on the executor, where
/// it takes turns with others.
const QUIET_TURNS: usize = 64;

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

    /// Finds the module among those that are known, or asks it, unless its code will be wanted at once or it
    /// asks the host in turn. This takes long, and is done off the executor.
    pub(super) fn ready(
        self,
        bytes: Option<Arc<Cow<'static, [u8]>>>,
        workshop: &Workshop,
        afterwards: Afterwards,
    ) -> Result<Ready, LoadError> {
        let Workshop { descriptions, module_bytes, .. } = workshop;
        let limits = ReadLimits { module_bytes: *module_bytes, ..ReadLimits::default() };
        let limit = limits.allowing(self.manifest.permissions.module_kb).module_bytes;
        let digest = self.module.digest();
        let key = descriptions.as_ref().map(|_| known::key(&digest, &self.manifest, limit));
        let known = key.as_ref().zip(descriptions.as_ref()).and_then(|(key, descriptions)| {
            Known::read(&descriptions.read(key)?, key, &self.manifest)
        });
        if let Some(Known { summary, tools, facts }) =
            known.filter(|_| afterwards == Afterwards::Cold)
        {
            let told = Told { tools, facts, instance: None, to_keep: None };
            let readied = Box::new(|_: &Recipe| Ok(Readied::Told(told)));
            return self.with(&summary, workshop, afterwards, readied);
        }
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => self.module.read().map_err(|kind| {
                LoadError::Package(PackageError::new(self.origin.to_string(), kind))
            })?,
        };
        let summary = Arc::new(CompiledModule::check(&bytes, limit).map_err(LoadError::Module)?);
        let manifest = self.manifest.clone();
        let readied = Box::new(|recipe: &Recipe| {
            if afterwards == Afterwards::Cold
                && let Some(told) = ask_quietly(recipe, &bytes, &manifest, &key)?
            {
                return Ok(Readied::Told(told));
            }
            Ok(Readied::Unasked(key))
        });
        self.with(&summary, workshop, afterwards, readied)
    }

    /// With what is to be known of the module, which `readied` gives.
    fn with(
        self,
        summary: &Arc<ModuleSummary>,
        workshop: &Workshop,
        afterwards: Afterwards,
        readied: Readying<'_>,
    ) -> Result<Ready, LoadError> {
        let Self { manifest, mut warnings, origin, module } = self;
        CapabilityMismatch::check(&manifest.capabilities, &summary.kinds())
            .map_err(LoadError::Capability)?;
        let identity =
            PluginIdentity { id: manifest.id.clone(), version: manifest.version.to_string() };
        let folder = match &origin {
            PackageOrigin::Folder(folder) => Some(folder.as_path()),
            PackageOrigin::Bundled => None,
        };
        let Workshop { sandbox, memory, .. } = workshop;
        let (permissions, resources) = (&manifest.permissions, &manifest.resources);
        let (sandbox, closed) = Sandbox::new(identity, folder, permissions, resources, sandbox);
        warnings.extend(closed);
        // From here on, a neighbour that holds more than its share gives way.
        let recipe = Recipe {
            module: Arc::new(PluginModule::new(Arc::clone(summary), module, &origin)),
            sandbox: Arc::new(sandbox),
            resources: manifest.resources,
            memory: Arc::clone(memory),
            account: Arc::new(memory.account(&manifest.id)),
        };
        let what = readied(&recipe)?;
        Ok(Ready { manifest, warnings, origin, recipe, afterwards, what })
    }
}

/// Makes a package ready, without changing anything that is in service.
pub(super) async fn prepare(ready: Ready) -> Result<PreparedPlugin, LoadError> {
    let Ready { manifest, mut warnings, origin, recipe, afterwards, what } = ready;
    let told = match what {
        Readied::Told(told) => told,
        Readied::Unasked(key) => ask(&recipe, &manifest, key).await?,
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

impl Told {
    fn of(
        text: &str,
        answers: Answers,
        tools: Vec<ToolDescription>,
        manifest: &PluginManifest,
        summary: &ModuleSummary,
        key: Option<String>,
    ) -> Result<Self, LoadError> {
        let to_keep = key.and_then(|key| {
            let text = known::text(&key, text, &answers, summary)?;
            Some((key, text))
        });
        let facts = GuestFacts::of(answers, manifest, &tools)?;
        Ok(Self { tools, facts, instance: None, to_keep })
    }
}

/// What a guest has said, in its own words and in ours.
struct Said {
    instance: Instance,
    text: String,
    tools: Vec<ToolDescription>,
    answers: Answers,
}

/// Starts a guest and asks it all that is to be known of it.
fn said<'a>(
    recipe: &'a Recipe,
    code: &'a Arc<CompiledModule>,
    manifest: &'a PluginManifest,
    budget: &'a mut CallBudget,
) -> BoxFuture<'a, Result<Said, LoadError>> {
    Box::pin(async move {
        let failed = |error| LoadError::Start { error };
        let mut instance = recipe.start(code, budget).await.map_err(failed)?;
        let text = instance.describe(budget).await.map_err(failed)?;
        let tools = described_tools(&text, manifest)?;
        let answers = Answers::ask(&mut instance, manifest, budget).await?;
        Ok(Said { instance, text, tools, answers })
    })
}

/// Starts a guest and has it describe itself.
async fn ask(
    recipe: &Recipe,
    manifest: &PluginManifest,
    key: Option<String>,
) -> Result<Told, LoadError> {
    let compiled = recipe.module.translate_off_executor().await?;
    let mut budget = CallBudget::new(&recipe.resources);
    let charge = recipe.module.charge(&recipe.account);
    let charge = charge.map_err(|error| LoadError::Start { error })?;
    let code = recipe.module.put(compiled, charge);
    let Said { instance, text, tools, answers } =
        said(recipe, &code, manifest, &mut budget).await?;
    // What depends on more than the module may be another the next time.
    let key = key.filter(|_| !budget.has_asked_host());
    let told = Told::of(&text, answers, tools, manifest, recipe.module.summary(), key)?;
    Ok(Told { instance: Some(instance), ..told })
}

/// The same on this thread, for a guest that only computes and not for long, which most do. Then only the
/// functions that it needs for it are translated. `None` where it is another one.
fn ask_quietly(
    recipe: &Recipe,
    bytes: &[u8],
    manifest: &PluginManifest,
    key: &Option<String>,
) -> Result<Option<Told>, LoadError> {
    let summary = recipe.module.shared_summary();
    let code = CompiledModule::of_checked(bytes, summary, Translation::AtFirstCall)
        .map_err(LoadError::Module)?;
    let Ok(charge) = recipe.module.charge(&recipe.account) else { return Ok(None) };
    let code = Arc::new(code.charged(charge));
    let mut budget = CallBudget::new(&recipe.resources).quiet();
    let mut asking = said(recipe, &code, manifest, &mut budget);
    let mut turns = (0..QUIET_TURNS).map(|_| block_on(poll_once(&mut asking)));
    let Some(Ok(said)) = turns.find_map(|asked| asked) else { return Ok(None) };
    let Said { text, tools, answers, .. } = said;
    Told::of(&text, answers, tools, manifest, summary, key.clone()).map(Some)
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
