//! Devices on the local network that the operator allows, one by one.

use serde_json::json;
use weft_lite::errors::NetworkOptionsError;
use weft_lite::sandbox::NetworkOptions;

use crate::world::{Setup, World};

fn allowing(network: fn(NetworkOptions) -> NetworkOptions) -> World {
    World::new(Setup {
        permissions: json!({ "network": ["*"] }),
        names: Box::new(|name, _| match name {
            "link.local" => vec!["0.0.0.0".parse().unwrap()],
            _ => vec!["192.168.1.20".parse().unwrap()],
        }),
        network,
        ..Setup::default()
    })
}

#[test]
fn an_allowed_device_is_reached() {
    let world = allowing(|options| {
        options.allow_private_hosts(["Printer.local", "10.0.0.7:8080", "[fd00::1]", "::1"]).unwrap()
    });
    for (url, address) in [
        ("http://printer.local/", "192.168.1.20:80"),
        ("http://printer.local:631/", "192.168.1.20:631"),
        ("http://10.0.0.7:8080/", "10.0.0.7:8080"),
        ("http://[fd00::1]/", "[fd00::1]:80"),
        ("http://[::1]:3000/", "[::1]:3000"),
    ] {
        assert_eq!(world.get(url).as_deref(), Ok("hello"), "{url}");
        assert_eq!(world.dialed().pop().unwrap(), address.parse().unwrap());
    }
    let denied = "request to private/reserved IP denied: ";
    for url in [
        // Another port, another device, and another name for the same one.
        "http://10.0.0.7/",
        "http://10.0.0.8:8080/",
        "http://nas.local/",
        "http://192.168.1.20/",
        "http://sub.printer.local/",
    ] {
        assert!(world.get_refused(url).starts_with(denied), "{url}");
    }
}

#[test]
fn what_is_no_device_stays_closed() {
    let world = allowing(|options| {
        let hosts = ["link.local", "0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1", "203.0.113.9"];
        options.allow_private_hosts(hosts).unwrap()
    });
    for host in ["link.local", "0.0.0.0", "224.0.0.1", "[::ffff:127.0.0.1]", "203.0.113.9"] {
        let text = world.get_refused(&format!("http://{host}/"));
        assert!(text.starts_with("request to private/reserved IP denied: "), "{text}");
    }
    assert!(world.dialed().is_empty());
}

#[test]
fn the_manifest_must_list_the_device_too() {
    let world = World::new(Setup {
        network: |options| options.allow_private_hosts(["10.0.0.7"]).unwrap(),
        ..Setup::default()
    });
    assert_eq!(world.get_refused("http://10.0.0.7/"), "host not in network allowlist: 10.0.0.7");
}

#[test]
fn only_single_hosts_are_taken() {
    for host in
        ["*", "*.local", "", "http://10.0.0.1", "10.0.0.0/8", "a:b", "a:0", "a b", "ü.local"]
    {
        let error = NetworkOptions::default().allow_private_hosts([host]).err();
        assert!(matches!(error, Some(NetworkOptionsError::PrivateHost { .. })), "{host}");
    }
}
