//! Threads that the system never gives back: all that work off the executor. They are the process's, so this
//! test has one of its own.

#![cfg(feature = "net")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test says so by failing")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::json;
use weft_lite::errors::CallError;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::NetworkOptions;
use weft_lite::{Approval, PluginPackage, Runtime, Secret, SecretSource};

/// Threads for work that blocks.
const THREADS: usize = 32;
/// Longer than anything takes that works.
const LIMIT: Duration = Duration::from_secs(60);

/// Never answers, as a file of a server that is gone.
#[derive(Default)]
struct Never(Arc<AtomicUsize>);

impl SecretSource for Never {
    fn secret(&self, _name: &str) -> Option<Secret> {
        None
    }

    fn all(&self) -> Vec<Secret> {
        self.0.fetch_add(1, Ordering::Relaxed);
        loop {
            thread::park();
        }
    }
}

fn plugin(id: &str) -> PluginPackage {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe");
    let module = fs::read(folder.join("plugin.wasm")).unwrap();
    let manifest = json!({
        "id": id, "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "instance": "per-call",
        "permissions": { "network": ["127.0.0.1"] },
        "resources": { "max_http_requests_per_minute": 600, "max_execution_seconds": 300 },
    })
    .to_string();
    let origin = PackageOrigin::Folder("/probe".into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
}

/// Nothing that stopping in order needs waits for one of them.
#[test]
fn a_host_with_stuck_threads_stops_in_order() {
    let (done, stopped) = mpsc::channel();
    thread::spawn(move || {
        let source = Never::default();
        let stuck = Arc::clone(&source.0);
        let network = NetworkOptions::default().allow_private_hosts(["127.0.0.1"]).unwrap();
        let runtime =
            Runtime::builder().without_bundled().network(network).secrets(Arc::new(source)).build();
        let host = runtime.host();
        // Of several plugins, since one may do only so much at once.
        let plugins = ["a", "b", "c"].map(|id| (plugin(id), Approval::ALL));
        runtime.block_on(host.load(plugins, []));
        let url = json!({ "url": "http://127.0.0.1:9/" }).to_string();
        let calls: Vec<_> = (0..45)
            .map(|number| {
                let (host, url) = (host.clone(), url.clone());
                let tool = format!("{}__http", ["a", "b", "c"][number % 3]);
                runtime.executor().spawn(async move { host.call(&tool, url).await.result })
            })
            .collect();
        let answers = runtime.block_on(async {
            while stuck.load(Ordering::Relaxed) < THREADS {
                smol::Timer::after(Duration::from_millis(5)).await;
            }
            runtime.stop().await;
            let mut answers = Vec::new();
            for call in calls {
                answers.push(call.await);
            }
            answers
        });
        drop(runtime);
        done.send(answers).unwrap();
    });
    let answers = stopped.recv_timeout(LIMIT).expect("it waits for threads that are stuck");
    assert_eq!(answers.len(), 45);
    for answer in answers {
        assert!(matches!(answer, Err(CallError::Cancelled)), "{answer:?}");
    }
}
