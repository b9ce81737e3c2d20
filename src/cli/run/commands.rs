//! What a line on the console means, and what it is answered with.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use serde_json::{Value, json};
use weft_lite::{
    BoxFuture, CallError, Cancellation, ChannelHost, KeyValueStore, MemoryKeyValueStore,
    MessagePayload, PluginError, PluginHost, ToolContext,
};

use crate::cli::call::{check_json, described};
use crate::cli::{output, tools};

/// Lines that wait before reading does.
const WAITING: usize = 16;

const HELP: &str = "a line `TOOL {JSON}` calls a tool, for instance:";

/// A line to be answered.
pub(super) struct Request {
    pub(super) chat: String,
    pub(super) payload: MessagePayload,
}

/// The host's side of the console: it takes lines, and leaves the work to whoever has the other
/// end. That end sees the last line when this one is dropped.
pub(super) struct Inbox(Sender<Request>);

impl Inbox {
    pub(super) fn new() -> (Self, Receiver<Request>) {
        let (sender, requests) = async_channel::bounded(WAITING);
        (Self(sender), requests)
    }
}

impl ChannelHost for Inbox {
    fn deliver_inbound<'a>(
        &'a self,
        _channel: &'a str,
        _sender: &'a str,
        chat: &'a str,
        payload: MessagePayload,
        _metadata: BTreeMap<String, Value>,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        let request = Request { chat: chat.to_owned(), payload };
        Box::pin(async move { self.0.send(request).await.map_err(|_| PluginError::Cancelled) })
    }
}

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// An object that says whether it went well.
    Json,
    /// The result, on one line.
    Plain,
    /// For a person to read.
    Terminal,
}

/// An answer, and whether it tells of a failure.
pub(super) struct Answer {
    pub(super) payload: MessagePayload,
    pub(super) failed: bool,
}

/// Runs what the lines say.
pub(super) struct Commands {
    host: PluginHost,
    style: Style,
    /// Fires when no further call may begin.
    ends: Cancellation,
    /// Each plugin's own storage.
    storage: BTreeMap<String, Arc<MemoryKeyValueStore>>,
}

impl Commands {
    pub(super) fn new(host: PluginHost, json: bool, ends: Cancellation) -> Self {
        let style = match json {
            true => Style::Json,
            false if output::is_terminal() => Style::Terminal,
            false => Style::Plain,
        };
        Self { host, style, ends, storage: BTreeMap::new() }
    }

    /// Calls the tool that the message names, or says how to.
    pub(super) async fn answer(&mut self, payload: &MessagePayload) -> Answer {
        if self.ends.is_cancelled() {
            return self.failure(&PluginError::Cancelled);
        }
        let MessagePayload::Text { text } = payload else {
            let problem = "only lines of text are understood".into();
            return self.failure(&CallError::InvalidParams { problem }.into());
        };
        let line = text.trim();
        let (tool, params) = line.split_once(char::is_whitespace).unwrap_or((line, "{}"));
        if line == "help" {
            return Answer { payload: MessagePayload::text(self.help()), failed: false };
        }
        match self.call(tool, params).await {
            Ok(value) => Answer { payload: self.success(value), failed: false },
            Err(error) => self.failure(&error),
        }
    }

    async fn call(&mut self, name: &str, params: &str) -> Result<Value, PluginError> {
        let tool = self.host.tool(name)?;
        check_json(params)?;
        let params = serde_json::from_str(params)
            .map_err(|error| CallError::InvalidParams { problem: error.to_string() })?;
        let plugin_id = tool.name().split_once("__").map_or(tool.name(), |(id, _)| id).to_owned();
        let store: Arc<dyn KeyValueStore> =
            Arc::clone(self.storage.entry(plugin_id.clone()).or_default()) as _;
        let context = ToolContext { key_value_store: store, plugin_id, agent_id: "console".into() };
        tool.execute(params, &context).await
    }

    fn success(&self, value: Value) -> MessagePayload {
        match (self.style, value) {
            (Style::Json, result) => {
                MessagePayload::Json { value: json!({ "ok": true, "result": result }) }
            }
            (Style::Plain, value) => MessagePayload::Json { value },
            (Style::Terminal, Value::String(text)) => MessagePayload::Text { text },
            (Style::Terminal, value) => MessagePayload::text(format!("{value:#}")),
        }
    }

    fn failure(&self, error: &PluginError) -> Answer {
        let (described, next_step) = match error {
            PluginError::Call(error) => (described(error), error.next_step()),
            PluginError::Cancelled => {
                (described(&CallError::Cancelled), CallError::Cancelled.next_step())
            }
            error => {
                let next_step = "see `help`".to_owned();
                let message = error.to_string();
                (json!({ "code": "failed", "message": message, "next_step": next_step }), next_step)
            }
        };
        let payload = match self.style {
            Style::Json => {
                MessagePayload::Json { value: json!({ "ok": false, "error": described }) }
            }
            Style::Plain | Style::Terminal => {
                let message = format!("error: {error}");
                MessagePayload::text(output::with_next_step(&message, &next_step))
            }
        };
        Answer { payload, failed: true }
    }

    fn help(&self) -> String {
        let registry = self.host.registry();
        let tools = registry.tools();
        let lines = tools
            .iter()
            .map(|tool| format!("  {}  {}", tool.full_name(), tools::summary(tool.description())));
        let example =
            tools.first().map(|tool| format!("  {} {{\"key\": \"value\"}}", tool.full_name()));
        let head = [HELP.to_owned()].into_iter().chain(example).chain(["the tools:".to_owned()]);
        head.chain(lines).collect::<Vec<_>>().join("\n")
    }
}
