//! `/skills` and `/use`: lists the skills, and puts a skill's text into the conversation.

use std::fmt::Write;

use crate::command::answer::CommandOutcome;
use crate::command::error::CommandError;
use crate::command::registry::{Command, CommandCall, CommandHandler, Completes};
use crate::command::skill::{error, reason, rendered, summary};
use crate::contract::{BoxFuture, similar_names};
use crate::skill::SkillEntry;

/// `/skills`.
pub(super) fn list() -> Command {
    Command::built_in(
        "skills",
        "",
        "Lists the skills, with the reason if one is not active",
        "",
        SkillsCommand,
    )
}

/// `/use`.
pub(super) fn use_skill() -> Command {
    Command::built_in(
        "use",
        "SKILL [NAME=VALUE ...]",
        "Adds a skill's text to this conversation until `/clear`",
        "The skill's variables can be given as NAME=VALUE. A value with spaces is quoted as in a shell: \
         NAME=\"two words\" or NAME='two words'.",
        Use,
    )
}

/// One line a skill: its name, the first sentence of its description, and why it is not active.
struct SkillsCommand;

impl CommandHandler for SkillsCommand {
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

/// Puts a skill's text into the conversation. It stays there until `/clear`.
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
            let unknown = |reason: Option<String>| {
                let names = snapshot.skills.entries().map(|entry| &*entry.name);
                let similar =
                    if reason.is_none() { similar_names(name, names) } else { Vec::new() };
                CommandError::UnknownSkill { name: name.to_owned(), reason, similar }
            };
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

/// Why a usable skill is an older version than its file.
fn outdated(entry: &SkillEntry) -> Option<String> {
    let error = error(entry).filter(|_| entry.outdated)?;
    Some(format!("as it was before, because the file can't be loaded now: {error}"))
}
