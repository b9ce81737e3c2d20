//! What the commands for plugins and those for skills do in the same way.

mod approve;
#[cfg(feature = "package")]
mod install;
#[cfg(feature = "package")]
mod pack;
mod remove;
#[cfg(feature = "package")]
mod sign;

pub(super) use approve::{Asking, ask};
#[cfg(feature = "package")]
pub(super) use install::{Request, install, status};
#[cfg(feature = "package")]
pub(super) use pack::{Pack, pack};
pub(super) use remove::remove;
#[cfg(feature = "package")]
pub(super) use sign::{Sign, sign};

use weft_lite::{HomeError, PackageKind};

use super::{Failure, failed};

/// A failure of weft-lite's own folder.
pub(super) fn home_failed(error: &HomeError) -> Failure {
    failed(error, error.next_step())
}

pub(super) fn not_installed(kind: PackageKind, id: &str) -> Failure {
    let next_step = format!("see `weft-lite {kind} list` for those there are");
    failed(&format!("no {kind} `{id}` is installed"), next_step)
}
