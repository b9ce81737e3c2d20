//! The order of the rules: a request that breaks several is refused by the first of them.

use std::time::Duration;

use serde_json::json;

use crate::world::{PUBLIC, Setup, World};

#[test]
fn the_first_rule_that_is_broken_refuses() {
    let world = World::new(Setup {
        permissions: json!({ "network": ["*.example"], "secrets": [] }),
        resources: json!({ "max_http_requests_per_minute": 1 }),
        names: Box::new(|name, _| match name {
            "private.example" => vec!["10.0.0.1".parse().unwrap()],
            _ => vec![PUBLIC],
        }),
        ..Setup::default()
    });
    // From here on the rate is used up.
    world.get("http://public.example/").unwrap();
    let headers = json!([["Host", "{{secret:none}}"]]);
    let refused = |url: &str| world.refused(&json!({ "url": url, "headers": headers }));
    let with_large_body = |url: &str| world.refused(&json!({ "url": url, "size": 2 << 20 }));
    assert_eq!(with_large_body("file:"), "scheme not allowed: file");
    assert_eq!(with_large_body("http:"), "invalid URL");
    let elsewhere = "http://elsewhere.test/";
    assert_eq!(with_large_body(elsewhere), "host not in network allowlist: elsewhere.test");
    let private = "http://private.example/";
    assert_eq!(with_large_body(private), "request body too large");
    assert_eq!(refused(private), "rate limit exceeded: HTTP requests");
    assert_eq!(world.looked_up(), ["public.example"]);
    let minute = || world.clock.advance(Duration::from_secs(60));
    minute();
    assert_eq!(refused(private), "request to private/reserved IP denied: 10.0.0.1");
    minute();
    assert_eq!(refused("http://public.example/"), "header not allowed: Host");
    minute();
    let headers = json!([["X", "{{secret:none}}"]]);
    let params = json!({ "url": "http://public.example/", "headers": headers });
    assert_eq!(world.refused(&params), "secret not permitted: none");
    assert_eq!(world.dialed().len(), 1);
}
