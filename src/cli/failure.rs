//! Why a command failed: the message of the library's error, and a next step with the options of this program.

use std::fmt::Display;
use std::io;

use weft_lite::config::ConfigError;
#[cfg(feature = "autonomous")]
use weft_lite::errors::ProposalError;
#[cfg(feature = "store")]
use weft_lite::errors::StoreError;
use weft_lite::errors::{
    ActionableError, ConfigFileError, HomeError, LifecycleError, PackageError, PluginError,
    SecretError,
};
#[cfg(feature = "package")]
use weft_lite::errors::{InstallError, KeyError, PackError, RegistryError};
#[cfg(feature = "serve")]
use weft_lite::mcp::HttpError;

use super::Status;

/// Why a command failed.
#[derive(Debug)]
pub(super) struct CommandFailure(pub(super) Box<Cause>);

#[derive(Debug)]
pub(super) enum Cause {
    /// A message with a next step, and the exit status.
    Reported { code: &'static str, message: String, next_step: String, status: Status },
    /// The result could not be written.
    Output(io::Error),
}

impl CommandFailure {
    /// The command line is wrong.
    pub(super) fn usage(message: &dyn Display, next_step: &dyn Display) -> Self {
        Self::reported("usage", message, next_step, Status::WrongUsage)
    }

    /// The work failed.
    pub(super) fn work(message: &dyn Display, next_step: &dyn Display) -> Self {
        Self::reported("failed", message, next_step, Status::Failed)
    }

    /// The operator interrupted the command.
    pub(super) fn interrupted() -> Self {
        Self::reported("cancelled", &"cancelled", &"run it again", Status::Interrupted)
    }

    /// The work failed with this error.
    pub(super) fn of(error: &dyn Advised) -> Self {
        Self::work(error, &error.advice())
    }

    fn reported(
        code: &'static str,
        message: &dyn Display,
        next_step: &dyn Display,
        status: Status,
    ) -> Self {
        let (message, next_step) = (message.to_string(), next_step.to_string());
        Self(Box::new(Cause::Reported { code, message, next_step, status }))
    }

    /// Whether the operator interrupted the command.
    pub(super) fn is_interrupted(&self) -> bool {
        matches!(*self.0, Cause::Reported { status: Status::Interrupted, .. })
    }
}

impl From<io::Error> for CommandFailure {
    fn from(error: io::Error) -> Self {
        Self(Box::new(Cause::Output(error)))
    }
}

impl<E: Advised> From<E> for CommandFailure {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

/// An error of the library, with this program's own next step.
pub(super) trait Advised: Display {
    /// The next step, with the option of this program for it.
    fn advice(&self) -> String;
}

/// Implements `Advised` for errors whose own next step fits.
macro_rules! advised {
    ($($error:ty),*) => {
        $(impl Advised for $error {
            fn advice(&self) -> String {
                self.next_step()
            }
        })*
    };
}

advised!(
    ConfigError,
    ConfigFileError,
    HomeError,
    LifecycleError,
    PackageError,
    PluginError,
    SecretError
);
#[cfg(feature = "package")]
advised!(KeyError, PackError);
#[cfg(feature = "store")]
advised!(StoreError);
#[cfg(feature = "autonomous")]
advised!(ProposalError);
#[cfg(feature = "serve")]
advised!(HttpError);

#[cfg(feature = "package")]
impl Advised for InstallError {
    fn advice(&self) -> String {
        match self {
            Self::Exists { .. } => "add `--force` to overwrite it".into(),
            Self::Registry(RegistryError::Index { .. }) => {
                "name the registry's folder with `--registry`".into()
            }
            Self::Registry(RegistryError::UnknownId { other_kind: false, similar, .. })
                if similar.is_empty() =>
            {
                "check the id, or name another registry with `--registry`".into()
            }
            error => error.next_step(),
        }
    }
}
