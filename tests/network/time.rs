//! Waiting for the network has an end, and giving up closes the socket.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::future::or;
use serde_json::json;
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::{LookupPlace, NetworkOptions, Resolver};
use weft_lite::{BoxFuture, limits};

use crate::server::{Reply, Server};
use crate::world::{Setup, World};

/// Lookups that go on for ever, also when nobody waits for them.
struct Stuck;

/// The lookups that [`Stuck`] was asked for.
static LOOKUPS: AtomicUsize = AtomicUsize::new(0);

impl Resolver for Stuck {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: u16,
        place: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        LOOKUPS.fetch_add(1, Ordering::Relaxed);
        std::mem::forget(place);
        Box::pin(std::future::pending())
    }
}

const PARAMS: &str = r#"{"url": "http://example.com/"}"#;

fn hanging(bytes: &'static str) -> Setup {
    Setup { server: Server::start(move |_| Reply::Hang(bytes.into())), ..Setup::default() }
}

#[test]
fn the_wall_clock_closes_the_socket() {
    let resources = json!({ "max_execution_seconds": 1 });
    let world = World::new(Setup { resources, ..hanging("HTTP/1.1 200 OK\r\n") });
    let error = world.call("http", &json!({ "url": "http://example.com/" })).unwrap_err();
    let limit = Duration::from_secs(1);
    assert_eq!(error, CallError::Exhausted(Exhausted::Time { limit }));
    world.server.left.recv_blocking().unwrap();
    assert_eq!(world.record().rule.as_deref(), Some("cancelled"));
}

#[test]
fn giving_a_call_up_closes_the_socket() {
    let world = World::new(hanging(""));
    world.runtime.block_on(async {
        let call = async { drop(world.runtime.host().call("http", PARAMS.into()).await) };
        or(call, async { world.server.arrived.recv().await.unwrap() }).await;
        world.server.left.recv().await.unwrap();
    });
}

#[test]
fn stopping_the_host_closes_the_socket() {
    let world = World::new(hanging(""));
    world.runtime.block_on(async {
        let host = world.runtime.host();
        let call = world.runtime.executor().spawn({
            let host = host.clone();
            async move { host.call("http", PARAMS.into()).await }
        });
        world.server.arrived.recv().await.unwrap();
        host.stop().await;
        assert_eq!(call.await.result, Err(CallError::Cancelled));
        world.server.left.recv().await.unwrap();
    });
}

#[test]
fn one_request_has_less_time_than_its_call() {
    for bytes in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"] {
        let network = |options: NetworkOptions| options.request_time(Duration::from_millis(200));
        let world = World::new(Setup { network, ..hanging(bytes) });
        assert_eq!(world.get_refused("http://example.com/"), "request timed out");
        world.server.left.recv_blocking().unwrap();
    }
}

#[test]
fn waiting_holds_no_thread() {
    let server = Server::start(|request| match request.starts_with("GET /slow") {
        true => Reply::Hang(Vec::new()),
        false => crate::server::ok("quick"),
    });
    let world =
        World::new(Setup { permissions: json!({ "network": ["*"] }), server, ..Setup::default() });
    // One thread runs everything: the slow call waits while other futures go on.
    world.runtime.block_on(async {
        let slow = async {
            drop(
                world
                    .runtime
                    .host()
                    .call("http", r#"{"url": "http://a.example/slow"}"#.into())
                    .await,
            );
            false
        };
        let beside = async {
            world.server.arrived.recv().await.unwrap();
            true
        };
        assert!(or(slow, beside).await);
    });
}

/// What hyper reads over is read for as long as there is any, by a task that never looks up.
#[test]
fn endless_interim_answers_time_out() {
    for status in ["103 Early Hints", "100 Continue"] {
        let interim = format!("HTTP/1.1 {status}\r\nx: {}\r\n\r\n", "y".repeat(1000));
        let world = World::new(Setup {
            server: Server::start(move |_| Reply::Endless(interim.repeat(100).into())),
            ..Setup::default()
        });
        let mut turns = 0;
        let error = world.runtime.block_on(async {
            let call = async { Some(world.runtime.host().call("http", PARAMS.into()).await) };
            let beside = async {
                loop {
                    turns += 1;
                    smol::future::yield_now().await;
                }
            };
            or(call, beside).await.unwrap().result.unwrap_err().to_string()
        });
        assert!(error.contains("the answer has no end"), "{error}");
        assert!(turns > 20, "{turns}");
        world.server.left.recv_blocking().unwrap();
    }
}

#[test]
fn stuck_lookups_leave_threads_to_other_plugins() {
    let network = |options: NetworkOptions| {
        options.resolver(Arc::new(Stuck)).request_time(Duration::from_millis(50))
    };
    let world = World::new(Setup { network, ..Setup::default() });
    world.load("beside", &json!({ "network": ["example.com"] }), &json!({}));
    let params = json!({ "url": "http://example.com/" });
    for _ in 0..limits::HTTP_LOOKUPS + 2 {
        assert_eq!(world.refused_by("probe__http", &params), "request timed out");
    }
    assert_eq!(LOOKUPS.load(Ordering::Relaxed), limits::HTTP_LOOKUPS);
    assert_eq!(world.refused_by("beside__http", &params), "request timed out");
    assert_eq!(LOOKUPS.load(Ordering::Relaxed), limits::HTTP_LOOKUPS + 1);
}
