//! Taking an installed package away, once somebody has said so.

use std::path::Path;

use weft_lite::package::{PackageKind, Prompt, uninstall};

use super::not_installed;
use crate::cli::flags::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{Failure, Status, output};

/// Asks `question`, unless the answer is known, and removes what is installed with all that was
/// approved for it.
pub(in crate::cli) fn remove(
    home: &Path,
    kind: PackageKind,
    id: &str,
    question: Option<&str>,
    options: &Options,
) -> Result<Status, Failure> {
    if let Some(question) = question {
        match Terminal.confirm(question) {
            Some(true) => {}
            Some(false) => return Ok(Status::Failed),
            None => {
                return Err(Failure::usage(
                    &format_args!("nobody is there to ask whether to remove `{id}`"),
                    &"say so with `--yes`",
                ));
            }
        }
    }
    if !uninstall(home, kind, id)? {
        return Err(not_installed(home, kind, id));
    }
    output::done(options.form(), &[("removed", &id)], &format_args!("removed: {id}"))
}
