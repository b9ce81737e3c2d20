//! What the engine costs over bare wasmi: loading, instantiating, calling, host calls, computing.
//!
//! Both run the same guest in the same process, in turns.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod measure;
mod raw;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use measure::{Timing, compare, measure};
use raw::RawModule;
use smol::LocalExecutor;
use support::{Report, guest, load, package};
use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};
use weft_lite::{PluginPermissions, PluginResourceConfig, Runtime};

const PARAMS: &str = r#"{"message":"hello, guest","list":[1,2,3]}"#;
const ENV_PARAMS: &str = r#"{"name":"WEFT_BENCH"}"#;
const ENV_VALUE: &str = "a value of the environment";
/// About 20 slices of work.
const FIB_PARAMS: &str = r#"{"n":20}"#;

fn main() -> ExitCode {
    let mut report = Report::begin("the engine beside bare wasmi");
    let bytes = guest("echo");
    // A task, because that is where guests run: a future that is driven directly would look for
    // events of the system after every slice.
    let executor = LocalExecutor::new();
    let task = executor.spawn(async {
        loading(&mut report, &bytes).await;
        instantiating(&mut report, &bytes).await;
        calling(&mut report, &bytes).await;
        computing(&mut report, &bytes).await;
    });
    smol::block_on(executor.run(task));
    drop(executor);
    hosted(&mut report, &bytes);
    installed(&report);
    report.end()
}

/// Plugins of one `$WEFT_HOME`, from their folders into service.
fn installed(report: &Report) {
    const PLUGINS: u32 = 20;
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("skills/json-query");
    let manifest = fs::read_to_string(from.join("weft.plugin.json")).expect("it is committed");
    let home = tempfile::tempdir().expect("there is room");
    for number in 0..PLUGINS {
        let id = format!("json-query-{number}");
        let folder = home.path().join("plugins").join(&id);
        fs::create_dir_all(&folder).expect("there is room");
        fs::copy(from.join("plugin.wasm"), folder.join("plugin.wasm")).expect("there is room");
        let manifest = manifest.replacen("\"json-query\"", &format!("\"{id}\""), 1);
        fs::write(folder.join("weft.plugin.json"), manifest).expect("there is room");
    }
    let timing = futures_lite::future::block_on(measure(async || {
        let runtime = Runtime::builder().weft_home(home.path()).without_bundled().build();
        runtime.block_on(async {
            runtime.load().await;
            assert_eq!(runtime.host().registry().plugins().count(), PLUGINS as usize);
            runtime.stop().await;
        });
    }));
    let each = 1.0 / f64::from(PLUGINS);
    let what = "load of an installed plugin, 39 KB module, one of 20";
    report.figure(what, timing.best_us() * each, "us");
    report.figure("  median", timing.median.as_secs_f64() * 1e6 * each, "us");
}

async fn loading(report: &mut Report, bytes: &[u8]) {
    let (ours, raw) = compare(
        async || drop(black_box(CompiledModule::new(bytes))),
        async || drop(black_box(RawModule::new(bytes))),
    )
    .await;
    overhead(report, "load and translate, 4 KB module", ours, raw);
}

async fn instantiating(report: &mut Report, bytes: &[u8]) {
    let engine = Bench::new(bytes);
    let raw_module = RawModule::new(bytes);
    let (ours, raw) = compare(
        async || drop(black_box(engine.start().await)),
        async || drop(black_box(raw_module.start())),
    )
    .await;
    overhead(report, "instantiate and init", ours, raw);
    let per_call = measure(async || {
        let mut instance = engine.start().await;
        black_box(engine.call(&mut instance, "echo", PARAMS, None).await);
    })
    .await;
    report.bounded("echo, fresh instance for the call", per_call.best_us(), "us", 15.0);
}

async fn calling(report: &mut Report, bytes: &[u8]) {
    let engine = Bench::new(bytes);
    let mut instance = engine.start().await;
    let mut raw_instance = RawModule::new(bytes).start();
    let (ours, raw) = compare(
        async || {
            black_box(engine.call(&mut instance, "echo", PARAMS, None).await);
        },
        async || {
            black_box(raw_instance.execute_tool("echo", PARAMS, ""));
        },
    )
    .await;
    overhead(report, "echo, resident instance", ours, raw);
    report.bounded("  as a multiple of bare wasmi", ours.times(raw), "x", 2.0);

    let (ours, raw) = compare(
        async || {
            black_box(engine.call(&mut instance, "echo_env", ENV_PARAMS, None).await);
        },
        async || {
            black_box(raw_instance.execute_tool("echo_env", ENV_PARAMS, ENV_VALUE));
        },
    )
    .await;
    overhead(report, "the same with one host call", ours, raw);
}

