//! `/skills` and `/use`: which skills there are, and putting one's text into the conversation.

use std::fmt::Write;

use super::built_in;
use crate::command::answer::CommandOutcome;
use crate::command::caller::CommandCall;
use crate::command::complete::Completes;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandHandler};
use crate::command::skill::{rendered, summary};
use crate::contract::BoxFuture;
use crate::skill::{Diagnostic, Severity, SkillEntry, SkillState};

pub(super) fn list() -> Command {
    built_in("skills", "", "Lists the skills, and says of those that can't be used why", "", List)
}

pub(super) fn use_skill() -> Command {
    built_in(
        "use",
        "SKILL [NAME=VALUE ...]",
        "Puts a skill's text into this conversation until `/clear`",
        "The skill's variables can be given as NAME=VALUE. A value with spaces is quoted as in a shell: \
         NAME=\"two words\" or NAME='two words'.",
        Use,
    )
}

struct List;

impl CommandHandler for List {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let snapshot = call.host.snapshot();
            let used = call.conversation.used_skills();
            let mut lines = Vec::new();
            for entry in snapshot.skills.entries() {
                let description = entry.document.as_ref().map(|it| summary(&it.description));
                let mut line = format!("{}  {}", entry.name, description.unwrap_or_default());
                // Writing to a string can't fail.
                let _ = match reason(entry).or_else(|| outdated(entry)) {
                    Some(reason) => write!(line, " [{reason}]"),
                    None if used.iter().any(|skill| *skill.name == *entry.name) => {
                        write!(line, " [in use]")
                    }
                    None => Ok(()),
                };
                lines.push(line);
            }
            if lines.is_empty() {
                lines.push("there are no skills".into());
            }
            Ok(CommandOutcome::text(lines.join("\n")))
        })
    }
}

struct Use;

impl CommandHandler for Use {
    fn run<'a>(
        &'a self,
        call: CommandCall<'a>,
    ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
        Box::pin(async move {
            let arguments = call.arguments;
            let (name, values) =
                arguments.split_once(char::is_whitespace).unwrap_or((arguments, ""));
            if name.is_empty() {
                return Err(CommandError::Usage { usage: use_skill().usage() });
            }
            let snapshot = call.host.snapshot();
            let unknown = |reason| CommandError::UnknownSkill { name: name.to_owned(), reason };
            let entry = snapshot.skills.get(name).ok_or_else(|| unknown(None))?;
            let document = match (&entry.document, reason(entry)) {
                (Some(document), None) => document,
                (_, reason) => return Err(unknown(reason)),
            };
            let skill = rendered(entry, document, values.trim())?;
            if !call.conversation.use_skill(skill) {
                return Err(CommandError::Limit { limit: "skills in one conversation".into() });
            }
            Ok(CommandOutcome::text(format!("`{name}` is in use in this conversation")))
        })
    }

    fn completes(&self) -> Option<Completes> {
        Some(Completes::Skills)
    }
}

/// Why a skill is not as its file is now, although it can be used.
fn outdated(entry: &SkillEntry) -> Option<String> {
    let error = error(entry).filter(|_| entry.outdated)?;
    Some(format!("as it was before, because the file can't be loaded now: {error}"))
}

fn error(entry: &SkillEntry) -> Option<&Diagnostic> {
    entry.diagnostics.iter().find(|it| it.severity == Severity::Error)
}

/// Why a skill can't be used, if it can't.
fn reason(entry: &SkillEntry) -> Option<String> {
    let state = entry.state.as_str();
    match &entry.state {
        SkillState::Active => None,
        SkillState::Unavailable { reasons } => Some(format!("{state}: {}", reasons.join("; "))),
        SkillState::Pending { unapproved } => Some(format!("{state}: {}", unapproved.join(", "))),
        SkillState::Shadowed { by } => Some(match &by.path {
            Some(path) => format!("{state} by {}", path.display()),
            None => format!("{state} by the {} one", by.level),
        }),
        SkillState::Invalid => Some(match error(entry) {
            Some(error) => format!("{state}: {error}"),
            None => state.to_owned(),
        }),
        SkillState::Disabled => Some(state.to_owned()),
    }
}
