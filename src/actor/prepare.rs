//! Prepares a package for service: checks its approval, validates its module and describes its guest.
//!
//! The slow part, [`PackageHead::ready`], runs off the executor and ahead of time. A known module is not even
//! compiled.

use std::borrow::Cow;
use std::sync::Arc;

use futures_lite::future::{block_on, poll_once};
use serde_json::Value;

use super::kinds::{Answers, CapabilityMismatch, GuestMetadata, described_tools};
use super::known::{self, KnownModule};
use super::load::LoadError;
use super::module::PluginModule;
use super::plugin::InstanceSpec;
use crate::contract::{BoxFuture, FuelGauge, PluginManifest, ToolDescription, json_line};
use crate::package::{
    ApprovalPolicy, Descriptions, ModuleSource, PackageError, PackageOrigin, PluginPackage,
    ReadLimits,
};
use crate::sandbox::{PluginIdentity, PluginSettings, Sandbox, SandboxOptions};
#[cfg(feature = "mcp")]
use crate::schema::{Schema, SchemaPolicy};
use crate::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget, ModuleSummary, Translation};

/// A package without its module's bytes.
///
/// They may be 300 KB for each of many packages, so they are read again when they are needed.
pub(super) struct PackageHead {
    pub(super) manifest: PluginManifest,
    pub(super) warnings: Vec<String>,
    pub(super) origin: PackageOrigin,
    pub(super) module: ModuleSource,
    pub(super) settings: SettingsAccess,
}

/// Whether a package gets what the operator has set for its id. An id alone proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsAccess {
    /// It does: it is compiled in, installed, or in a folder that the operator named.
    Operator,
    /// It doesn't: it is the code of a workspace's skill.
    Nothing,
}

/// The parts of a host that preparing a package needs. There is no handle of the host among them:
/// one that is kept by work on another thread would keep the host running.
#[derive(Clone)]
pub(super) struct PrepareContext {
    pub(super) sandbox: SandboxOptions,
    pub(super) memory: Arc<MemoryBudget>,
    /// Bytes that a module may have without approval.
    pub(super) module_bytes: usize,
    /// Stored descriptions, if there is a place for them.
    pub(super) descriptions: Option<Descriptions>,
}

/// A checked package. Its guest has described itself, or still has to.
///
/// Its memory account is open already, so that it competes fairly with the plugins in service.
pub(super) struct ReadyPackage {
    manifest: PluginManifest,
    warnings: Vec<String>,
    origin: PackageOrigin,
    spec: InstanceSpec,
    warmth: Warmth,
    step: DescribeStep,
}

/// Describes a guest, or leaves that to the executor.
type Describe<'a> = Box<dyn FnOnce(&InstanceSpec) -> Result<DescribeStep, LoadError> + 'a>;

/// How far the guest's description has come.
enum DescribeStep {
    Done(Described),
    /// The guest is described on the executor; the answers are stored under this key.
    Deferred(Option<String>),
}

/// A plugin that can be put into service.
pub(super) struct PreparedPlugin {
    pub(super) manifest: PluginManifest,
    pub(super) tools: Vec<ToolDescription>,
    pub(super) metadata: GuestMetadata,
    pub(super) origin: PackageOrigin,
    pub(super) warnings: Vec<String>,
    pub(super) spec: InstanceSpec,
    /// The instance that described the plugin, if a call will follow at once.
    pub(super) instance: Option<Instance>,
    /// The description to store for the next start, with its key.
    pub(super) to_keep: Option<(String, String)>,
}

/// Fuel for a guest's description, about 2 ms. A guest that needs more is described on the executor, where it
/// takes turns with others. It is a limit of fuel, because a limit of time would send guests to the executor, and
/// translate them a second time, whenever the machine is busy.
const QUIET_FUEL: u64 = 5_000_000;

