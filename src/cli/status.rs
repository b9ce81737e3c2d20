//! What a command reports to the one place that decides the exit status.

/// The status that shells give to what ctrl-c has ended.
pub(super) const INTERRUPTED: u8 = 130;

/// The outcome of a command that could run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// It succeeded.
    Done,
    /// It failed, and has printed why.
    Failed,
    /// The command line is wrong, and that is printed.
    WrongUsage,
    /// The operator interrupted it.
    Interrupted,
    /// The process has to restart.
    WornOut,
}
