//! A runtime with the mind, the memory and the plugin `text-stats`, one channel, and a model server that replays.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weft_lite::actor::Member;
use weft_lite::channel::InboundMessage;
use weft_lite::pipeline::{ChannelRules, Gateway};
use weft_lite::sandbox::{MemoryAudit, NetworkOptions};
use weft_lite::{Approval, ChannelHost, Runtime, RuntimeBuilder, Secret, SecretSource};

use crate::recorder::{Recorder, say, say_with};
use crate::server::{Reply, Server};

pub(crate) const KEY: &str = "sk-4711-do-not-show";

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    pub(crate) channel: Arc<Recorder>,
    pub(crate) server: Server,
    pub(crate) audit: Arc<MemoryAudit>,
    inbox: Arc<dyn ChannelHost>,
    _gateway: Gateway,
}

/// The one secret, which may go over plain HTTP to the server.
struct Key;

impl SecretSource for Key {
    fn secret(&self, name: &str) -> Option<Secret> {
        let hosts = vec!["127.0.0.1".to_owned()];
        (name == "MODEL_KEY").then(|| Secret { value: KEY.into(), hosts, allow_http: true })
    }

    fn all(&self) -> Vec<Secret> {
        self.secret("MODEL_KEY").into_iter().collect()
    }
}

impl World {
    /// A server that answers with these replies, one after the other.
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(&json!({}), replies)
    }

    /// The same with more settings.
    pub(crate) fn with(settings: &Value, replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::built(settings, replies, |builder| builder)
    }

    /// The same with more options.
    pub(crate) fn built(
        settings: &Value,
        replies: impl IntoIterator<Item = Reply>,
        more: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder,
    ) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        let server = Server::start(move |_| replies.lock().unwrap().pop_front().unwrap());
        let address = server.address.to_string();
        let mut set = json!({ "base_url": format!("http://{address}/v1"), "model": "small" });
        let set = set.as_object_mut().unwrap();
        set.extend(settings.as_object().unwrap().clone());
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(400).unwrap()));
        let runtime = Runtime::builder()
            .without_bundled()
            .approve(Approval::ALL)
            .plugins("skills/mind")
            .plugins("skills/memory")
            .plugins("skills/text-stats")
            .plugin_settings("mind", set.clone())
            .network(NetworkOptions::default().allow_private_hosts([address]).unwrap())
            .secrets(Arc::new(Key))
            .audit(Arc::clone(&audit) as _);
        let runtime = more(runtime).build();
        runtime.block_on(runtime.load()).unwrap();
        let channel = Arc::new(Recorder::showing_parts("one"));
        let owner = ChannelRules { allow: vec!["friend".into()], ..ChannelRules::owner_only() };
        let rules = [("one".to_owned(), owner)];
        let gateway = runtime.gateway(runtime.commands(), rules.into());
        let inbox = gateway.inbox();
        runtime.block_on(async {
            let host = runtime.host();
            let member = Member::channel(Arc::clone(&channel) as _, Arc::clone(&inbox));
            host.register(member).await.unwrap();
            host.adopt_guests(&inbox, &(Arc::new(|_: &str| false) as _)).await;
            host.start_all().await;
        });
        Self { runtime, channel, server, audit, inbox, _gateway: gateway }
    }

    /// Says something in a chat, and waits for the answer.
    pub(crate) fn ask_in(&self, chat: &str, text: &str) -> String {
        self.runtime.block_on(async {
            self.say(chat, text).await;
            self.channel.text().await
        })
    }

    pub(crate) fn ask(&self, text: &str) -> String {
        self.ask_in("chat", text)
    }

    /// The same by somebody who is not the owner.
    pub(crate) fn ask_as_friend(&self, text: &str) -> String {
        self.runtime.block_on(async {
            let friend = |message: &mut InboundMessage| message.sender = "friend".into();
            say_with(&*self.inbox, "one", "chat", text, friend).await.unwrap();
            self.channel.text().await
        })
    }

    pub(crate) async fn say(&self, chat: &str, text: &str) {
        say(&*self.inbox, "one", chat, text).await.unwrap();
    }

    /// The bodies of the requests, as JSON.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let requests = self.server.requests();
        let bodies = requests.iter().map(|it| it.split_once("\r\n\r\n").unwrap().1);
        bodies.map(|body| serde_json::from_str(body).unwrap()).collect()
    }
}

/// A stream with these events, which ends in order.
pub(crate) fn stream(events: &[Value]) -> Reply {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".to_owned();
    let events = events.iter().map(|event| format!("data: {event}\n\n"));
    Reply::Bytes((head + &events.collect::<String>() + "data: [DONE]\n\n").into_bytes())
}

/// A part of the text.
pub(crate) fn delta(text: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": { "content": text } }] })
}

/// A fragment of a call.
pub(crate) fn call(index: usize, id: &str, name: &str, arguments: &str) -> Value {
    let function = json!({ "name": name, "arguments": arguments });
    let fragment = json!({ "index": index, "id": id, "type": "function", "function": function });
    json!({ "choices": [{ "index": 0, "delta": { "tool_calls": [fragment] } }] })
}

/// The last event of a choice.
pub(crate) fn end(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

/// A whole stream that says this.
pub(crate) fn saying(text: &str) -> Reply {
    stream(&[delta(text), end("stop")])
}
