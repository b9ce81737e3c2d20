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

use futures_lite::future::or;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use smol::net::TcpStream;
use smol_hyper::rt::FuturesIo;
use support::{Report, guest, load, package};
use weft_lite::sandbox::{
    AuditLog, AuditOutcome, AuditRecord, Dialer, FileAudit, HostCall, LookupPlace, NetworkOptions,
    NetworkStream, PluginIdentity, Resolver, Sandbox, SandboxOptions, SystemClock, TcpDialer,
};
use weft_lite::{BoxFuture, PluginHost, PluginPermissions, PluginResourceConfig, Runtime};

const RUNS: usize = 2_000;
/// As many as a minute allows.
const REQUESTS: usize = 500;
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

fn main() -> ExitCode {
    let mut report = Report::begin("what the sandbox costs, medians");
    let folder = std::env::temp_dir().join(format!("weft-lite-bench-{}", std::process::id()));

    let audit = Arc::new(FileAudit::new(folder.join("audit.jsonl"), 4 << 20));
    let sandbox = closed_sandbox(Arc::clone(&audit));
    let denied = times(RUNS, || {
        let call = HostCall::ReadFile { path: "/etc/passwd".into() };
        smol::block_on(sandbox.serve(call, 1_000));
    });
    let (median, most) = (percentile(denied.clone(), 50), percentile(denied, 99));
    report.bounded("a denied host call with its audit record", median, "us", 10.0);
    report.figure("the same, 99 of 100", most, "us");

    let lines = times(RUNS, || audit.record(record()));
    let (median, most) = (percentile(lines.clone(), 50), percentile(lines, 99));
    report.bounded("an audit record to a file, for the caller", median, "us", 5.0);
    report.figure("the same, 99 of 100", most, "us");
    audit.flush();
    drop((audit, sandbox));

    let server = serve();
    let bare = percentile(times(REQUESTS, || smol::block_on(bare_request(server))), 50);
    report.figure("a request over loopback, bare HTTP client", bare, "us");
    let through = requests_of_a_guest(server);
    report.figure("the same by a guest", through, "us");
    report.bounded("what the guest's path adds", through - bare, "us", 300.0);

    for (what, tool, params, resources) in FLOODS {
        let (alone, beside) = beside_a_flood(tool, params, resources);
        report.figure("an echo call alone, 99 of 100", alone, "us");
        report.figure(&format!("beside a plugin {what}, 99 of 100"), beside, "us");
    }
    let _ = std::fs::remove_dir_all(folder);
    report.end()
}

/// How long each of many runs took.
fn times(runs: usize, mut run: impl FnMut()) -> Vec<Duration> {
    let timed = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..runs).map(timed).collect()
}

/// In microseconds, the time within which so many of 100 were done.
fn percentile(mut times: Vec<Duration>, percent: usize) -> f64 {
    times.sort_unstable();
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn closed_sandbox(audit: Arc<FileAudit>) -> Sandbox {
    let identity = PluginIdentity { id: "bench".into(), version: "0.1.0".into() };
    let permissions = PluginPermissions::default();
    let resources = PluginResourceConfig::default();
    let options = SandboxOptions { audit, ..SandboxOptions::new("/nowhere") };
    Sandbox::new(identity, None, &permissions, &resources, &options).0
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
    let stream = TcpStream::connect(server).await.expect("the server listens");
    let (mut sender, connection) =
        http1::handshake(FuturesIo::new(stream)).await.expect("it is a new connection");
    let request = Request::get("/").header("Host", "example.com").body(Empty::<Bytes>::new());
    let answer = async {
        let request = request.expect("the request is whole");
        let answer = sender.send_request(request).await.expect("the server answers");
        answer.into_body().collect().await.expect("the answer is whole").to_bytes()
    };
    let drive = async {
        // Its errors are the answer's as well.
        let _ = connection.await;
        std::future::pending().await
    };
    assert_eq!(&*or(answer, drive).await, b"hello");
}

/// Every name is a public address, and that address is the server.
struct Loopback(SocketAddr);

impl Resolver for Loopback {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: u16,
        _: LookupPlace,
    ) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
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

/// What the neighbour does without end: its name, the probe's tool with its parameters, and limits.
const FLOODS: [(&str, &str, &str, &str); 3] = [
    (
        "at its rate of log messages",
        "log",
        r#"{"level":4,"message":"x","count":100000}"#,
        r#""max_host_calls":1000000,"max_log_messages_per_minute":10"#,
    ),
    (
        "at its rate of requests",
        "http",
        r#"{"url":"http://example.com/"}"#,
        r#""max_http_requests_per_minute":0"#,
    ),
    ("that only computes", "spin", "{}", r#""max_fuel":10000000000"#),
];

/// The echo of one plugin, without and with another that does what it does without end.
fn beside_a_flood(tool: &str, params: &str, resources: &str) -> (f64, f64) {
    let runtime = Runtime::builder().build();
    let host = runtime.host().clone();
    let flood =
        format!(r#","permissions":{{"network":["example.com"]}},"resources":{{{resources}}}"#);
    runtime.block_on(async {
        let packages =
            [package("calm", guest("echo"), ""), package("flood", guest("probe"), &flood)];
        load(&host, packages).await;
        let alone = echoes(&host).await;
        let flooding = runtime.executor().spawn({
            let (host, tool, params) = (host.clone(), format!("flood__{tool}"), params.to_owned());
            async move {
                loop {
                    host.call(&tool, params.clone()).await;
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
