//! Hearing of changes in both eras, while calls go on.

use serde_json::{Value, json};

use crate::session::{Client, LEGACY, MODERN, Server, answering, guest, meta, package};

const SUBSCRIPTION: &str = "/params/_meta/io.modelcontextprotocol~1subscriptionId";

/// Subscribes, and gives the id with the acknowledged filter.
#[track_caller]
fn listen(client: &mut Client<'_>, filter: &Value) -> (Value, Value) {
    let id = client.request("subscriptions/listen", &json!({ "notifications": filter }));
    let first = client.next().unwrap();
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "it comes first");
    assert_eq!(first.pointer(SUBSCRIPTION), Some(&id));
    (id, first["params"]["notifications"].clone())
}

fn one_tool(id: &str) -> weft_lite::PluginPackage {
    package(id, answering(&json!([{ "name": "run" }]), "1"), &json!({}))
}

#[test]
fn a_subscription_hears_of_what_it_asked_for() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let (id, granted) = listen(&mut client, &json!({ "toolsListChanged": true }));
    assert_eq!(granted, json!({ "toolsListChanged": true }));
    for plugin in ["a", "b"] {
        server.load([one_tool(plugin)]);
        let told = client.next().unwrap();
        assert_eq!(told["method"], "notifications/tools/list_changed");
        assert_eq!(told.pointer(SUBSCRIPTION), Some(&id));
    }
    assert_eq!(client.tools(), ["a__run", "b__run"]);
}

#[test]
fn nobody_hears_of_what_nobody_asked_for() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    listen(&mut client, &json!({ "promptsListChanged": true }));
    server.load([one_tool("a")]);
    client.result("server/discover", &json!({}));
    let (_, granted) = listen(&mut client, &json!({}));
    assert_eq!(granted, json!({}));
    server.load([one_tool("b")]);
    client.finish();
    while let Some(message) = client.next() {
        assert!(message.get("result").is_some(), "{message}");
    }
}

#[test]
fn several_subscriptions_are_told_apart() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let filter = json!({ "toolsListChanged": true });
    let ids = [listen(&mut client, &filter).0, listen(&mut client, &filter).0];
    server.load([one_tool("a")]);
    let mut told = [client.next().unwrap(), client.next().unwrap()]
        .map(|message| message.pointer(SUBSCRIPTION).unwrap().clone());
    told.sort_by_key(Value::to_string);
    assert_eq!(told, ids);
}

#[test]
fn a_cancelled_subscription_is_silent() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let (id, _) = listen(&mut client, &json!({ "toolsListChanged": true }));
    client.notify("notifications/cancelled", &json!({ "requestId": id }));
    client.result("server/discover", &json!({}));
    server.load([one_tool("a")]);
    client.finish();
    assert_eq!(client.next(), None);
}

#[test]
fn a_subscription_ends_when_the_server_stops() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let (id, _) = listen(&mut client, &json!({ "toolsListChanged": true }));
    server.server.stop();
    let last = client.next().unwrap();
    assert_eq!(last["id"], id);
    let key = "/result/_meta/io.modelcontextprotocol~1subscriptionId";
    assert_eq!(last.pointer(key), Some(&id));
    assert_eq!(client.next(), None);
}

#[test]
fn a_request_before_the_stop_is_answered() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    client.send(&json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/list",
        "params": { "_meta": meta() } }));
    server.server.stop();
    assert_eq!(client.next().unwrap()["id"], 9);
    assert_eq!(client.next(), None);
}

#[test]
fn subscriptions_without_end_are_refused() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    for _ in 0..32 {
        listen(&mut client, &json!({}));
    }
    let (code, _) = client.error("subscriptions/listen", &json!({ "notifications": {} }));
    assert_eq!(code, -32600);
    let many = json!({ "resourceSubscriptions": vec!["a:b"; 1_001] });
    for filter in [json!({ "toolsListChanged": 1 }), many] {
        let mut client = server.client(MODERN);
        let params = json!({ "notifications": filter });
        assert_eq!(client.error("subscriptions/listen", &params).0, -32602);
    }
}

#[test]
fn a_legacy_client_hears_of_every_list() {
    let server = Server::new([]);
    for revision in LEGACY {
        let mut client = server.client(revision);
        client.result("ping", &json!({}));
        server.load([one_tool("a")]);
        let told = client.next().unwrap();
        assert_eq!(told, json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
        assert_eq!(client.tools(), ["a__run"]);
        server.unload("a");
    }
}

#[test]
fn a_change_that_changes_nothing_is_not_told() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    listen(&mut client, &json!({ "toolsListChanged": true }));
    // A new generation with the same tools.
    let host = server.runtime.host();
    server.runtime.block_on(host.put_skills(std::sync::Arc::default()));
    client.finish();
    let last = client.next().unwrap();
    assert!(last.get("result").is_some(), "{last}");
}

#[test]
fn a_call_in_flight_survives_its_plugins_replacement() {
    let server = Server::new([package("old", guest("probe"), &json!({}))]);
    let mut client = server.client(MODERN);
    listen(&mut client, &json!({ "toolsListChanged": true }));
    let arguments = json!({ "iterations": 20_000_000 });
    let call = json!({ "name": "old__burn", "arguments": arguments });
    let id = client.request("tools/call", &call);
    client.result("server/discover", &json!({}));
    server.unload("old");
    assert_eq!(client.next().unwrap()["method"], "notifications/tools/list_changed");
    assert_eq!(client.tools(), Vec::<String>::new());
    let answer = client.answer_to(&id);
    assert_ne!(answer["result"]["isError"], true, "{answer}");
}

#[test]
fn a_legacy_client_learns_why_plugins_are_missing() {
    let server = Server::new([]);
    let load_broken = |id: &str| {
        let broken = package(id, b"not wasm".to_vec(), &json!({}));
        let host = server.runtime.host();
        server.runtime.block_on(host.load([(broken, weft_lite::Approval::ALL)], []));
    };
    let mut client = server.client(LEGACY[0]);
    assert_eq!(client.error("logging/setLevel", &json!({ "level": "loud" })).0, -32602);
    client.result("logging/setLevel", &json!({ "level": "warning" }));
    load_broken("second");
    let told = client.next().unwrap();
    assert_eq!(told["method"], "notifications/message");
    assert_eq!(told["params"]["level"], "warning");
    let data = told["params"]["data"].as_str().unwrap();
    assert!(data.starts_with("plugin second is not in service: "), "{data}");
    client.result("logging/setLevel", &json!({ "level": "error" }));
    load_broken("third");
    client.finish();
    assert_eq!(client.next(), None);
}
