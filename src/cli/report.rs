//! Messages about plugins: refusals, granted permissions and warnings, the same in every command.

use std::path::{Path, PathBuf};

use weft_lite::actor::RefusedPlugin;
use weft_lite::errors::{ActionableError, LoadError};
use weft_lite::package::{MANIFEST_NAMES, PackageOrigin};
use weft_lite::{Approval, LoadedPlugin, PluginRegistry};

use super::flags::Options;
use super::output;

/// Prints why each plugin is not loaded, and the next step.
pub(super) fn refused<'p>(plugins: impl IntoIterator<Item = &'p RefusedPlugin>) {
    for plugin in plugins {
        let message = format_args!("not loaded: {}: {}", name(plugin), reason(&plugin.error));
        output::advise(&message, &next_step(&plugin.error));
    }
}

/// The next step for a plugin that is not loaded, with the flag of this program for it.
pub(super) fn next_step(error: &LoadError) -> String {
    match error {
        LoadError::Pending { unapproved, .. } if error.waits_for_kinds() => {
            let kinds = unapproved.iter().filter_map(|it| it.split(':').next());
            let mut kinds: Vec<&str> = kinds.collect();
            kinds.dedup();
            format!("approve them with `--approve {}`", kinds.join(","))
        }
        _ => error.next_step(),
    }
}

/// Prints the permissions that plugins of `--plugins` have because they are named there.
pub(super) fn granted(registry: &PluginRegistry, options: &Options) {
    for granted in registry.plugins().filter_map(|plugin| granted_to(plugin, options)) {
        output::message(&granted);
    }
}

/// The permissions that a plugin of `--plugins` has because it is named there.
pub(super) fn granted_to(plugin: &LoadedPlugin, options: &Options) -> Option<String> {
    let PackageOrigin::Folder(folder) = &plugin.origin else { return None };
    let is_named = |named: &Path| folder.starts_with(named);
    let granted = Approval::NONE.missing(&plugin.manifest.permissions);
    if granted.is_empty() || !options.plugins.iter().any(|named| is_named(named)) {
        return None;
    }
    let by = if options.approve.is_empty() { "--plugins" } else { "--plugins and --approve" };
    Some(format!("{}: {} (approved by {by})", plugin.manifest.id, granted.join(", ")))
}

/// Warns about named folders without any plugin.
pub(super) fn empty_folders(folders: &[PathBuf], registry: &PluginRegistry) {
    let active = registry.plugins().filter_map(|plugin| match &plugin.origin {
        PackageOrigin::Folder(folder) => Some(folder.as_path()),
        PackageOrigin::Bundled => None,
    });
    let refused = registry.refused().iter().map(|plugin| Path::new(&plugin.origin));
    let places: Vec<&Path> = active.chain(refused).collect();
    for folder in folders {
        if !places.iter().any(|place| place.starts_with(folder)) {
            let message = format_args!("warning: there is no plugin in {}", folder.display());
            let first = MANIFEST_NAMES.first().copied().unwrap_or_default();
            let next_step = format_args!("a plugin is a folder with a `{first}` and a module");
            output::advise(&message, &next_step);
        }
    }
}

/// Prints the warnings of plugins in service, for instance about a grant that can't be opened.
pub(super) fn warnings(registry: &PluginRegistry) {
    registry.plugins().for_each(|plugin| warnings_of(plugin));
}

/// Prints the warnings of one plugin.
pub(super) fn warnings_of(plugin: &LoadedPlugin) {
    for warning in &plugin.warnings {
        output::message(&format_args!("warning: {}: {warning}", plugin.manifest.id));
    }
}

/// The plugin's id and place, or only the place.
fn name(plugin: &RefusedPlugin) -> String {
    match &plugin.id {
        Some(id) => format!("{id} ({})", plugin.origin),
        None => plugin.origin.clone(),
    }
}

/// The reason, without the place.
pub(super) fn reason(error: &LoadError) -> String {
    error.reason()
}
