//! How long a short call waits while other guests take all they can get, on one thread.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::{Report, guest, load, package};
use weft_lite::{PluginHost, Runtime};

/// The most fuel and memory that a manifest may ask for, as far as the calls need it.
const GREEDY: &str = r#","resources":{"max_fuel":10000000000,"max_execution_seconds":300,
    "max_memory_mb":32}"#;

const ECHOES: usize = 2_000;

fn main() -> ExitCode {
    let mut report = Report::begin("an echo call beside three endless loops and a 16 MB filler");
    let runtime = Runtime::builder().memory_budget_bytes(128 << 20).build();
    let host = runtime.host().clone();
    let greedy = ["spin1", "spin2", "spin3", "filler"];
    let packages = greedy.map(|id| package(id, guest("probe"), GREEDY)).into_iter();
    runtime.block_on(load(&host, packages.chain([package("calm", guest("echo"), "")])));

    let alone = runtime.block_on(async { percentiles(echoes(&host).await) });
    report.figure("alone, median", alone.median_us(), "us");

    let executor = runtime.executor();
    let others = greedy.map(|id| {
        let host = host.clone();
        executor.spawn(async move {
            let (tool, params) = match id {
                "filler" => ("filler__fill".to_owned(), r#"{"mb":16,"times":0}"#),
                _ => (format!("{id}__spin"), "{}"),
            };
            loop {
                // It ends by its fuel, and then begins again.
                host.call(&tool, params.to_owned()).await;
            }
        })
    });
    // As one more task of the executor, which is how every surface makes its calls.
    let task = executor.spawn({
        let host = host.clone();
        async move { echoes(&host).await }
    });
    let beside = runtime.block_on(async { percentiles(task.await) });
    report.figure("beside the others, median", beside.median_us(), "us");
    report.bounded("beside the others, 99 of 100", beside.p99_ms(), "ms", 5.0);
    report.figure("beside the others, worst", beside.worst.as_secs_f64() * 1e3, "ms");

    let direct = runtime.block_on(async { percentiles(echoes(&host).await) });
    report.bounded("from the future that drives it, 99 of 100", direct.p99_ms(), "ms", 5.0);
    drop(others);
    runtime.block_on(host.stop());
    report.end()
}

async fn echoes(host: &PluginHost) -> Vec<Duration> {
    let mut times = Vec::with_capacity(ECHOES);
    for _ in 0..ECHOES {
        let start = Instant::now();
        let outcome = host.call("calm__echo", "{}".to_owned()).await;
        times.push(start.elapsed());
        assert!(outcome.result.is_ok(), "the echo answers");
    }
    times
}

struct Percentiles {
    median: Duration,
    p99: Duration,
    worst: Duration,
}

impl Percentiles {
    fn median_us(&self) -> f64 {
        self.median.as_secs_f64() * 1e6
    }

    fn p99_ms(&self) -> f64 {
        self.p99.as_secs_f64() * 1e3
    }
}

fn percentiles(mut times: Vec<Duration>) -> Percentiles {
    times.sort_unstable();
    let at = |percent: usize| {
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(index).copied().unwrap_or_default()
    };
    Percentiles { median: at(50), p99: at(99), worst: at(100) }
}
