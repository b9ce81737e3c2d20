//! Why a model can't be used: what its server or the network says, and what a person does about it.

use serde_json::Value;
use weft_lite::sandbox::{
    CA_FILE, CONNECTION_FAILED, LOOKUP_FAILED, NO_TLS, REQUEST_FAILED, REQUEST_TIMED_OUT,
    TLS_FAILED,
};
use weft_lite::text::{did_you_mean, listed, shell_word, similar_names};

use super::url::ModelUrl;
use crate::cli::CommandFailure;

/// Characters of a server's own words that are repeated.
const SHOWN_CHARACTERS: usize = 200;
/// Names of models that a message lists.
const LISTED: usize = 20;

/// Why a server gives no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It has a private address that is not opened.
    Private,
    /// It has an address that no setting opens.
    Closed { rule: String },
    /// It asks for a key, and there is none.
    KeyMissing,
    /// A key would go over plain http to a public address.
    KeyOverHttp,
    /// The key that is kept has no value now.
    KeyEmpty { name: String, source: String },
    /// The key that is kept may not go to it.
    KeyRefused { rule: String },
    /// It answers with another status than success.
    Status { status: u16, text: String },
    /// No answer arrives; these are the sandbox's words.
    NoAnswer { text: String },
    /// It answers with something that no model's API answers.
    NoModelServer,
    /// Something else in this program failed.
    Failed(CommandFailure),
}

impl From<CommandFailure> for Trouble {
    fn from(failure: CommandFailure) -> Self {
        Self::Failed(failure)
    }
}

/// What was asked of the server when it failed.
pub(super) struct Asked<'a> {
    pub(super) base: &'a ModelUrl,
    /// The model that was asked, if it was.
    pub(super) model: Option<&'a str>,
    /// The models that the server has, as far as it said so.
    pub(super) known: &'a [String],
    /// Whether a key went with it.
    pub(super) with_key: bool,
    /// Whether this is set already; otherwise it is about to be.
    pub(super) is_set: bool,
}

impl Asked<'_> {
    /// The command that sets what was asked.
    fn command(&self) -> String {
        // The server chose the name, and a person pastes the command into a shell.
        let name = self.model.map(|model| format!(" --name {}", shell_word(model)));
        format!("weft-lite model set {}{}", self.base, name.unwrap_or_default())
    }

    /// The next step when the URL is wrong.
    fn right_url(&self) -> String {
        let what = "the URL that has `/chat/completions` below it, for instance \
                    `http://localhost:8080/v1`";
        match self.is_set {
            true => format!("set {what}, with `weft-lite model set URL`"),
            false => format!("give {what}"),
        }
    }
}

impl Trouble {
    /// Whether the API may be under another path of this server.
    pub(super) fn is_elsewhere(&self) -> bool {
        matches!(self, Self::NoModelServer | Self::Status { status: 404 | 405, .. })
    }

    /// The failure of the command.
    pub(super) fn into_failure(self, asked: &Asked<'_>) -> CommandFailure {
        let Asked { base, model, .. } = asked;
        match self {
            Self::Failed(failure) => failure,
            Self::Private if base.is_nearby() => CommandFailure::work(
                &format_args!("{} is private and not opened to plugins", base.host),
                &format_args!("run `{}`, which opens it", asked.command()),
            ),
            Self::Private => CommandFailure::work(
                &format_args!("{} is a public name for a private address", base.host),
                &format_args!(
                    "if you trust who sets that name's address, write `network: {{ allow_private_hosts: [\"{}\"] }}` \
                     in config.yaml",
                    base.private_host()
                ),
            ),
            Self::Closed { rule } => CommandFailure::work(
                &format_args!("{base} can't be reached: {rule}"),
                &"use another address of the server: no setting opens this one",
            ),
            Self::KeyMissing => CommandFailure::work(
                &format_args!("{base} asks for a key, and there is none"),
                &match asked.is_set {
                    true => format!("run `{}`, which asks for it", asked.command()),
                    false => "give it with `--key-from-env VARIABLE` or `--key-file FILE`".into(),
                },
            ),
            Self::KeyEmpty { name, source } => CommandFailure::work(
                &format_args!("the key `{name}` has no usable value: {source}"),
                &format_args!("put it there, or run `{}`, which asks for it", asked.command()),
            ),
            Self::KeyRefused { rule } => CommandFailure::work(
                &format_args!("the key is not sent to {base}: {rule}"),
                &format_args!("run `{}`, which asks for it again", asked.command()),
            ),
            Self::KeyOverHttp => CommandFailure::work(
                &format_args!("a key would go to {base} over plain http, readable on the way"),
                &"use an `https://` URL: a key goes nowhere else unencrypted",
            ),
            Self::NoModelServer => CommandFailure::work(
                &match model {
                    Some(model) => format!("`{model}` at {base} answers with no chat completion"),
                    None => format!("what answers at {base} has no API of a model"),
                },
                &asked.right_url(),
            ),
            Self::NoAnswer { text } => {
                let next_step = no_answer(&text, base);
                CommandFailure::work(&format_args!("{base} gives no answer: {text}"), &next_step)
            }
            Self::Status { status, text } => of_status(status, &words(&text), asked),
        }
    }
}

