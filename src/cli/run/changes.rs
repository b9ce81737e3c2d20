//! Prints changes while the program runs: one line for each, on standard error.

use serde_json::Value;
use weft_lite::actor::{Change, RefusedPlugin, RegistryChange};
use weft_lite::command::Commands;
use weft_lite::errors::LoadError;
use weft_lite::skill::{Diagnostic, Severity, SkillEntry, SkillState};
use weft_lite::text::{json_line, printable};
use weft_lite::{Changes, PluginHost, Runtime, Subscription};

use crate::cli::output::{self, AsJson};
use crate::cli::report;

/// The format in which changes are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A line for a person for each thing that changed.
    Lines,
    /// A JSON object on one line for each generation.
    Json,
}

/// Prints every change until the runtime is stopped. With `commands`, new name collisions are logged too.
pub(super) async fn follow(
    runtime: &Runtime,
    commands: Option<&Commands>,
    mut subscription: Subscription,
    style: Style,
) {
    let host = runtime.host();
    while let Some(change) = subscription.next().await {
        if runtime.loader().is_stopped() {
            // At the end everything goes out of service, which is not printed.
            break;
        }
        match style {
            Style::Json => output::message(&json_line(&as_json(&change))),
            Style::Lines => lines(&change, host).iter().for_each(|line| output::message(line)),
        }
        // Deriving the commands logs new name collisions.
        let _ = commands.map(Commands::now);
    }
}

fn lines(change: &RegistryChange, host: &PluginHost) -> Vec<String> {
    let RegistryChange { skills, plugins, refused, .. } = change;
    let mut lines = Vec::new();
    for entry in &skills.removed {
        lines.push(format!("- skill {}", entry.name));
    }
    for entry in &skills.added {
        lines.extend(arrived(entry));
    }
    for Change { before, after } in &skills.changed {
        lines.extend(changed(before, after));
    }
    lines.extend(plugins.removed.iter().map(|plugin| format!("- plugin {}", plugin.id)));
    lines.extend(
        plugins.added.iter().map(|plugin| format!("+ plugin {} {}", plugin.id, plugin.version)),
    );
    lines.extend(plugins.changed.iter().map(|Change { before, after }| {
        match before.version == after.version {
            true => format!("~ plugin {} {}", after.id, after.version),
            false => format!("~ plugin {} {} -> {}", after.id, before.version, after.version),
        }
    }));
    // A refusal that is already over is not printed.
    let snapshot = host.snapshot();
    let still = refused.iter().filter(|it| snapshot.plugins.refused().contains(it));
    lines.extend(still.map(|refused| {
        let name = refused.id.as_deref().unwrap_or(&refused.origin);
        let message = format!("! plugin {name}: {}", report::reason(&refused.error));
        output::with_next_step(&message, &report::next_step(&refused.error))
    }));
    lines
}

fn arrived(entry: &SkillEntry) -> Vec<String> {
    match &entry.state {
        SkillState::Active => {
            let line = format!("+ skill {} ({})", entry.name, entry.level);
            std::iter::once(line).chain(repairs(entry)).collect()
        }
        _ => vec![problem(entry)],
    }
}

fn changed(before: &SkillEntry, after: &SkillEntry) -> Vec<String> {
    let mut lines = Vec::new();
    let name = &after.name;
    if before.level != after.level {
        lines.push(format!("~ skill {name} ({} -> {})", before.level, after.level));
    } else if after.is_active() && before.document != after.document {
        lines.push(format!("~ skill {name} ({})", after.level));
    } else if before.state.as_str() != after.state.as_str() {
        let (before, after) = (before.state.as_str(), after.state.as_str());
        lines.push(format!("~ skill {name}: {before} -> {after}"));
    }
    let is_worse = !after.is_active() || after.outdated;
    let is_new = before.diagnostics != after.diagnostics || before.state != after.state;
    if is_new && !is_worse {
        lines.extend(repairs(after));
    }
    // The line above already says a state that has no reason.
    let is_said = lines.last().is_some_and(|line| line.ends_with(after.state.as_str()));
    if is_worse && is_new && !(is_said && is_plain(after)) {
        lines.push(problem(after));
    }
    lines
}

