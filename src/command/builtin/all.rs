//! The list of built-in commands, and how one is described.

use std::sync::Arc;

use super::administration::Administration;
use super::{approvals, audit, conversation, help, plugins, reload, skills, status, tools};
use crate::command::registry::{Audience, Command, CommandHandler, CommandSource};

/// Every built-in command, in the order in which `/help` shows them. Those that change the program
/// are there only where somebody administers it.
#[must_use]
pub fn built_in_commands(administration: Option<Arc<dyn Administration>>) -> Vec<Command> {
    let mut commands = vec![
        help::command(),
        tools::command(),
        skills::list(),
        skills::use_skill(),
        plugins::command(),
    ];
    if let Some(administration) = administration {
        commands.push(approvals::approve(Arc::clone(&administration)));
        commands.push(approvals::reject(Arc::clone(&administration)));
        commands.push(reload::command(administration));
    }
    commands.extend([status::command(), audit::command()]);
    commands.extend([conversation::clear(), conversation::quit()]);
    commands
}

/// A built-in command for everyone, without aliases.
pub(super) fn built_in(
    name: &str,
    argument_hint: &str,
    summary: &str,
    help: &str,
    handler: impl CommandHandler + 'static,
) -> Command {
    Command {
        name: name.to_owned(),
        aliases: Vec::new(),
        argument_hint: argument_hint.to_owned(),
        summary: summary.to_owned(),
        help: help.to_owned(),
        source: CommandSource::BuiltIn,
        audience: Audience::Everyone,
        handler: Arc::new(handler),
    }
}

/// The same for the owner alone.
pub(super) fn for_owner(command: Command) -> Command {
    Command { audience: Audience::Owner, ..command }
}
