//! Installing from a folder, an archive or a registry, and what is said about it.

use std::path::Path;

use serde_json::json;
use weft_lite::{
    Approval, CompiledModule, Existing, InstallError, InstallSource, Installed, Installer,
    NotLoaded, Package, PackageKind, PluginPermissions, Prompt, ReadLimits, RefusedPlugin,
    RegistryError, installed_folder, left_out_of_package,
};

use super::{Asking, ask};
use crate::cli::options::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{Failure, Status, failed, output, report};

/// What is to be installed, and how.
pub(in crate::cli) struct Request<'a> {
    pub(in crate::cli) kind: PackageKind,
    /// A path, or `hub:ID`.
    pub(in crate::cli) source: &'a str,
    pub(in crate::cli) registry: Option<&'a Path>,
    pub(in crate::cli) existing: Existing,
    /// Whether files and hosts that are named need no question.
    pub(in crate::cli) yes: bool,
}

/// Installs it, asks for what it wants, and says what came of it; `None` where nobody wanted it in
/// place of what is there.
pub(in crate::cli) fn install(
    request: &Request<'_>,
    options: &Options,
) -> Result<Option<Installed>, Failure> {
    let home = options.weft_home()?;
    let source = InstallSource::parse(request.source).map_err(|error| refused(&error))?;
    let limits = options.read_limits()?;
    let check = |module: &[u8]| check_module(module, limits);
    let put = |existing| {
        let installer = Installer::new(&home, &check).kind(request.kind).limits(limits);
        let installer = installer.existing(existing);
        match request.registry {
            Some(registry) => installer.registry(registry),
            None => installer,
        }
        .install(&source)
    };
    let installed = match put(request.existing) {
        Err(error @ InstallError::Exists { .. }) => {
            match Terminal.confirm(&format!("{error}. overwrite it?")) {
                Some(true) => put(Existing::Replace),
                Some(false) => return Ok(None),
                None => Err(error),
            }
        }
        other => other,
    };
    let installed = installed.map_err(|error| refused(&error))?;
    tell(&installed);
    let left_out = match &source {
        InstallSource::Folder(folder) => left_out(folder),
        InstallSource::Archive(_) | InstallSource::Registry(_) => Vec::new(),
    };
    let Package { kind, id, permissions, version, .. } = &installed.package;
    let folder = installed_folder(&home, *kind, id).unwrap_or_default();
    let asking = Asking {
        kind: *kind,
        name: id,
        approval_id: &kind.approval_id(id),
        folder: &folder,
        version: version.as_deref(),
        permissions,
        given: options.given(request.yes),
    };
    let waiting = ask(&home, &asking)?;
    let not_loaded = if waiting.is_empty() { not_loaded(&folder, options) } else { None };
    if options.json {
        let key = match kind {
            PackageKind::Plugin => "id",
            PackageKind::Skill => "name",
        };
        output::json(&json!({
            key: id,
            "version": version,
            "folder": folder.display().to_string(),
            "replaced": installed.replaced.as_ref().and_then(|old| old.version.as_deref()),
            "overwritten": installed.replaced.is_some(),
            "signed_by": installed.signed_by,
            "warnings": installed.warnings,
            "left_out": left_out,
            "changed_files": installed.changed_files,
            "pending": waiting,
            "not_loaded": not_loaded,
        }))?;
    }
    Ok(Some(installed))
}

/// Starts what was installed once, as whoever calls it next would, and says why it doesn't.
fn not_loaded(folder: &Path, options: &Options) -> Option<NotLoaded> {
    // What else is wrong with these options has nothing to do with it.
    let registry = options.load().ok()?.host().registry();
    let is_it = |it: &&RefusedPlugin| Path::new(&it.origin) == folder;
    let refused = registry.refused().iter().find(is_it)?;
    report::refused(std::slice::from_ref(refused));
    Some(refused.told())
}

/// What keeps a module from running.
pub(super) fn check_module(module: &[u8], limits: ReadLimits) -> Result<(), String> {
    let module_kb = limits.check(module).unwrap_or_default();
    let compiled = CompiledModule::with_limit(module, limits.allowing(module_kb).module_bytes);
    compiled.map(|_| ()).map_err(|error| error.to_string())
}

/// Says what of an author's folder did not become a part of the package.
pub(super) fn left_out(folder: &Path) -> Vec<String> {
    // The folder has just been read for the package itself.
    let left_out = left_out_of_package(folder).unwrap_or_default();
    if !left_out.is_empty() {
        let list = output::one_line(&left_out.join(", "));
        output::message(&format!("left out, but for what the manifest names: {list}"));
    }
    left_out
}

/// What was installed, and what it asks for.
fn tell(installed: &Installed) {
    let Installed { package, replaced, signed_by, warnings, .. } = installed;
    let version = |version: &Option<String>| {
        version.as_ref().map(|it| output::one_line(&format!(" {it}"))).unwrap_or_default()
    };
    let instead = match replaced.as_ref().map(|old| version(&old.version)) {
        None => String::new(),
        Some(old) if old.is_empty() => ", in place of an earlier one".into(),
        Some(old) => format!(", in place of{old}"),
    };
    let signer = signed_by.as_ref().map(|name| format!(", signed by {name}")).unwrap_or_default();
    let Package { id, version: own, permissions, shell_tools, resources, .. } = package;
    output::message(&format!("installed: {id}{}{instead}{signer}", version(own)));
    for warning in warnings {
        output::message(&format!("warning: {}", output::one_line(warning)));
    }
    if installed.change.is_none() && !installed.changed_files.is_empty() {
        let files = output::one_line(&installed.changed_files.join(", "));
        output::message(&format!("  changed files: {files}"));
    }
    // The tools say more than the permission that they come to.
    let shell = permissions.shell && shell_tools.is_empty();
    for permission in Approval::NONE.missing(&PluginPermissions { shell, ..permissions.clone() }) {
        output::message(&format!("  asks for {permission}"));
    }
    for asked in resources.beyond_defaults() {
        output::message(&format!("  asks for {asked}"));
    }
    if !shell_tools.is_empty() {
        let tools = output::one_line(&shell_tools.join(", "));
        output::message(&format!("  asks for shell tools: {tools}"));
    }
}

/// The exit status of an install.
pub(in crate::cli) fn status(installed: Option<&Installed>) -> Status {
    if installed.is_some() { Status::Done } else { Status::Failed }
}

pub(super) fn refused(error: &InstallError) -> Failure {
    let next_step = match error {
        InstallError::Exists { .. } => "add `--force` to overwrite it".into(),
        InstallError::Registry(RegistryError::Index { .. }) => {
            "name the registry's folder with `--registry`".into()
        }
        InstallError::Registry(RegistryError::UnknownId { other_kind: false, similar, .. })
            if similar.is_empty() =>
        {
            "check the id, or name another registry with `--registry`".into()
        }
        error => error.next_step(),
    };
    failed(error, next_step)
}
