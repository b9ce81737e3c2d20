//! The chat that a call works for, and what is kept for it: its model, and the conversation so far.

use crate::doors::Host;
use crate::room;
use crate::text::{Text, add, fill, list, read, string};
use alloc::string::String;
use alloc::vec::Vec;
use json_text::{Value, decimal};

/// What the store takes.
const MAX_KEY_BYTES: usize = 512;

/// Who is asking, and where.
#[derive(Clone, Copy)]
pub struct Chat {
    /// Different for each channel, chat and thread. Empty if the call works for nobody, or for a chat whose name
    /// is too long for a key: nothing is kept then.
    place: Text,
    pub is_owner: bool,
}

impl Chat {
    pub fn current(host: &dyn Host) -> Chat {
        let current = read(&host.current().unwrap_or_default());
        // Names as JSON strings can't run into each other.
        let mut place = String::new();
        for name in &["channel", "chat", "thread"] {
            if let Some(name) = current.get(name) {
                add(&mut place, "/^", &[string(name)]);
            }
        }
        if place.len() + "history".len() > MAX_KEY_BYTES {
            host.warn("the chat's name is too long to keep anything for it");
            place.clear();
        }
        let is_owner = matches!(current.get("is_owner"), Some(Value::Bool(true)));
        Chat { place: place.leak(), is_owner }
    }

    /// Whether there is a chat that can be named.
    pub fn is_named(&self) -> bool {
        !self.place.is_empty()
    }

    fn key(&self, what: &str) -> Text {
        fill("~~", &[what, self.place])
    }

    /// What is stored; empty, with a word in the log, if it can't be read.
    fn stored(&self, host: &dyn Host, what: &str) -> Text {
        if !self.is_named() {
            return "";
        }
        match host.stored(self.key(what)) {
            Ok(bytes) => core::str::from_utf8(bytes.unwrap_or_default().leak()).unwrap_or_default(),
            Err(problem) => {
                host.warn(fill("the chat's ~ can't be read: ~", &[what, &problem]));
                ""
            }
        }
    }

    /// The model that the owner chose for this chat; empty for that of the settings.
    pub fn model(&self, host: &dyn Host) -> Text {
        self.stored(host, "model")
    }

    /// Chooses a model; none for that of the settings.
    ///
    /// # Errors
    ///
    /// The store can't be written.
    pub fn set_model(&self, host: &dyn Host, model: Option<Text>) -> Result<(), String> {
        match model {
            Some(model) => host.store(self.key("model"), model.as_bytes()),
            None => host.delete(self.key("model")).map(drop),
        }
    }

    /// The conversation so far.
    pub fn history(&self, host: &dyn Host) -> History {
        let mut history = History::default();
        if let [_, summary, turns @ ..] = list(read(self.stored(host, "history"))) {
            history.summary = string(summary);
            for turn in turns.chunks(2) {
                if let [said, answered] = turn {
                    history.turns.push((string(said), string(answered)));
                }
            }
        }
        history
    }

    /// Keeps the conversation. If there is no room, the oldest ones of other chats are dropped. That it can't be
    /// kept is no reason to hold back an answer.
    pub fn keep(&self, host: &dyn Host, history: &History) {
        if !self.is_named() {
            return;
        }
        let mut text = String::new();
        add(&mut text, "[~,^", &[&decimal(host.wall_ms()), history.summary]);
        for (said, answered) in &history.turns {
            add(&mut text, ",^,^", &[said, answered]);
        }
        text.push(']');
        if let Err(problem) = room::store(host, "history/", self.key("history"), text.as_bytes()) {
            host.warn(fill("the conversation can't be kept: ~", &[&problem]));
        }
    }

    /// Forgets the conversation, and returns whether there was one.
    ///
    /// # Errors
    ///
    /// The store can't be written.
    pub fn forget(&self, host: &dyn Host) -> Result<bool, String> {
        host.delete(self.key("history"))
    }
}

/// A conversation. It is stored as one list: when it was kept in milliseconds since 1970, the summary, then what was
/// said and answered by turns.
#[derive(Default)]
pub struct History {
    /// What came before the turns; empty as long as nothing was left out.
    pub summary: Text,
    /// What the person said and what the model answered, oldest first.
    pub turns: Vec<(Text, Text)>,
}
