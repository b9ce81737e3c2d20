//! `weft-lite plugin inspect`: shows a plugin's parts, and whether it would load. If the plugin is named by a path,
//! no function of its module is called.

use std::fs::{self, File};
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use argh::FromArgs;
use serde::Serialize;
use serde_json::{Map, Value};
use weft_lite::errors::{
    ActionableError, CapabilityMismatch, LoadError, ModuleError, ModuleFault, PackageError,
};
use weft_lite::package::{MANIFEST_NAMES, PackageOrigin, ReadLimits};
use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions, setting_host, setting_secret};
use weft_lite::text::{printable, shown};
use weft_lite::wasm::{CompiledModule, Instance, MemoryBudget, ModuleFormat, ModuleSummary};
use weft_lite::{
    Approval, FileGrant, LoadedPlugin, PluginCapability, PluginManifest, PluginPackage,
    PluginPermissions, PluginResourceConfig, limits,
};

use crate::cli::flags::Options;
use crate::cli::trust::TrustPrompt;
use crate::cli::{CommandFailure, Status, output, report, suggestion};

/// Bytes of a page of linear memory.
pub(super) const PAGE_BYTES: u64 = 65_536;

/// The limits for reading a plugin to show it. They are higher than those for loading.
const INSPECTED: ReadLimits =
    ReadLimits { module_bytes: limits::MODULE_MOST_BYTES, module_gzip_bytes: usize::MAX };

/// Show what a plugin is made of, and whether it would load; exits with 1 if not.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "inspect",
    example = "{command_name} ./my-plugin\n{command_name} module.wasm --json\n{command_name} text-stats",
    note = "A folder is judged as one given with --plugins, with what --approve approves. Its `init` and\n`describe` are not called: what they say is seen when it is loaded.\nThe options of `weft-lite --help` apply."
)]
pub(super) struct Inspect {
    /// a plugin's folder, its manifest, a bare module, or the id of a plugin that was found
    #[argh(positional, arg_name = "PATH")]
    path: String,
}

/// Everything about a plugin that is known without running it.
#[derive(Debug, Default, Serialize)]
struct Report {
    path: String,
    manifest: Option<PluginManifest>,
    module: Option<ModuleSummary>,
    /// The kinds that the exports implement.
    kinds: Vec<PluginCapability>,
    permissions: Vec<RequestedPermission>,
    /// The resources beyond the defaults.
    beyond_defaults: Vec<String>,
    warnings: Vec<String>,
    would_load: bool,
    /// Whether it has been loaded, so that its descriptions are known.
    in_service: bool,
    reasons: Vec<Reason>,
}

/// One permission that the manifest asks for.
#[derive(Debug, Serialize)]
struct RequestedPermission {
    permission: String,
    approved: bool,
    /// What a setting stands for; nothing if it is missing or faulty.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands_for: Option<String>,
}

impl RequestedPermission {
    fn text(&self) -> String {
        let mut text = self.permission.clone();
        if let Some(value) = &self.stands_for {
            text.push_str(&format!(", which is {value}"));
        }
        if !self.approved {
            text.push_str(" (needs approval)");
        }
        text
    }
}

/// One reason why the plugin would not load.
#[derive(Debug, Serialize)]
struct Reason {
    message: String,
    next_step: String,
}