/// Whether its state has no reason: it is disabled or shadowed.
fn is_plain(entry: &SkillEntry) -> bool {
    let is_plain = matches!(entry.state, SkillState::Disabled | SkillState::Shadowed { .. });
    is_plain && entry.diagnostics.iter().all(|it| it.severity != Severity::Error)
}

/// Why a skill is not offered, or is offered in an older version.
pub(in crate::cli) fn problem(entry: &SkillEntry) -> String {
    let name = &entry.name;
    let error = entry.diagnostics.iter().find(|it| it.severity == Severity::Error);
    match (&entry.state, error) {
        (SkillState::Unavailable { reasons }, _) => {
            format!("! skill {name}: unavailable: {}", reasons.join("; "))
        }
        (SkillState::Pending { unapproved }, _) => output::with_next_step(
            &format!("! skill {name}: needs approval for {}", unapproved.join(", ")),
            &format!("approve them with `weft-lite skill approve {name}`"),
        ),
        (_, Some(error)) => diagnosed(entry, error),
        (state, None) => format!("! skill {name}: {}", state.as_str()),
    }
}

/// The repairs of a skill that is offered anyway.
fn repairs(entry: &SkillEntry) -> impl Iterator<Item = String> {
    let warnings = entry.diagnostics.iter().filter(|it| it.severity == Severity::Warning);
    warnings.map(|warning| diagnosed(entry, warning))
}

fn diagnosed(entry: &SkillEntry, error: &Diagnostic) -> String {
    let file = entry.path.as_deref().and_then(|path| path.file_name());
    let file = file.unwrap_or_default().to_string_lossy();
    let stays = if entry.outdated { "; the version before stays" } else { "" };
    let message = format!("! skill {}: {file}:{error}{stays}", entry.name);
    match &error.suggestion {
        Some(suggestion) => output::with_next_step(&message, suggestion),
        None => message,
    }
}

fn as_json(change: &RegistryChange) -> Value {
    let RegistryChange { generation, skills, plugins, tools, refused, .. } = change;
    output::object(&[
        ("event", &"change"),
        ("generation", generation),
        ("skills", &changes(skills, |entry| skill(entry))),
        (
            "plugins",
            &changes(plugins, |it| output::object(&[("id", &it.id), ("version", &it.version)])),
        ),
        ("tools", &changes(tools, |it| output::object(&[("name", &it.name)]))),
        ("refused", &refused.iter().map(refusal).collect::<Vec<_>>()),
    ])
}

fn changes<T>(changes: &Changes<T>, json: impl Fn(&T) -> Value) -> Value {
    let all = |entries: &[T]| Value::Array(entries.iter().map(&json).collect());
    let both = |Change { before, after }: &Change<T>| {
        output::object(&[("before", &json(before)), ("after", &json(after))])
    };
    output::object(&[
        ("added", &all(&changes.added)),
        ("changed", &Value::Array(changes.changed.iter().map(both).collect())),
        ("removed", &all(&changes.removed)),
    ])
}

/// A skill without its text.
pub(in crate::cli) fn skill(entry: &SkillEntry) -> Value {
    let version = entry.document.as_ref().and_then(|document| document.version.clone());
    let mut without_text = entry.clone();
    without_text.document = None;
    let mut described = without_text.value();
    if let Some(fields) = described.as_object_mut() {
        fields.remove("document");
        fields.insert("version".into(), version.into());
    }
    described
}

fn refusal(refused: &RefusedPlugin) -> Value {
    output::object(&[
        ("id", &refused.id),
        ("origin", &refused.origin),
        ("pending", &matches!(refused.error, LoadError::Pending { .. })),
        ("reason", &printable(&report::reason(&refused.error))),
        ("next_step", &report::next_step(&refused.error)),
    ])
}
