//! What it costs to be called over MCP: a round trip beside a bare echo over the same kind of pipe, many
//! requests in flight, the time to the first answer, and memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod client;
#[path = "../../tests/support/guest.rs"]
#[allow(dead_code, clippy::panic, reason = "shared with the tests")]
mod guest;
#[cfg(feature = "serve")]
mod http;
mod large;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::{Folder, Pipe, call};
use support::Report;

const ROUND_TRIPS: usize = 20_000;
const CALLS: usize = 1_000_000;
const IN_FLIGHT: usize = 64;
const STARTS: usize = 21;
const PLUGINS: usize = 10;

fn main() -> ExitCode {
    let mut report = Report::begin("MCP");
    large::measure(&mut report);

    let folder = Folder::with_plugins(1);
    let bare = round_trip(&mut Pipe::cat());
    report.figure("a line there and back by `cat`, median", bare, "us");
    let mut server = folder.serve();
    server.ask("first", &call(0));
    let called = round_trip(&mut server);
    report.figure("a tool call there and back, median", called, "us");
    report.bounded("what the server adds", called - bare, "us", 40.0);

    // What a first hundred thousand leave behind is not counted as growth.
    server.keep_in_flight(IN_FLIGHT, CALLS / 10);
    let before = server.resident_kb();
    let started = Instant::now();
    server.keep_in_flight(IN_FLIGHT, CALLS);
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^52")]
    let rate = CALLS as f64 / started.elapsed().as_secs_f64();
    report.bounded("a call with 64 in flight", 1e6 / rate, "us", 20.0);
    report.figure("calls a second with 64 in flight", rate, "1/s");
    report.bounded("memory after a million more calls", server.resident_kb() - before, "KB", 256.0);
    report.figure("memory of the server", server.resident_kb() / 1000.0, "MB");
    drop(server);

    let ten = Folder::with_plugins(PLUGINS);
    let (first, tool): (Vec<_>, Vec<_>) = (0..STARTS).map(|_| start(&ten, "echo")).unzip();
    report.bounded("start to first answer, ten plugins, median", median_ms(first), "ms", 8.0);
    report.figure("start to the first call's answer, median", median_ms(tool), "ms");

    for (plugins, bound) in [(10, 8.0), (100, 30.0)] {
        let folder = Folder::with_modules((0..plugins).map(module_of_54_kb)).with_home();
        let what =
            |known: &str| format!("start to the first call, {plugins} {known} plugins of 54 KB");
        let (_, unknown) = start(&folder, "run");
        report.figure(&what("unknown"), median_ms(vec![unknown]), "ms");
        let (_, tool): (Vec<_>, Vec<_>) = (0..STARTS).map(|_| start(&folder, "run")).unzip();
        let fastest = tool.iter().min().copied().unwrap_or_default();
        report.bounded(&what("known"), median_ms(tool), "ms", bound);
        report.figure("  fastest", median_ms(vec![fastest]), "ms");
    }

    #[cfg(feature = "serve")]
    http::measure(&mut report);
    report.end()
}

/// The median of a line there and back, in microseconds.
fn round_trip(pipe: &mut Pipe) -> f64 {
    let times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|id| {
            let request = call(id);
            let started = Instant::now();
            pipe.ask("round trip", &request);
            started.elapsed()
        })
        .collect();
    median_ms(times) * 1e3
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// A guest of an ordinary size, each number another one.
fn module_of_54_kb(number: usize) -> Vec<u8> {
    let own = format!("(global i32 (i32.const {number}))");
    guest::Guest::default().with(&support::filling(54_000)).with(&own).wasm()
}

/// From the start of the program to the answers of the first request and of the first call.
fn start(folder: &Folder, tool: &str) -> (Duration, Duration) {
    let started = Instant::now();
    let mut server = folder.serve();
    server.ask("discovery", &client::discover());
    let first = started.elapsed();
    server.ask("call", &client::call_of(tool, 1));
    let called = started.elapsed();
    let answer = String::from_utf8_lossy(server.heard());
    assert!(answer.contains("hello"), "another answer came: {answer}");
    (first, called)
}
