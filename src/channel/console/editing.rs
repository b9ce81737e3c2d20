//! What line editing at a terminal needs: completion and history.

use std::path::PathBuf;
use std::sync::Arc;

/// What may stand at the end of a line: from which byte on, and what.
pub type Complete = Arc<dyn Fn(&str) -> (usize, Vec<String>) + Send + Sync>;

/// What a terminal offers beside reading lines.
#[derive(Clone)]
pub struct ConsoleEditing {
    /// The file that keeps what was typed, readable by its owner only; `None`: nothing is kept.
    /// Lines that begin with a space are not kept.
    pub history: Option<PathBuf>,
    /// What completes a line.
    pub complete: Complete,
}
