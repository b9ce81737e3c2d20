//! Which revision a request is in, and what is said to one that is in none.

use serde_json::{Value, json};

use crate::session::{ALL, LEGACY, MODERN, Server, initialize, meta};

#[test]
fn discovery_describes_server_and_capabilities() {
    let server = Server::new([]);
    let result = server.client(MODERN).result("server/discover", &json!({}));
    assert_eq!(result["supportedVersions"], json!(ALL));
    assert_eq!(result["capabilities"]["tools"], json!({ "listChanged": true }));
    assert_eq!(result["capabilities"].get("logging"), None, "the modern era has none");
}

#[test]
fn initialize_offers_the_newest_legacy_revision() {
    let server = Server::new([]);
    for revision in LEGACY {
        let result = server.stranger(revision).result("initialize", &initialize(revision));
        assert_eq!(result["protocolVersion"], revision);
    }
    for strange in [MODERN, "2024-11-05", "tomorrow"] {
        let result = server.stranger(LEGACY[0]).result("initialize", &initialize(strange));
        assert_eq!(result["protocolVersion"], LEGACY[0], "{strange}");
    }
    let (code, _) = server.stranger(LEGACY[0]).error("initialize", &json!({}));
    assert_eq!(code, -32602);
}

#[test]
fn a_modern_request_must_name_its_revision() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    for meta in [
        json!({}),
        json!({ version: MODERN }),
        json!({ capabilities: {} }),
        json!({ version: MODERN, capabilities: 1 }),
        json!({ version: 1, capabilities: {} }),
    ] {
        for method in ["tools/list", "server/discover", "no/such"] {
            let (code, message) = client.error(method, &json!({ "_meta": meta }));
            assert_eq!(code, -32602, "{method} {meta}: {message}");
        }
    }
    let (code, message) = client.error("tools/list", &json!({ "_meta": {} }));
    assert!(code == -32602 && message.contains(version), "{message}");
}

#[test]
fn an_unknown_version_is_told_the_known_ones() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let mut unknown = meta();
    unknown["io.modelcontextprotocol/protocolVersion"] = json!("1900-01-01");
    let answer = client.ask("tools/list", &json!({ "_meta": unknown }));
    assert_eq!(answer["error"]["code"], -32022);
    assert_eq!(answer["error"]["data"], json!({ "supported": ALL, "requested": "1900-01-01" }));
}

#[test]
fn a_legacy_client_may_only_ping_before_initialize() {
    let server = Server::new([]);
    let mut client = server.stranger(LEGACY[0]);
    client.result("ping", &json!({}));
    let (code, message) = client.error("tools/list", &json!({}));
    assert!(code == -32602 && message.contains("initialize"), "{message}");
}

#[test]
fn both_eras_speak_over_one_connection() {
    let server = Server::probe();
    let mut client = server.client(LEGACY[0]);
    for _ in 0..2 {
        let legacy = client.result("tools/list", &json!({}));
        assert!(legacy.get("ttlMs").is_none());
        // The same connection, with a request that stands for itself.
        client.send(&json!({
            "jsonrpc": "2.0", "id": "modern", "method": "no/such", "params": { "_meta": meta() },
        }));
        let modern = client.answer_to(&json!("modern"));
        assert_eq!(modern["error"]["code"], -32601);
        client.send_text(
            &json!({
                "jsonrpc": "2.0", "method": "notifications/none", "params": { "_meta": meta() },
            })
            .to_string(),
        );
    }
}

#[test]
fn each_era_has_its_own_methods() {
    let server = Server::new([]);
    for method in ["ping", "logging/setLevel", "resources/subscribe", "initialized"] {
        let (code, message) = server.client(MODERN).error(method, &json!({}));
        assert_eq!(code, -32601, "{method}: {message}");
    }
    for revision in LEGACY {
        let mut client = server.client(revision);
        client.result("ping", &json!({}));
        client.result("logging/setLevel", &json!({ "level": "info" }));
        for method in ["no/such", "resources/subscribe", ""] {
            assert_eq!(client.error(method, &json!({})).0, -32601, "{method}");
        }
        for method in ["server/discover", "subscriptions/listen", "skills/list"] {
            let (code, message) = client.error(method, &json!({}));
            assert!(code == -32602 && message.contains("_meta"), "{method}: {message}");
        }
    }
}

#[test]
fn an_invalid_message_is_refused_with_its_id() {
    let server = Server::new([]);
    let mut client = server.client(MODERN);
    let nothing = Value::Null;
    for (text, code, id) in [
        ("{", -32700, &nothing),
        ("nonsense", -32700, &nothing),
        ("\"text\"", -32600, &nothing),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600, &nothing),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, &nothing),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600, &nothing),
        (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600, &nothing),
        (r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, -32600, &json!(7)),
        (r#"{"id":"a","method":"ping"}"#, -32600, &json!("a")),
        (r#"{"jsonrpc":"2.0","id":7}"#, -32600, &json!(7)),
        (r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":[1]}"#, -32600, &json!(7)),
        (r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"ping"}"#, -32600, &nothing),
    ] {
        client.send_text(text);
        let answer = client.next().unwrap();
        assert_eq!(answer["error"]["code"], code, "{text}: {answer}");
        assert_eq!(answer.get("id").unwrap_or(&nothing), id, "{text}: {answer}");
    }
    // Answers, and notifications of any kind, are taken in silence.
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/none"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#,
    ] {
        client.send_text(text);
    }
    client.result("server/discover", &json!({}));
}

#[test]
fn ids_come_back_as_they_were() {
    let server = Server::new([]);
    let mut client = server.client(LEGACY[0]);
    for id in [json!("a \u{1f600}\n\""), json!(""), json!(-1), json!(0), json!(i64::MAX)] {
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
        assert_eq!(client.next().unwrap()["id"], id);
    }
}
