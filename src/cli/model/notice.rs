//! The line at the start of the console that names the model, or the command that sets one.

use weft_lite::PluginRegistry;

use super::settings::{MIND, ModelSettings};
use crate::cli::flags::Options;

/// The model that is asked, or how to set one. Nothing if plain text is another plugin's business.
pub(in crate::cli) fn notice(
    registry: &PluginRegistry,
    is_answered: bool,
    options: &Options,
) -> Option<String> {
    let settings = ModelSettings::of(&options.config().ok()?);
    match (settings, registry.plugin(MIND)) {
        (Some(ModelSettings { base_url, model, .. }), Some(_)) => {
            Some(format!("the model `{model}` at {base_url} answers plain text"))
        }
        (None, _) if !is_answered => Some(
            "no model is set: plain text is answered only with commands that match it; \
             `weft-lite model set URL` sets one"
                .to_owned(),
        ),
        _ => None,
    }
}
