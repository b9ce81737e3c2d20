//! A plugin that lists many keys leaves the executor's thread to others meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_lite::future::{or, poll_once, yield_now};
use serde_json::json;
use smol::block_on;
use weft_lite::errors::PluginError;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, BoxFuture, KeyValueStore, PluginPackage, Runtime, StoreSource};

use crate::guest::Guest;
use crate::support::{Place, set};

const KEYS: usize = 5_120;

/// Stores with many keys.
#[derive(Default)]
struct ManyKeys {
    /// Whether the keys were listed.
    is_listed: AtomicBool,
}

impl KeyValueStore for ManyKeys {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, PluginError>> {
        Box::pin(async { Ok(None) })
    }

    fn set<'a>(&'a self, _: &'a str, _: Vec<u8>) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async { Ok(()) })
    }

    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<bool, PluginError>> {
        Box::pin(async { Ok(false) })
    }

    fn list_keys<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, PluginError>> {
        self.is_listed.store(true, Ordering::Relaxed);
        Box::pin(async { Ok((0..KEYS).map(|key| format!("{key:05}")).collect()) })
    }
}

struct Source(Arc<ManyKeys>);

impl StoreSource for Source {
    fn namespace(&self, _: &str, _: usize) -> Arc<dyn KeyValueStore> {
        Arc::clone(&self.0) as _
    }
}

/// A guest whose tool lists all keys, and returns its parameters.
fn lister() -> Vec<u8> {
    let execute = "
        (call $keys (i32.const 256) (i32.const 0) (i32.const 128))
        (if (i32.load8_u (i32.const 128)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 136)) (i32.const 5120)) (then unreachable))
        (i32.store8 (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (local.get 2))
        (i32.store (i32.const 24) (local.get 3))
        (i32.const 16)";
    let import = "
        (import \"weft:host/store@0.1.0\" \"list-keys\" (func $keys (param i32 i32 i32)))";
    Guest::running(execute).importing(import).wasm()
}

#[test]
fn others_run_while_keys_are_written() {
    let manifest = json!({
        "id": "lister", "name": "Lister", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": { "storage": { "max_kb": 4096 } },
    });
    let package = PluginPackage::read_parts(
        &manifest.to_string(),
        ManifestFormat::Json,
        lister(),
        PackageOrigin::Folder("lister".into()),
        ReadLimits::default(),
    )
    .unwrap();
    let store = Arc::<ManyKeys>::default();
    let source = Arc::new(Source(Arc::clone(&store)));
    let runtime = Runtime::builder().without_bundled().stores(source).build();
    let mut turns = 0;
    let result = runtime.block_on(async {
        runtime.host().load([(package, Approval::ALL)], []).await;
        let call = async { runtime.host().call("lister__run", "1".into()).await.result };
        let beside = async {
            loop {
                turns += usize::from(store.is_listed.load(Ordering::Relaxed));
                yield_now().await;
            }
        };
        or(call, beside).await
    });
    assert_eq!(result.as_deref(), Ok("1"));
    assert!(turns >= KEYS / 256 - 1, "{turns}");
}

#[test]
fn long_lists_are_made_off_the_executor() {
    let place = Place::new();
    let store = place.open("notes");
    for key in 0..256 {
        set(&store, &format!("{key:05}"), "").unwrap();
    }
    let at_once = |prefix: &str| block_on(poll_once(store.list_keys(Some(prefix))));
    assert_eq!(at_once("0000").unwrap().unwrap().len(), 10);
    // A change that has not ended keeps other work that is done there waiting.
    let mut change = store.set("00000", Vec::new());
    while block_on(poll_once(&mut change)).is_some() {
        change = store.set("00000", Vec::new());
    }
    assert!(at_once("").is_none());
    block_on(change).unwrap();
    let keys = block_on(store.list_keys(None)).unwrap();
    assert!(keys.len() == 256 && keys.is_sorted());
}
