//! The error for a package that is not installed.

use std::path::Path;

use weft_lite::package::{PackageKind, installed_folder, installed_ids};

use crate::cli::{CommandFailure, suggestion};

/// The failure for a package that is not installed. It suggests the other kind if that exists.
pub(in crate::cli) fn not_installed(home: &Path, kind: PackageKind, id: &str) -> CommandFailure {
    let other = match kind {
        PackageKind::Plugin => PackageKind::Skill,
        PackageKind::Skill => PackageKind::Plugin,
    };
    let next_step = if installed_folder(home, other, id).is_some() {
        format!("there is a {other} of this name; its commands are those of `weft-lite {other}`")
    } else {
        let ids = installed_ids(home, kind);
        let list = format!("see `weft-lite {kind} list` for those there are");
        suggestion(id, ids.iter().map(String::as_str), &list)
    };
    CommandFailure::work(&format_args!("no {kind} `{id}` is installed"), &next_step)
}
