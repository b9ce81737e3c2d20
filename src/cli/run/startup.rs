//! The report at the start: the loaded plugins and skills with their permissions, and the refused ones.

use std::io::{self, IsTerminal};

use weft_lite::package::PackageOrigin;
use weft_lite::skill::{SkillLevel, SkillRegistry, SkillState};
use weft_lite::{LoadedPlugin, PipelineStageType, PluginRegistry, Runtime};

use super::changes;
use crate::cli::flags::Options;
use crate::cli::{output, report};

/// Whether the console is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Console {
    Served,
    Absent,
}

pub(super) fn report(runtime: &Runtime, options: &Options, console: Console) {
    let snapshot = runtime.host().snapshot();
    let registry = &*snapshot.plugins;
    // A person reads the console; a program reads JSON.
    let notice = match console {
        Console::Served if !options.json => model_notice(runtime),
        _ => None,
    };
    if let Some(notice) = &notice {
        output::message(notice);
    }
    output::message(&loaded(registry));
    skills(&snapshot.skills);
    for plugin in registry.plugins() {
        if let Some(permissions) = report::granted_to(plugin, options) {
            output::message(&permissions);
        }
        // The operator can't change bundled plugins.
        let bundled = plugin.origin == PackageOrigin::Bundled;
        for warning in plugin.warnings.iter().filter(|_| options.verbose || !bundled) {
            output::message(&format_args!("warning: {}: {warning}", plugin.manifest.id));
        }
    }
    report::refused(registry.refused());
    if console == Console::Served && notice.is_none() && !has_process_stage(registry) {
        output::message(
            &"no Process stage is there: plain text is answered only with commands that match it",
        );
    }
    if console == Console::Served && io::stdin().is_terminal() {
        output::message(&"`/help` lists what can be typed; ctrl-d ends");
    }
}

/// Whether a plugin answers plain text.
fn has_process_stage(registry: &PluginRegistry) -> bool {
    let mut plugins = registry.plugins();
    plugins.any(|plugin| plugin.metadata.stage_type == Some(PipelineStageType::Process))
}

/// The line about the model, where this program can ask one.
fn model_notice(runtime: &Runtime) -> Option<String> {
    #[cfg(feature = "net")]
    return crate::cli::model::notice(runtime, has_process_stage(&runtime.host().registry()));
    #[cfg(not(feature = "net"))]
    {
        let _ = runtime;
        None
    }
}

/// Says why plain text is not answered, before it is sent to a console without this report.
pub(super) fn report_unanswered(runtime: &Runtime) {
    let registry = runtime.host().registry();
    if has_process_stage(&registry) {
        return;
    }
    #[cfg(feature = "net")]
    if let Some(mind) = registry.refused().iter().find(|it| crate::cli::model::asks_model(it)) {
        return report::refused([mind]);
    }
    if let Some(notice) = model_notice(runtime) {
        output::message(&notice);
    }
}

/// Prints the numbers of offered skills by level, and why others are not offered.
fn skills(skills: &SkillRegistry) {
    let levels =
        [SkillLevel::Workspace, SkillLevel::Managed, SkillLevel::Plugin, SkillLevel::Bundled];
    let by_level = levels.map(|level| {
        let number = skills.active().filter(|(entry, _)| entry.level == level).count();
        (number > 0).then(|| format!("{number} {level}"))
    });
    let by_level: Vec<String> = by_level.into_iter().flatten().collect();
    if !by_level.is_empty() {
        let number = counted(skills.active().count(), "skill");
        output::message(&format_args!("{number} ({})", by_level.join(", ")));
    }
    for entry in skills.entries() {
        let at_rest = matches!(
            entry.state,
            SkillState::Active | SkillState::Disabled | SkillState::Shadowed { .. }
        );
        // Problems in a skill's code are reported for its plugin.
        let reported = entry.document.is_some() && entry.provider.is_some();
        if !at_rest && !reported {
            output::message(&changes::problem(entry));
        }
    }
}

/// The numbers of plugins and tools, and the plugins by origin.
fn loaded(registry: &PluginRegistry) -> String {
    let plugins: Vec<&LoadedPlugin> = registry.plugins().map(|plugin| &**plugin).collect();
    let tools = plugins.iter().map(|plugin| plugin.tools.len()).sum();
    let is_bundled = |plugin: &&&LoadedPlugin| plugin.origin == PackageOrigin::Bundled;
    let ids = |plugins: Vec<&&LoadedPlugin>| {
        plugins.iter().map(|plugin| plugin.manifest.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let bundled = ids(plugins.iter().filter(is_bundled).collect());
    let others = ids(plugins.iter().filter(|plugin| !is_bundled(plugin)).collect());
    let names = match (others.as_str(), bundled.as_str()) {
        ("", "") => String::new(),
        (others, "") => format!(" ({others})"),
        ("", bundled) => format!(" (bundled: {bundled})"),
        (others, bundled) => format!(" ({others}; bundled: {bundled})"),
    };
    format!("{}, {}{names}", counted(plugins.len(), "plugin"), counted(tools, "tool"))
}

fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
