//! `weft-lite store`: what plugins keep on the disk. It is listed, exported as JSON lines, and cleared.

use std::ops::ControlFlow;

use argh::FromArgs;
use base64ct::{Base64, Encoding};
use weft_lite::errors::{ActionableError, StoreError};
use weft_lite::package::Prompt;
use weft_lite::store::{DurableStore, NamespaceSummary};
use weft_lite::text::{json_line, shell_word};

use super::flags::Options;
use super::logs::{self, Verbosity};
use super::output::{self, AsJson};
use super::terminal::Terminal;
use super::{CommandFailure, Status, suggestion};

/// See, save and delete what plugins have stored.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "store",
    example = "{command_name} list\n{command_name} export bundled:memory > memory.jsonl",
    note = "An installed plugin is listed by its id, an installed skill as skill:NAME, a plugin that is part of\nweft-lite as bundled:ID, and one that is loaded from another folder as ID@FOLDER. The files are in\nstore/ in $WEFT_HOME."
)]
pub(super) struct StoreCommand {
    #[argh(subcommand)]
    command: StoreAction,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum StoreAction {
    List(ListStores),
    Export(ExportStore),
    Clear(ClearStore),
}

/// List the plugins that have stored something, with their entries and bytes.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "list", example = "{command_name} --json")]
struct ListStores {}

/// Print what a plugin has stored: an object with `key` and `value` on each line.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "export",
    example = "{command_name} bundled:memory > memory.jsonl",
    note = "A value that is not text stands under `base64` instead of `value`."
)]
struct ExportStore {
    /// the plugin's name in the list
    #[argh(positional, arg_name = "ID")]
    id: String,
}

/// Delete what a plugin has stored.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "clear",
    example = "{command_name} bundled:memory\n{command_name} bundled:memory --yes"
)]
struct ClearStore {
    /// the plugin's name in the list
    #[argh(positional, arg_name = "ID")]
    id: String,
    /// don't ask
    #[argh(switch)]
    yes: bool,
}

/// The commands of this group.
pub(super) fn commands() -> &'static [&'static argh::CommandInfo] {
    <StoreAction as argh::SubCommands>::COMMANDS
}

pub(super) fn run(command: &StoreCommand, options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let store = DurableStore::of_home(&options.weft_home()?);
    match &command.command {
        StoreAction::List(_) => list(&store, options),
        StoreAction::Export(command) => export(&store, &command.id),
        StoreAction::Clear(command) => clear(&store, command, options),
    }
}

fn list(store: &DurableStore, options: &Options) -> Result<Status, CommandFailure> {
    let summaries = store.namespaces()?;
    if options.json {
        let object = |it: &NamespaceSummary| {
            output::object(&[
                ("id", &it.name),
                ("entries", &it.entries),
                ("bytes", &it.bytes),
                ("state", &state(it)),
                ("problem", &it.problem.as_ref().map(ToString::to_string)),
                ("next_step", &it.problem.as_ref().map(ActionableError::next_step)),
            ])
        };
        output::json(&summaries.iter().map(object).collect::<Vec<_>>())?;
        return Ok(Status::Done);
    }
    let row = |it: &NamespaceSummary| {
        [it.name.clone(), it.entries.to_string(), it.bytes.to_string(), state(it).to_owned()]
    };
    let rows: Vec<_> = summaries.iter().map(row).collect();
    output::table(["plugin", "entries", "bytes", "state"], &rows)?;
    for problem in summaries.iter().filter_map(|it| it.problem.as_ref()) {
        output::advise(&format_args!("warning: {problem}"), &problem.next_step());
    }
    Ok(Status::Done)
}

/// Whether all of it can be read, in one word.
fn state(summary: &NamespaceSummary) -> &'static str {
    match &summary.problem {
        None => "whole",
        Some(StoreError::Damaged { .. }) => "damaged",
        Some(StoreError::Busy { .. }) => "locked",
        Some(_) => "unreadable",
    }
}

fn export(store: &DurableStore, id: &str) -> Result<Status, CommandFailure> {
    let mut printed = Ok(());
    let found = store.export(id, |key, value| {
        let line = match String::from_utf8(value) {
            Ok(value) => output::object(&[("key", &key), ("value", &value)]),
            Err(error) => {
                let value = Base64::encode_string(error.as_bytes());
                output::object(&[("key", &key), ("base64", &value)])
            }
        };
        // On a terminal, too, an entry is one line.
        printed = output::guest_text(&json_line(&line));
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    printed?;
    match found {
        Ok(true) => Ok(Status::Done),
        Ok(false) => Err(unknown(store, id)?),
        Err(error @ StoreError::Damaged { .. }) => Err(CommandFailure::work(
            &format_args!("{error}; the rest is printed"),
            &format_args!(
                "end every weft-lite, and restore the file from a backup; or begin again with `weft-lite store clear {}`",
                shell_word(id)
            ),
        )),
        Err(error) => Err(error.into()),
    }
}

fn clear(
    store: &DurableStore,
    ClearStore { id, yes }: &ClearStore,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let Some(summary) = store.summary(id) else { return Err(unknown(store, id)?) };
    let question = match &summary.problem {
        None => format!("delete all that `{id}` has stored ({} entries)?", summary.entries),
        Some(problem) => format!("{problem}. delete all that `{id}` has stored?"),
    };
    let confirmed = *yes
        || Terminal.confirm(&question).ok_or_else(|| {
            CommandFailure::usage(
                &format_args!("nobody is there to ask whether to clear `{id}`"),
                &"say so with `--yes`",
            )
        })?;
    if !confirmed {
        return Ok(Status::Failed);
    }
    if !store.clear(id)? {
        return Err(unknown(store, id)?);
    }
    let fields: [(&str, &dyn AsJson); 2] = [("cleared", id), ("entries", &summary.entries)];
    output::done(options.form(), &fields, &format_args!("cleared `{id}`"))
}

fn unknown(store: &DurableStore, id: &str) -> Result<CommandFailure, StoreError> {
    let summaries = store.namespaces()?;
    if let Some(problem) =
        summaries.iter().find(|it| it.name == id).and_then(|it| it.problem.clone())
    {
        return Ok(problem.into());
    }
    let known = summaries.iter().map(|it| it.name.as_str());
    let others = [("bundled:", "the plugin that is part of weft-lite"), ("skill:", "the skill")];
    let other = others.into_iter().find(|(kind, _)| {
        known.clone().any(|name| name.strip_prefix(kind).is_some_and(|name| name == id))
    });
    let next_step = match other {
        Some((kind, what)) => format!("use `{kind}{id}`, {what}"),
        None => suggestion(id, known, "see `weft-lite store list` for the plugins that have"),
    };
    Ok(CommandFailure::work(&format_args!("`{id}` has nothing stored"), &next_step))
}