/// Whether the instance that described the plugin is kept for its first call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Warmth {
    /// Nobody has called the plugin: it is dropped.
    Cold,
    /// The plugin replaces one that is in use.
    Warm,
}

impl PackageHead {
    /// Splits a package into its head and its module's bytes.
    pub(super) fn of(mut package: PluginPackage) -> (Self, Arc<Cow<'static, [u8]>>) {
        let (module, bytes) = ModuleSource::take(&mut package);
        let PluginPackage { manifest, warnings, origin, .. } = package;
        let settings = SettingsAccess::Operator;
        (Self { manifest, warnings, origin, module, settings }, bytes)
    }

    /// Validates the module, and describes the guest from its stored description or by asking it. A guest whose
    /// code is needed at once, or that calls the host, is left to [`prepare`]. This is slow and runs off the
    /// executor.
    pub(super) fn ready(
        self,
        bytes: Option<Arc<Cow<'static, [u8]>>>,
        context: &PrepareContext,
        warmth: Warmth,
    ) -> Result<ReadyPackage, LoadError> {
        let PrepareContext { descriptions, module_bytes, .. } = context;
        let limits = ReadLimits { module_bytes: *module_bytes, ..ReadLimits::default() };
        let limit = limits.allowing(self.manifest.permissions.module_kb).module_bytes;
        let digest = self.module.digest();
        let key = descriptions.as_ref().map(|_| known::key(&digest, &self.manifest, limit));
        let known = key.as_ref().zip(descriptions.as_ref()).and_then(|(key, descriptions)| {
            KnownModule::read(&descriptions.read(key)?, key, &self.manifest)
        });
        if let Some(KnownModule { summary, tools, metadata }) =
            known.filter(|_| warmth == Warmth::Cold)
        {
            let described = Described { tools, metadata, instance: None, to_keep: None };
            let describe = Box::new(|_: &InstanceSpec| Ok(DescribeStep::Done(described)));
            return self.with(&summary, context, warmth, describe);
        }
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => self.module.read().map_err(|kind| {
                LoadError::Package(PackageError::new(self.origin.to_string(), kind))
            })?,
        };
        let summary = Arc::new(CompiledModule::check(&bytes, limit).map_err(LoadError::Module)?);
        let manifest = self.manifest.clone();
        let describe = Box::new(|spec: &InstanceSpec| {
            if warmth == Warmth::Cold
                && let Some(described) = ask_without_host(spec, &bytes, &manifest, &key)?
            {
                return Ok(DescribeStep::Done(described));
            }
            Ok(DescribeStep::Deferred(key))
        });
        self.with(&summary, context, warmth, describe)
    }

    /// Builds the sandbox and the instance spec, then calls `describe`.
    fn with(
        self,
        summary: &Arc<ModuleSummary>,
        context: &PrepareContext,
        warmth: Warmth,
        describe: Describe<'_>,
    ) -> Result<ReadyPackage, LoadError> {
        let Self { manifest, mut warnings, origin, module, settings: access } = self;
        CapabilityMismatch::check(&manifest.capabilities, &summary.kinds())
            .map_err(LoadError::Capability)?;
        let identity =
            PluginIdentity { id: manifest.id.clone(), version: manifest.version.to_string() };
        let folder = match &origin {
            PackageOrigin::Folder(folder) => Some(folder.as_path()),
            PackageOrigin::Bundled => None,
        };
        let PrepareContext { sandbox, memory, .. } = context;
        let mut sandbox = Cow::Borrowed(sandbox);
        if access == SettingsAccess::Nothing {
            warnings.extend(sandbox.settings.has(&manifest.id).then(|| withheld(&manifest.id)));
            sandbox.to_mut().settings = PluginSettings::default();
        }
        let (permissions, resources) = (&manifest.permissions, &manifest.resources);
        let settings = sandbox.settings.effective(&manifest.id, manifest.settings_schema.as_ref());
        let settings = Value::Object(settings);
        check_settings(&manifest, &settings, access)?;
        let (sandbox, closed) = Sandbox::new(identity, folder, permissions, resources, &sandbox);
        let sandbox = sandbox.with_settings(json_line(&settings));
        warnings.extend(closed);
        #[cfg(feature = "serve")]
        warnings.extend(webhook_warning(permissions.webhook, summary.has_webhook()));
        // From here on, plugins above their share of the budget give way to this one.
        let spec = InstanceSpec {
            module: Arc::new(PluginModule::new(Arc::clone(summary), module, &origin)),
            sandbox: Arc::new(sandbox),
            resources: manifest.resources,
            memory: Arc::clone(memory),
            account: Arc::new(memory.account(&manifest.id)),
        };
        let step = describe(&spec)?;
        Ok(ReadyPackage { manifest, warnings, origin, spec, warmth, step })
    }
}

