//! What line editing at a terminal needs: completion and history.

use std::path::PathBuf;
use std::sync::Arc;

/// Completes the end of a line: returns the byte from which it is replaced, and the candidates.
pub type Complete = Arc<dyn Fn(&str) -> (usize, Vec<String>) + Send + Sync>;

/// Line editing at a terminal.
#[derive(Clone)]
pub struct ConsoleEditing {
    /// The file that keeps what was typed, readable by its owner only; `None`: nothing is kept.
    /// Lines that begin with a space are not kept.
    pub history: Option<PathBuf>,
    /// What completes a line.
    pub complete: Complete,
}
