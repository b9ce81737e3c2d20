//! Why a request to the model server got no whole reply, in words that say what to do.

use crate::settings::Settings;
use crate::text::{Text, fill, split};
use json_text::decimal;

/// What stands where the status would be if there was none.
pub const UNREACHED: u32 = 0;
pub const BROKEN: u32 = 1;
pub const LATE: u32 = 2;
pub const CANCELLED: u32 = 3;
pub const SILENT: u32 = 4;
pub const FAILED: u32 = 500;
const TOO_LONG: u32 = 413;
const BUSY: u32 = 429;

/// For a status, what the server does, and what the person can do.
const EXPLANATIONS: [(u32, Text, Text); 10] = [
    (UNREACHED, "can't be reached", "start it, or set another one with `weft-lite model set URL`"),
    (BROKEN, "gave no whole answer", ASK_AGAIN),
    (LATE, "took too long", "ask again, or set a larger `timeout_seconds`"),
    (CANCELLED, "was stopped", ASK_AGAIN),
    (SILENT, "gives no answer in time", ASK_AGAIN),
    (401, NO_KEY, SET_KEY),
    (403, NO_KEY, SET_KEY),
    (404, "has no such model or address", "see its models with `weft-lite model set URL`"),
    (
        TOO_LONG,
        "finds the conversation too long",
        "say `/clear`, or set a smaller `context_tokens`",
    ),
    (BUSY, "asks for fewer requests", "wait a little, then ask again"),
];
const REFUSED: (u32, Text, Text) =
    (400, "does not accept the request", "check the settings with `weft-lite model show`");
const OTHER: (u32, Text, Text) = (FAILED, "failed", ASK_AGAIN);
const ASK_AGAIN: Text = "ask again, or look at the server's log";
const NO_KEY: Text = "refuses the key";
const SET_KEY: Text = "set it again with `weft-lite model set URL`";

#[derive(Default)]
pub struct Fault {
    /// The status of HTTP, or one of the constants below 100.
    pub status: u32,
    /// The words of the host or of the server.
    pub words: Text,
    /// The pause in milliseconds for which the server asks.
    pub retry_after: Option<u64>,
}

impl Fault {
    /// Whether the same request may succeed a little later.
    pub fn may_pass(&self) -> bool {
        match self.status {
            UNREACHED => {
                ["connection failed", "request failed"].iter().any(|it| self.words.starts_with(it))
            }
            BROKEN | BUSY => true,
            status => status >= FAILED && !self.is_about_tools(),
        }
    }

    /// Whether the server refuses requests that offer tools, as servers do for models that can't call any.
    pub fn is_about_tools(&self) -> bool {
        let signs = ["not support tools", "requires --jinja", "tool choice requires"];
        self.status >= 400 && signs.iter().any(|sign| split(self.words, sign).is_some())
    }

    /// What happened and the next step, for the person.
    pub fn explain(&self, settings: &Settings) -> Text {
        let is_refused = self.status < FAILED;
        let is_too_long = is_refused && split(self.words, "context").is_some();
        let status = if is_too_long { TOO_LONG } else { self.status };
        let row = EXPLANATIONS.iter().find(|row| status == row.0);
        let (_, what, next) = *row.unwrap_or(if is_refused { &REFUSED } else { &OTHER });
        let next = match status {
            404 if settings.is_chosen => "`/model default` takes the model of the settings again",
            _ => next,
        };
        let details = match self.status {
            LATE => fill("over ~ s", &[&decimal(settings.timeout_seconds.into())]),
            0..100 => self.words,
            status => {
                let template = if self.words.is_empty() { "~" } else { "~: ~" };
                fill(template, &[&decimal(status.into()), self.words])
            }
        };
        fill("the model server at ~ ~ (~); ~", &[settings.server(), what, details, next])
    }
}