pub(super) fn run(command: &Inspect, options: &Options) -> Result<Status, CommandFailure> {
    let path = Path::new(&command.path);
    let bounds = Bounds::of(options)?;
    let report = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Report::folder(path, &bounds),
        Ok(_) if is_manifest(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Report::folder(folder.unwrap_or(Path::new(".")), &bounds)
        }
        Ok(metadata) if metadata.is_file() => Report::file(path, &bounds)?,
        Ok(_) => return Err(unreadable(path, &io::Error::other("it is not a regular file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            found(&command.path, options, bounds)?
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    if options.json {
        output::json(&report)?;
    } else {
        // Names in a module can be any text, and the output of a pipe may end in a terminal.
        output::data(&printable(&report.text()))?;
    }
    Ok(if report.would_load { Status::Done } else { Status::Failed })
}

fn is_manifest(path: &Path) -> bool {
    path.file_name().is_some_and(|file| MANIFEST_NAMES.iter().any(|name| file == *name))
}

fn unreadable(path: &Path, error: &io::Error) -> CommandFailure {
    CommandFailure::work(
        &format_args!("{} can't be read: {error}", path.display()),
        &"give a plugin's folder, a .wasm file or the id of a plugin",
    )
}

/// The limits and the approval that a plugin is checked against.
struct Bounds {
    read: ReadLimits,
    memory: Arc<MemoryBudget>,
    approval: Approval,
    sandbox: SandboxOptions,
}

impl Bounds {
    /// The limits for a module that the operator approves.
    fn most(&self) -> ReadLimits {
        self.read.allowing(Some(NonZeroU32::MIN))
    }

    fn of(options: &Options) -> Result<Self, CommandFailure> {
        let memory_bytes = options.runtime(TrustPrompt::Never)?.host().memory_budget().limit();
        let memory = MemoryBudget::new(memory_bytes);
        let (read, approval) = (options.read_limits()?, options.approval());
        Ok(Self { read, memory, approval, sandbox: options.sandbox()? })
    }
}

/// The report on the found plugin of this id.
fn found(id: &str, options: &Options, bounds: Bounds) -> Result<Report, CommandFailure> {
    let runtime = options.load()?;
    let registry = runtime.host().registry();
    if let Some(plugin) = registry.plugin(id) {
        return Ok(Report::active(plugin, &bounds.sandbox));
    }
    let Some(refused) = registry.refused().iter().find(|it| it.id.as_deref() == Some(id)) else {
        let refused = registry.refused().iter().filter_map(|it| it.id.as_deref());
        let ids = registry.plugins().map(|it| it.manifest.id.as_str()).chain(refused);
        let next_step =
            suggestion(id, ids, "see `weft-lite plugin list` for the plugins there are");
        return Err(CommandFailure::work(
            &format_args!("there is no file, folder or plugin named `{id}`"),
            &next_step,
        ));
    };
    let mut report = Report { path: refused.origin.clone(), ..Report::default() };
    if let Ok(package) = PluginPackage::read(Path::new(&refused.origin), INSPECTED) {
        // The reason names the unapproved permissions.
        report.package(package, &Bounds { approval: Approval::ALL, ..bounds });
    }
    if let LoadError::Pending { unapproved, .. } = &refused.error {
        for asked in &mut report.permissions {
            asked.approved = !unapproved.contains(&asked.permission);
        }
    }
    report.reasons = vec![Reason::of(&refused.error)];
    Ok(report)
}

impl Report {
    fn active(plugin: &LoadedPlugin, options: &SandboxOptions) -> Self {
        let mut report = Self { path: plugin.origin.to_string(), ..Self::default() };
        report.warnings = plugin.warnings.clone();
        let settings = options.settings.of(&plugin.manifest.id);
        let asked = &plugin.manifest.permissions;
        report.permissions(asked, Approval::ALL, settings.as_ref());
        report.beyond_defaults = plugin.manifest.resources.beyond_defaults();
        report.manifest = Some(plugin.manifest.clone());
        report.module(plugin.module.summary().clone());
        report.would_load = true;
        report.in_service = true;
        report
    }

    fn folder(folder: &Path, bounds: &Bounds) -> Self {
        let mut report = Self { path: folder.display().to_string(), ..Self::default() };
        match PluginPackage::read(folder, INSPECTED) {
            Ok(package) => report.package(package, bounds),
            Err(error) => report.reasons.push(Reason::of(&LoadError::Package(error))),
        }
        report.would_load = report.reasons.is_empty();
        report
    }

    /// A bare module: there is no manifest to check.
    fn file(path: &Path, bounds: &Bounds) -> Result<Self, CommandFailure> {
        let limit = INSPECTED.module_bytes;
        let mut bytes = Vec::new();
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let length =
            file.metadata().map_or(0, |it| usize::try_from(it.len()).unwrap_or(usize::MAX));
        let source: &mut dyn Read = &mut file;
        source
            .take(limit as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(path, &error))?;
        let mut report = Self { path: path.display().to_string(), ..Self::default() };
        if bytes.len() > limit {
            let bytes = length.max(bytes.len());
            let fault = ModuleFault::TooLarge { bytes, limit: bounds.most().module_bytes };
            report.reasons.push(Reason::of_fault(&fault));
        } else {
            let module_kb = bounds.read.check(&bytes).unwrap_or_default();
            let asked = PluginPermissions { module_kb, ..PluginPermissions::default() };
            report.permissions(&asked, bounds.approval, None);
            report.bytes(&bytes, &PluginResourceConfig::default(), bounds);
        }
        report.would_load = report.reasons.is_empty();
        Ok(report)
    }

    fn package(&mut self, mut package: PluginPackage, bounds: &Bounds) {
        let asked = &mut package.manifest.permissions;
        // It was read with other limits.
        asked.module_kb = bounds.read.check(&package.module).unwrap_or_default();
        let settings = bounds.sandbox.settings.of(&package.manifest.id);
        self.permissions(asked, bounds.approval, settings.as_ref());
        self.warnings = package.warnings;
        self.warnings.extend(closed_grants(&package.manifest, &package.origin, &bounds.sandbox));
        let resources = package.manifest.resources;
        self.beyond_defaults = resources.beyond_defaults();
        let declared = package.manifest.capabilities.clone();
        self.manifest = Some(package.manifest);
        self.bytes(&package.module, &resources, bounds);
        if let Some(module) = &self.module
            && let Err(mismatch) = CapabilityMismatch::check(&declared, &module.kinds())
        {
            self.reasons.push(Reason::of(&LoadError::Capability(mismatch)));
        }
    }

    /// The permission, with a note if it waits for approval.
    fn permissions(
        &mut self,
        asked: &PluginPermissions,
        approval: Approval,
        settings: Option<&Map<String, Value>>,
    ) {
        let unapproved = approval.missing(asked);
        let asked = Approval::NONE.missing(asked).into_iter();
        self.permissions = asked
            .map(|permission| RequestedPermission {
                approved: !unapproved.contains(&permission),
                stands_for: stands_for(&permission, settings),
                permission,
            })
            .collect();
        if !unapproved.is_empty() {
            self.reasons.push(Reason::of(&LoadError::Pending { unapproved, command: None }));
        }
    }

    fn bytes(&mut self, bytes: &[u8], resources: &PluginResourceConfig, bounds: &Bounds) {
        let size = bounds.read.check(bytes);
        // Only compiling checks the interpreter's own limits. A module that is too large is not compiled.
        let compiled = match &size {
            Ok(module_kb) => {
                let limit = bounds.read.allowing(*module_kb).module_bytes;
                CompiledModule::with_limit(bytes, limit)
            }
            Err(_) => Err(ModuleError { faults: ModuleSummary::read(bytes).faults }),
        };
        if let Err(kind) = size {
            let error = PackageError::new(&self.path, kind);
            self.reasons.push(Reason::of(&LoadError::Package(error)));
        }
        match compiled {
            Ok(module) => {
                if let Err(error) = Instance::check(&module, resources, &bounds.memory) {
                    self.reasons.push(Reason::of(&LoadError::Start { error }));
                }
                self.module(module.summary().clone());
            }
            Err(error) => {
                self.reasons.extend(error.faults.iter().map(Reason::of_fault));
                let summary = ModuleSummary::read(bytes);
                if !summary.faults.contains(&ModuleFault::NotWasm) {
                    self.module(summary);
                }
            }
        }
    }

    fn module(&mut self, summary: ModuleSummary) {
        self.kinds = summary.kinds();
        if let Some(PluginManifest { capabilities, .. }) = &self.manifest {
            // Every plugin has the exports of a tool provider.
            self.kinds
                .retain(|kind| *kind != PluginCapability::Tool || capabilities.contains(kind));
        }
        self.module = Some(summary);
    }

    fn text(&self) -> String {
        let mut sheet = FieldTable::default();
        match &self.manifest {
            Some(PluginManifest { id, version, .. }) => {
                sheet.line(format!("{id} {version} ({})", self.path));
            }
            None => sheet.line(self.path.clone()),
        }
        if let Some(module) = &self.module {
            module_rows(module, &mut sheet);
            let kinds = self.kinds.iter().map(ToString::to_string);
            sheet.row("kinds", &[or_none(kinds.collect()).join(", ")]);
        }
        if let Some(manifest) = &self.manifest {
            let asked = self.permissions.iter().map(RequestedPermission::text);
            sheet.row("permissions", &or_none(asked.collect()));
            let resources = &manifest.resources;
            sheet.row(
                "resources",
                &[format!(
                    "{} fuel, {} MB memory, {} s, {} host calls",
                    resources.max_fuel,
                    resources.max_memory_mb,
                    resources.max_execution_seconds,
                    resources.max_host_calls
                )],
            );
            let beyond = self.beyond_defaults.iter();
            let beyond = beyond.map(|asked| format!("more than usual: {asked}"));
            sheet.row("", &beyond.collect::<Vec<_>>());
        } else if !self.permissions.is_empty() {
            let asked = self.permissions.iter().map(RequestedPermission::text);
            sheet.row("permissions", &asked.collect::<Vec<_>>());
        }
        sheet.row("warnings", &self.warnings);
        sheet.line(match (self.would_load, &self.manifest) {
            (true, Some(_)) if self.in_service => "would load: yes, and is in service".into(),
            (true, Some(_)) => {
                "would load: yes, if `init` and `describe` do well, which are not called here"
                    .into()
            }
            (true, None) => "would load: yes, with a manifest beside it".into(),
            (false, _) => "would load: no".into(),
        });
        for Reason { message, next_step } in &self.reasons {
            sheet.line(output::with_next_step(&format!("- {message}"), next_step));
        }
        sheet.lines.join("\n")
    }
}

/// The host or the secret for which a permission like `network: settings:KEY` stands.
fn stands_for(permission: &str, settings: Option<&Map<String, Value>>) -> Option<String> {
    match permission.split_once(": ")? {
        ("network", value) => setting_host(value, settings?),
        ("secrets", value) => setting_secret(value, settings?),
        _ => None,
    }
}

/// The permissions that would stay closed if the plugin were loaded now.
fn closed_grants(
    manifest: &PluginManifest,
    origin: &PackageOrigin,
    options: &SandboxOptions,
) -> Vec<String> {
    let PluginManifest { id, version, permissions, resources, .. } = manifest;
    let identity = PluginIdentity { id: id.clone(), version: version.to_string() };
    let folder = match origin {
        PackageOrigin::Folder(folder) => Some(folder.as_path()),
        PackageOrigin::Bundled => None,
    };
    // The folder for a plugin's data is created by loading, not by inspecting.
    let is_made =
        |grant: &&FileGrant| grant.starts_with("$PLUGIN_DATA") && options.weft_home.is_some();
    let filesystem = permissions.filesystem.iter().filter(|it| !is_made(it)).cloned().collect();
    let permissions = PluginPermissions { filesystem, ..permissions.clone() };
    Sandbox::new(identity, folder, &permissions, resources, options).1
}

fn module_rows(module: &ModuleSummary, sheet: &mut FieldTable) {
    let format = match module.format {
        ModuleFormat::Core => "core module",
        ModuleFormat::Component => "component",
    };
    let ModuleSummary { bytes, functions, translation_steps: steps, .. } = module;
    let size =
        format!("{format}, {bytes} bytes, {functions} functions, {steps} steps of translation");
    sheet.row("module", &[size]);
    let memory = module.memory.map_or("none".to_owned(), |memory| {
        let least = memory.minimum_pages;
        let most =
            memory.maximum_pages.map_or("no maximum".into(), |most| format!("at most {most}"));
        let noun = if least == 1 { "page" } else { "pages" };
        format!("{least} {noun} ({} KB), {most}", least.saturating_mul(PAGE_BYTES) / 1024)
    });
    sheet.row("memory", &[memory]);
    let imports = module.imports.iter();
    sheet.row(
        "imports",
        &or_none(
            imports
                .map(|it| format!("{} {}: {}", shown(&it.module), shown(&it.name), it.ty))
                .collect(),
        ),
    );
    let exports = module.exports.iter();
    sheet.row(
        "exports",
        &or_none(exports.map(|it| format!("{}: {}", shown(&it.name), it.ty)).collect()),
    );
}

impl Reason {
    fn of(error: &LoadError) -> Self {
        Self { message: error.to_string(), next_step: report::next_step(error) }
    }

    fn of_fault(fault: &ModuleFault) -> Self {
        Self { message: format!("the module {fault}"), next_step: fault.next_step() }
    }
}

/// Rows of a name and its values.
#[derive(Debug, Default)]
struct FieldTable {
    lines: Vec<String>,
}

impl FieldTable {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn row(&mut self, mut name: &str, values: &[String]) {
        for value in values {
            // A line break in a value would look like another value.
            let value = value.replace('\n', "\\n");
            self.lines.push(format!("  {name:<12} {value}"));
            name = "";
        }
    }
}

fn or_none(values: Vec<String>) -> Vec<String> {
    if values.is_empty() { vec!["none".into()] } else { values }
}
