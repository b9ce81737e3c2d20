//! Whether the workspace is trusted: by `--trust`, or as it was answered once at a terminal.

use std::path::Path;

use weft_lite::{Prompt, WorkspaceTrust, printable};

use super::options::Options;
use super::output;
use super::terminal::Terminal;

/// What a workspace may have of its own, that is not even read without trust.
const OWN: [&str; 4] = [".weft/skills", ".clawft/skills", ".agents/skills", ".weft/config.yaml"];

/// Whether somebody may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    Once,
    /// Nobody is asked; what is left alone is said.
    Tell,
    Never,
}

/// Whether the workspace is trusted, by what is known or answered now.
pub(super) fn of(options: &Options, home: Option<&Path>, asking: Asking) -> WorkspaceTrust {
    if options.trust {
        return WorkspaceTrust::Trusted;
    }
    let workspace = &options.workspace;
    let remembered = home.map(|home| WorkspaceTrust::remembered(home, workspace));
    match remembered {
        Some(Ok(Some(answer))) => return answer,
        Some(Err(error)) => log::warn!("the workspace is not trusted: {error}"),
        Some(Ok(None)) | None => {}
    }
    let own: Vec<&str> = OWN.into_iter().filter(|name| workspace.join(name).exists()).collect();
    if own.is_empty() || asking == Asking::Never {
        return WorkspaceTrust::Untrusted;
    }
    let real = options.real_workspace();
    let question = format!(
        "{} has {}: instructions and settings that weft-lite would follow. do you trust them?",
        printable(&real.display().to_string()),
        own.join(", ")
    );
    let answer = if asking == Asking::Tell { None } else { Terminal.confirm(&question) };
    let Some(yes) = answer else {
        let message = format!("warning: {} in the workspace is left alone", own.join(", "));
        output::message(&output::with_next_step(&message, "if you trust it, add `--trust`"));
        return WorkspaceTrust::Untrusted;
    };
    let answer = if yes { WorkspaceTrust::Trusted } else { WorkspaceTrust::Untrusted };
    if let Some(Err(error)) = home.map(|home| answer.remember(home, workspace)) {
        log::warn!("the answer can't be kept: {error}");
    }
    answer
}
