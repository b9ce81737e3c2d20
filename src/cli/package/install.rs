//! Installs from a folder, an archive or a registry, and reports it.

use std::path::Path;

use weft_lite::actor::RefusedPlugin;
use weft_lite::errors::{InstallError, NotLoaded};
use weft_lite::package::{
    Existing, InstallSource, Installed, Installer, Package, PackageKind, Prompt, ReadLimits,
    installed_folder, left_out_of_package,
};
use weft_lite::text::listed;
use weft_lite::wasm::CompiledModule;
use weft_lite::{Approval, PluginPermissions};

use super::ask::{ChangedPackage, changed, key, pending};
use crate::cli::flags::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{CommandFailure, Status, output, report};

/// The package to install, and how.
pub(in crate::cli) struct InstallRequest<'a> {
    pub(in crate::cli) kind: PackageKind,
    /// A path, or `hub:ID`.
    pub(in crate::cli) source: &'a str,
    pub(in crate::cli) registry: Option<&'a Path>,
    pub(in crate::cli) existing: Existing,
    /// Whether named files and hosts are approved without a question.
    pub(in crate::cli) yes: bool,
}

/// Installs a package, asks about its permissions and prints the result. `None` if the operator keeps the
/// installed package.
pub(in crate::cli) fn install(
    request: &InstallRequest<'_>,
    options: &Options,
) -> Result<Option<Installed>, CommandFailure> {
    let home = options.weft_home()?;
    let source = InstallSource::parse(request.source)?;
    let limits = options.read_limits()?;
    let check = |module: &[u8]| check_module(module, limits);
    let propose = |existing| {
        let installer = Installer::new(&home, &check).kind(request.kind).limits(limits);
        let installer = installer.existing(existing);
        match request.registry {
            Some(registry) => installer.registry(registry),
            None => installer,
        }
        .propose(&source)
    };
    let proposed = match propose(request.existing) {
        Err(error @ InstallError::Exists { .. }) => {
            match Terminal.confirm(&format!("{error}. overwrite it?")) {
                Some(true) => propose(Existing::Replace),
                Some(false) => return Ok(None),
                None => Err(error),
            }
        }
        other => other,
    };
    let mut proposed = proposed?;
    asks(proposed.installed());
    let left_out = match &source {
        InstallSource::Folder(folder) => left_out(folder),
        InstallSource::Archive(_) | InstallSource::Registry(_) => Vec::new(),
    };
    let Installed { package, change, changed_files, .. } = proposed.installed();
    if let Some(reason) = change {
        let Package { id: name, version, permissions, .. } = package;
        let (files, version) = (changed_files.as_slice(), version.as_deref());
        changed(&ChangedPackage { name, reason, files, version, permissions }, proposed.content());
    }
    // The approval is stored first, so that a watcher finds it together with the package.
    proposed.ask(options.given(request.yes), &mut Terminal);
    let installed = proposed.put_in_place()?;
    print_installed(&installed);
    let Package { kind, id, version, .. } = &installed.package;
    let folder = installed_folder(&home, *kind, id).unwrap_or_default();
    let waiting = &installed.pending;
    pending(*kind, id, waiting, false);
    let not_loaded = if waiting.is_empty() { not_loaded(&folder, options) } else { None };
    if options.json {
        let replaced = installed.replaced.as_ref();
        output::record(&[
            (key(*kind), id),
            ("version", version),
            ("folder", &folder.display().to_string()),
            ("replaced", &replaced.and_then(|old| old.version.as_deref())),
            ("overwritten", &replaced.is_some()),
            ("signed_by", &installed.signed_by),
            ("warnings", &installed.warnings),
            ("left_out", &left_out),
            ("changed_files", &installed.changed_files),
            ("pending", waiting),
            ("not_loaded", &not_loaded),
        ])?;
    }
    Ok(Some(installed))
}

/// Loads the installed package once, and returns the reason if that fails.
fn not_loaded(folder: &Path, options: &Options) -> Option<NotLoaded> {
    // Other problems with these options don't concern the package.
    let registry = options.load().ok()?.host().registry();
    let is_it = |it: &&RefusedPlugin| Path::new(&it.origin) == folder;
    let refused = registry.refused().iter().find(is_it)?;
    report::refused(std::slice::from_ref(refused));
    Some(refused.for_caller())
}

/// Checks that a module can run.
///
/// # Errors
///
/// The reason why it can't.
pub(super) fn check_module(module: &[u8], limits: ReadLimits) -> Result<(), String> {
    let module_kb = limits.check(module).unwrap_or_default();
    let compiled = CompiledModule::with_limit(module, limits.allowing(module_kb).module_bytes);
    compiled.map(|_| ()).map_err(|error| error.to_string())
}

/// Lists the files of an author's folder that are left out of the package, and prints them.
pub(super) fn left_out(folder: &Path) -> Vec<String> {
    // The folder has just been read for the package itself.
    let left_out = left_out_of_package(folder).unwrap_or_default();
    if !left_out.is_empty() {
        let list = listed(&left_out);
        output::message(&format_args!("left out, but for what the manifest names: {list}"));
    }
    left_out
}

/// Prints a package and its permissions, before it is installed.
fn asks(installed: &Installed) {
    let Installed { package, signed_by, warnings, change, changed_files, .. } = installed;
    for warning in warnings {
        output::message(&format_args!("warning: {}", output::one_line(warning)));
    }
    let Package { id, version: own, permissions, shell_tools, resources, .. } = package;
    // The tools are more precise than the permission that they need.
    let shell = permissions.shell && shell_tools.is_empty();
    let asked = Approval::NONE.missing(&PluginPermissions { shell, ..permissions.clone() });
    let mut lines: Vec<String> = asked.iter().map(|it| format!("asks for {it}")).collect();
    lines.extend(resources.beyond_defaults().iter().map(|it| format!("asks for {it}")));
    if !shell_tools.is_empty() {
        lines.push(format!("asks for shell tools: {}", listed(shell_tools)));
    }
    if change.is_none() && !changed_files.is_empty() {
        lines.push(format!("changed files: {}", listed(changed_files)));
    }
    if !lines.is_empty() {
        output::message(&format_args!("{id}{}{}:", version(own), signer(signed_by)));
    }
    for line in lines {
        output::message(&format_args!("  {line}"));
    }
}

/// Prints the installed package.
fn print_installed(Installed { package, replaced, signed_by, .. }: &Installed) {
    let instead = match replaced.as_ref().map(|old| version(&old.version)) {
        None => String::new(),
        Some(old) if old.is_empty() => ", in place of an earlier one".into(),
        Some(old) => format!(", in place of{old}"),
    };
    let Package { id, version: own, .. } = package;
    output::message(&format_args!("installed: {id}{}{instead}{}", version(own), signer(signed_by)));
}

fn signer(signed_by: &Option<String>) -> String {
    signed_by.as_ref().map(|name| format!(", signed by {name}")).unwrap_or_default()
}

/// A version after a name; skills may have none.
fn version(version: &Option<String>) -> String {
    version.as_ref().map(|it| output::one_line(&format!(" {it}"))).unwrap_or_default()
}

/// The exit status of an install.
pub(in crate::cli) fn status(installed: Option<&Installed>) -> Status {
    if installed.is_some() { Status::Done } else { Status::Failed }
}
