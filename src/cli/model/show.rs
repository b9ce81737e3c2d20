//! `weft-lite model show`: the model that is set, and where its key is.

use argh::FromArgs;
use weft_lite::SecretSource;
use weft_lite::actor::RefusedPlugin;
use weft_lite::config::Config;
use weft_lite::package::{FileSecrets, SecretSummary};
use weft_lite::sandbox::NetworkOptions;

use super::fault::{Asked, Trouble};
use super::notice::asks_model;
use super::secret::ServerKey;
use super::server::Server;
use super::settings::{MIND, ModelSettings};
use super::url::ModelUrl;
use crate::cli::flags::Options;
use crate::cli::interrupts::Interrupts;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status, report, threads};

/// Show the model that is set, and where its key is kept.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "show", example = "{command_name}\n{command_name} --check --json")]
pub(super) struct ShowModel {
    /// have the model answer in a few words
    #[argh(switch)]
    check: bool,
}

pub(super) fn run(command: &ShowModel, options: &Options) -> Result<Status, CommandFailure> {
    let (home, (builder, config)) = (options.weft_home()?, options.configured()?);
    let secrets = FileSecrets::new(home);
    let Some(settings) = ModelSettings::of(&config.plugins) else { return none(command, options) };
    let ModelSettings { base_url, model, secret } = &settings;
    let listed = secrets.list()?;
    let kept = secret.as_ref().and_then(|name| listed.iter().find(|it| it.name == *name));
    if command.check {
        require_mind(options)?;
        let network = (builder.network_options().clone(), &config);
        check(&settings, kept, network, &secrets)?;
    }
    if options.json {
        let source = kept.map(|it| &it.source);
        let mut fields: Vec<(&str, &dyn AsJson)> = vec![
            ("base_url", base_url),
            ("model", model),
            ("secret", secret),
            ("key_source", &source),
        ];
        if command.check {
            fields.push(("answers", &true));
        }
        output::record(&fields)?;
        return Ok(Status::Done);
    }
    let key = match (secret, kept) {
        (None, _) => "none".to_owned(),
        (Some(name), None) => format!("{name} (missing: `weft-lite model set {base_url}`)"),
        (Some(name), Some(SecretSummary { hosts, source, .. })) => {
            format!("{name} ({source}, for {})", hosts.join(", "))
        }
    };
    let row = |title: &str, value: &str| [title.to_owned(), value.to_owned()];
    let mut rows = vec![row("url", base_url), row("model", model), row("key", &key)];
    if command.check {
        rows.push(row("check", "it answers"));
    }
    output::table(["setting", "value"], &rows)?;
    Ok(Status::Done)
}

/// Nothing is set.
fn none(command: &ShowModel, options: &Options) -> Result<Status, CommandFailure> {
    let next_step = "set one with `weft-lite model set URL`";
    if command.check {
        return Err(CommandFailure::work(&"no model is set", &next_step));
    }
    match options.json {
        true => {
            let nothing = None::<&str>;
            let names = ["base_url", "model", "secret", "key_source"];
            output::record(&names.map(|name| (name, &nothing as &dyn AsJson)))?;
        }
        false => output::advise(&"no model is set", &next_step),
    }
    Ok(Status::Done)
}

/// Fails if the plugin that asks the model is refused, for instance for another of its settings.
fn require_mind(options: &Options) -> Result<(), CommandFailure> {
    let registry = options.load()?.host().registry();
    let mind = registry.refused().iter().find(|it| asks_model(it));
    let Some(RefusedPlugin { error, .. }) = mind.filter(|_| registry.plugin(MIND).is_none()) else {
        return Ok(());
    };
    let message = format_args!("the plugin `{MIND}` is not loaded: {}", report::reason(error));
    Err(CommandFailure::work(&message, &report::next_step(error)))
}

/// The server of the settings, asked as plugins would ask it.
fn check(
    settings: &ModelSettings,
    kept: Option<&SecretSummary>,
    network: (NetworkOptions, &Config),
    secrets: &FileSecrets,
) -> Result<(), CommandFailure> {
    let base = ModelUrl::parse(&settings.base_url)?;
    threads::start()?;
    let mut interrupts = Interrupts::watch()?;
    let key = settings.secret.as_deref().map(ServerKey::named);
    let with_key = key.is_some();
    let server = Server::new(&base, network, (secrets, Vec::new()), &mut interrupts);
    let answered = match kept {
        Some(SecretSummary { name, source, .. }) if secrets.secret(name).is_none() => {
            Err(Trouble::KeyEmpty { name: name.clone(), source: source.clone() })
        }
        _ => server.with_key(key).without_changes().answer(&base, &settings.model),
    };
    answered.map_err(|trouble| {
        let model = Some(settings.model.as_str());
        trouble.into_failure(&Asked { base: &base, model, known: &[], with_key, is_set: true })
    })
}
