//! The commands that plugins and skills have in common.

mod approve;
mod ask;
#[cfg(feature = "package")]
mod install;
mod missing;
#[cfg(feature = "package")]
mod pack;
mod remove;
mod revoke;
#[cfg(feature = "package")]
mod sign;
mod target;
#[cfg(feature = "package")]
mod withdraw;

pub(super) use approve::{Approve, approve};
#[cfg(feature = "package")]
pub(super) use install::{InstallRequest, install, status};
pub(super) use missing::not_installed;
#[cfg(feature = "package")]
pub(super) use pack::{Pack, pack};
pub(super) use remove::{Remove, remove};
pub(super) use revoke::{Revoke, revoke};
#[cfg(feature = "package")]
pub(super) use sign::{Sign, sign};
#[cfg(feature = "package")]
pub(super) use withdraw::{Withdraw, withdraw};