/// The next step when no answer arrives.
fn no_answer(text: &str, base: &ModelUrl) -> String {
    let is = |kind: &str| text.starts_with(kind);
    let other = |scheme: &str| {
        let base = base.to_string();
        let (_, rest) = base.split_once("://").unwrap_or_default();
        format!("`weft-lite model set {scheme}://{rest}`")
    };
    let step = if is(CONNECTION_FAILED) {
        "start the server, or check the host and the port"
    } else if is(LOOKUP_FAILED) {
        "check the host's name, and that this machine is online"
    } else if is(REQUEST_TIMED_OUT) {
        "it may still be loading the model: run this again in a minute"
    } else if is(TLS_FAILED) && text.contains(CA_FILE) {
        "set it there, and run this again"
    } else if is(TLS_FAILED) && text.contains(NO_TLS) {
        return format!("check the port, or try {}", other("http"));
    } else if is(TLS_FAILED) {
        let http = other("http");
        return format!("check the server's certificate; if the server has none, try {http}");
    } else if is(REQUEST_FAILED) && !base.is_https {
        let https = other("https");
        return format!("check that this is the port of its API; if it is encrypted, try {https}");
    } else {
        "check that this is the URL of its API"
    };
    step.to_owned()
}

/// The failure when the server answers with this status.
fn of_status(status: u16, words: &str, asked: &Asked<'_>) -> CommandFailure {
    let Asked { base, model, known, with_key, is_set } = *asked;
    let words = if words.is_empty() { String::new() } else { format!(": {words}") };
    let who = match model {
        Some(model) => format!("`{model}` at {base}"),
        None => base.to_string(),
    };
    let message = format!("{who} answers HTTP {status}{words}");
    let next_step = match (status, model) {
        (401 | 403, _) if with_key && is_set => {
            format!(
                "check the key, and give the right one with `{} --key-file FILE`",
                asked.command()
            )
        }
        (401 | 403, _) if with_key => {
            "check the key, and run this again with the right one: typed, or by `--key-from-env` or \
             `--key-file`"
                .to_owned()
        }
        (300..400, _) if is_set => {
            "set the URL that it sends to with `weft-lite model set URL`, if you trust that server"
                .to_owned()
        }
        (300..400, _) => "give the URL that it sends to, if you trust that server".to_owned(),
        (404 | 400 | 422, Some(_)) if is_set => {
            format!("see the models there with `weft-lite model set {base}`, and choose another")
        }
        (404, Some(model)) if !known.is_empty() => {
            did_you_mean(&similar_names(model, known.iter().map(String::as_str)), "")
                .unwrap_or_else(|| format!("name one of its models: {}", names(known)))
        }
        (404 | 405, _) => asked.right_url(),
        (400 | 422, Some(_)) => {
            "check the model's name: it may be none for conversations".to_owned()
        }
        (402 | 429, _) => {
            "wait, or check the account's limits there; then run this again".to_owned()
        }
        (500.., _) => {
            "look into the server's log; if it is still loading, wait and run this again".to_owned()
        }
        _ => "check the URL and what the server says".to_owned(),
    };
    CommandFailure::work(&message, &next_step)
}

/// The message in an error of a model's API, or the beginning of another text, on one line.
fn words(text: &str) -> String {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let message = answer.as_ref().and_then(|answer| {
        let error = answer.get("error").unwrap_or(answer);
        error.get("message").unwrap_or(error).as_str()
    });
    let words: Vec<&str> = message.unwrap_or(text).split_whitespace().collect();
    let words = words.join(" ");
    match words.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words,
    }
}

/// The names of models in one line: the first, and how many more there are.
pub(super) fn names(all: &[String]) -> String {
    let shown = listed(all.iter().take(LISTED));
    match all.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
