//! What the commands for plugins and those for skills do in the same way.

mod approve;
#[cfg(feature = "package")]
mod install;
#[cfg(feature = "package")]
mod pack;
mod remove;
#[cfg(feature = "package")]
mod sign;
#[cfg(feature = "package")]
mod withdraw;

pub(super) use approve::{Asking, approved, ask};
#[cfg(feature = "package")]
pub(super) use install::{Request, install, status};
#[cfg(feature = "package")]
pub(super) use pack::{Pack, pack};
pub(super) use remove::remove;
#[cfg(feature = "package")]
pub(super) use sign::{Sign, sign};
#[cfg(feature = "package")]
pub(super) use withdraw::{Withdraw, withdraw};

use std::path::Path;

use weft_lite::package::{PackageKind, installed_folder, installed_ids};

use super::{Failure, meant};

/// A failure for want of a package; one of the other kind may have been meant.
pub(super) fn not_installed(home: &Path, kind: PackageKind, id: &str) -> Failure {
    let other = match kind {
        PackageKind::Plugin => PackageKind::Skill,
        PackageKind::Skill => PackageKind::Plugin,
    };
    let next_step = if installed_folder(home, other, id).is_some() {
        format!("there is a {other} of this name; its commands are those of `weft-lite {other}`")
    } else {
        let ids = installed_ids(home, kind);
        let list = format!("see `weft-lite {kind} list` for those there are");
        meant(id, ids.iter().map(String::as_str), &list)
    };
    Failure::work(&format_args!("no {kind} `{id}` is installed"), &next_step)
}