async fn computing(report: &mut Report, bytes: &[u8]) {
    let engine = Bench::new(bytes);
    let mut sliced = engine.start().await;
    let mut whole = engine.start().await;
    let mut metered = RawModule::new(bytes).start();
    let mut unmetered = RawModule::without_fuel(bytes).start();
    let (in_slices, unsliced) = compare(
        async || {
            black_box(engine.call(&mut sliced, "fib", FIB_PARAMS, None).await);
        },
        async || {
            black_box(engine.call(&mut whole, "fib", FIB_PARAMS, Some(u64::MAX)).await);
        },
    )
    .await;
    let (beside_raw, raw) = compare(
        async || {
            black_box(engine.call(&mut sliced, "fib", FIB_PARAMS, None).await);
        },
        async || {
            black_box(metered.execute_tool("fib", FIB_PARAMS, ""));
        },
    )
    .await;
    let (with_fuel, free) = compare(
        async || {
            black_box(metered.execute_tool("fib", FIB_PARAMS, ""));
        },
        async || {
            black_box(unmetered.execute_tool("fib", FIB_PARAMS, ""));
        },
    )
    .await;
    overhead(report, "fib(20)", in_slices, raw);
    report.figure("  bare wasmi that counts no fuel", free.best_us(), "us");
    let percent = |one: Timing, other: Timing| (one.times(other) - 1.0) * 100.0;
    report.bounded("  what slices of fuel cost it", percent(in_slices, unsliced), "%", 5.0);
    report.bounded("  what the engine adds to bare wasmi", percent(beside_raw, raw), "%", 5.0);
    report.figure("  what counting fuel adds to bare wasmi", percent(with_fuel, free), "%");
}

fn hosted(report: &mut Report, bytes: &[u8]) {
    let runtime = Runtime::builder().build();
    let host = runtime.host();
    runtime.block_on(load(
        host,
        [
            package("resident", bytes.to_vec(), ""),
            package("fresh", bytes.to_vec(), r#","instance":"per-call""#),
        ],
    ));
    for (what, tool, at_most) in [
        ("echo through the plugin host, one thread", "resident__echo", 3.0),
        ("echo through the plugin host, fresh instance", "fresh__echo", 15.0),
    ] {
        let timing = runtime.block_on(measure(async || {
            let outcome = host.call(tool, PARAMS.to_owned()).await;
            assert_eq!(outcome.result.as_deref(), Ok(PARAMS));
        }));
        report.bounded(what, timing.best_us(), "us", at_most);
        report.figure("  median", timing.median.as_secs_f64() * 1e6, "us");
    }
}

fn overhead(report: &Report, what: &str, ours: Timing, raw: Timing) {
    report.figure(what, ours.best_us(), "us");
    report.figure("  median", ours.median.as_secs_f64() * 1e6, "us");
    report.figure("  bare wasmi", raw.best_us(), "us");
}

/// A module and what its instances are started with.
struct Bench {
    module: Arc<CompiledModule>,
    sandbox: Arc<Sandbox>,
    resources: PluginResourceConfig,
    memory: Arc<MemoryBudget>,
}

impl Bench {
    fn new(bytes: &[u8]) -> Self {
        let identity = PluginIdentity { id: "bench".into(), version: "0.1.0".into() };
        let resources = PluginResourceConfig::default();
        let permissions =
            PluginPermissions { env_vars: vec!["WEFT_BENCH".into()], ..Default::default() };
        let mut options = SandboxOptions::new(".");
        let environment = BTreeMap::from([("WEFT_BENCH".to_owned(), ENV_VALUE.to_owned())]);
        options.environment = Arc::new(environment);
        let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &options);
        Self {
            module: CompiledModule::new(bytes).expect("the guest can be loaded"),
            sandbox: Arc::new(sandbox),
            resources,
            memory: MemoryBudget::new(64 << 20),
        }
    }

    async fn start(&self) -> Instance {
        let (sandbox, memory) = (Arc::clone(&self.sandbox), Arc::clone(&self.memory));
        let mut budget = CallBudget::new(&self.resources);
        Instance::start(&self.module, sandbox, &self.resources, memory, &mut budget)
            .await
            .expect("the guest starts")
    }

    async fn call(
        &self,
        instance: &mut Instance,
        tool: &str,
        params: &str,
        slice: Option<u64>,
    ) -> String {
        let budget = CallBudget::new(&self.resources);
        let mut budget = match slice {
            Some(fuel) => budget.with_slice(fuel),
            None => budget,
        };
        instance.execute_tool(tool, params, &mut budget).await.expect("the tool answers")
    }
}
