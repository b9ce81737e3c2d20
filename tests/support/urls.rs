//! The entry point for URLs and headers: whatever a guest asks for, only a host on its list is
//! looked up and only a public address is connected to.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use weft_lite::sandbox::{
    Dialer, HostCall, HostReply, LookupPlace, NetworkOptions, NetworkStream, PluginIdentity,
    Resolver, Sandbox, SandboxOptions,
};
use weft_lite::{BoxFuture, PluginPermissions, PluginResourceConfig};

/// What a name leads to, by its length: public addresses, private ones, and both.
const ANSWERS: [&[IpAddr]; 6] = [
    &[PUBLIC],
    &[PUBLIC, IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111))],
    &[PUBLIC, IpAddr::V4(Ipv4Addr::LOCALHOST)],
    &[IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))],
    &[IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1))],
    &[],
];
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1));

/// Notes what was asked and connects to nothing.
#[derive(Default)]
struct Recorder {
    names: Mutex<BTreeSet<String>>,
    addresses: Mutex<Vec<SocketAddr>>,
}

impl Resolver for Recorder {
    fn resolve<'a>(
        &'a self,
        host: &'a str,
        _: u16,
        _: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            self.names.lock().expect("nothing panics with it").insert(host.to_owned());
            let answer = ANSWERS.get(host.len() % ANSWERS.len()).copied().unwrap_or_default();
            Ok(answer.to_vec())
        })
    }
}

impl Dialer for Recorder {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn NetworkStream>>> {
        Box::pin(async move {
            self.addresses.lock().expect("nothing panics with it").push(address);
            Err(io::ErrorKind::ConnectionRefused.into())
        })
    }
}

/// Any text as a URL on its first line, and headers on the others.
pub(crate) fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let url = lines.next().unwrap_or_default();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let listed = request(&["example.com", "*.sub.example.org"], url, &headers);
    for name in &*listed.names.lock().expect("nothing panics with it") {
        assert!(name == "example.com" || name.ends_with(".sub.example.org"), "{name:?} of {url:?}");
    }
    let every = request(&["*"], url, &headers);
    for recorder in [listed, every] {
        for address in &*recorder.addresses.lock().expect("nothing panics with it") {
            assert!(is_public(address.ip()), "{address} of {url:?}");
        }
    }
}

fn request(network: &[&str], url: &str, headers: &[(String, String)]) -> Arc<Recorder> {
    let recorder = Arc::new(Recorder::default());
    let options = SandboxOptions {
        network: NetworkOptions::default()
            .resolver(Arc::clone(&recorder) as _)
            .dialer(Arc::clone(&recorder) as _),
        ..SandboxOptions::new("/nowhere")
    };
    let permissions = PluginPermissions {
        network: network.iter().map(ToString::to_string).collect(),
        ..PluginPermissions::default()
    };
    let identity = PluginIdentity { id: "fuzzed".into(), version: "0.1.0".into() };
    let resources = PluginResourceConfig::default();
    let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &options);
    let call = HostCall::HttpRequest {
        method: "GET".into(),
        url: url.to_owned(),
        headers: headers.to_vec(),
        body: None,
    };
    let reply = smol::block_on(sandbox.serve(call, 0)).reply;
    assert!(matches!(reply, HostReply::Text(Err(_))), "nothing is there to answer {url:?}");
    recorder
}

/// Whether no network that is somebody's own has this address: written on its own, so that it
/// does not share a mistake with the rule that it checks.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            !(a == 0
                || a == 10
                || a == 127
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
                || (a == 169 && b == 254)
                || (a == 172 && (16..32).contains(&b))
                || (a == 192 && b == 168)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(address) => match address.segments() {
            [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] => false,
            [0x2001, 0, ..] => false,
            [first, ..] => !(0xfc00..0xff00).contains(&first) && first < 0xff00,
        },
    }
}
