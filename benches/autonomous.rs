//! What it costs to observe calls and to look for repeated work in them: time for each call, and memory.
//!
//! Each case runs in a process of its own, which is this program again with the case's name, so that the memory of one
//! is not that of another.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::{Value, json};
use support::{Report, guest, load, package};
use weft_lite::autonomous::{CallOrigin, Finder, SeenCall};
use weft_lite::config::AutonomousConfig;
use weft_lite::{CallerInput, Runtime};

const CALLS: u64 = 5_000;
const PASSES: usize = 4;

/// A stream of calls, and the longest time for one of them in milliseconds.
type Case = (&'static str, fn(u64) -> SeenCall, f64);

const CASES: [Case; 4] = [
    ("everyday work", everyday, 1.0),
    ("the same tools, linked to all before, no flow twice", tangled, 1.0),
    ("large documents", large, 1.0),
    ("a chat for each call", scattered, 1.0),
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip_while(|argument| argument != "--case").skip(1);
    if let Some(wanted) = arguments.next() {
        let case = CASES.iter().find(|(name, ..)| *name == wanted);
        let Some((_, make, _)) = case else {
            return ExitCode::FAILURE;
        };
        let [median, mean, worst, memory] = measured(*make);
        println!("{median} {mean} {worst} {memory}");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::begin("observing 5,000 calls");
    for (name, _, worst_ms) in CASES {
        let [median, mean, worst, memory] = in_a_process_of_its_own(name);
        println!("{name}");
        if name == CASES[0].0 {
            report.bounded("  a call, median", median, "us", 30.0);
            report.bounded("  a call, mean", mean, "us", 30.0);
        } else {
            report.figure("  a call, median", median, "us");
            report.figure("  a call, mean", mean, "us");
        }
        report.bounded("  a call, worst", worst / 1e3, "ms", worst_ms);
        report.bounded("  memory of all", memory, "MB", 2.0);
    }
    let [unseen, seen] = [false, true].map(through_the_host);
    println!("through the host, with everything that is written");
    report.figure("  a call that nobody observes, mean", unseen, "us");
    report.bounded("  what it costs more to observe it", seen - unseen, "us", 30.0);
    report.end()
}

/// The mean time of a call of a guest's tool in microseconds, the best of some passes. What is observed is found and
/// written on the same thread in between.
fn through_the_host(is_observed: bool) -> f64 {
    let home = tempfile::tempdir().expect("there is a folder for temporary files");
    let mut config = AutonomousConfig::default();
    config.enabled = is_observed;
    let builder = Runtime::builder().without_bundled().weft_home(home.path());
    let runtime = builder.autonomous_skills(config).build();
    runtime.block_on(load(runtime.host(), [package("echo", guest("echo"), "")]));
    let input = CallerInput::default();
    let mut best = Duration::MAX;
    for pass in 0..PASSES as u64 {
        let params: Vec<String> = (pass * CALLS..(pass + 1) * CALLS)
            .map(|number| {
                json!({ "title": format!("note {:x}", mixed(number)), "lines": 9, "from": "a.md" })
                    .to_string()
            })
            .collect();
        let start = Instant::now();
        runtime.block_on(async {
            for (number, params) in (0..).zip(params) {
                let (channel, chat) = ("bench".to_owned(), "chat".to_owned());
                let origin =
                    CallOrigin { channel, chat, message: Some(pass * CALLS + number), text: None };
                let host = runtime.host();
                let called = host.call_observed("echo__echo", params, &input, None, origin);
                assert!(called.await.result.is_ok());
            }
            if is_observed {
                runtime.stop().await;
            }
        });
        best = best.min(start.elapsed());
        if is_observed {
            break;
        }
    }
    best.as_secs_f64() * 1e6 / CALLS as f64
}

fn in_a_process_of_its_own(case: &str) -> [f64; 4] {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new(program).args(["--case", case]).output().expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|it| it.parse().ok()).collect();
    figures.try_into().expect("a case prints four figures")
}

/// The median, the mean and the longest time for a call in microseconds, and the growth of resident memory in MB.
fn measured(make: fn(u64) -> SeenCall) -> [f64; 4] {
    // The code has its pages before, and the allocator none that it could use again.
    drop(make(0));
    let before = resident_mb();
    let mut memory = 0.0;
    let mut times = vec![Duration::MAX; CALLS as usize];
    // What else the machine does makes a call slow in one pass, and not in all.
    for pass in 0..PASSES {
        let mut finder = Finder::new(3);
        for (number, time) in (0..CALLS).zip(&mut times) {
            let call = make(number);
            let start = Instant::now();
            std::hint::black_box(finder.see(call));
            *time = start.elapsed().min(*time);
        }
        if pass == 0 {
            memory = resident_mb() - before;
        }
    }
    times.sort();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let sum: Duration = times.iter().sum();
    let worst = times[times.len() - 1];
    [micros(times[times.len() / 2]), micros(sum) / CALLS as f64, micros(worst), memory]
}

fn call(chat: u64, number: u64, tool: &str, params: Value, result: Value) -> SeenCall {
    let at_seconds = 1_700_000_000 + number;
    SeenCall { chat, message: number, at_seconds, tool: tool.into(), params, result }
}

/// A number that looks like chance.
fn mixed(number: u64) -> u64 {
    number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

/// Three pieces of work in three chats, and calls without any relation.
fn everyday(number: u64) -> SeenCall {
    let (time, chat) = (number / 12, 1 + number / 12 % 3);
    let id = |salt: u64| mixed(time * 97 + salt);
    let text =
        |salt: u64| format!("a report on {:x} and what became of {:x}", id(salt), id(salt + 1));
    let path = format!("notes/{:x}.md", id(2));
    let issue =
        json!({ "title": text(3), "author": { "login": format!("u{:x}", id(4)) }, "open": true });
    let (tool, params, result) = match number % 12 {
        0 => ("files__read", json!({ "path": path }), json!({ "text": text(1) })),
        1 => ("text-stats__count", json!({ "text": text(1) }), json!({ "words": 9, "lines": 1 })),
        2 => (
            "format__line",
            json!({ "text": format!("{path}: 9 words"), "width": 80 }),
            json!("a line"),
        ),
        3 => (
            "weather__now",
            json!({ "city": "Berlin" }),
            json!({ "temp": id(5) % 30, "sky": "clear" }),
        ),
        4 => ("issues__get", json!({ "number": id(6) % 9_000 }), issue),
        5 => (
            "people__find",
            json!({ "login": format!("u{:x}", id(4)) }),
            json!({ "mail": format!("{:x}@x.example", id(7)) }),
        ),
        6 => ("clock__now", json!({}), json!({ "time": 1_700_000_000 + number })),
        7 => (
            "mail__send",
            json!({ "to": format!("{:x}@x.example", id(7)), "text": text(3) }),
            json!({ "sent": true }),
        ),
        8 => ("notes__add", json!({ "title": "idea", "text": text(8) }), json!({ "id": number })),
        9 => (
            "web__search",
            json!({ "query": text(9), "limit": 5 }),
            json!({ "hits": [{ "url": format!("https://x.example/{:x}", id(10)), "title": text(11) }, { "url": "https://x.example", "title": "x" }] }),
        ),
        10 => (
            "web__fetch",
            json!({ "url": format!("https://x.example/{:x}", id(10)) }),
            json!({ "status": 200, "text": text(12).repeat(20) }),
        ),
        _ => (
            "calendar__day",
            json!({ "date": format!("2026-05-{:02}", id(13) % 28) }),
            json!({ "events": ["standup", "review"], "busy": false }),
        ),
    };
    call(chat, number, tool, params, result)
}

/// Each call has values of all before it, always from another place.
fn tangled(number: u64) -> SeenCall {
    let value = |at: u64| format!("value-{:x}", mixed(at % 40));
    let params: Value = (0..20)
        .map(|at| {
            (
                format!("k{}", mixed(number * 31 + at) % 23),
                json!(format!("{} {}", value(number + at), value(at))),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    let result: Value = (0..20)
        .map(|at| (format!("r{}", mixed(number * 17 + at) % 23), json!(value(number * 3 + at))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    call(1, number, "same__tool", params, result)
}

fn large(number: u64) -> SeenCall {
    let rows: Vec<Value> = (0..30)
        .map(|at| json!({ "id": mixed(number + at), "text": format!("row {at} of {number}").repeat(8) }))
        .collect();
    let text = format!("{} ", mixed(number)).repeat(400);
    call(1, number, "large__tool", json!({ "rows": rows, "text": text }), json!({ "rows": rows }))
}

fn scattered(number: u64) -> SeenCall {
    let params = json!({ "id": mixed(number), "list": (0..20).map(|at| mixed(number + at)).collect::<Vec<_>>() });
    call(number, number, &format!("tool{}__x", number % 50), params.clone(), params)
}

/// The resident set of this process.
fn resident_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.unwrap_or(0.0) * 1024.0 / 1e6
}
