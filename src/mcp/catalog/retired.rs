//! Names of tools that are no longer offered, for the error to clients that still use one.

use std::collections::VecDeque;

/// How many names are remembered; clients of programs that reload more often list again.
const NAMES: usize = 1_024;

/// Names that are not offered any more, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Retired(VecDeque<String>);

impl Retired {
    /// The names after a change that removed `gone`.
    pub(super) fn with<'a>(&self, gone: impl Iterator<Item = &'a str>) -> Self {
        let gone: Vec<String> = gone.map(str::to_owned).collect();
        let kept = self.0.iter().filter(|name| !gone.contains(name)).cloned();
        let mut names: VecDeque<String> = kept.chain(gone.iter().cloned()).collect();
        names.drain(..names.len().saturating_sub(NAMES));
        Self(names)
    }

    /// Whether the name was offered once and is not any more.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|retired| retired == name)
    }
}
