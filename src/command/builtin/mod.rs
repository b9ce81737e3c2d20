//! The commands that come with the program.

mod administration;
mod approvals;
mod audit;
mod conversation;
mod help;
mod plugins;
mod reload;
mod skills;
mod status;
mod tools;

use std::sync::Arc;

pub use administration::Administration;
pub(super) use approvals::waiting;

use super::registry::{Audience, Command, CommandHandler, CommandSource};

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
fn built_in(
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
fn for_owner(command: Command) -> Command {
    Command { audience: Audience::Owner, ..command }
}
