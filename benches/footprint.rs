//! How much memory many instances and many modules take, and that loading leaves nothing behind.
//!
//! Each case runs in a process of its own, which is this program again with the case's name, so
//! that no case finds memory that another one freed. Figures are the resident set of that whole
//! process, from `/proc`; where there is none, the cases are skipped.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::{env, fs};

use support::{Report, guest, load, package};
use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::wasm::{CallBudget, CompiledModule, Instance, MemoryBudget};
use weft_lite::{PluginPermissions, PluginResourceConfig, Runtime};

const INSTANCES: usize = 1_000;
const MODULES: usize = 1_000;
const RELOADS: usize = 10_000;

/// A case, and its figure in MB of 1,000,000 bytes.
type Case = (&'static str, f64, fn() -> f64);

const CASES: [Case; 3] = [
    ("1,000 instances of one module", 110.0, instances),
    ("1,000 modules, each called once", 250.0, modules),
    ("10,000 loads and unloads: growth after the first 1,000", 1.0, reloads),
];

fn main() -> ExitCode {
    let mut arguments = env::args().skip_while(|argument| argument != "--case").skip(1);
    if let Some(wanted) = arguments.next() {
        let case = CASES.iter().find(|(name, ..)| *name == wanted);
        let Some((_, _, run)) = case else {
            return ExitCode::FAILURE;
        };
        println!("{}", run());
        return ExitCode::SUCCESS;
    }
    let mut report = Report::begin("resident memory");
    if resident_mb().is_none() {
        println!("skipped: this system has no /proc/self/status");
        return ExitCode::SUCCESS;
    }
    for (name, at_most, _) in CASES {
        report.bounded(name, in_a_process_of_its_own(name), "MB", at_most);
    }
    report.end()
}

fn in_a_process_of_its_own(case: &str) -> f64 {
    let program = env::current_exe().expect("a running program has a path");
    let output = Command::new(program).args(["--case", case]).output().expect("it can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("a case prints its figure")
}

fn instances() -> f64 {
    let resources = PluginResourceConfig::default();
    let identity = PluginIdentity { id: "bench".into(), version: "0.1.0".into() };
    let permissions = PluginPermissions::default();
    let options = SandboxOptions::new(".");
    let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &options);
    let sandbox = Arc::new(sandbox);
    let memory = MemoryBudget::new(1 << 30);
    let module = CompiledModule::new(&guest("echo")).expect("the guest can be loaded");
    smol::block_on(async {
        let mut alive = Vec::new();
        for _ in 0..INSTANCES {
            let mut budget = CallBudget::new(&resources);
            let (sandbox, memory) = (Arc::clone(&sandbox), Arc::clone(&memory));
            let mut instance = Instance::start(&module, sandbox, &resources, memory, &mut budget)
                .await
                .expect("the guest starts");
            let called = instance.execute_tool("echo", "{}", &mut budget).await;
            assert_eq!(called.as_deref(), Ok("{}"));
            alive.push(instance);
        }
        resident_mb().unwrap_or_default()
    })
}

fn modules() -> f64 {
    let runtime = Runtime::builder().memory_budget_bytes(1 << 30).build();
    let host = runtime.host();
    let packages = (0..MODULES).map(|number| {
        let mut module = guest("echo");
        module.extend(custom_section(number));
        package(&format!("module-{number}"), module, "")
    });
    runtime.block_on(async {
        load(host, packages).await;
        for number in 0..MODULES {
            let outcome = host.call(&format!("module-{number}__echo"), "{}".into()).await;
            assert_eq!(outcome.result.as_deref(), Ok("{}"));
        }
    });
    assert_eq!(host.memory_budget().idle_instances(), MODULES, "every module has its instance");
    resident_mb().unwrap_or_default()
}

fn reloads() -> f64 {
    let runtime = Runtime::builder().build();
    let host = runtime.host();
    let bytes = guest("echo");
    runtime.block_on(async {
        let mut early = 0.0;
        for number in 0..RELOADS {
            if number == RELOADS / 10 {
                early = resident_mb().unwrap_or_default();
            }
            load(host, [package("module", bytes.clone(), "")]).await;
            assert!(host.unload("module").await, "it was loaded");
        }
        resident_mb().unwrap_or_default() - early
    })
}

/// A section that wasmi skips, which makes a module differ from every other one.
fn custom_section(number: usize) -> Vec<u8> {
    let mut content = vec![6];
    content.extend(b"number");
    content.extend(number.to_le_bytes());
    let mut section = vec![0, content.len() as u8];
    section.extend(content);
    section
}

/// The resident set of this process.
fn resident_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}
