//! The relay: a channel with two instances and with the optional interfaces.

use std::time::Duration;

use futures_lite::future::{or, pending};
use serde_json::{Value, json};
use smol::Timer;
use weft_lite::{CancellationSource, MessagePayload};

use crate::channel::Host;
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
