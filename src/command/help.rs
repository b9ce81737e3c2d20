//! `/help`: texts about commands, for people and for the documentation.

use std::fmt::Write;

use super::error::CommandError;
use super::registry::{Audience, Command, CommandRegistry};
use super::source::CommandSource;

impl CommandRegistry {
    /// All commands in three groups, with the name collisions at the end.
    #[must_use]
    pub fn overview(&self) -> String {
        let mut groups: [(&str, Vec<&Command>); 3] =
            ["commands", "skills", "plugins"].map(|title| (title, Vec::new()));
        for command in self.commands() {
            let group = match command.source {
                CommandSource::BuiltIn => 0,
                CommandSource::Skill { .. } | CommandSource::Plugin { .. } => 1,
                CommandSource::PluginTool { .. } => 2,
            };
            groups[group].1.push(command);
        }
        let mut text = String::new();
        for (title, commands) in groups.iter().filter(|(_, commands)| !commands.is_empty()) {
            text.push_str(title);
            text.push_str(":\n");
            text.push_str(&aligned(commands));
        }
        for collision in self.collisions() {
            // Writing to a string can't fail.
            let _ = writeln!(text, "error: {collision}\n  try: {}", collision.next_step());
        }
        text.push_str("a line `TOOL {JSON}` calls a tool; anything else is a message");
        text
    }

    /// The help of one command, by its name with or without the slash.
    ///
    /// # Errors
    ///
    /// [`CommandError::Unknown`].
    pub fn help(&self, name: &str) -> Result<String, CommandError> {
        let command = self.find(name.trim_start_matches('/'))?;
        let mut text = format!("{}\n  {}", command.usage(), command.summary);
        if !command.help.is_empty() {
            let _ = write!(text, "\n\n{}", command.help);
        }
        if !command.aliases.is_empty() {
            let _ = write!(text, "\n\nalso: /{}", command.aliases.join(", /"));
        }
        if command.audience == Audience::Owner {
            text.push_str("\n\nfor the owner alone");
        }
        if command.source != CommandSource::BuiltIn {
            let _ = write!(text, "\n\nfrom {}", command.source);
        }
        Ok(text)
    }

    /// The built-in commands as a table in Markdown, for documentation.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::from("| command | what it does |\n| --- | --- |\n");
        let built_in = self.commands().filter(|command| command.source == CommandSource::BuiltIn);
        for command in built_in {
            let also = match command.aliases.as_slice() {
                [] => String::new(),
                aliases => format!(", `/{}`", aliases.join("`, `/")),
            };
            let owner = owner_mark(command);
            let summary = command.summary.replace('|', "\\|");
            let _ = writeln!(text, "| `{}`{also} | {summary}{owner} |", command.usage());
        }
        text
    }
}

fn aligned(commands: &[&Command]) -> String {
    let typed = |command: &Command| {
        let aliases = command.aliases.iter().map(|alias| format!(", /{alias}"));
        command.usage() + &aliases.collect::<String>()
    };
    let typed: Vec<String> = commands.iter().map(|command| typed(command)).collect();
    let width = typed.iter().map(|typed| typed.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (command, typed) in commands.iter().zip(typed) {
        let owner = owner_mark(command);
        let _ = writeln!(text, "  {typed:width$}  {}{owner}", command.summary);
    }
    text
}

/// The mark after the summary of a command for the owner.
fn owner_mark(command: &Command) -> &'static str {
    if command.audience == Audience::Owner { " (owner)" } else { "" }
}
