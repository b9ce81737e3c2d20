//! `weft-lite model set`: finds the model behind a URL, has it answer, and only then keeps its settings.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use argh::FromArgs;
use weft_lite::package::{ConfigFile, FileSecrets};

use super::fault::{Asked, Trouble, names};
use super::secret::ServerKey;
use super::server::Server;
use super::settings::{Extras, MODEL_KEY, ModelSettings, by_hand, warn_still_open};
use super::url::ModelUrl;
use crate::cli::flags::Options;
use crate::cli::interrupts::Interrupts;
use crate::cli::output::{self, AsJson};
use crate::cli::secret::unread;
use crate::cli::{CommandFailure, Status, terminal, threads};

/// Models that a question lists; others are chosen by name.
const LISTED: usize = 50;

/// Set the model: looks it up, has it answer, and writes its settings.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "set",
    example = "{command_name} http://localhost:8080/v1\n{command_name} http://localhost:11434 --name qwen3:4b\n{command_name} https://api.openai.com/v1 --name gpt-4o-mini --key-file key.txt",
    note = "If the server has several models, it asks which. If the server wants a key, it asks for it; the\nkey is kept as the secret MODEL_KEY, for that host alone. --key-file copies the key from the file;\n--key-from-env only notes the variable, which has to be set whenever weft-lite runs. A private host\nis opened to plugins that you let reach it (`network.allow_private_hosts`). The first model also\nswitches the memory on (`plugins.memory`). Nothing is kept unless the model answers."
)]
pub(super) struct SetModel {
    /// where the server has its API, for instance `http://localhost:8080/v1`
    #[argh(positional, arg_name = "URL")]
    url: String,
    /// the model's name, if the server has several
    #[argh(option, arg_name = "MODEL")]
    name: Option<String>,
    /// read the server's key from an environment variable, whenever it is used
    #[argh(option, arg_name = "VARIABLE")]
    key_from_env: Option<String>,
    /// copy the server's key from a file
    #[argh(option, arg_name = "FILE")]
    key_file: Option<PathBuf>,
}

/// A model that has answered.
struct Found {
    base: ModelUrl,
    model: String,
}

pub(super) fn run(command: &SetModel, options: &Options) -> Result<Status, CommandFailure> {
    let endpoint = ModelUrl::parse(&command.url)?;
    let home = options.weft_home()?;
    let (file, (builder, config)) = (ConfigFile::read(&home)?, options.configured()?);
    let (secrets, before) = (FileSecrets::new(&home), ModelSettings::of(&config.plugins));
    let key = ServerKey::given(command.key_from_env.as_deref(), command.key_file.as_deref())?;
    threads::start()?;
    let mut interrupts = Interrupts::watch()?;
    let name = before.as_ref().and_then(|before| before.secret.as_deref());
    let kept = name.into_iter().chain([MODEL_KEY]).collect();
    let network = (builder.network_options().clone(), &config);
    let mut server =
        Server::new(&endpoint, network, (&secrets, kept), &mut interrupts).with_key(key);
    let Found { base, model } = find(&mut server, &endpoint, command, options)?;
    let opened = server.is_opened.then(|| endpoint.private_host());
    let extras = Extras::of(&config, opened);
    let key = server.key;
    let settings = ModelSettings {
        base_url: base.to_string(),
        model,
        secret: key.as_ref().map(|key| key.name.clone()),
    };
    let keeping = key.as_ref().and_then(|key| key.keeping(&endpoint));
    let by_hand = |why: &dyn Display| write_by_hand(&home, why, &settings.lines(&extras), &keeping);
    let text = settings.write(file.text(), &extras).map_err(|error| by_hand(&error))?;
    if file.is_link() {
        return Err(by_hand(&"it is a link"));
    }
    let is_new_key = key.as_ref().is_some_and(ServerKey::is_new);
    if let Some(key) = key {
        key.keep(&secrets, &endpoint)?;
    }
    file.replace(&text)?;
    // Another server may have been asked before.
    let still_open = before.as_ref().and_then(|before| before.opened_by(&config));
    let still_open = still_open.filter(|entry| endpoint.opened_by(&config) != Some(*entry));
    report(&settings, &extras, (is_new_key, still_open), &home, options)
}

fn find(
    server: &mut Server<'_>,
    endpoint: &ModelUrl,
    command: &SetModel,
    options: &Options,
) -> Result<Found, CommandFailure> {
    let candidates = endpoint.candidates();
    let (base, known) = look_up(server, &candidates, command.name.as_deref())?;
    let model = match (&command.name, known.as_slice()) {
        (Some(name), _) => name.clone(),
        (None, []) => {
            return Err(CommandFailure::work(
                &format_args!("the server at {base} has no model"),
                &"load a model there (with Ollama: `ollama pull NAME`), then run this again",
            ));
        }
        (None, [only]) => only.clone(),
        (None, several) => choose(server, &base, several)?,
    };
    if !options.json {
        output::message(&format_args!("asking `{model}` at {base} for an answer ..."));
    }
    match server.answer(&base, &model) {
        Ok(()) => Ok(Found { base, model }),
        Err(trouble) => Err(failure(trouble, server, &base, (Some(&model), &known))),
    }
}

