//! What runs for a client: many at once, cancelled, with progress, until the last one.

use serde_json::{Value, json};

use crate::session::{ALL, LEGACY, MODERN, Server, guest, meta, package};

#[test]
fn answers_come_as_they_finish() {
    let more = json!({ "resources": { "max_fuel": 400_000_000 } });
    let server = Server::new([
        package("slow", guest("probe"), &more),
        package("quick", guest("echo"), &json!({})),
    ]);
    let mut client = server.client(MODERN);
    let slow = client.request("tools/call", &json!({ "name": "slow__spin" }));
    let quick: Vec<Value> = (0..100)
        .map(|number| {
            let arguments = json!({ "number": number });
            client.request("tools/call", &json!({ "name": "quick__echo", "arguments": arguments }))
        })
        .collect();
    for (number, id) in quick.iter().enumerate() {
        let answer = client.answer_to(id);
        assert_eq!(answer["result"]["structuredContent"], json!({ "number": number }));
    }
    assert_eq!(client.answer_to(&slow)["result"]["isError"], true);
}

#[test]
fn a_cancelled_call_stops_and_stays_unanswered() {
    let more = json!({ "resources": { "max_fuel": 10_000_000_000_u64 } });
    let server = Server::new([package("probe", guest("probe"), &more)]);
    for revision in ALL {
        let mut client = server.client(revision);
        let id = client.request("tools/call", &json!({ "name": "probe__spin" }));
        client.notify("notifications/cancelled", &json!({ "requestId": id, "reason": "test" }));
        // The plugin runs one call at a time: this one would wait for the other.
        let answer = client.call("probe__echo", &json!({ "after": revision }));
        assert_eq!(answer["structuredContent"], json!({ "after": revision }));
        client.finish();
        assert_eq!(client.next(), None, "nothing is sent for what was cancelled");
    }
}

#[test]
fn an_id_in_use_is_refused_until_free() {
    let server = Server::probe();
    let mut client = server.client(LEGACY[0]);
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call",
        "params": { "name": "probe__spin" } });
    client.send(&call);
    client.send(&call);
    let refused = client.next().unwrap();
    assert_eq!(refused["error"]["code"], -32600);
    client.notify("notifications/cancelled", &json!({ "requestId": 7 }));
    client.send(&json!({ "jsonrpc": "2.0", "id": 7, "method": "ping" }));
    assert_eq!(client.next().unwrap()["result"], json!({}));
}

#[test]
fn requested_progress_only_rises() {
    let fuel = 3_000_000_000_u64;
    let more = json!({ "resources": { "max_fuel": fuel } });
    let server = Server::new([package("probe", guest("probe"), &more)]);
    for revision in [MODERN, LEGACY[0]] {
        let mut client = server.client(revision);
        let mut params = json!({ "name": "probe__spin", "_meta": {} });
        if revision == MODERN {
            params["_meta"] = meta();
        }
        params["_meta"]["progressToken"] = json!("a token");
        let id = client.request("tools/call", &params);
        let mut told = 0;
        loop {
            let message = client.next().unwrap();
            if message.get("id") == Some(&id) {
                assert_eq!(message["result"]["isError"], true);
                break;
            }
            assert_eq!(message["method"], "notifications/progress");
            assert_eq!(message["params"]["progressToken"], "a token");
            assert_eq!(message["params"]["total"], fuel);
            let progress = message["params"]["progress"].as_u64().unwrap();
            assert!(progress > told && progress <= fuel, "{progress} after {told}");
            told = progress;
        }
        assert!(told > 0, "a call of 3,000,000,000 units takes longer than 100 ms");
    }
}

#[test]
fn unrequested_progress_is_not_sent() {
    let server = Server::probe();
    let mut client = server.client(MODERN);
    let id = client.request("tools/call", &json!({ "name": "probe__spin" }));
    assert_eq!(client.next().unwrap()["id"], id);
}

#[test]
fn what_runs_is_answered_after_the_last_message() {
    let server = Server::probe();
    let mut client = server.client(MODERN);
    let id = client.request("tools/call", &json!({ "name": "probe__echo" }));
    client.finish();
    assert_eq!(client.next().unwrap()["id"], id);
    assert_eq!(client.next(), None);
}

#[test]
fn a_loading_server_introduces_itself_and_delays_calls() {
    use weft_lite::mcp::{McpOptions, McpServer};
    use weft_lite::{Approval, Runtime};
    let runtime = Runtime::builder().without_bundled().build();
    let host = runtime.host().clone();
    let (server, loading) =
        McpServer::loading(host.clone(), runtime.executor(), McpOptions::default());
    let server = Server { runtime, server };
    let mut client = server.client(LEGACY[0]);
    let list = client.request("tools/list", &json!({}));
    client.result("ping", &json!({}));
    let packages = [(package("echo", guest("echo"), &json!({})), Approval::ALL)];
    server.runtime.block_on(host.load(packages, []));
    client.result("ping", &json!({}));
    drop(loading);
    let tools = client.answer_to(&list)["result"]["tools"].clone();
    assert_eq!(tools.as_array().unwrap().len(), 3);
    // The list is the one that was waited for: nobody has to be told that it changed.
    client.finish();
    assert_eq!(client.next(), None);
}

#[test]
fn a_server_whose_executor_is_gone_has_ended() {
    let Server { runtime, server } = Server::probe();
    let client = server.connect();
    drop(runtime);
    futures_lite::future::block_on(async {
        client.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).await;
        assert_eq!(client.receive().await, None);
        assert_eq!(server.connect().receive().await, None);
    });
}
