//! The socket channel as its clients see it: how long a slash command takes, and what a thousand
//! clients weigh that say nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use support::Report;
use weft_lite::Runtime;
use weft_lite::actor::Member;
use weft_lite::channel::{SocketAddress, SocketChannel, SocketOptions};
use weft_lite::pipeline::ChannelRules;
use weft_lite::sorted::SortedMap;

const COMMANDS: usize = 20_000;
const CLIENTS: usize = 1_000;

fn main() -> ExitCode {
    let mut report = Report::begin("the socket channel, server and client on threads of their own");
    raise_file_limit();
    let path = std::env::temp_dir().join(format!("weft-bench-{}.sock", std::process::id()));
    let (stop, stopped) = async_channel::bounded::<()>(1);
    let server = thread::spawn({
        let path = path.clone();
        move || serve(path, &stopped)
    });
    let mut client = connect(&path);
    for (what, line, bound) in [
        ("`/clear`, median", "/clear", Some(150.0)),
        ("`/help`, median", "/help", None),
        ("a message without a model, median", "is there a tool for words", None),
    ] {
        let mut times = times(&mut client, line);
        times.sort_unstable();
        let at = |index: usize| times.get(index).copied().unwrap_or_default().as_secs_f64() * 1e6;
        match bound {
            Some(bound) => report.bounded(what, at(COMMANDS / 2), "us", bound),
            None => report.figure(what, at(COMMANDS / 2), "us"),
        }
        report.figure("  99 of 100", at(COMMANDS * 99 / 100), "us");
    }

    let before = resident_bytes();
    let clients: Vec<Client> = (0..CLIENTS).map(|_| connect(&path)).collect();
    let grown = resident_bytes().saturating_sub(before);
    // Both ends are in this process; the client's end is a buffer of 64 bytes.
    report.bounded("1,000 clients that say nothing, resident", to_mb(grown), "MB", 15.0);
    let mut clients = clients;
    for client in &mut clients {
        client.ask("/clear");
    }
    let grown = resident_bytes().saturating_sub(before);
    report.bounded("the same after one command of each", to_mb(grown), "MB", 15.0);
    drop(clients);
    drop(stop);
    if server.join().is_err() {
        return ExitCode::FAILURE;
    }
    report.end()
}

fn serve(path: PathBuf, stopped: &async_channel::Receiver<()>) {
    let runtime = Runtime::builder().build();
    let rules = SortedMap::from([("socket".to_owned(), ChannelRules::owner_only())]);
    let gateway = runtime.gateway(runtime.commands(), rules);
    runtime.block_on(async {
        runtime.load().await;
        let options = SocketOptions::new(SocketAddress::Unix(path));
        let socket = Member::channel(Arc::new(SocketChannel::new(options)), gateway.inbox());
        let registered = runtime.host().register(socket).await;
        assert!(registered.is_ok(), "there is no other socket");
        runtime.host().start_all().await;
        let _ = stopped.recv().await;
        runtime.stop().await;
    });
}

struct Client {
    reader: BufReader<UnixStream>,
    line: String,
}

impl Client {
    fn next(&mut self) {
        self.line.clear();
        let read = self.reader.read_line(&mut self.line);
        assert!(read.is_ok_and(|bytes| bytes > 0), "the server answers");
    }

    fn ask(&mut self, text: &str) {
        let line = format!("{{\"type\":\"message\",\"id\":\"1\",\"text\":\"{text}\"}}\n");
        assert!(self.reader.get_mut().write_all(line.as_bytes()).is_ok(), "the server reads");
        self.next();
    }
}

/// Connects as soon as the server listens, and reads its greeting.
fn connect(path: &Path) -> Client {
    loop {
        if let Ok(stream) = UnixStream::connect(path) {
            let mut client =
                Client { reader: BufReader::with_capacity(64, stream), line: String::new() };
            client.next();
            return client;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn times(client: &mut Client, text: &str) -> Vec<Duration> {
    (0..COMMANDS)
        .map(|_| {
            let start = Instant::now();
            client.ask(text);
            start.elapsed()
        })
        .collect()
}

/// What of this process is in memory.
fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.unwrap_or(0_usize) * 1024
}

fn to_mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// Both ends of every connection are files of this process.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        println!("the limit of open files stays as it is: {error}");
    }
}
