//! `weft-lite key`: the keys that sign packages, and those whose signatures count.

use std::fs;
use std::path::PathBuf;

use argh::FromArgs;
use serde_json::json;
use weft_lite::{KeyError, PrivateKey, TrustedKey, TrustedKeys};

use super::logs::{self, Verbosity};
use super::options::Options;
use super::{Failure, Status, failed, output};

/// Make a key to sign packages with, and say whose signatures count.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "key",
    example = "{command_name} new --out my.key\n{command_name} trust their.key.pub --name them"
)]
pub(super) struct Key {
    #[argh(subcommand)]
    command: Command,
}

#[derive(Debug, FromArgs)]
#[argh(subcommand)]
enum Command {
    New(New),
    Trust(Trust),
    List(List),
}

/// Make a new key: a private file, to be kept, and a public one, to be given away.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "new", example = "{command_name}\n{command_name} --out my.key")]
struct New {
    /// the private key's file; the public one is beside it, with `.pub` behind its name (default:
    /// signing.key in `$WEFT_HOME`)
    #[argh(option, arg_name = "FILE")]
    out: Option<PathBuf>,
}

/// Trust a key: packages of a registry that it signed may be installed.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "trust", example = "{command_name} their.key.pub --name them")]
struct Trust {
    /// the public key's file
    #[argh(positional, arg_name = "FILE")]
    file: PathBuf,
    /// what to call whoever has the key (default: the file's name)
    #[argh(option, arg_name = "NAME")]
    name: Option<String>,
}

/// List the keys that are trusted.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "list", example = "{command_name} --json")]
struct List {}

pub(super) fn run(command: &Key, options: &Options) -> Result<Status, Failure> {
    logs::start(options, Verbosity::Warnings);
    match &command.command {
        Command::New(command) => new(command, options),
        Command::Trust(command) => trust(command, options),
        Command::List(_) => list(options),
    }
}

fn new(command: &New, options: &Options) -> Result<Status, Failure> {
    let path = match &command.out {
        Some(path) => path.clone(),
        None => {
            let home = options.weft_home()?;
            // Where this fails, writing the key fails too, and says why.
            let _ = fs::create_dir_all(&home);
            home.join("signing.key")
        }
    };
    let key = PrivateKey::create(&path).map_err(|error| refused(&error))?;
    let public_path = PrivateKey::public_path(&path);
    if options.json {
        output::json(&json!({
            "key_id": key.key_id(),
            "private_key": path.display().to_string(),
            "public_key": public_path.display().to_string(),
        }))?;
    } else {
        output::data(&key.key_id())?;
        let (path, public_path) = (path.display(), public_path.display());
        output::message(&format!("keep {path} to yourself; give {public_path} away"));
    }
    Ok(Status::Done)
}

fn trust(command: &Trust, options: &Options) -> Result<Status, Failure> {
    let home = options.weft_home()?;
    let trusted = TrustedKeys::trust(&home, &command.file, command.name.as_deref())
        .map_err(|error| refused(&error))?;
    let TrustedKey { name, key } = trusted;
    if options.json {
        output::json(&json!({ "key_id": key.key_id(), "name": name }))?;
    } else {
        output::message(&format!("trusted: {} ({name})", key.key_id()));
    }
    Ok(Status::Done)
}

fn list(options: &Options) -> Result<Status, Failure> {
    let keys = TrustedKeys::read(&options.weft_home()?).map_err(|error| refused(&error))?;
    let rows: Vec<[String; 2]> =
        keys.iter().map(|TrustedKey { name, key }| [key.key_id(), name.clone()]).collect();
    if options.json {
        let keys = rows.iter().map(|[id, name]| json!({ "key_id": id, "name": name }));
        output::json(&keys.collect::<Vec<_>>())?;
    } else {
        output::table(["key", "name"], &rows)?;
    }
    Ok(Status::Done)
}

fn refused(error: &KeyError) -> Failure {
    failed(error, error.next_step())
}
