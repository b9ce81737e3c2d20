//! `weft-lite plugin approve`: say yes to what an installed plugin asks for.

use std::path::Path;

use argh::FromArgs;
use serde_json::json;
use weft_lite::{
    Approval, Approvals, HomeError, PluginPackage, PluginPermissions, installed_folder,
};

use super::not_installed;
use crate::cli::logs::{self, Verbosity};
use crate::cli::options::Options;
use crate::cli::terminal::Terminal;
use crate::cli::{Failure, Status, failed, output};

/// Approve what an installed plugin asks for; exits with 1 while something is left.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "approve",
    example = "{command_name} com.example.clock\n{command_name} com.example.clock --yes --approve env,secrets",
    note = "On a terminal, each permission is asked about. Elsewhere --yes approves files and hosts\nthat are named, and --approve all hosts (network), env, secrets and shell."
)]
pub(super) struct Approve {
    /// the plugin's id
    #[argh(positional, arg_name = "ID")]
    id: String,
    /// approve the files and hosts that it names
    #[argh(switch)]
    yes: bool,
}

pub(super) fn run(command: &Approve, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    let home = options.weft_home()?;
    let id = &command.id;
    let folder = installed_folder(&home, id).ok_or_else(|| not_installed(id))?;
    let package = PluginPackage::read(&folder, options.read_limits()?)
        .map_err(|error| failed(&error, error.next_step()))?;
    let given = options.given(command.yes);
    let waiting = ask(&home, id, &package.manifest.permissions, given)?;
    if options.json {
        output::json(&json!({ "id": id, "pending": waiting }))?;
    } else if waiting.is_empty() {
        output::message(&format!("approved: {id}"));
    }
    Ok(if waiting.is_empty() { Status::Done } else { Status::Failed })
}

/// Asks for what is not approved yet, and says what the plugin still waits for.
pub(super) fn ask(
    home: &Path,
    id: &str,
    asked: &PluginPermissions,
    given: Approval,
) -> Result<Vec<String>, Failure> {
    let waiting =
        Approvals::ask(home, id, asked, given, &mut Terminal).map_err(|error| refused(&error))?;
    if !waiting.is_empty() {
        let list = waiting.join(", ");
        let next_step = format!(
            "approve it with `weft-lite plugin approve {id}` on a terminal, or with --yes and --approve"
        );
        let message = format!("pending: {id} does not run before this is approved: {list}");
        output::message(&output::with_next_step(&message, &next_step));
    }
    Ok(waiting)
}

pub(super) fn refused(error: &HomeError) -> Failure {
    failed(error, error.next_step())
}
