//! Which addresses are reached: every special-purpose range at its borders, and names that lead to
//! several addresses or to others the next time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weft_lite::errors::CallError;

use crate::world::{PUBLIC, Setup, World};

/// Everything up to the hosts' names is open, so that only the address decides.
fn open() -> Setup {
    Setup { permissions: serde_json::json!({ "network": ["*"] }), ..Setup::default() }
}

fn url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("http://{address}/"),
        IpAddr::V6(address) => format!("http://[{address}]/"),
    }
}

#[track_caller]
fn denied(world: &World, address: IpAddr) {
    let rule = format!("request to private/reserved IP denied: {address}");
    assert_eq!(world.get_refused(&url(address)), rule);
}

#[track_caller]
fn reached(world: &World, address: IpAddr) {
    assert_eq!(world.get(&url(address)).as_deref(), Ok("hello"), "{address}");
    assert_eq!(world.dialed().last().unwrap().ip(), address);
}

#[test]
fn no_special_v4_range_is_reached() {
    // First and last address, and whether the neighbours on both sides are public.
    let ranges = [
        ("0.0.0.0", "0.255.255.255", false, true),
        ("10.0.0.0", "10.255.255.255", true, true),
        ("100.64.0.0", "100.127.255.255", true, true),
        ("127.0.0.0", "127.255.255.255", true, true),
        ("169.254.0.0", "169.254.255.255", true, true),
        ("172.16.0.0", "172.31.255.255", true, true),
        ("192.0.0.0", "192.0.0.255", true, true),
        ("192.0.2.0", "192.0.2.255", true, true),
        ("192.88.99.0", "192.88.99.255", true, true),
        ("192.168.0.0", "192.168.255.255", true, true),
        ("198.18.0.0", "198.19.255.255", true, true),
        ("198.51.100.0", "198.51.100.255", true, true),
        ("203.0.113.0", "203.0.113.255", true, true),
        ("224.0.0.0", "239.255.255.255", true, false),
        ("240.0.0.0", "255.255.255.254", false, false),
        ("255.255.255.255", "255.255.255.255", false, false),
    ];
    let world = World::new(open());
    for (first, last, before, after) in ranges {
        let bits = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_bits();
        let (first, last) = (bits(first), bits(last));
        for bits in [first, first + (last - first) / 2, last] {
            denied(&world, Ipv4Addr::from_bits(bits).into());
        }
        if before {
            reached(&world, Ipv4Addr::from_bits(first - 1).into());
        }
        if after {
            reached(&world, Ipv4Addr::from_bits(last + 1).into());
        }
    }
}

#[test]
fn no_special_v6_range_is_reached() {
    let ranges = [
        ("::1", "::1", false, false),
        ("::", "::ffff:ffff", false, false),
        ("::ffff:0:0", "::ffff:255.255.255.255", false, false),
        ("::ffff:0:0:0", "::ffff:0:ffff:ffff", false, false),
        ("64:ff9b::", "64:ff9b::ffff:ffff", false, false),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false, false),
        ("100::", "100::ffff:ffff:ffff:ffff", false, false),
        ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", false, false),
        ("1fff:ffff::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", true, false),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
        ("4000::", "5eff::", false, false),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
    ];
    let world = World::new(open());
    for (first, last, before, after) in ranges {
        let bits = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
        let (first, last) = (bits(first), bits(last));
        for bits in [first, first + (last - first) / 2, last] {
            denied(&world, Ipv6Addr::from_bits(bits).into());
        }
        if before {
            reached(&world, Ipv6Addr::from_bits(first - 1).into());
        }
        if after {
            reached(&world, Ipv6Addr::from_bits(last + 1).into());
        }
    }
}

#[test]
fn v4_in_v6_is_never_reached() {
    let world = World::new(open());
    for address in [
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.216.34",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ] {
        denied(&world, address.parse().unwrap());
    }
    assert!(world.is_untouched());
}

#[test]
fn addresses_in_disguise_are_no_urls() {
    let world = World::new(open());
    for host in [
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.0.0.01",
        "[::1%25lo]",
        "[::1]x",
        "[127.0.0.1]",
        "::1",
        "1.2.3.4.5",
        "１２７.0.0.1",
    ] {
        assert_eq!(world.get_refused(&format!("http://{host}/")), "invalid URL", "{host}");
    }
    assert!(world.is_untouched());
}

#[test]
fn one_private_answer_refuses_a_name() {
    let private: IpAddr = "192.168.1.1".parse().unwrap();
    for answers in [vec![PUBLIC, private], vec![private, PUBLIC], vec![private]] {
        let world = World::new(Setup { names: Box::new(move |_, _| answers.clone()), ..open() });
        let rule = "request to private/reserved IP denied: 192.168.1.1";
        let error = world.get("http://mixed.example/").unwrap_err();
        let CallError::Denied { denied, .. } = error else { panic!("{error:?}") };
        assert_eq!((denied.rule.as_str(), denied.target.as_str()), (rule, "mixed.example"));
        assert_eq!(world.dialed(), []);
    }
}

#[test]
fn a_name_that_changes_its_meaning_gains_nothing() {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let names = move |_: &str, nth: usize| if nth == 0 { vec![PUBLIC] } else { vec![loopback] };
    let world = World::new(Setup { names: Box::new(names), ..open() });
    assert_eq!(world.get("http://rebinds.example/").unwrap(), "hello");
    assert_eq!(world.looked_up(), ["rebinds.example"], "one lookup for one request");
    assert_eq!(world.dialed(), [(PUBLIC, 80).into()], "the address that was checked");
    let rule = "request to private/reserved IP denied: 127.0.0.1";
    assert_eq!(world.get_refused("http://rebinds.example/"), rule);
    assert_eq!(world.dialed().len(), 1);
}

#[test]
fn the_next_address_is_tried() {
    let second: IpAddr = "2606:2800:220::1".parse().unwrap();
    let names: fn(&str, usize) -> Vec<IpAddr> =
        |_, _| vec![PUBLIC, "2606:2800:220::1".parse().unwrap()];
    let world = World::new(Setup { names: Box::new(names), down: vec![PUBLIC], ..open() });
    assert_eq!(world.get("http://example.com:8080/").unwrap(), "hello");
    assert_eq!(world.dialed(), [(PUBLIC, 8080).into(), (second, 8080).into()]);
    let down = vec![PUBLIC, second];
    let world = World::new(Setup { names: Box::new(names), down, ..open() });
    let text = world.get_refused("http://example.com/");
    assert_eq!(text, "connection failed: example.com: connection refused");
}

#[test]
fn a_name_without_address() {
    let world = World::new(Setup { names: Box::new(|_, _| Vec::new()), ..open() });
    let text = world.get_refused("http://nowhere.example/");
    assert_eq!(text, "name lookup failed: nowhere.example: it has no address");
}
