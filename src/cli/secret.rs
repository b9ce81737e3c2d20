//! `weft-lite secret`: stores the credentials that plugins use without seeing them. No value is ever printed, and
//! none is read from the command line.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use argh::FromArgs;
use weft_lite::errors::{ActionableError, SecretError};
use weft_lite::package::{FileSecrets, SecretSummary, SecretTransport, SecretValue};

use super::flags::Options;
use super::logs::{self, Verbosity};
use super::output::{self, AsJson};
use super::{CommandFailure, Status, suggestion, terminal};

/// Keep credentials that plugins may use and never see.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "secret",
    example = "{command_name} set GITHUB --host api.github.com\n{command_name} list",
    note = "A plugin names the secret in its manifest (`permissions.secrets`) and writes\n{{{{secret:NAME}}}} in a header; the value goes in on the way to a bound host."
)]
pub(super) struct SecretCommand {
    #[argh(subcommand)]
    command: SecretAction,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum SecretAction {
    Set(Set),
    List(ListSecrets),
    Remove(RemoveSecret),
}

/// Keep a secret; its value is asked for, or read from standard input.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "set",
    example = "{command_name} GITHUB --host api.github.com\n{command_name} MAIL --host '*.example.com' --from-file token.txt\n{command_name} CI --host ci.example.com --from-env CI_TOKEN",
    note = "--from-file copies the file's content; --from-env and --in-file only note where the value\nis, and it is read whenever it is used."
)]
struct Set {
    /// the name that manifests use: A-Z, a-z, 0-9, `_` and `-`
    #[argh(positional, arg_name = "NAME")]
    name: String,
    /// a host that may get it: a name, or `*.example.com` (repeatable)
    #[argh(option, arg_name = "HOST")]
    host: Vec<String>,
    /// copy the value from a file
    #[argh(option, arg_name = "FILE")]
    from_file: Option<PathBuf>,
    /// read the value from an environment variable, whenever it is used
    #[argh(option, arg_name = "VARIABLE")]
    from_env: Option<String>,
    /// read the value from this file, whenever it is used
    #[argh(option, arg_name = "FILE")]
    in_file: Option<PathBuf>,
    /// let it also go over plain http, where everyone on the way can read it: only to private hosts
    /// of `network.allow_private_hosts`
    #[argh(switch)]
    allow_http: bool,
}

/// List the secrets and the hosts they are bound to, without the values.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "list", example = "{command_name} --json")]
struct ListSecrets {}

/// Remove a secret.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "remove", example = "{command_name} GITHUB")]
struct RemoveSecret {
    /// the secret's name
    #[argh(positional, arg_name = "NAME")]
    name: String,
}

/// The commands of this group.
pub(super) fn commands() -> &'static [&'static argh::CommandInfo] {
    <SecretAction as argh::SubCommands>::COMMANDS
}

pub(super) fn run(command: &SecretCommand, options: &Options) -> Result<Status, CommandFailure> {
    logs::start(options, Verbosity::Warnings);
    let secrets = FileSecrets::new(options.weft_home()?);
    match &command.command {
        SecretAction::Set(command) => set(&secrets, command, options),
        SecretAction::List(_) => list(&secrets, options),
        SecretAction::Remove(command) => remove(&secrets, command, options),
    }
}

fn set(secrets: &FileSecrets, command: &Set, options: &Options) -> Result<Status, CommandFailure> {
    let Set { name, host, from_file, from_env, in_file, allow_http } = command;
    // The value is not asked for if it can't be stored.
    secrets.check(name, host).map_err(|error| {
        let next_step = match error {
            SecretError::Host { .. } | SecretError::NoHost => {
                "name the host that may get it, for instance `--host api.example.com`".into()
            }
            _ => error.next_step(),
        };
        CommandFailure::usage(&error, &next_step)
    })?;
    let value = match (from_file, from_env, in_file) {
        (Some(path), None, None) => of_file(path)?,
        (None, Some(variable), None) => SecretValue::Env(variable.clone()),
        (None, None, Some(path)) => {
            output::warn_if_others_read(path);
            // The value is read by programs that run in other folders.
            let path = std::path::absolute(path).map_err(|error| unread(path.display(), &error))?;
            SecretValue::File(path)
        }
        (None, None, None) => typed("the value", &format!("the value of {name} (not shown)"))?,
        _ => {
            return Err(CommandFailure::usage(
                &"the value can be in one place only",
                &"give one of `--from-file`, `--from-env` and `--in-file`",
            ));
        }
    };
    // The file or variable may get its value later; until then the secret has no value.
    if let Err(error) = value.read() {
        let message = format_args!("warning: `{name}` has no usable value yet: {value:?}: {error}");
        let next_step = "put one line of visible ASCII there before plugins use it";
        output::advise(&message, &next_step);
    }
    let transport = match allow_http {
        true => SecretTransport::HttpToPrivateHosts,
        false => SecretTransport::Https,
    };
    secrets.set(name, value, host, transport)?;
    let also = if *allow_http { ", also over http to private hosts" } else { "" };
    let sentence = format_args!("kept `{name}`, for {}{also}", host.join(", "));
    let fields: [(&str, &dyn AsJson); 3] =
        [("name", name), ("hosts", host), ("allow_http", allow_http)];
    output::done(options.form(), &fields, &sentence)
}

/// A copy of the value in a file.
pub(super) fn of_file(path: &Path) -> Result<SecretValue, CommandFailure> {
    output::warn_if_others_read(path);
    let read = File::open(path).and_then(SecretValue::from_reader);
    read.map_err(|error| unread(path.display(), &error))
}

/// A value that is typed unseen, or that comes over a pipe.
pub(super) fn typed(what: &str, question: &str) -> Result<SecretValue, CommandFailure> {
    terminal::hidden(question).map_err(|error| unread(what, &error))
}

/// The failure when no value is there or nothing was typed, without the value. Ctrl-c at a question interrupts the
/// command.
pub(super) fn unread(what: impl Display, error: &io::Error) -> CommandFailure {
    let next_step = match error.kind() {
        io::ErrorKind::Interrupted => return CommandFailure::interrupted(),
        io::ErrorKind::InvalidData => "give one line of visible ASCII, of at most 8192 bytes",
        _ => "check the path, and that you may read it",
    };
    CommandFailure::work(&format_args!("{what} can't be read: {error}"), &next_step)
}

fn list(secrets: &FileSecrets, options: &Options) -> Result<Status, CommandFailure> {
    let summaries = secrets.list()?;
    if options.json {
        output::json(&summaries)?;
    } else {
        let row = |it: &SecretSummary| {
            let over = if it.allow_http { "https, http to private hosts" } else { "https" };
            [it.name.clone(), it.hosts.join(", "), it.source.clone(), over.to_owned()]
        };
        let rows: Vec<_> = summaries.iter().map(row).collect();
        output::table(["name", "hosts", "source", "over"], &rows)?;
    }
    Ok(Status::Done)
}

fn remove(
    secrets: &FileSecrets,
    RemoveSecret { name }: &RemoveSecret,
    options: &Options,
) -> Result<Status, CommandFailure> {
    if !secrets.remove(name)? {
        let kept = secrets.list()?;
        let known = kept.iter().map(|it| it.name.as_str());
        let next_step = suggestion(name, known, "see `weft-lite secret list` for those there are");
        return Err(CommandFailure::work(&format_args!("there is no secret `{name}`"), &next_step));
    }
    output::done(options.form(), &[("removed", name)], &format_args!("removed `{name}`"))
}
