//! `{{secret:NAME}}`: who may have which, and where it may go.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::sandbox::AuditOutcome;
use weft_lite::{Capability, Secret};

use crate::server::ok;
use crate::tls;
use crate::world::{Setup, World};

fn secret(value: &str, hosts: &[&str]) -> Secret {
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    Secret { value: value.into(), hosts, allow_http: false }
}

/// What may be sent to `secure.example` over TLS.
fn setup() -> Setup {
    Setup {
        permissions: json!({
            "network": ["*"],
            "secrets": ["token", "other", "lost", "broken", "empty", "wild", "near", "long"],
        }),
        server: tls::server(|_| ok("thanks")),
        network: |options| tls::trusting(options).allow_private_hosts(["box.local"]).unwrap(),
        secrets: BTreeMap::from([
            ("token", secret("s3cr3t", &["secure.example", "box.local", "10.0.0.7"])),
            ("near", Secret { allow_http: true, ..secret("n3ar", &["box.local", "*.example"]) }),
            ("other", secret("0ther", &["elsewhere.example"])),
            ("wild", secret("w1ld", &["*.example"])),
            ("unasked", secret("unasked", &["*"])),
            ("long", secret(&"l0ng".repeat(256), &["secure.example"])),
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
fn a_secret_arrives_through_the_door() {
    let world = World::new(setup());
    let params = || request(SECURE, "Bearer {{secret:token}}");
    assert_eq!(world.call("fetch", &params()).unwrap()["body"], "thanks");
    let ran = world.run(&[("open", params()), ("drain", json!({ "stream": 1 }))]);
    assert_eq!(ran[1]["ok"]["bytes"], "thanks".len());
    for sent in world.server.requests() {
        assert!(sent.contains("authorization: Bearer s3cr3t\r\n"), "{sent}");
    }
}

#[test]
fn filled_headers_have_a_size_limit() {
    let world = World::new(setup());
    let headers = |values: &[usize]| {
        let headers = values.iter().map(|&times| json!(["x", "{{secret:long}}".repeat(times)]));
        json!({ "url": SECURE, "headers": headers.collect::<Vec<_>>() })
    };
    world.send(&headers(&[15, 16])).unwrap();
    for too_large in [&[15, 17][..], &[33], &[1000]] {
        assert_eq!(world.refused(&headers(too_large)), "request headers too large");
    }
    assert_eq!(world.server.requests().len(), 1);
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
        for tool in ["http", "fetch", "open"] {
            assert_eq!(world.refused_by(tool, &request(url, value)), text, "{tool}");
        }
    }
    assert!(world.dialed().is_empty(), "nothing is sent");
    let error = world.send(&request(SECURE, "{{secret:other}}")).unwrap_err();
    let CallError::Denied { denied, .. } = error else { panic!("{error:?}") };
    assert_eq!((denied.capability, denied.target.as_str()), (Capability::Secrets, "other"));
    assert_eq!(world.record().outcome, AuditOutcome::Denied);
}

#[test]
fn an_allowed_private_device_needs_no_tls() {
    let plain = || Setup { server: crate::server::Server::start(|_| ok("thanks")), ..setup() };
    let near = plain();
    let world =
        World::new(Setup { names: Box::new(|_, _| vec!["10.0.0.9".parse().unwrap()]), ..near });
    world.send(&request("http://box.local/", "{{secret:near}}")).unwrap();
    assert!(world.server.request().contains("authorization: n3ar\r\n"));
    // The operator says so for each secret.
    let (text, next_step) = denied(&world, "http://box.local/", "{{secret:token}}");
    assert_eq!(text, "secret token needs https");
    let command = "weft-lite secret set token --host secure.example --host 10.0.0.7 --host box.local \
                   --allow-http";
    assert!(next_step.contains(&format!("`{command}`")), "{next_step}");
    for (value, command) in [
        ("{{secret:lost}}", "`weft-lite secret set lost --host box.local --allow-http`"),
        ("{{secret:other}}", "--host elsewhere.example --host box.local --allow-http`"),
    ] {
        let (_, next_step) = denied(&world, "http://box.local/", value);
        assert!(next_step.contains(command), "{next_step}");
    }
    assert_eq!(world.server.requests().len(), 1);
    // The same name on the public internet is no device, and no flag makes it one.
    let world = World::new(plain());
    for (url, value) in
        [("http://box.local/", "{{secret:near}}"), ("http://secure.example/", "{{secret:near}}")]
    {
        let (text, next_step) = denied(&world, url, value);
        assert_eq!(text, "secret near needs https");
        assert!(next_step.contains("https://") && !next_step.contains("http "), "{next_step}");
    }
    assert!(world.dialed().is_empty(), "nothing is sent");
}

/// The rule that refused, and what to do about it.
#[track_caller]
fn denied(world: &World, url: &str, value: &str) -> (String, String) {
    let error = world.send(&request(url, value)).unwrap_err();
    let CallError::Denied { denied, .. } = &error else { panic!("{error:?}") };
    (denied.rule.clone(), error.next_step())
}

#[test]
fn a_refusal_says_which_command_allows_it() {
    let world = World::new(setup());
    let (_, next_step) = denied(&world, SECURE, "{{secret:lost}}");
    assert!(next_step.contains("`weft-lite secret set lost --host secure.example`"), "{next_step}");
    let (_, next_step) = denied(&world, SECURE, "{{secret:other}}");
    let command = "`weft-lite secret set other --host elsewhere.example --host secure.example`";
    assert!(next_step.contains(command), "{next_step}");
    let (_, next_step) = denied(&world, SECURE, "{{secret:unasked}}");
    assert!(next_step.contains("`permissions` (secrets)"), "{next_step}");
    let (_, next_step) = denied(&world, "https://10.0.0.7/", "x");
    assert!(
        next_step.contains(r#"`network: { allow_private_hosts: ["10.0.0.7"] }`"#),
        "{next_step}"
    );
    assert!(next_step.contains("config.yaml") && !next_step.contains("manifest"), "{next_step}");
    let (_, next_step) = denied(&world, "https://0.0.0.0/", "x");
    assert!(!next_step.contains("manifest"), "{next_step}");
}

#[test]
fn values_appear_in_no_debug_output() {
    assert!(!format!("{:?}", secret("hush", &["a.example"])).contains("hush"));
}
