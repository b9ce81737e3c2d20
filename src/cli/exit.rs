//! Prints why a command failed, and decides the exit status.

use std::io;
use std::process::ExitCode;

use super::failure::{Cause, CommandFailure};
use super::output::{self, OutputForm};
use super::status::{INTERRUPTED, Status};

/// The exit status of a command. The reason of a failure is printed.
pub(super) fn code(done: Result<Status, CommandFailure>, form: OutputForm) -> ExitCode {
    match done.or_else(|failure| report(failure, form)) {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Failed | Status::RestartNeeded) => ExitCode::FAILURE,
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

/// Prints why a command failed, in the form that its result would have had.
pub(super) fn report(failure: CommandFailure, form: OutputForm) -> io::Result<Status> {
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
