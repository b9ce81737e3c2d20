//! Asks about the permissions of an installed package that are not approved yet.

use std::path::Path;

use weft_lite::package::{Approvals, PackageContent, PackageKind};
use weft_lite::text::listed;
use weft_lite::{Approval, PluginPermissions};

use crate::cli::flags::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{CommandFailure, Status, output};

/// A package whose permissions wait for approval.
pub(in crate::cli) struct ApprovalRequest<'a> {
    pub(in crate::cli) kind: PackageKind,
    /// The plugin's id, or the skill's name.
    pub(in crate::cli) name: &'a str,
    /// The id of its approvals.
    pub(in crate::cli) approval_id: &'a str,
    pub(in crate::cli) folder: &'a Path,
    pub(in crate::cli) version: Option<&'a str>,
    pub(in crate::cli) permissions: &'a PluginPermissions,
    /// The permissions that are approved without a question.
    pub(in crate::cli) given: Approval,
}

/// Asks about permissions that are not approved yet. Prints and returns those that stay open.
pub(in crate::cli) fn ask(
    home: &Path,
    asking: &ApprovalRequest<'_>,
) -> Result<Vec<String>, CommandFailure> {
    let ApprovalRequest { kind, name, approval_id, folder, version, permissions, given } = asking;
    let content = PackageContent::read(folder, home, *version);
    let change = Approvals::change(home, approval_id, &content);
    if let Some((reason, files)) = change? {
        changed(
            &ChangedPackage {
                name,
                reason: &reason,
                files: &files,
                version: *version,
                permissions,
            },
            &content,
        );
    }
    let waiting = Approvals::ask(home, approval_id, permissions, &content, *given, &mut Terminal)?;
    pending(*kind, name, &waiting, content.is_broken());
    Ok(waiting)
}

/// Prints the result of asking; the status is success if nothing is left open.
pub(in crate::cli) fn approved(
    kind: PackageKind,
    name: &str,
    waiting: &[String],
    options: &Options,
) -> Result<Status, CommandFailure> {
    if options.json {
        output::record(&[(key(kind), &name), ("pending", &waiting)])?;
    } else if waiting.is_empty() {
        output::message(&format_args!("approved: {name}"));
    }
    Ok(if waiting.is_empty() { Status::Done } else { Status::Failed })
}

/// The field for a package's name in JSON.
pub(super) fn key(kind: PackageKind) -> &'static str {
    match kind {
        PackageKind::Plugin => "id",
        PackageKind::Skill => "name",
    }
}

/// A package whose content differs from the approved content.
pub(super) struct ChangedPackage<'a> {
    pub(super) name: &'a str,
    pub(super) reason: &'a str,
    pub(super) files: &'a [String],
    pub(super) version: Option<&'a str>,
    pub(super) permissions: &'a PluginPermissions,
}

/// Prints the changes in a package, before the question about it.
pub(super) fn changed(changed: &ChangedPackage<'_>, content: &PackageContent) {
    let ChangedPackage { name, reason, files, version, permissions } = changed;
    let mut parts = vec![(*reason).to_owned(), format!("version {}", version.unwrap_or("none"))];
    parts.push(match content.approved().key_id {
        Some(key_id) => format!("signed by the key {key_id}"),
        None => "signed by no key that is trusted".to_owned(),
    });
    let list = permissions.is_empty().then(|| "asks for nothing".to_owned());
    let asked = Approval::NONE.missing(permissions).join(", ");
    parts.push(list.unwrap_or_else(|| format!("asks for {asked}")));
    if files.len() > 1 {
        parts.push(format!("changed files: {}", listed(*files)));
    }
    output::message(&output::one_line(&format!("{name}: {}", parts.join("; "))));
}

/// Prints the permissions that a package still waits for.
pub(super) fn pending(kind: PackageKind, name: &str, waiting: &[String], is_broken: bool) {
    if waiting.is_empty() {
        return;
    }
    let list = waiting.join(", ");
    let next_step = if is_broken {
        format!("get it again from its author, and install it with `weft-lite {kind} install`")
    } else {
        format!(
            "approve it with `weft-lite {kind} approve {name}` on a terminal, or with --yes and --approve"
        )
    };
    let does = match kind {
        PackageKind::Plugin => "does not run",
        PackageKind::Skill => "is not offered",
    };
    let message = format_args!("pending: {name} {does} before this is approved: {list}");
    output::advise(&message, &next_step);
}
