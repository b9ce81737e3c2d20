//! The files that are read only at the start of the program. A later change is logged, so that nobody waits for
//! its effect.

use std::path::{Path, PathBuf};

use crate::contract::Config;
use crate::package;

/// One of the configuration's files.
pub(super) struct Settings {
    path: PathBuf,
    /// Its text at the start of the program; empty if it was missing.
    in_use: String,
    /// Its text at the last check, or why it can't be read.
    seen: Result<String, String>,
}

impl Settings {
    /// A file with the text that the program has read from it at the start.
    pub(super) fn new(path: &Path, in_use: &str) -> Self {
        Self { path: path.to_owned(), in_use: in_use.to_owned(), seen: Ok(in_use.to_owned()) }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Logs each change of the file once.
    pub(super) fn refresh(&mut self) {
        let now = package::read_text(&self.path).map(Option::unwrap_or_default);
        let now = now.map_err(|error| error.to_string());
        if now == self.seen {
            return;
        }
        let path = self.path.display();
        let problem = match &now {
            Ok(text) if *text == self.in_use => None,
            Ok(text) => Config::from_yaml(text).err().map(|error| error.to_string()),
            Err(problem) => Some(problem.clone()),
        };
        match problem {
            Some(problem) => {
                let problem = problem.replace('\n', "; ");
                log::warn!("{path} has changed, and the next start will refuse it: {problem}");
            }
            None if now.as_ref() == Ok(&self.in_use) => {
                log::warn!("{path} is again as it was at the start");
            }
            None => log::warn!("{path} has changed, which counts from the next start"),
        }
        self.seen = now;
    }
}
