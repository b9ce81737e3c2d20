//! The list of built-in commands.

use std::sync::Arc;

use super::administration::Administration;
use super::{approvals, audit, conversation, help, plugins, reload, skills, status, tools};
use crate::command::registry::Command;

/// Every built-in command, in the order of `/help`. Without `administration` there are no commands that change
/// the program.
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
