//! The outcome of a command, from which the exit status is decided.

/// The exit status after ctrl-c, as shells set it.
pub(super) const INTERRUPTED: u8 = 130;

/// The outcome of a command that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It succeeded.
    Done,
    /// It failed, and the reason is printed.
    Failed,
    /// The command line is wrong, and the reason is printed.
    WrongUsage,
    /// The operator interrupted it.
    Interrupted,
    /// The process has to restart.
    RestartNeeded,
}
