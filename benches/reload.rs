//! How fast many skills are found, a change is noticed and a plugin is replaced, with real files;
//! and that ten thousand reloads under constant calls fail none and leave nothing behind.
//!
//! Each case runs in a process of its own, which is this program again with the case's name.
//! Processor time is that of all threads of that process, from `/proc`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs};

use futures_lite::future::{poll_once, yield_now, zip};
use support::{Report, guest};
use tempfile::TempDir;
use weft_lite::config::WatchConfig;
use weft_lite::sorted::SortedSet;
use weft_lite::{PluginHost, Runtime, RuntimeBuilder};

const SKILLS: usize = 10_000;
const RELOADS: usize = 10_000;
const CHANGES: usize = 200;

/// A figure with its name, its unit and its bound.
type Figure = (&'static str, &'static str, f64);

/// A case, and its figures.
type Case = (&'static str, &'static [Figure], fn() -> Vec<f64>);

const CASES: [Case; 5] = [
    (
        "discovery",
        &[
            ("10,000 skills found and read", "s", 0.6),
            ("processor time for that", "s", 0.6),
            ("resident memory for them", "MB", 60.0),
            ("processor time for looking at all of them again", "s", 0.6),
        ],
        discovery,
    ),
    (
        "change",
        &[
            ("processor time for a change of one of them", "ms", 5.0),
            ("the same from the kernel's event on", "ms", 5.0),
        ],
        change,
    ),
    ("write", &[("from the end of a write to the new tool, p99", "ms", 300.0)], write),
    (
        "reloads",
        &[
            ("failed calls in 10,000 reloads", "", 0.0),
            ("growth of memory after the first 1,000", "MB", 1.0),
            ("growth of open files", "", 0.0),
            ("one reload", "ms", f64::INFINITY),
            ("calls during one reload", "", f64::INFINITY),
        ],
        reloads,
    ),
    ("snapshot", &[("reading a snapshot", "ns", 100.0)], snapshot),
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip_while(|argument| argument != "--case").skip(1);
    if let Some(wanted) = arguments.next() {
        let Some((.., run)) = CASES.iter().find(|(name, ..)| *name == wanted) else {
            return ExitCode::FAILURE;
        };
        let figures: Vec<String> = run().iter().map(f64::to_string).collect();
        println!("{}", figures.join(" "));
        return ExitCode::SUCCESS;
    }
    let mut report = Report::begin("skills and plugins while they change");
    if resident_mb().is_none() {
        println!("skipped: this system has no /proc/self/status");
        return ExitCode::SUCCESS;
    }
    for (case, figures, _) in CASES {
        for ((what, unit, at_most), value) in figures.iter().zip(in_a_process_of_its_own(case)) {
            if at_most.is_finite() {
                report.bounded(what, value, unit, *at_most);
            } else {
                report.figure(what, value, unit);
            }
        }
    }
    report.end()
}

fn in_a_process_of_its_own(case: &str) -> Vec<f64> {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new(program).args(["--case", case]).output().expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = text.split_whitespace().map(|figure| figure.parse().expect("a figure"));
    figures.collect()
}

/// A `$WEFT_HOME` with as many skills, each of the size that many have.
fn home_with_skills() -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    for number in 0..SKILLS {
        write_skill(home.path(), number, "");
    }
    home
}

fn write_skill(home: &Path, number: usize, more: &str) -> PathBuf {
    let name = format!("skill-{number:05}");
    let folder = home.join("skills").join(&name);
    fs::create_dir_all(&folder).expect("it can be made");
    let text = format!(
        "---\nname: {name}\ndescription: Does the thing number {number}. Use it when that is asked \
         for.\nlicense: MIT\nmetadata:\n  version: \"1.0\"\n  author: somebody\n---\n\n# {name}\n\n\
         {}{more}\n",
        "Do this first, then that, and say what came of it.\n".repeat(20)
    );
    let file = folder.join("SKILL.md");
    fs::write(&file, text).expect("it can be written");
    file
}

fn builder(home: &Path) -> RuntimeBuilder {
    Runtime::builder().without_bundled().weft_home(home)
}

fn discovery() -> Vec<f64> {
    let home = home_with_skills();
    let runtime = builder(home.path()).build();
    let before = resident_mb().unwrap_or_default();
    let (started, processor) = (Instant::now(), processor_ms());
    runtime.block_on(runtime.load()).expect("the runtime is there");
    let cold = started.elapsed().as_secs_f64();
    let cold_processor = (processor_ms() - processor) / 1e3;
    let memory = resident_mb().unwrap_or_default() - before;
    assert_eq!(runtime.host().snapshot().skills.active().count(), SKILLS);
    let processor = processor_ms();
    runtime.block_on(runtime.loader().refresh()).expect("the runtime is there");
    vec![cold, cold_processor, memory, (processor_ms() - processor) / 1e3]
}

