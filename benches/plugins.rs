//! What plugins cost that nobody calls: the time until they are ready, the first time and when they are known,
//! the memory of each, and what the first call takes longer than the next.
//!
//! Each case runs in a process of its own, which is this program again with the case's name. They share a
//! `$WEFT_HOME` with the plugins in it, so what is the first time for one case is known to those after it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../tests/support/guest.rs"]
#[allow(dead_code, clippy::panic, reason = "shared with the tests")]
mod guest;
mod support;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use guest::Guest;
use support::{Report, filling};
use tempfile::TempDir;
use weft_lite::Runtime;

/// As large as plugins are on the average.
const MODULE_BYTES: usize = 54_000;
const HOME: &str = "BENCH_WEFT_HOME";
const STARTS: usize = 5;
const COLD_CALLS: usize = 21;

/// A case: its name, and the figures it prints.
type Case = (&'static str, fn(&Path) -> Vec<f64>);

const CASES: [Case; 2] = [("ready", ready), ("cold", cold)];

fn main() -> ExitCode {
    let mut arguments = env::args().skip_while(|argument| argument != "--case").skip(1);
    if let (Some(wanted), Some(home)) = (arguments.next(), env::var_os(HOME)) {
        let Some((_, run)) = CASES.iter().find(|(name, _)| *name == wanted) else {
            return ExitCode::FAILURE;
        };
        let figures: Vec<String> = run(home.as_ref()).iter().map(f64::to_string).collect();
        println!("{}", figures.join(" "));
        return ExitCode::SUCCESS;
    }
    let mut report = Report::begin("plugins of 54 KB that nobody calls");
    if resident_kb().is_none() {
        println!("skipped: this system has no /proc/self/status");
        return ExitCode::SUCCESS;
    }
    let none = case("ready", home_with(0).path());
    let base = none.get(1).copied().unwrap_or_default();
    report.figure("resident without a plugin", base / 1e3, "MB");

    let mut first = Vec::new();
    let mut home = home_with(100);
    for _ in 0..STARTS {
        home = home_with(100);
        first.push(case("ready", home.path()));
    }
    let known: Vec<_> = (0..STARTS).map(|_| case("ready", home.path())).collect();
    let (first, known) = (best(&first), best(&known));
    report.bounded("ready with 100 plugins, first time", first.0, "ms", 150.0);
    report.bounded("ready with 100 plugins, known", known.0, "ms", 30.0);
    report.bounded(
        "memory per plugin never called, first time",
        (first.1 - base) / 100.0,
        "KB",
        40.0,
    );
    report.bounded("memory per plugin never called, known", (known.1 - base) / 100.0, "KB", 40.0);
    let cold = case("cold", home.path());
    let at = |index: usize| cold.get(index).copied().unwrap_or(f64::INFINITY);
    report.figure("a call of a warm plugin, median", at(1) * 1e3, "us");
    report.bounded("first call of a cold plugin, over that, median", at(0) - at(1), "ms", 3.0);

    let many = home_with(1_000);
    let first = case("ready", many.path());
    let known = case("ready", many.path());
    let at = |figures: &[f64], index: usize| figures.get(index).copied().unwrap_or(f64::INFINITY);
    report.bounded("resident with 1,000 plugins, first time", at(&first, 1) / 1e3, "MB", 48.0);
    report.bounded("resident with 1,000 plugins, known", at(&known, 1) / 1e3, "MB", 48.0);
    report.figure("ready with 1,000 plugins, first time", at(&first, 0), "ms");
    report.figure("ready with 1,000 plugins, known", at(&known, 0), "ms");
    report.end()
}

/// The least of each figure.
fn best(rounds: &[Vec<f64>]) -> (f64, f64) {
    let least = |index: usize| {
        rounds.iter().filter_map(|it| it.get(index)).fold(f64::INFINITY, |one, it| one.min(*it))
    };
    (least(0), least(1))
}

fn case(name: &str, home: &Path) -> Vec<f64> {
    let program = env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    let output = command.args(["--case", name]).env(HOME, home).output();
    let output = output.expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().map(|figure| figure.parse().expect("a figure")).collect()
}

/// A `$WEFT_HOME` with so many plugins, of which none is the same as another.
fn home_with(plugins: usize) -> TempDir {
    let home = TempDir::new().expect("a temporary folder");
    let module = Guest::default().with(&filling(MODULE_BYTES)).wasm();
    for number in 0..plugins {
        let id = format!("plugin-{number:04}");
        let folder = home.path().join("plugins").join(&id);
        fs::create_dir_all(&folder).expect("the folder is ours");
        let manifest = format!(
            r#"{{"id":"{id}","name":"Bench","version":"0.1.0","capabilities":["tool"],
                "wasm_module":"plugin.wasm"}}"#
        );
        fs::write(folder.join("weft.plugin.json"), manifest).expect("the folder is ours");
        // A section that says nothing but the number.
        let own = format!("{number:04}");
        let module = [module.as_slice(), &[0, 6, 1, b'n'], own.as_bytes()].concat();
        fs::write(folder.join("plugin.wasm"), module).expect("the folder is ours");
    }
    home
}

fn runtime(home: &Path) -> Runtime {
    Runtime::builder()
        .without_bundled()
        .weft_home(home.to_owned())
        .workspace(home.join("work"))
        .build()
}

/// Milliseconds until all is ready, and KB resident then.
fn ready(home: &Path) -> Vec<f64> {
    let started = Instant::now();
    let runtime = runtime(home);
    runtime.block_on(async { runtime.load().await.expect("it is not stopped") });
    let took = started.elapsed().as_secs_f64() * 1e3;
    let registry = runtime.host().registry();
    assert!(registry.refused().is_empty(), "{:?}", registry.refused().first());
    vec![took, resident_kb().unwrap_or_default()]
}

/// The median of the first calls and of the second ones, in milliseconds.
fn cold(home: &Path) -> Vec<f64> {
    let runtime = runtime(home);
    let host = runtime.host();
    let call = async |number: usize| {
        let started = Instant::now();
        let outcome = host.call(&format!("plugin-{number:04}__run"), "{}".into()).await;
        assert_eq!(outcome.result.as_deref(), Ok("{}"));
        started.elapsed().as_secs_f64() * 1e3
    };
    let (mut first, mut second) = runtime.block_on(async {
        runtime.load().await.expect("it is not stopped");
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for number in 0..COLD_CALLS {
            first.push(call(number).await);
            second.push(call(number).await);
        }
        (first, second)
    });
    [&mut first, &mut second]
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times.get(COLD_CALLS / 2).copied().unwrap_or_default()
        })
        .to_vec()
}

/// The resident set of this process.
fn resident_kb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1.024)
}
