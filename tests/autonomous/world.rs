//! A runtime that observes, with the bundled tools and a `$WEFT_HOME` of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::autonomous::CallOrigin;
use weft_lite::package::{FileSecrets, Proposal, Proposals};
use weft_lite::{CallerInput, Runtime};

/// How long something is waited for that has to come.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) folder: TempDir,
    messages: Cell<u64>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with("autonomous_skills: {enabled: true}\n")
    }

    /// The same with this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let home = folder.path().join("weft");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("config.yaml"), config).unwrap();
        Self::at(folder)
    }

    /// Starts again in the same folder.
    pub(crate) fn again(self) -> Self {
        self.runtime.block_on(self.runtime.stop());
        let Self { folder, .. } = self;
        Self::at(folder)
    }

    fn at(folder: TempDir) -> Self {
        let home = folder.path().join("weft");
        let (builder, _) =
            Runtime::builder().workspace(folder.path()).weft_home(&home).configure(&home).unwrap();
        let runtime = builder.secrets(Arc::new(FileSecrets::new(&home))).build();
        runtime.block_on(runtime.load()).unwrap();
        Self { runtime, folder, messages: Cell::new(0) }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("weft")
    }

    pub(crate) fn proposals(&self) -> Proposals {
        Proposals::of_home(&self.home())
    }

    /// Calls a tool for a message of its own.
    pub(crate) fn call(&self, tool: &str, params: &Value) -> Value {
        self.messages.set(self.messages.get() + 1);
        self.call_in("chat", self.messages.get(), tool, params)
    }

    pub(crate) fn call_in(&self, chat: &str, message: u64, tool: &str, params: &Value) -> Value {
        let (channel, chat) = ("test".into(), chat.into());
        let origin = CallOrigin { channel, chat, message: Some(message), text: None };
        self.call_from(origin, tool, params)
    }

    pub(crate) fn call_from(&self, origin: CallOrigin, tool: &str, params: &Value) -> Value {
        let input = CallerInput::default();
        let params = params.to_string();
        let host = self.runtime.host();
        let called = host.call_observed(tool, params, &input, None, origin);
        let result = self.runtime.block_on(called).result.unwrap_or_else(|it| panic!("{it}"));
        serde_json::from_str(&result).unwrap()
    }

    /// Looks a text up, counts its words and writes a line about it; returns that.
    pub(crate) fn report(&self, name: &str, text: &str) -> Value {
        let document = json!({ "notes": { name: text } });
        let query = format!(".notes.{name}");
        let found = self.call("json_query", &json!({ "json": document, "query": query }));
        let counts = self.call("text_stats", &json!({ "text": found["result"] }));
        let line = json!({ "at": query, "words": counts["words"] });
        self.call("json_format", &json!({ "json": line, "indent": 0 }))
    }

    /// Waits until something is there.
    pub(crate) fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        let wait = async {
            loop {
                if let Some(found) = look() {
                    return Some(found);
                }
                smol::Timer::after(Duration::from_millis(5)).await;
            }
        };
        let late = async {
            smol::Timer::after(PATIENCE).await;
            None
        };
        self.runtime.block_on(smol::future::or(wait, late))
    }

    /// The first proposal, which has to come.
    pub(crate) fn proposal(&self) -> Proposal {
        let proposals = self.proposals();
        let found = self.until(|| proposals.pending().unwrap().proposals.into_iter().next());
        found.expect("a proposal")
    }

    /// Whether there is none after everything that was observed is written down.
    pub(crate) fn nothing_is_proposed(self) -> bool {
        self.runtime.block_on(self.runtime.stop());
        self.proposals().pending().unwrap().proposals.is_empty()
    }
}
