//! The slash commands `/history`, `/model` and `/clear`, which people use and models don't see.

use crate::chat::Chat;
use crate::doors::Host;
use crate::settings::Settings;
use crate::text::{Text, add, fill, read, text_of};
use alloc::string::String;

/// Runs the tool of this name, and gives a text for people as JSON.
///
/// # Errors
///
/// There is no such tool, or it can't do what is asked.
pub fn run(host: &dyn Host, tool: &str, params: &str) -> Result<Text, Text> {
    let chat = Chat::current(host);
    if !chat.is_named() {
        return Err("this works in a chat only; say it in one, with a slash before it");
    }
    let text = match tool {
        "history" => history(host, &chat),
        "model" => model(host, &chat, text_of(read(params), "command"))?,
        "clear" => match chat.forget(host) {
            Ok(true) => "forgot the conversation",
            Ok(false) => "there was no conversation to forget",
            Err(problem) => return Err(problem.leak()),
        },
        other => return Err(fill("mind has no tool `~`", &[other])),
    };
    Ok(fill("^", &[text]))
}

fn history(host: &dyn Host, chat: &Chat) -> Text {
    let history = chat.history(host);
    let mut text = String::new();
    if !history.summary.is_empty() {
        add(&mut text, "Summary of what came before: ~\n\n", &[history.summary]);
    }
    for (said, answered) in &history.turns {
        add(&mut text, "You: ~\n\nModel: ~\n\n", &[said, answered]);
    }
    if text.is_empty() {
        text.push_str("nothing was said yet in this chat");
    }
    text.leak()
}

fn model(host: &dyn Host, chat: &Chat, name: Text) -> Result<Text, Text> {
    let settings = Settings::read(&host.settings());
    if name.is_empty() {
        let chosen = chat.model(host);
        let (template, model) = match chosen {
            "" => ("~ at ~", settings.model),
            chosen => ("~ at ~, for this chat; `/model default` takes ~ again", chosen),
        };
        return Ok(fill(template, &[model, settings.server(), settings.model]));
    }
    if !chat.is_owner {
        return Err("only the owner may change the model; ask them");
    }
    let chosen = Some(name).filter(|name| *name != "default");
    match chat.set_model(host, chosen) {
        Ok(()) => {
            let model = chosen.unwrap_or(settings.model);
            Ok(fill("this chat uses ~ from the next message on", &[model]))
        }
        Err(problem) => Err(problem.leak()),
    }
}
