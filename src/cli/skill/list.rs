//! `weft-lite skill list`: lists every skill that was found, with its state.

use std::sync::Arc;

use argh::FromArgs;
use serde_json::Value;
use weft_lite::skill::{Severity, ShadowedSkill, SkillEntry, SkillState};

use super::named::place;
use crate::cli::flags::Options;
use crate::cli::run::changes;
use crate::cli::trust::TrustPrompt;
use crate::cli::{CommandFailure, Status, output};

/// List the skills that were found, with their states and what they shadow.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "list",
    example = "{command_name}\n{command_name} --trust --json",
    note = "Skills of the workspace are listed only if it is trusted: by --trust, or by an answer given\nto `weft-lite run`. The options of `weft-lite --help` apply."
)]
pub(super) struct ListSkills {}

pub(super) fn run(options: &Options) -> Result<Status, CommandFailure> {
    // The question explains why the workspace's own skills are missing.
    let snapshot = options.load_and(TrustPrompt::Tell)?.host().snapshot();
    let entries = || snapshot.skills.entries();
    if options.json {
        output::json(&entries().map(|entry| row(entry)).collect::<Vec<_>>())?;
        return Ok(Status::Done);
    }
    let titles = ["name", "version", "format", "state", "source", "shadows", "reason", "path"];
    output::table(titles, &entries().map(|entry| cells(entry)).collect::<Vec<_>>())?;
    if output::is_terminal() {
        // A table has no room for next steps.
        let troubled = |entry: &&Arc<SkillEntry>| {
            matches!(entry.state, SkillState::Pending { .. } | SkillState::Invalid)
        };
        entries().filter(troubled).for_each(|entry| output::message(&changes::problem(entry)));
    }
    Ok(Status::Done)
}

/// A skill without its text, with its dialect.
fn row(entry: &SkillEntry) -> Value {
    let mut row = changes::skill(entry);
    row["format"] = entry.document.as_ref().map(|document| document.format.as_str()).into();
    row
}

fn cells(entry: &SkillEntry) -> [String; 8] {
    let document = entry.document.as_deref();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    let shadows: Vec<String> = entry.shadows.iter().map(|it| it.level.to_string()).collect();
    [
        entry.name.to_string(),
        or_dash(document.and_then(|document| document.version.clone())),
        or_dash(document.map(|document| document.format.as_str().to_owned())),
        entry.state.as_str().into(),
        entry.level.to_string(),
        or_dash((!shadows.is_empty()).then(|| shadows.join(", "))),
        reason(entry),
        place(entry),
    ]
}

/// The reason for its state, if there is one.
fn reason(entry: &SkillEntry) -> String {
    match &entry.state {
        SkillState::Unavailable { reasons } => reasons.join("; "),
        SkillState::Pending { unapproved } => {
            format!("needs approval for {}", unapproved.join(", "))
        }
        SkillState::Shadowed { by: ShadowedSkill { level, path } } => {
            let path = path.as_ref().map(|path| format!(", {}", path.display()));
            format!("by that of the level {level}{}", path.unwrap_or_default())
        }
        SkillState::Invalid => {
            let error = entry.diagnostics.iter().find(|it| it.severity == Severity::Error);
            error.map(ToString::to_string).unwrap_or_default()
        }
        SkillState::Active if entry.outdated => "the file as it is now can't be loaded".into(),
        SkillState::Active | SkillState::Disabled => String::new(),
    }
}