/// The failure of the command when this is asked of the server.
fn failure(
    trouble: Trouble,
    server: &Server<'_>,
    base: &ModelUrl,
    (model, known): (Option<&str>, &[String]),
) -> CommandFailure {
    let with_key = server.key.is_some();
    trouble.into_failure(&Asked { base, model, known, with_key, is_set: false })
}

/// The URL of the API, and the models that it lists. A named model needs no list.
fn look_up(
    server: &mut Server<'_>,
    candidates: &[ModelUrl],
    name: Option<&str>,
) -> Result<(ModelUrl, Vec<String>), CommandFailure> {
    let mut first = None;
    for base in candidates {
        match server.models(base) {
            Ok(models) => return Ok((base.clone(), models)),
            Err(trouble) if trouble.is_elsewhere() => drop(first.get_or_insert(trouble)),
            Err(trouble) => return Err(failure(trouble, server, base, (None, &[]))),
        }
    }
    // There is a first candidate.
    let base = &candidates[0];
    match first.filter(|_| name.is_none()) {
        Some(trouble) => Err(failure(trouble, server, base, (None, &[]))),
        None => Ok((base.clone(), Vec::new())),
    }
}

/// Asks which of several models it is to be.
fn choose(
    server: &mut Server<'_>,
    base: &ModelUrl,
    models: &[String],
) -> Result<String, CommandFailure> {
    let missing = || {
        CommandFailure::usage(
            &format_args!("{base} has {} models, and none is named", models.len()),
            &format_args!("name one with `--name`: {}", names(models)),
        )
    };
    if !terminal::is_there() {
        return Err(missing());
    }
    output::message(&format_args!("{base} has {} models:", models.len()));
    for (at, model) in models.iter().take(LISTED).enumerate() {
        output::message(&format_args!("{:4}  {model}", at + 1));
    }
    if models.len() > LISTED {
        output::message(&format_args!("      and {} more", models.len() - LISTED));
    }
    loop {
        let typed = terminal::line("which one, by number or name", server.interrupts());
        let typed = typed.map_err(|error| unread("the answer", &error))?;
        let Some(typed) = typed.filter(|typed| !typed.is_empty()) else { return Err(missing()) };
        let by_number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_number = by_number.and_then(|at| models.get(at));
        match models.iter().find(|model| **model == typed).or(by_number) {
            Some(model) => return Ok(model.clone()),
            None => output::message(&format_args!("there is no model `{typed}`")),
        }
    }
}

/// The failure that says which lines to write, and how to keep the key.
fn write_by_hand(
    home: &Path,
    why: &dyn Display,
    lines: &str,
    keeping: &Option<String>,
) -> CommandFailure {
    let lines: String = lines.lines().map(|line| format!("\n    {line}")).collect();
    let key = keeping.iter().map(|command| format!("\n  and keep the key: `{command}`"));
    let key: String = key.collect();
    by_hand(home, why, &format_args!("put these keys there yourself:{lines}{key}"))
}

/// Says what is set, and what was changed for it.
fn report(
    settings: &ModelSettings,
    Extras { opened, with_memory }: &Extras,
    (is_new_key, still_open): (bool, Option<&String>),
    home: &Path,
    options: &Options,
) -> Result<Status, CommandFailure> {
    let ModelSettings { base_url, model, secret } = settings;
    let path = ConfigFile::path(home).display().to_string();
    if options.json {
        let fields: [(&str, &dyn AsJson); 7] = [
            ("base_url", base_url),
            ("model", model),
            ("secret", secret),
            ("opened", opened),
            ("still_open", &still_open),
            ("memory_added", with_memory),
            ("config", &path),
        ];
        output::record(&fields)?;
        return Ok(Status::Done);
    }
    output::message(&format_args!("it answers; `{model}` at {base_url} is set in {path}"));
    if let Some(name) = secret.as_ref().filter(|_| is_new_key) {
        output::message(&format_args!("kept the key as the secret `{name}`"));
    }
    if *with_memory {
        output::message(
            &"switched the memory on; to have none, remove `plugins.memory` there: it stays out",
        );
    }
    if let Some(host) = still_open {
        warn_still_open(host);
    }
    match opened {
        None => output::message(&"`weft-lite run` talks to it"),
        Some(host) => {
            output::message(&format_args!(
                "opened the private host {host} (`network.allow_private_hosts`)"
            ));
            output::message(&"`weft-lite run` talks to it; one that runs already needs a restart");
        }
    }
    Ok(Status::Done)
}