/// Describes the guest if that is still to be done. Nothing in service changes. If the future is
/// dropped, the guest is freed.
///
/// # Errors
///
/// The code can't be read or translated, a call of the guest failed, or an answer can't be used.
pub(super) async fn prepare(ready: ReadyPackage) -> Result<PreparedPlugin, LoadError> {
    let ReadyPackage { manifest, mut warnings, origin, spec, warmth, step } = ready;
    let described = match step {
        DescribeStep::Done(described) => described,
        DescribeStep::Deferred(key) => ask(&spec, &manifest, key).await?,
    };
    let Described { tools, metadata, instance, to_keep } = described;
    let instance = instance.filter(|_| warmth == Warmth::Warm);
    warnings.extend(tool_warnings(&manifest, &tools));
    Ok(PreparedPlugin { manifest, tools, metadata, origin, warnings, spec, instance, to_keep })
}

/// A guest's description of itself.
struct Described {
    tools: Vec<ToolDescription>,
    metadata: GuestMetadata,
    instance: Option<Instance>,
    to_keep: Option<(String, String)>,
}

impl Described {
    /// Checks the answers, and makes the text to store. Without a key nothing is stored.
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
        let metadata = GuestMetadata::of(answers, manifest, &tools)?;
        Ok(Self { tools, metadata, instance: None, to_keep })
    }
}

/// A started guest with its description, as text and parsed.
struct Interview {
    instance: Instance,
    text: String,
    tools: Vec<ToolDescription>,
    answers: Answers,
}

/// Starts a guest and calls its functions that describe it. All of it shares one budget: that of
/// one call.
fn interview<'a>(
    spec: &'a InstanceSpec,
    code: &'a Arc<CompiledModule>,
    manifest: &'a PluginManifest,
    budget: &'a mut CallBudget,
) -> BoxFuture<'a, Result<Interview, LoadError>> {
    Box::pin(async move {
        let failed = |error| LoadError::Start { error };
        let mut instance = spec.start(code, budget).await.map_err(failed)?;
        let text = instance.describe(budget).await.map_err(failed)?;
        let tools = described_tools(&text, manifest)?;
        let answers = Answers::ask(&mut instance, manifest, budget).await?;
        Ok(Interview { instance, text, tools, answers })
    })
}

/// Describes a guest on the executor, with calls to the host allowed. A host call is checked and
/// recorded like any other (T42).
async fn ask(
    spec: &InstanceSpec,
    manifest: &PluginManifest,
    key: Option<String>,
) -> Result<Described, LoadError> {
    let charge = spec.module.charge(&spec.account);
    let charge = charge.map_err(|error| LoadError::Start { error })?;
    let compiled = spec.module.translate_off_executor().await?;
    let mut budget = CallBudget::new(&spec.resources);
    let code = spec.module.put(compiled, charge);
    let Interview { instance, text, tools, answers } =
        interview(spec, &code, manifest, &mut budget).await?;
    // The answer of a guest that calls the host may differ the next time.
    let key = key.filter(|_| !budget.has_asked_host());
    let described = Described::of(&text, answers, tools, manifest, spec.module.summary(), key)?;
    Ok(Described { instance: Some(instance), ..described })
}

