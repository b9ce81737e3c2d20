//! `weft-lite skill`: what skills say, and what is wrong with them.

mod found;
mod validate;

use argh::FromArgs;

use super::options::Options;
use super::{Failure, Status};

/// Check skills.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "skill",
    example = "{command_name} validate ./my-skill\n{command_name} validate ./skills --strict"
)]
pub(super) struct Skill {
    #[argh(subcommand)]
    command: Command,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Command {
    Validate(validate::Validate),
}

pub(super) fn run(command: &Skill, options: &Options) -> Result<Status, Failure> {
    match &command.command {
        Command::Validate(command) => validate::run(command, options),
    }
}
