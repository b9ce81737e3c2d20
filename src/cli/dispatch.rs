//! Parses the command line and runs its command.

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use argh::{EarlyExit, FromArgs};
use weft_lite::text::listed;

#[cfg(feature = "autonomous")]
use super::autonomous;
use super::flags::Options;
#[cfg(feature = "package")]
use super::key;
#[cfg(feature = "net")]
use super::model;
use super::output::OutputForm;
use super::program::{NAME, Program, ProgramCommand};
#[cfg(feature = "store")]
use super::store;
use super::{
    CommandFailure, Status, arguments, audit, call, exit, output, panics, plugin, restart, run,
    secret, skill, synonyms, tools, trust,
};

/// Runs the command that the arguments name.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    panics::print_within_memory();
    let arguments: Vec<OsString> = arguments.collect();
    let json = arguments::has_option(&arguments, "--json");
    let mcp = arguments::has_option(&arguments, "--mcp");
    let (done, command) = match parse(arguments) {
        Ok(Some(Program { version: true, .. })) => (version(), None),
        Ok(Some(program)) => {
            let (options, command) = program.into_parts();
            (dispatch(command.as_ref(), &options), command)
        }
        Ok(None) => (Ok(Status::Done), None),
        Err(failure) => (Err(failure), None),
    };
    // If standard output carries a protocol, errors are not printed there.
    let protocol = mcp || is_mcp(command.as_ref());
    let form = if json && !protocol { OutputForm::Json } else { OutputForm::Text };
    let done = match done {
        Ok(Status::RestartNeeded) => restart::restart().map_or(Ok(Status::Done), Err),
        done => done,
    };
    exit::code(done, form)
}

fn version() -> Result<Status, CommandFailure> {
    output::data(concat!("weft-lite ", env!("CARGO_PKG_VERSION")))?;
    Ok(Status::Done)
}

#[cfg(feature = "mcp")]
fn is_mcp(command: Option<&ProgramCommand>) -> bool {
    matches!(command, Some(ProgramCommand::Mcp(_)))
}

#[cfg(not(feature = "mcp"))]
fn is_mcp(_command: Option<&ProgramCommand>) -> bool {
    false
}

/// Parses the command line. `None` if it asked for help, which is printed.
fn parse(arguments: Vec<OsString>) -> Result<Option<Program>, CommandFailure> {
    let arguments = arguments::arrange(arguments).map_err(|message| usage(&message))?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match Program::from_args(&[NAME], &arguments) {
        Ok(program) => Ok(Some(program)),
        Err(EarlyExit { output, status: Ok(()) }) => {
            output::data(output.trim_end())?;
            Ok(None)
        }
        Err(EarlyExit { output, status: Err(()) }) => {
            let unknown = synonyms::unknown(&arguments)
                .or_else(|| synonyms::unknown_option(&output, &arguments));
            Err(unknown.unwrap_or_else(|| {
                let command = synonyms::command(&arguments);
                let help = [&[NAME], command, &["--help"]].concat().join(" ");
                let message = sentence(&output, &command.join(" "));
                CommandFailure::usage(&message, &format_args!("see `{help}`"))
            }))
        }
    }
}

fn usage(message: &dyn fmt::Display) -> CommandFailure {
    CommandFailure::usage(message, &"see `weft-lite --help`, or `--help` after a command")
}

/// The parser's message about this command in the form of this program: lowercase, without a full stop.
fn sentence(output: &str, command: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if let [heading, missing @ ..] = lines.as_slice()
        && heading.ends_with(':')
    {
        let what = if heading.contains("subcommands") { "a command: " } else { "" };
        let missing = missing.iter().filter(|it| **it != "help" && !it.ends_with(':'));
        return format!("`{command}` needs {what}{}", listed(missing));
    }
    let text = lines.join(" ");
    if let Some(option) = text.strip_prefix("No value provided for option '") {
        return format!("`{}` needs a value", option.trim_end_matches("'."));
    }
    if let Some(value) = text.strip_prefix("Error parsing option '")
        && let Some((option, value)) = value.split_once("' with value '")
        && let Some((value, why)) = value.split_once("': ")
    {
        return format!("`{option}` does not take `{value}`: {why}");
    }
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

fn dispatch(command: Option<&ProgramCommand>, options: &Options) -> Result<Status, CommandFailure> {
    match command {
        Some(ProgramCommand::Run(command)) => run::run(command, options),
        #[cfg(feature = "mcp")]
        Some(ProgramCommand::Mcp(command)) => run::run(&command.run(), options),
        Some(ProgramCommand::Call(command)) => call::run(command, options),
        Some(ProgramCommand::Tools(_)) => tools::run(options),
        Some(ProgramCommand::Plugin(command)) => plugin::run(command, options),
        Some(ProgramCommand::Skill(command)) => skill::run(command, options),
        Some(ProgramCommand::Trust(command)) => trust::run(command, options),
        Some(ProgramCommand::Audit(command)) => audit::run(command, options),
        #[cfg(feature = "autonomous")]
        Some(ProgramCommand::Autonomous(command)) => autonomous::run(command, options),
        #[cfg(feature = "net")]
        Some(ProgramCommand::Model(command)) => model::run(command, options),
        Some(ProgramCommand::Secret(command)) => secret::run(command, options),
        #[cfg(feature = "store")]
        Some(ProgramCommand::Store(command)) => store::run(command, options),
        #[cfg(feature = "package")]
        Some(ProgramCommand::Key(command)) => key::run(command, options),
        None => {
            if let Err(EarlyExit { output, .. }) = Program::from_args(&[NAME], &["--help"]) {
                output::message(&output);
            }
            Err(usage(&"there is no command"))
        }
    }
}
