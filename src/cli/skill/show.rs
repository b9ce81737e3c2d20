//! `weft-lite skill show`: shows a skill as a model would see it, or everything about it.

use argh::FromArgs;
use serde_json::Value;
use weft_lite::package::{InstallRecord, PackageKind};
use weft_lite::skill::{SkillDocument, SkillEntry, SkillLevel, SkillState};
use weft_lite::sorted::SortedMap;

use super::named;
use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::run::changes;
use crate::cli::{CommandFailure, Status};

/// Show a skill as a model would see it: its description, then its instructions.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "show",
    example = "{command_name} writing-a-skill\n{command_name} deploy --json",
    note = "Variables have their default values. With --json, the whole record: state, source, what it\nshadows, diagnostics, frontmatter, and where it was installed from."
)]
pub(super) struct Show {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
}

pub(super) fn run(command: &Show, options: &Options) -> Result<Status, CommandFailure> {
    let snapshot = named::snapshot(options)?;
    let entry = named::find(&snapshot.skills, &command.name)?;
    if options.json {
        output::json(&record(entry, options)?)?;
        return Ok(Status::Done);
    }
    let Some(document) = &entry.document else {
        output::message(&changes::problem(entry));
        return Err(CommandFailure::work(
            &format_args!("`{}` has no text that could be loaded", entry.name),
            &format_args!("see `weft-lite skill validate {}`", named::place(entry)),
        ));
    };
    if let Some(visibility_note) = visibility_note(entry, document) {
        output::message(&format_args!("note: {visibility_note}"));
    }
    output::guest_text(&text(document))?;
    Ok(Status::Done)
}

/// The skill's entry in a prompt, and the text that a model reads when it uses the skill.
fn text(document: &SkillDocument) -> String {
    let SkillDocument { name, description, instructions, .. } = document;
    let values = SortedMap::new();
    // If a required value is missing, the text is shown without values.
    let body = document.render(&values).unwrap_or_else(|missing| {
        output::message(&format_args!("note: {missing}: shown as they are written"));
        instructions.into()
    });
    format!("{name}: {description}\n\n{}", body.trim_start_matches(['\r', '\n']).trim_end())
}

/// Why a model does not see the skill; `None` if it does.
fn visibility_note(entry: &SkillEntry, document: &SkillDocument) -> Option<String> {
    match &entry.state {
        SkillState::Active if !document.model_invocable => {
            Some("only a person can call it: it is not offered to models".into())
        }
        SkillState::Active => entry.outdated.then(|| {
            "this is the version before: the file as it is now can't be loaded".to_owned()
        }),
        SkillState::Unavailable { reasons } => {
            Some(format!("it is unavailable, and not offered: {}", reasons.join("; ")))
        }
        SkillState::Pending { unapproved } => {
            let name = &entry.name;
            let list = unapproved.join(", ");
            Some(format!("it is not offered before `weft-lite skill approve {name}`: {list}"))
        }
        state => Some(format!("it is {}, and not offered", state.as_str())),
    }
}

/// Everything about the skill.
fn record(entry: &SkillEntry, options: &Options) -> Result<Value, CommandFailure> {
    let mut record = entry.value();
    let installed = match entry.level {
        SkillLevel::Managed => {
            InstallRecord::read(&options.weft_home()?, PackageKind::Skill, &entry.name)
                .unwrap_or_default()
        }
        _ => None,
    };
    record["installed"] = installed.value();
    Ok(record)
}
