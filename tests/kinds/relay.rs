//! The relay: a channel with two instances and with the optional interfaces.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, pending};
use serde_json::{Value, json};
use smol::Timer;
use weft_lite::actor::{Member, WantedChannels};
use weft_lite::pipeline::{ChannelRules, Gateway};
use weft_lite::{CancellationSource, MessagePayload};

use crate::channel::Host;
use crate::limit::TimeLimit;
use crate::support::World;

/// Less than a poll of the relay takes in the mode `wait`.
const SOON: Duration = Duration::from_secs(10);

impl World {
    /// Calls a tool of the relay.
    pub(crate) async fn relay(&self, tool: &str, params: Value) -> Value {
        let called = self.host().call(&format!("relay__{tool}"), params.to_string()).await;
        serde_json::from_str(&called.result.unwrap()).unwrap()
    }

    /// Sets a key of the relay's store.
    pub(crate) async fn put(&self, key: &str, value: &str) {
        self.relay("put", json!({ "key": key, "value": value })).await;
    }
}

/// The relay behind a gateway.
pub(crate) struct Talk {
    pub(crate) world: World,
    _gateway: Gateway,
    _limit: TimeLimit,
}

impl Talk {
    fn new() -> Self {
        Self::with(World::with_example("relay"), Vec::new())
    }

    /// The relay in a world where it is loaded, with these stages.
    pub(crate) fn with(world: World, stages: Vec<Member>) -> Self {
        let rules = ChannelRules { owner: Some("ann".into()), allow: Vec::new() };
        let rules = [("relay".to_owned(), rules)].into();
        let gateway = world.runtime.gateway(world.runtime.commands(), rules);
        world.block_on(async {
            world.put("mode/sender", "ann").await;
            for stage in stages {
                world.host().register(stage).await.unwrap();
            }
            let all: WantedChannels = Arc::new(|_| true);
            world.host().adopt_guests(&gateway.inbox(), &all).await;
            for outcome in world.host().start_all().await {
                outcome.result.unwrap();
            }
        });
        Self { world, _gateway: gateway, _limit: TimeLimit::start() }
    }

    /// Delivers a message, and waits until the relay has heard `count` things.
    pub(crate) fn say(&self, id: &str, text: &str, count: usize) -> Vec<Value> {
        self.world.block_on(self.world.put(&format!("in/{id}"), text));
        self.wait_for(count)
    }

    /// Waits until the relay has heard `count` things.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Value> {
        self.world.block_on(async {
            loop {
                let heard = self.heard().await;
                if heard.len() >= count {
                    return heard;
                }
                Timer::after(Duration::from_millis(1)).await;
            }
        })
    }

    async fn heard(&self) -> Vec<Value> {
        match self.world.relay("heard", json!({})).await {
            Value::Array(heard) => heard,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_channel_hears_what_became_of_messages() {
    let talk = Talk::new();
    let heard = talk.say("1", "hello", 2);
    assert_eq!(heard[0][0], "send");
    assert_eq!(heard[1], json!(["answered", "1", "answered"]));
    let heard = talk.say("2", "/nothing", 4);
    assert!(heard[2][2].as_str().unwrap().contains("there is no command"), "{heard:?}");
    assert_eq!(heard[3], json!(["answered", "2", "failed"]));
    talk.world.block_on(talk.world.put("mode/send", "fail"));
    let heard = talk.say("3", "hello", 6);
    assert_eq!((&heard[4][0], &heard[5]), (&json!("send"), &json!(["answered", "3", "unsent"])));
}

#[test]
fn a_failed_mark_costs_no_other_message() {
    let talk = Talk::new();
    talk.world.block_on(talk.world.put("mode/answered", "fail"));
    talk.say("1", "hello", 2);
    let heard = talk.say("2", "hello", 4);
    assert_eq!(heard[3], json!(["answered", "2", "answered"]));
}

#[test]
fn a_refused_message_is_not_answered() {
    let talk = Talk::new();
    talk.world.block_on(talk.world.put("mode/sender", "bob"));
    talk.say("1", "hello", 0);
    let world = &talk.world;
    world.block_on(async {
        // Its receipt has taken it out of the store.
        while world.relay("waiting", json!({})).await != json!([]) {}
        world.put("mode/sender", "ann").await;
    });
    let heard = talk.say("2", "hello", 2);
    assert_eq!(heard[1], json!(["answered", "2", "answered"]));
}

#[test]
fn a_name_over_its_limit_costs_one_message() {
    let talk = Talk::new();
    let long = "x".repeat(1_025);
    talk.world.block_on(talk.world.put("mode/thread", &long));
    talk.say("1", "hello", 0);
    let world = &talk.world;
    world.block_on(async {
        while world.relay("waiting", json!({})).await != json!([]) {}
        world.put("mode/thread", &long[1..]).await;
    });
    let heard = talk.say("2", "hello", 2);
    assert_eq!(heard[1], json!(["answered", "2", "answered"]));
}

#[test]
fn a_long_poll_delays_no_answer() {
    let world = World::with_example("relay");
    let (host, delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel("relay").unwrap();
    let stop = CancellationSource::new();
    let running = async {
        channel.start(host, stop.token()).await.unwrap();
        pending().await
    };
    let answering = async {
        // What one instance has put into the store the other one finds.
        world.put("in/1", "hello").await;
        assert_eq!(delivered.recv().await.unwrap().id.as_deref(), Some("1"));
        world.put("mode/poll", "wait").await;
        while world.host().call("relay__polling", "{}".into()).await.result.unwrap() != "true" {}
        let text = MessagePayload::text("hi");
        assert_eq!(channel.send("room", &text).await.as_deref(), Ok("100"));
        assert_eq!(world.relay("polls", json!({})).await, 0, "it is another instance that polls");
        true
    };
    let late = async {
        Timer::after(SOON).await;
        false
    };
    assert!(world.block_on(or(running, or(answering, late))), "the answer waited for the poll");
}
