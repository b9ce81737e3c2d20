//! Finds out whether the workspace is trusted, from `--trust` or the stored answer; and `weft-lite trust`, which
//! shows and changes that answer.

use std::path::{Path, PathBuf};

use argh::FromArgs;
use weft_lite::package::{Prompt, WorkspaceTrust};
use weft_lite::skill::SkillRoot;
use weft_lite::text::{printable, shown};

use super::flags::Options;
use super::logs::{self, Verbosity};
use super::terminal::Terminal;
use super::{CommandFailure, Status, output};

/// The files of a workspace that are not even read without trust.
const OWN: [&str; 6] = [
    ".weft/skills",
    ".clawft/skills",
    ".agents/skills",
    ".weft/config.yaml",
    "SOUL.md",
    ".weft/SOUL.md",
];

/// Say whether the skills, settings and SOUL.md in the workspace are followed, or change that: yes, no, or ask
/// the next time.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "trust",
    example = "{command_name}\n{command_name} yes --workspace ~/project",
    note = "Without an answer, nothing is changed. --trust before or after another command trusts the\nworkspace for that command alone."
)]
pub(super) struct TrustWorkspace {
    /// what is answered for the workspace: yes, no or ask
    #[argh(positional, arg_name = "ANSWER")]
    answer: Option<String>,
}

/// Whether the operator is asked about the workspace's trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrustPrompt {
    Once,
    /// No question; the unused files are printed.
    Tell,
    Never,
}

pub(super) fn run(command: &TrustWorkspace, options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let (home, workspace) = (options.weft_home()?, &options.workspace);
    match command.answer.as_deref() {
        None => Ok(()),
        Some("yes") => WorkspaceTrust::Trusted.remember(&home, workspace),
        Some("no") => WorkspaceTrust::Untrusted.remember(&home, workspace),
        Some("ask") => WorkspaceTrust::forget(&home, workspace),
        Some(answer) => {
            return Err(CommandFailure::usage(
                &format_args!("`{}` is no answer", printable(answer)),
                &"say `yes`, `no` or `ask`",
            ));
        }
    }?;
    let answer = WorkspaceTrust::remembered(&home, workspace)?;
    let (real, own) = (options.real_workspace(), own(workspace, Some(&home)));
    if options.json {
        let workspace = real.display().to_string();
        let covers = covered(&options.workspace, &own);
        output::record(&[
            ("workspace", &workspace),
            ("trust", &answer),
            ("own", &own),
            ("covers", &covers),
        ])?;
        return Ok(Status::Done);
    }
    let state = match answer {
        Some(WorkspaceTrust::Trusted) => "trusted",
        Some(WorkspaceTrust::Untrusted) => "not trusted",
        None => "not trusted, and nobody has been asked",
    };
    let what = if own.is_empty() { "nothing of its own".into() } else { own.join(", ") };
    output::data(&format!("{}: {state} (it has {what})", printable(&real.display().to_string())))?;
    for path in covered(&options.workspace, &own) {
        output::data(&format!("  {}", shown(&path)))?;
    }
    Ok(Status::Done)
}

/// The workspace's trust: recorded before, or answered now.
pub(super) fn of(options: &Options, home: Option<&Path>, asking: TrustPrompt) -> WorkspaceTrust {
    if options.trust {
        return WorkspaceTrust::Trusted;
    }
    let workspace = &options.workspace;
    let remembered = match home.map(|home| WorkspaceTrust::remembered(home, workspace)) {
        Some(Ok(answer)) => answer,
        Some(Err(error)) => {
            log::warn!("the workspace is not trusted: {error}");
            None
        }
        None => None,
    };
    if remembered == Some(WorkspaceTrust::Trusted) {
        return WorkspaceTrust::Trusted;
    }
    let own = own(workspace, home);
    if own.is_empty() || asking == TrustPrompt::Never {
        return WorkspaceTrust::Untrusted;
    }
    let real = options.real_workspace();
    let question = format!(
        "{} has {}: instructions and settings that weft-lite would follow. do you trust them?",
        printable(&real.display().to_string()),
        own.join(", ")
    );
    let asked = asking == TrustPrompt::Once && remembered.is_none();
    let Some(yes) = asked.then(|| Terminal.confirm(&question)).flatten() else {
        let message = format_args!("warning: {} in the workspace is left alone", own.join(", "));
        let next_step = "if you trust it, add `--trust`, or say so once with `weft-lite trust yes`";
        output::advise(&message, &next_step);
        return WorkspaceTrust::Untrusted;
    };
    let answer = if yes { WorkspaceTrust::Trusted } else { WorkspaceTrust::Untrusted };
    if let Some(Err(error)) = home.map(|home| answer.remember(home, workspace)) {
        log::warn!("the answer can't be kept: {error}");
    }
    answer
}

/// Everything that trust in the workspace covers: each skill, and the other files.
fn covered(workspace: &Path, own: &[&str]) -> Vec<String> {
    let (roots, files): (Vec<&str>, Vec<&str>) =
        own.iter().partition(|name| name.ends_with("/skills"));
    let mut all = Vec::new();
    for root in roots {
        if let Some(root) = SkillRoot::open(&workspace.join(root)) {
            all.extend(root.walk().into_iter().map(|found| found.path));
        }
    }
    all.extend(files.into_iter().map(|name| workspace.join(name)));
    let shown = |path: &PathBuf| path.strip_prefix(workspace).unwrap_or(path).display().to_string();
    all.iter().map(shown).collect()
}

/// The existing files that are not read without trust. If the workspace is the folder that contains `home`, the
/// files in `home` are the operator's.
fn own(workspace: &Path, home: Option<&Path>) -> Vec<&'static str> {
    let real = |path: &Path| path.canonicalize().ok();
    let home = home.and_then(real);
    let is_operators = |path: &Path| {
        home.as_ref().is_some_and(|home| real(path).is_some_and(|it| it.starts_with(home)))
    };
    let is_own = |path: &Path| path.exists() && !is_operators(path);
    OWN.into_iter().filter(|name| is_own(&workspace.join(name))).collect()
}