fn change() -> Vec<f64> {
    let home = home_with_skills();
    // The waiting is not what is measured.
    let config = WatchConfig {
        debounce: Duration::from_millis(2),
        longest_wait: Duration::from_millis(4),
        ..WatchConfig::default()
    };
    let runtime = builder(home.path()).watch(config).build();
    runtime.block_on(async {
        runtime.load().await.expect("the runtime is there");
        let mut subscription = runtime.host().subscribe();
        let mut loaded = 0.0;
        for number in 0..CHANGES {
            let file = write_skill(home.path(), number * 37, "changed");
            let before = processor_ms();
            runtime.loader().refresh_paths(SortedSet::from([file])).await.expect("it is there");
            loaded += processor_ms() - before;
            subscription.next().await.expect("the host is there");
        }
        let watcher = runtime.watch();
        watcher.ready().await;
        let mut watched = 0.0;
        for number in 0..CHANGES {
            let before = processor_ms();
            write_skill(home.path(), number * 37, "changed again");
            subscription.next().await.expect("the host is there");
            watched += processor_ms() - before;
        }
        vec![loaded / CHANGES as f64, watched / CHANGES as f64]
    })
}

fn write() -> Vec<f64> {
    let home = TempDir::new().expect("a temporary folder");
    let folder = home.path().join("plugins/bench");
    let modules = [guest("echo"), guest("probe")];
    write_plugin(&folder, &modules[0]);
    let runtime = builder(home.path()).build();
    runtime.block_on(async {
        runtime.load().await.expect("the runtime is there");
        let watcher = runtime.watch();
        watcher.ready().await;
        let host = runtime.host();
        let mut subscription = host.subscribe();
        // Each module has a tool that the other has not.
        let mut times = Vec::new();
        for number in 1..=CHANGES / 2 {
            let tool = ["bench__echo", "bench__read"][number % 2];
            fs::write(folder.join("plugin.wasm"), &modules[number % 2]).expect("it can be written");
            let written = Instant::now();
            let count = |host: &PluginHost| host.registry().tools().len();
            let before = count(host);
            while count(host) == before {
                subscription.next().await.expect("the host is there");
            }
            host.tool(tool).expect("it is there");
            let called = host.call(tool, "{}".into()).await;
            assert!(called.usage.fuel > 0, "{:?}", called.result);
            times.push(written.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        vec![times[times.len() * 99 / 100]]
    })
}

fn reloads() -> Vec<f64> {
    let home = TempDir::new().expect("a temporary folder");
    let folder = home.path().join("plugins/bench");
    let module = guest("echo");
    write_plugin(&folder, &module);
    let runtime = builder(home.path()).build();
    let host = runtime.host();
    runtime.block_on(async {
        runtime.load().await.expect("the runtime is there");
        let (mut calls, mut failed, mut early, mut files) = (0_usize, 0_usize, 0.0, 0);
        let started = Instant::now();
        for number in 0..RELOADS {
            if number == RELOADS / 10 {
                (early, files) = (resident_mb().unwrap_or_default(), open_files());
            }
            // A section that says nothing makes it another module.
            let mut bytes = module.clone();
            bytes.extend([0, 9, 6]);
            bytes.extend(b"number");
            bytes.extend((number as u16).to_le_bytes());
            let file = folder.join("plugin.wasm");
            fs::write(&file, bytes).expect("it can be written");
            let mut reload = pin!(runtime.loader().refresh_paths(SortedSet::from([file])));
            loop {
                let call = host.call("bench__echo", "1".into());
                let (outcome, reloaded) = zip(call, poll_once(&mut reload)).await;
                calls += 1;
                failed += usize::from(outcome.result.is_err());
                if reloaded.is_some() {
                    break;
                }
                yield_now().await;
            }
        }
        let each = started.elapsed().as_secs_f64() * 1e3 / RELOADS as f64;
        assert_eq!(host.snapshot().generation as usize, RELOADS + 1, "each was put into service");
        let growth = resident_mb().unwrap_or_default() - early;
        let more_files = open_files() as f64 - files as f64;
        vec![failed as f64, growth, more_files, each, calls as f64 / RELOADS as f64]
    })
}

fn snapshot() -> Vec<f64> {
    const READS: u32 = 10_000_000;
    let runtime = Runtime::builder().build();
    runtime.block_on(runtime.load()).expect("the runtime is there");
    let started = Instant::now();
    for _ in 0..READS {
        black_box(runtime.host().snapshot().generation);
    }
    vec![started.elapsed().as_secs_f64() * 1e9 / f64::from(READS)]
}

fn write_plugin(folder: &Path, module: &[u8]) {
    fs::create_dir_all(folder).expect("it can be made");
    let manifest = r#"{"id": "bench", "name": "Bench", "version": "1.0.0",
        "capabilities": ["tool"], "wasm_module": "plugin.wasm"}"#;
    fs::write(folder.join("weft.plugin.json"), manifest).expect("it can be written");
    fs::write(folder.join("plugin.wasm"), module).expect("it can be written");
}

/// The resident set of this process.
fn resident_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

/// What all threads of this process have run. A thread that ended is not counted any more.
fn processor_ms() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let run = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    run.sum::<f64>() / 1e6
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
