//! Taking an installed package away, once somebody has said so.

use std::path::Path;

use serde_json::json;
use weft_lite::{PackageKind, Prompt, uninstall};

use super::{home_failed, not_installed};
use crate::cli::options::Options;
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
                return Err(Failure::Usage {
                    message: format!("nobody is there to ask whether to remove `{id}`"),
                    next_step: "say so with `--yes`".into(),
                });
            }
        }
    }
    if !uninstall(home, kind, id).map_err(|error| home_failed(&error))? {
        return Err(not_installed(home, kind, id));
    }
    if options.json {
        output::json(&json!({ "removed": id }))?;
    } else {
        output::message(&format!("removed: {id}"));
    }
    Ok(Status::Done)
}
