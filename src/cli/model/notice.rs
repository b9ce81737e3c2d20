//! What `run` says about the model: the one that is asked, the command that sets one, or why it is not asked.

use weft_lite::Runtime;
use weft_lite::actor::RefusedPlugin;

use super::settings::{MIND, ModelSettings};

/// The model that is asked, or how to set one. Nothing if plain text is another plugin's business.
pub(in crate::cli) fn notice(runtime: &Runtime, is_answered: bool) -> Option<String> {
    let settings = ModelSettings::of(runtime.plugin_settings());
    match (settings, runtime.host().registry().plugin(MIND)) {
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

/// Whether this is the plugin that asks the model.
pub(in crate::cli) fn asks_model(plugin: &RefusedPlugin) -> bool {
    plugin.id.as_deref() == Some(MIND)
}
