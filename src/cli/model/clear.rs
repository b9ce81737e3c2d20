//! `weft-lite model clear`: removes the settings of the model and the key of its server.

use std::fmt::Display;

use argh::FromArgs;
use weft_lite::package::{ConfigFile, FileSecrets};

use super::settings::{MIND, MODEL_KEY, ModelSettings, by_hand, warn_still_open, without_model};
use crate::cli::flags::Options;
use crate::cli::output::{self, AsJson};
use crate::cli::{CommandFailure, Status};

/// Remove the model's settings and its key. What the memory has stays, and a private host stays open.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "clear", example = "{command_name}")]
pub(super) struct ClearModel {}

pub(super) fn run(options: &Options) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let (file, config) = (ConfigFile::read(&home)?, options.config()?);
    let is_set = config.plugins.contains_key(MIND);
    // The entry may be the operator's own, or serve other plugins.
    let still_open = ModelSettings::of(&config.plugins).and_then(|it| it.opened_by(&config));
    if is_set {
        let remove = |why: &dyn Display| {
            by_hand(&home, why, &format_args!("remove `plugins.{MIND}` there yourself"))
        };
        let text = without_model(file.text()).map_err(|error| remove(&error))?;
        if file.is_link() {
            return Err(remove(&"it is a link"));
        }
        file.replace(&text)?;
    }
    let secrets = FileSecrets::new(&home);
    let had_key = secrets.list()?.iter().any(|secret| secret.name == MODEL_KEY);
    if had_key {
        secrets.remove(MODEL_KEY)?;
    }
    let sentence = match (is_set, had_key) {
        (false, false) => "no model was set",
        (true, false) => "removed the model's settings; what the memory has stays",
        (false, true) => "removed the key of the model's server",
        (true, true) => "removed the model's settings and its key; what the memory has stays",
    };
    let fields: [(&str, &dyn AsJson); 3] =
        [("removed", &is_set), ("key_removed", &had_key), ("still_open", &still_open)];
    let status = output::done(options.form(), &fields, &sentence)?;
    if let Some(host) = still_open.filter(|_| !options.json) {
        warn_still_open(host);
    }
    Ok(status)
}
