//! The command line: one file for each command, and the one place that decides the exit status.
//!
//! 0 is success, also when the reader of the output went away; 1 means that the work failed, 2 that
//! the command line was wrong. `call` and `run --message` end with 130 when they are interrupted, and so
//! does whatever serves, when that happens while it loads or a second time.

mod arguments;
mod audit;
mod call;
mod failure;
mod habits;
mod interrupts;
#[cfg(feature = "package")]
mod key;
mod logs;
mod options;
mod output;
mod package;
mod plugin;
mod report;
mod restart;
mod run;
mod secret;
mod skill;
mod terminal;
mod threads;
mod tools;
mod trust;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::process::ExitCode;

use argh::{EarlyExit, FromArgs};

use failure::{Cause, Failure};
use options::Options;
use output::Form;

/// How the program is called.
const NAME: &str = "weft-lite";

/// The status that shells give to what ctrl-c has ended.
const INTERRUPTED: u8 = 130;

/// The audit log's name in weft-lite's own folder.
const AUDIT_FILE: &str = "audit.jsonl";

/// What a command came to, where it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Done,
    /// It failed, and has said so.
    Failed,
    /// The command line asks for what can't be, and that is said.
    WrongUsage,
    /// The operator would not wait for it.
    Interrupted,
    /// It has to start anew.
    WornOut,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Command {
    Run(run::Run),
    #[cfg(feature = "mcp")]
    Mcp(run::Mcp),
    Call(call::Call),
    Tools(tools::Tools),
    Plugin(plugin::Plugin),
    Skill(skill::Skill),
    Trust(trust::Trust),
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
    let form = if json && !protocol { Form::Json } else { Form::Text };
    let done = match done {
        Ok(Status::WornOut) => restart::again().map_or(Ok(Status::Done), Err),
        done => done,
    };
    match done.or_else(|failure| tell(failure, form)) {
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
fn is_mcp(command: Option<&Command>) -> bool {
    matches!(command, Some(Command::Mcp(_)))
}

#[cfg(not(feature = "mcp"))]
fn is_mcp(_command: Option<&Command>) -> bool {
    false
}

/// Says why a command could not do its work, where and how its results would have been said.
fn tell(failure: Failure, form: Form) -> io::Result<Status> {
    match *failure.0 {
        Cause::Said { code, message, next_step, status } => {
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
            let told = habits::unknown(&arguments).or_else(|| habits::unknown_option(&output));
            Err(told.unwrap_or_else(|| usage(&sentence(&output))))
        }
    }
}

/// The names that `name` was probably meant to be, or else where all of them are listed.
fn meant<'n>(name: &str, known: impl IntoIterator<Item = &'n str>, otherwise: &str) -> String {
    let similar = weft_lite::text::similar_names(name, known);
    weft_lite::text::did_you_mean(&similar, "").unwrap_or_else(|| otherwise.to_owned())
}

fn usage(message: &dyn fmt::Display) -> Failure {
    Failure::usage(message, &"see `weft-lite --help`, or `--help` after a command")
}

/// The words of the parser in the form of our own: lowercase, without a full stop.
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
        Some(Command::Run(command)) => run::run(command, options),
        #[cfg(feature = "mcp")]
        Some(Command::Mcp(command)) => run::run(&command.run(), options),
        Some(Command::Call(command)) => call::run(command, options),
        Some(Command::Tools(_)) => tools::run(options),
        Some(Command::Plugin(command)) => plugin::run(command, options),
        Some(Command::Skill(command)) => skill::run(command, options),
        Some(Command::Trust(command)) => trust::run(command, options),
        Some(Command::Audit(command)) => audit::run(command, options),
        Some(Command::Secret(command)) => secret::run(command, options),
        #[cfg(feature = "package")]
        Some(Command::Key(command)) => key::run(command, options),
        None => {
            if let Err(EarlyExit { output, .. }) = Options::from_args(&[NAME], &["--help"]) {
                output::message(&output);
            }
            Err(usage(&"there is no command"))
        }
    }
}
