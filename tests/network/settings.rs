//! `settings:KEY` in `permissions.network` and `permissions.secrets`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weft_lite::Secret;

use crate::server::ok;
use crate::tls;
use crate::world::{Setup, World};

fn world(network: &[&str], settings: Value) -> World {
    World::new(Setup { permissions: json!({ "network": network }), settings, ..Setup::default() })
}

fn warnings(world: &World) -> Vec<String> {
    world.runtime.host().registry().plugins().flat_map(|it| it.warnings.clone()).collect()
}

#[test]
fn a_setting_opens_its_host_and_port() {
    let settings = json!({ "base_url": "http://Example.com:8080/v1", "other": "http://a.example" });
    let world = world(&["settings:base_url"], settings);
    assert!(warnings(&world).is_empty());
    assert_eq!(world.get("http://example.com:8080/elsewhere").unwrap(), "hello");
    for (url, target) in [
        ("http://example.com/v1", "example.com:80"),
        ("https://example.com/v1", "example.com:443"),
        ("http://sub.example.com:8080/", "sub.example.com"),
        ("http://a.example/", "a.example"),
    ] {
        assert_eq!(world.get_refused(url), format!("host not in network allowlist: {target}"));
    }
    assert_eq!(world.dialed().len(), 1);
}

#[test]
fn a_port_is_that_of_the_scheme() {
    let world = world(&["settings:a", "example.org"], json!({ "a": "https://[2606:2800::1]/x" }));
    let refused = world.get_refused("http://[2606:2800::1]/");
    assert_eq!(refused, "host not in network allowlist: [2606:2800::1]:80");
    world.get("http://example.org:81/").unwrap();
}

#[test]
fn a_setting_opens_no_private_address() {
    let world = world(&["settings:a"], json!({ "a": "http://127.0.0.1:8080" }));
    let text = world.get_refused("http://127.0.0.1:8080/");
    assert_eq!(text, "request to private/reserved IP denied: 127.0.0.1");
}

#[test]
fn a_setting_without_a_url_stays_closed() {
    let url = "set it in `config.yaml` to a URL like `https://api.example.com/v1`";
    for (value, problem) in [
        (Value::Null, "is not set"),
        (json!(7), "is not text"),
        (json!("example.com"), "is no URL of a service (invalid URL)"),
        (json!("ftp://example.com"), "is no URL of a service (scheme not allowed: ftp)"),
        (json!("*"), "is no URL of a service (invalid URL)"),
    ] {
        let world = world(&["settings:base_url"], json!({ "base_url": value }));
        let warning =
            format!("the network pattern opens nothing: `plugins.probe.base_url` {problem}; {url}");
        assert_eq!(warnings(&world), [warning]);
        let text = world.get_refused("http://example.com/");
        assert_eq!(text, "host not in network allowlist: example.com");
    }
}

#[test]
fn a_default_of_the_manifest_opens_nothing() {
    let secret = Secret { value: "s3cr3t".into(), hosts: vec!["*".into()], allow_http: false };
    let world = World::new(Setup {
        permissions: json!({
            "network": ["settings:base_url", "secure.example"], "secrets": ["settings:secret"],
        }),
        schema: json!({ "properties": {
            "base_url": { "default": "http://example.com" }, "secret": { "default": "mine" },
        } }),
        server: tls::server(|_| ok("thanks")),
        network: tls::trusting,
        secrets: BTreeMap::from([("mine", secret)]),
        ..Setup::default()
    });
    let text = world.get_refused("http://example.com/");
    assert_eq!(text, "host not in network allowlist: example.com");
    let headers = json!([["Authorization", "{{secret:mine}}"]]);
    let text = world.refused(&json!({ "url": "https://secure.example/", "headers": headers }));
    assert_eq!(text, "secret not permitted: mine");
}

#[test]
fn a_setting_names_the_permitted_secret() {
    let secret =
        || Secret { value: "s3cr3t".into(), hosts: vec!["*.example".into()], allow_http: false };
    let world = |settings| {
        World::new(Setup {
            permissions: json!({ "network": ["*"], "secrets": ["settings:secret"] }),
            server: tls::server(|_| ok("thanks")),
            network: tls::trusting,
            secrets: BTreeMap::from([("mine", secret()), ("other", secret())]),
            settings,
            ..Setup::default()
        })
    };
    let request = |name: &str| {
        let header = json!([["Authorization", format!("{{{{secret:{name}}}}}")]]);
        json!({ "url": "https://secure.example/", "headers": header })
    };
    let named = world(json!({ "secret": "mine" }));
    assert_eq!(named.send(&request("mine")).unwrap(), "thanks");
    assert!(named.server.request().contains("authorization: s3cr3t\r\n"));
    for name in ["other", "settings:secret", "secret"] {
        assert_eq!(named.refused(&request(name)), format!("secret not permitted: {name}"));
    }
    // Not every service needs one.
    let none = world(json!({}));
    assert!(warnings(&none).is_empty());
    assert_eq!(none.refused(&request("mine")), "secret not permitted: mine");
    let malformed = world(json!({ "secret": "a b" }));
    let warning = "the secret `settings:secret` is not permitted: `plugins.probe.secret` is no name \
                   of a secret; set it in `config.yaml` to a name from `weft-lite secret list`";
    assert_eq!(warnings(&malformed), [warning]);
}