/// Describes a guest on this thread, which works for most: those that only compute, and not for long. Only the
/// functions that they need are translated. `None` for other guests.
fn ask_without_host(
    spec: &InstanceSpec,
    bytes: &[u8],
    manifest: &PluginManifest,
    key: &Option<String>,
) -> Result<Option<Described>, LoadError> {
    let Ok(charge) = spec.module.charge(&spec.account) else { return Ok(None) };
    let summary = spec.module.shared_summary();
    let code = CompiledModule::of_checked(bytes, summary, Translation::AtFirstCall)
        .map_err(LoadError::Module)?;
    let code = Arc::new(code.charged(charge));
    let gauge = FuelGauge::default();
    let mut budget = CallBudget::new(&spec.resources).quiet().with_gauge(Some(gauge.clone()));
    let mut asking = interview(spec, &code, manifest, &mut budget);
    let (mut asked, mut before) = (None, None);
    // A guest that waits uses no fuel, and is described on the executor.
    while asked.is_none() && before != Some(gauge.used()) && gauge.used() < QUIET_FUEL {
        before = Some(gauge.used());
        asked = block_on(poll_once(&mut asking));
    }
    let interview = match asked {
        Some(Ok(interview)) => interview,
        // The guest did describe itself: it would return the same description again.
        Some(Err(error @ (LoadError::Description { .. } | LoadError::Capability(_)))) => {
            return Err(error);
        }
        Some(Err(_)) | None => return Ok(None),
    };
    let Interview { text, tools, answers, .. } = interview;
    Described::of(&text, answers, tools, manifest, summary, key.clone()).map(Some)
}

/// Checks that everything that the manifest asks for is approved.
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

/// The warning of a plugin that doesn't get the settings of its id.
fn withheld(id: &str) -> String {
    format!(
        "the skills of a workspace get no settings, so it does not get `plugins.{id}`; install it, or name its folder at the start of weft-lite"
    )
}

/// Checks a plugin's settings by the schema in its manifest.
#[cfg(feature = "mcp")]
fn check_settings(
    manifest: &PluginManifest,
    settings: &Value,
    access: SettingsAccess,
) -> Result<(), LoadError> {
    let Some(schema) = &manifest.settings_schema else { return Ok(()) };
    let plugin = || manifest.id.clone();
    let failed = |problem| match access {
        SettingsAccess::Operator => LoadError::Settings { plugin: plugin(), problem },
        SettingsAccess::Nothing => LoadError::NoSettings { plugin: plugin(), problem },
    };
    let schema = Schema::compile(&Value::Object(schema.clone()), SchemaPolicy::Lenient)
        .map_err(|error| LoadError::SettingsSchema { problem: error.to_string() })?;
    schema.validate(settings).map_err(|violations| {
        let violations: Vec<_> = violations.iter().map(ToString::to_string).collect();
        failed(violations.join("; "))
    })
}

/// Without the checker of schemas nothing is checked.
#[cfg(not(feature = "mcp"))]
#[expect(clippy::unnecessary_wraps)]
fn check_settings(_: &PluginManifest, _: &Value, _: SettingsAccess) -> Result<(), LoadError> {
    Ok(())
}

/// The warning where only one of manifest and module has a webhook.
#[cfg(feature = "serve")]
fn webhook_warning(asked: bool, exported: bool) -> Option<String> {
    let words = match (asked, exported) {
        (true, false) => "`permissions.webhook` has no use: the module does not export `webhook`",
        (false, true) => {
            "its webhook is not served, since the manifest does not ask for `permissions.webhook`"
        }
        _ => return None,
    };
    Some(words.to_owned())
}

/// Warnings where the manifest's tools differ from those that the module describes.
fn tool_warnings(manifest: &PluginManifest, tools: &[ToolDescription]) -> Vec<String> {
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
