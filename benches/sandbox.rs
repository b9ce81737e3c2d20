//! What the sandbox costs: refusals, audit records, a request over the network, and a plugin that is
//! at its rate limits all the time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use smol::net::TcpStream;
use support::{Report, guest, load, package};
use weft_lite::{
    AuditLog, AuditOutcome, AuditRecord, BoxFuture, Dialer, FileAudit, HostCall, NetworkOptions,
    NetworkStream, PluginHost, PluginIdentity, PluginPermissions, PluginResourceConfig, Resolver,
    Runtime, Sandbox, SandboxOptions, SystemClock, TcpDialer,
};

const RUNS: usize = 2_000;
/// As many as a minute allows.
const REQUESTS: usize = 500;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

fn main() -> ExitCode {
    let mut report = Report::begin("what the sandbox costs, medians");
    let folder = std::env::temp_dir().join(format!("weft-lite-bench-{}", std::process::id()));

    let sandbox = closed_sandbox();
    let denied = median(RUNS, || {
        let call = HostCall::ReadFile { path: "/etc/passwd".into() };
        smol::block_on(sandbox.serve(call, 1_000));
    });
    report.bounded("a denied host call", denied, "us", 10.0);

    let audit = FileAudit::new(folder.join("audit.jsonl"), 4 << 20);
    let line = median(RUNS, || audit.record(record()));
    report.bounded("an audit record to a file, for the caller", line, "us", 5.0);
    audit.flush();
    drop(audit);

    let server = serve();
    let bare = median(REQUESTS, || smol::block_on(bare_request(server)));
    report.figure("a bare request over loopback", bare, "us");
    let through = requests_of_a_guest(server);
    report.figure("the same by a guest", through, "us");
    report.bounded("what the guest's path adds", through - bare, "us", 300.0);

    let (alone, beside) = beside_a_flood();
    report.figure("an echo call alone, 99 of 100", alone, "us");
    report.figure("beside a plugin at its rate limit, 99 of 100", beside, "us");
    // What is left is the computing of the flood itself, a slice at a time.
    let _ = std::fs::remove_dir_all(folder);
    report.end()
}

/// The median of many runs, in microseconds.
fn median(runs: usize, mut run: impl FnMut()) -> f64 {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    percentile(times.collect(), 50)
}

fn percentile(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort_unstable();
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn closed_sandbox() -> Sandbox {
    let identity = PluginIdentity { id: "bench".into(), version: "0.1.0".into() };
    let permissions = PluginPermissions::default();
    let resources = PluginResourceConfig::default();
    Sandbox::new(identity, None, &permissions, &resources, &SandboxOptions::new("/nowhere")).0
}

fn record() -> AuditRecord {
    AuditRecord {
        time: SystemTime::now(),
        plugin: "com.example.bench".into(),
        version: "0.1.0".into(),
        function: "read-file",
        summary: "/some/path/to/a/file.txt".into(),
        outcome: AuditOutcome::Ok,
        rule: None,
        duration: Duration::from_micros(3),
        bytes: 100,
        fuel: 1_000,
    }
}

/// A server that answers every connection once.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback can be bound");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = TcpStream::try_from(stream).expect("it is a socket");
            smol::block_on(async {
                let mut request = [0; 4_096];
                // A client that went away has its own error to show.
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.close().await;
            });
        }
    });
    address
}

async fn bare_request(server: SocketAddr) {
    let mut stream = TcpStream::connect(server).await.expect("the server listens");
    let request = b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
    stream.write_all(request).await.expect("the server reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the server answers");
    assert!(answer.ends_with(b"hello"));
}

/// Every name is a public address, and that address is the server.
struct Loopback(SocketAddr);

impl Resolver for Loopback {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Ok(vec![IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34))]) })
    }
}

impl Dialer for Loopback {
    fn dial(&self, _: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn NetworkStream>>> {
        TcpDialer.dial(self.0)
    }
}

fn requests_of_a_guest(server: SocketAddr) -> f64 {
    let loopback = Arc::new(Loopback(server));
    let network = NetworkOptions::default().resolver(Arc::clone(&loopback) as _).dialer(loopback);
    let runtime = Runtime::builder().clock(Arc::new(SystemClock)).network(network).build();
    let asks = r#","permissions":{"network":["example.com"]},
        "resources":{"max_http_requests_per_minute":600}"#;
    let host = runtime.host().clone();
    runtime.block_on(async {
        load(&host, [package("asking", guest("probe"), asks)]).await;
        let mut times = Vec::new();
        for _ in 0..REQUESTS {
            let start = Instant::now();
            let params = r#"{"url":"http://example.com/"}"#.to_owned();
            let outcome = host.call("asking__http", params).await;
            times.push(start.elapsed());
            assert!(outcome.result.is_ok(), "{:?}", outcome.result);
        }
        percentile(times, 50)
    })
}

/// The echo of one plugin, without and with another that logs far more than it may.
fn beside_a_flood() -> (f64, f64) {
    let runtime = Runtime::builder().build();
    let host = runtime.host().clone();
    let flood = r#","resources":{"max_host_calls":1000000,"max_log_messages_per_minute":10}"#;
    runtime.block_on(async {
        let packages =
            [package("calm", guest("echo"), ""), package("flood", guest("probe"), flood)];
        load(&host, packages).await;
        let alone = echoes(&host).await;
        let flooding = runtime.executor().spawn({
            let host = host.clone();
            async move {
                loop {
                    let params = r#"{"level":4,"message":"x","count":10000}"#.to_owned();
                    host.call("flood__log", params).await;
                }
            }
        });
        let beside = echoes(&host).await;
        drop(flooding);
        (alone, beside)
    })
}

async fn echoes(host: &PluginHost) -> f64 {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        host.call("calm__echo", "{}".to_owned()).await;
        times.push(start.elapsed());
    }
    percentile(times, 99)
}
