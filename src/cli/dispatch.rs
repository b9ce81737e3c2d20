//! Parses the command line, runs its command and turns the result into an exit status.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use argh::{EarlyExit, FromArgs};

use super::failure::{Cause, Failure};
use super::flags::Options;
#[cfg(feature = "package")]
use super::key;
use super::output::OutputForm;
use super::status::{INTERRUPTED, Status};
use super::synonyms::NAME;
use super::{
    arguments, audit, call, output, plugin, restart, run, secret, skill, synonyms, tools, trust,
};

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub(super) enum ProgramCommand {
    Run(run::Run),
    #[cfg(feature = "mcp")]
    Mcp(run::Mcp),
    Call(call::Call),
    Tools(tools::ListTools),
    Plugin(plugin::PluginGroup),
    Skill(skill::SkillGroup),
    Trust(trust::TrustWorkspace),
    Audit(audit::Audit),
    Secret(secret::SecretCommand),
    #[cfg(feature = "package")]
    Key(key::Key),
}

/// Does what the arguments say.
pub(crate) fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.collect();
    let json = arguments::has_option(&arguments, "--json");
    let mcp = arguments::has_option(&arguments, "--mcp");
    let (done, command) = match parse(arguments) {
        Ok(Some(options)) => (dispatch(&options), options.command),
        Ok(None) => (Ok(Status::Done), None),
        Err(failure) => (Err(failure), None),
    };
    // Where standard output carries a protocol, errors have no place in it.
    let protocol = mcp || is_mcp(command.as_ref());
    let form = if json && !protocol { OutputForm::Json } else { OutputForm::Text };
    let done = match done {
        Ok(Status::WornOut) => restart::again().map_or(Ok(Status::Done), Err),
        done => done,
    };
    match done.or_else(|failure| report_failure(failure, form)) {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Failed | Status::WornOut) => ExitCode::FAILURE,
        Ok(Status::WrongUsage) => ExitCode::from(2),
        Ok(Status::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let message = format_args!("the output can't be written: {error}");
            output::problem(&message, &"check where it goes: a full disk, a closed file");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "mcp")]
fn is_mcp(command: Option<&ProgramCommand>) -> bool {
    matches!(command, Some(ProgramCommand::Mcp(_)))
}

#[cfg(not(feature = "mcp"))]
fn is_mcp(_command: Option<&ProgramCommand>) -> bool {
    false
}

/// Prints why a command failed, in the form its result would have had.
pub(super) fn report_failure(failure: Failure, form: OutputForm) -> io::Result<Status> {
    match *failure.0 {
        Cause::Reported { code, message, next_step, status } => {
            output::failure(
                &weft_lite::errors::Failure::new(code, message, next_step),
                None,
                form,
            )?;
            Ok(status)
        }
        Cause::Output(error) => Err(error),
    }
}

/// The options, or `None` where all that was asked for was help, and it is printed.
fn parse(arguments: Vec<OsString>) -> Result<Option<Options>, Failure> {
    let arguments = arguments::arrange(arguments).map_err(|message| usage(&message))?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match Options::from_args(&[NAME], &arguments) {
        Ok(options) => Ok(Some(options)),
        Err(EarlyExit { output, status: Ok(()) }) => {
            output::data(output.trim_end())?;
            Ok(None)
        }
        Err(EarlyExit { output, status: Err(()) }) => {
            let unknown =
                synonyms::unknown(&arguments).or_else(|| synonyms::unknown_option(&output));
            Err(unknown.unwrap_or_else(|| usage(&sentence(&output))))
        }
    }
}

fn usage(message: &dyn fmt::Display) -> Failure {
    Failure::usage(message, &"see `weft-lite --help`, or `--help` after a command")
}

/// The parser's message in our form: lowercase, without a full stop.
fn sentence(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
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

fn dispatch(options: &Options) -> Result<Status, Failure> {
    if options.version {
        output::data(concat!("weft-lite ", env!("CARGO_PKG_VERSION")))?;
        return Ok(Status::Done);
    }
    match &options.command {
        Some(ProgramCommand::Run(command)) => run::run(command, options),
        #[cfg(feature = "mcp")]
        Some(ProgramCommand::Mcp(command)) => run::run(&command.run(), options),
        Some(ProgramCommand::Call(command)) => call::run(command, options),
        Some(ProgramCommand::Tools(_)) => tools::run(options),
        Some(ProgramCommand::Plugin(command)) => plugin::run(command, options),
        Some(ProgramCommand::Skill(command)) => skill::run(command, options),
        Some(ProgramCommand::Trust(command)) => trust::run(command, options),
        Some(ProgramCommand::Audit(command)) => audit::run(command, options),
        Some(ProgramCommand::Secret(command)) => secret::run(command, options),
        #[cfg(feature = "package")]
        Some(ProgramCommand::Key(command)) => key::run(command, options),
        None => {
            if let Err(EarlyExit { output, .. }) = Options::from_args(&[NAME], &["--help"]) {
                output::message(&output);
            }
            Err(usage(&"there is no command"))
        }
    }
}
