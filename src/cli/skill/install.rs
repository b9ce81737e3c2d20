//! `weft-lite skill install`: from a folder, an archive or a registry.

use std::path::PathBuf;

use argh::FromArgs;
use weft_lite::package::{Existing, PackageKind};
use weft_lite::skill::SkillState;

use super::switch;
use crate::cli::flags::Options;
use crate::cli::package::{self, InstallRequest};
use crate::cli::run::changes;
use crate::cli::{CommandFailure, Status, output};

/// Install a skill, or another version of it.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "install",
    example = "{command_name} ./deploy\n{command_name} deploy-1.2.tar.gz --force\n{command_name} hub:deploy@1 --registry /media/stick",
    note = "A skill that asks for shell tools (`allowed-tools: Bash`), and one whose code asks for\nanything, is asked about on a terminal. Elsewhere --approve shell says yes to the first, --yes\nand --approve to the second, as for a plugin; what is left makes it pending."
)]
pub(super) struct InstallSkill {
    /// a skill's folder, an archive, `hub:NAME` or `hub:NAME@VERSION`
    #[argh(positional, arg_name = "SOURCE")]
    source: String,
    /// the registry's folder (default: registry in `$WEFT_HOME`)
    #[argh(option, arg_name = "DIR")]
    registry: Option<PathBuf>,
    /// overwrite an installed skill of the same name without asking
    #[argh(switch)]
    force: bool,
    /// approve the files and hosts that its code names
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &InstallSkill, options: &Options) -> Result<Status, CommandFailure> {
    let request = InstallRequest {
        kind: PackageKind::Skill,
        source: &command.source,
        registry: command.registry.as_deref(),
        existing: if command.force { Existing::Replace } else { Existing::Keep },
        yes: command.yes,
    };
    let installed = package::install(&request, options)?;
    if let Some(installed) = &installed {
        switch::remind_of_switch(&options.weft_home()?, &installed.package.id);
        report_unusable(&installed.package.id, options);
    }
    Ok(package::status(installed.as_ref()))
}

/// Prints why the installed skill can't be used or is not a command. Pending approvals and switches are already
/// printed.
fn report_unusable(name: &str, options: &Options) {
    let Ok(runtime) = options.load() else { return };
    let snapshot = runtime.host().snapshot();
    let Some(entry) = snapshot.skills.get(name) else { return };
    match &entry.state {
        // Deriving the commands logs name collisions.
        SkillState::Active => drop(runtime.commands().now()),
        SkillState::Pending { .. } | SkillState::Disabled => {}
        _ => output::message(&changes::problem(entry)),
    }
}
