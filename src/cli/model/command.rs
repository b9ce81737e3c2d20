//! The subcommands of `weft-lite model`.

use argh::FromArgs;

use super::{clear, set, show};
use crate::cli::flags::Options;
use crate::cli::logs::{self, Verbosity};
use crate::cli::{CommandFailure, Status};

/// Set the language model that answers plain text, show it, or remove it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "model",
    example = "{command_name} set http://localhost:8080/v1\n{command_name} show",
    note = "Any server with an OpenAI-compatible API will do: llama.cpp, Ollama, vLLM, OpenAI and others."
)]
pub(in crate::cli) struct ModelGroup {
    #[argh(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum ModelCommand {
    Set(set::SetModel),
    Show(show::ShowModel),
    Clear(clear::ClearModel),
}

/// The commands of this group.
pub(in crate::cli) fn commands() -> &'static [&'static argh::CommandInfo] {
    <ModelCommand as argh::SubCommands>::COMMANDS
}

pub(in crate::cli) fn run(
    command: &ModelGroup,
    options: &Options,
) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        ModelCommand::Set(command) => set::run(command, options),
        ModelCommand::Show(command) => show::run(command, options),
        ModelCommand::Clear(_) => clear::run(options),
    }
}
