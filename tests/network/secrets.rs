//! `{{secret:NAME}}`: who may have which, and where it may go.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_lite::{AuditOutcome, CallError, Capability, Secret};

use crate::server::ok;
use crate::tls;
use crate::world::{Setup, World};

fn secret(value: &str, hosts: &[&str]) -> Secret {
    Secret { value: value.into(), hosts: hosts.iter().map(|&host| host.to_owned()).collect() }
}

/// What may be sent to `secure.example` over TLS.
fn setup() -> Setup {
    Setup {
        permissions: json!({
            "network": ["*"],
            "secrets": ["token", "other", "lost", "broken", "empty", "wild"],
        }),
        server: tls::server(|_| ok("thanks")),
        network: |options| tls::trusting(options).allow_private_hosts(["box.local"]).unwrap(),
        secrets: BTreeMap::from([
            ("token", secret("s3cr3t", &["secure.example", "box.local", "10.0.0.7"])),
            ("other", secret("0ther", &["elsewhere.example"])),
            ("wild", secret("w1ld", &["*.example"])),
            ("unasked", secret("unasked", &["*"])),
            ("broken", secret("hu\r\nsh", &["*"])),
            ("empty", secret("", &["*"])),
        ]),
        ..Setup::default()
    }
}

fn request(url: &str, value: &str) -> Value {
    json!({ "url": url, "headers": [["Authorization", value]] })
}

const SECURE: &str = "https://secure.example/";

#[test]
fn a_secret_arrives_in_the_header() {
    let world = World::new(setup());
    assert_eq!(world.send(&request(SECURE, "Bearer {{secret:token}}")).unwrap(), "thanks");
    assert!(world.server.request().contains("authorization: Bearer s3cr3t\r\n"));
    world.send(&request(SECURE, "{{secret:token}}:{{secret:wild}};")).unwrap();
    assert!(world.server.requests()[1].contains("authorization: s3cr3t:w1ld;\r\n"));
}

#[test]
fn only_header_values_are_filled() {
    let world = World::new(setup());
    let params = json!({
        "url": "https://secure.example/?q={{secret:token}}", "method": "POST",
        "body": "{{secret:token}}",
    });
    world.send(&params).unwrap();
    let request = world.server.request();
    assert!(request.contains("/?q={{secret:token}}") && request.ends_with("{{secret:token}}"));
    let params = json!({ "url": SECURE, "headers": [["{{secret:token}}", "x"]] });
    assert_eq!(world.refused(&params), "invalid header: {{secret:token}}");
}

#[test]
fn each_rule_has_its_refusal() {
    let world = World::new(setup());
    for (url, value, text) in [
        (SECURE, "{{secret:unasked}}", "secret not permitted: unasked"),
        (SECURE, "{{secret:}}", "secret not permitted: "),
        (SECURE, "{{secret:lost}}", "secret not available: lost"),
        (SECURE, "{{secret:other}}", "secret other may not be sent to secure.example"),
        ("http://secure.example/", "{{secret:token}}", "secret token needs https"),
        ("http://10.0.0.7/", "{{secret:token}}", "request to private/reserved IP denied: 10.0.0.7"),
        (SECURE, "{{secret:broken}}", "secret is not a header value: broken"),
        (SECURE, "{{secret:empty}}", "secret is not a header value: empty"),
        (SECURE, "{{secret:token", "invalid header: authorization"),
    ] {
        assert_eq!(world.refused(&request(url, value)), text);
    }
    assert!(world.dialed().is_empty(), "nothing is sent");
    let error = world.send(&request(SECURE, "{{secret:other}}")).unwrap_err();
    let CallError::Denied { denied, .. } = error else { panic!("{error:?}") };
    assert_eq!((denied.capability, denied.target.as_str()), (Capability::Secrets, "other"));
    assert_eq!(world.record().outcome, AuditOutcome::Denied);
}

#[test]
fn a_device_that_the_operator_allowed_needs_no_tls() {
    let plain = || Setup { server: crate::server::Server::start(|_| ok("thanks")), ..setup() };
    let near = plain();
    let world =
        World::new(Setup { names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap()]), ..near });
    world.send(&request("http://box.local/", "{{secret:token}}")).unwrap();
    assert!(world.server.request().contains("authorization: s3cr3t\r\n"));
    // The same name on the public internet is no device.
    let world = World::new(plain());
    let text = world.refused(&request("http://box.local/", "{{secret:token}}"));
    assert_eq!(text, "secret token needs https");
}

#[test]
fn values_appear_in_no_debug_output() {
    assert!(!format!("{:?}", secret("hush", &["a.example"])).contains("hush"));
}
