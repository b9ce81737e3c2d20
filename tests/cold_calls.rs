//! The first call of a plugin, whose code is translated for it on a thread that all share. They are the
//! process's, so this test has one of its own.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use futures_lite::future::{or, yield_now};
use serde_json::{Value, json};
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::{AuditLog, AuditRecord};
use weft_lite::{Approval, PluginPackage, Runtime};

/// Threads for work that blocks.
const THREADS: usize = 32;
/// Calls that wait for the same, of two plugins.
const CALLS: usize = 40;
/// Longer than anything takes that works.
const LIMIT: Duration = Duration::from_secs(60);

/// How many threads read it, each until it may end.
#[derive(Default)]
struct Slow {
    state: Mutex<(usize, bool)>,
    ends: Condvar,
}

impl AuditLog for Slow {
    fn record(&self, _record: AuditRecord) {}

    fn recent(&self, _count: usize) -> Vec<Value> {
        let mut state = self.state.lock().unwrap();
        state.0 += 1;
        while !state.1 {
            state = self.ends.wait(state).unwrap();
        }
        Vec::new()
    }
}

impl Slow {
    fn end(&self) {
        self.state.lock().unwrap().1 = true;
        self.ends.notify_all();
    }
}

fn plugin(mode: &str) -> PluginPackage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe");
    let module = fs::read(folder.join("plugin.wasm")).unwrap();
    let manifest = json!({
        "id": mode, "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "instance": mode,
        "resources": { "max_execution_seconds": 1 },
    })
    .to_string();
    let origin = PackageOrigin::Folder("/probe".into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
}

async fn patiently<T>(future: impl Future<Output = T>) -> T {
    or(future, async {
        smol::Timer::after(LIMIT).await;
        panic!("not within {LIMIT:?}")
    })
    .await
}

#[test]
fn a_call_during_translation_times_out_alone() {
    let audit = Arc::new(Slow::default());
    let runtime = Runtime::builder().without_bundled().audit(Arc::clone(&audit) as _).build();
    let host = runtime.host();
    let modes = ["resident", "per-call"];
    runtime.block_on(host.load(modes.map(|mode| (plugin(mode), Approval::ALL)), []));
    let (registry, budget) = (host.registry(), host.memory_budget());
    let is_translated = |mode: &str| registry.plugin(mode).unwrap().module.is_translated();
    budget.drop_idle_since(Instant::now());
    assert!(!modes.iter().any(|mode| is_translated(mode)));
    let before = budget.translations();

    let reading: Vec<_> = (0..THREADS)
        .map(|_| {
            let host = host.clone();
            runtime.executor().spawn(async move { host.recent_audit(1).await })
        })
        .collect();
    runtime.block_on(patiently(async {
        while audit.state.lock().unwrap().0 < THREADS {
            yield_now().await;
        }
        let limit = Duration::from_secs(1);
        let begun = Instant::now();
        let calls: Vec<_> = (0..CALLS)
            .map(|number| {
                let (host, mode) = (host.clone(), modes[number % modes.len()]);
                let call = async move { host.call(&format!("{mode}__count"), "{}".into()).await };
                runtime.executor().spawn(call)
            })
            .collect();
        for call in calls {
            let outcome = call.await;
            assert_eq!(outcome.result, Err(CallError::Exhausted(Exhausted::Time { limit })));
            assert!(outcome.usage.duration >= limit, "{:?}", outcome.usage);
        }
        // They wait beside each other.
        assert!(begun.elapsed() < limit * u32::try_from(CALLS).unwrap() / 4);
        audit.end();
        // Nobody calls, and it goes on.
        while !modes.iter().all(|mode| is_translated(mode)) {
            yield_now().await;
        }
        for mode in modes {
            let outcome = host.call(&format!("{mode}__count"), "{}".into()).await;
            assert_eq!(outcome.result.as_deref(), Ok(r#"{"count":1}"#));
        }
        for reads in reading {
            reads.await;
        }
    }));
    assert_eq!(budget.translations(), before + 2, "once each");
}
