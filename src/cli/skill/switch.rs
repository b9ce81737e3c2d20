//! `weft-lite skill enable` and `disable`: switch a skill on or off.

use std::path::Path;

use argh::FromArgs;
use weft_lite::package::{SkillSwitch, SkillSwitches};

use super::named;
use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status};

/// Use a skill again that was switched off.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "enable", example = "{command_name} deploy")]
pub(super) struct Enable {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    pub(super) name: String,
}

/// Switch a skill off, wherever it comes from; a running weft-lite stops offering it at once.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "disable", example = "{command_name} deploy")]
pub(super) struct Disable {
    /// the skill's name
    #[argh(positional, arg_name = "NAME")]
    pub(super) name: String,
}

/// Warns that a name is switched off, after a skill of this name was installed or removed. A switch belongs to a
/// name, and applies to every skill of that name.
pub(in crate::cli) fn remind_of_switch(home: &Path, name: &str) {
    // The loader reports switches that can't be read.
    let switches = SkillSwitches::read(home).unwrap_or_default();
    if switches.disabled().contains(name) {
        let message = format_args!("note: skills of the name {name} are switched off");
        let next_step = format_args!("switch them on with `weft-lite skill enable {name}`");
        output::advise(&message, &next_step);
    }
}

pub(super) fn run(
    name: &str,
    switch: SkillSwitch,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let switches = SkillSwitches::read(&home)?;
    // A skill that is gone can be enabled before it returns.
    if !switches.disabled().contains(name) {
        named::find(&named::snapshot(options)?.skills, name)?;
    }
    let changed = SkillSwitches::set(&home, name, switch)?;
    let enabled = switch == SkillSwitch::On;
    let word = if enabled { "enabled" } else { "disabled" };
    let already = if changed { "" } else { " already" };
    let fields: [(&str, &dyn AsJson); 3] =
        [("name", &name), ("enabled", &enabled), ("changed", &changed)];
    output::done(options.form(), &fields, &format_args!("{word}{already}: {name}"))
}
