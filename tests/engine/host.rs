//! Plugins under the plugin host: calls by message, instances, panics, stopping.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, poll_once, zip};
use smol::Timer;
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::Environment;
use weft_lite::{Approval, PluginHost, PluginPackage, Runtime, RuntimeBuilder};

use crate::guest::{ECHO, Guest};

pub(crate) fn package(id: &str, guest: &Guest, more: &str) -> PluginPackage {
    let manifest = format!(
        r#"{{"id":"{id}","name":"Test","version":"0.1.0","capabilities":["tool"],
            "wasm_module":"plugin.wasm"{more}}}"#
    );
    let origin = PackageOrigin::Folder(format!("/test/{id}").into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, guest.wasm(), origin, limits)
        .unwrap()
}

pub(crate) fn runtime() -> RuntimeBuilder {
    Runtime::builder().without_bundled()
}

/// Runs `test` against a host with these plugins, all approved.
pub(crate) fn hosting<T>(
    builder: RuntimeBuilder,
    packages: Vec<PluginPackage>,
    test: impl AsyncFnOnce(&PluginHost) -> T,
) -> T {
    let runtime = builder.build();
    runtime.block_on(async {
        let approved = packages.into_iter().map(|package| (package, Approval::ALL));
        runtime.host().load(approved, []).await;
        let refused: Vec<_> =
            runtime.host().registry().refused().iter().map(|plugin| plugin.error.clone()).collect();
        assert!(refused.is_empty(), "{refused:?}");
        test(runtime.host()).await
    })
}

/// Counts its own calls: the answer is a digit.
fn counter() -> Guest {
    Guest::running(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (i32.store8 (i32.const 40) (i32.add (global.get $calls) (i32.const 48)))
         (i32.store8 (i32.const 16) (i32.const 0))
         (i32.store (i32.const 20) (i32.const 40)) (i32.store (i32.const 24) (i32.const 1))
         (i32.const 16)",
    )
    .with("(global $calls (mut i32) (i32.const 0))")
}

async fn answer(host: &PluginHost, tool: &str) -> Result<String, CallError> {
    host.call(tool, "{}".into()).await.result
}

#[test]
fn a_resident_instance_keeps_state_a_fresh_doesnt() {
    let packages = vec![
        package("kept", &counter(), ""),
        package("fresh", &counter(), r#","instance":"per-call""#),
    ];
    hosting(runtime(), packages, async |host| {
        for expected in ["1", "2", "3"] {
            assert_eq!(answer(host, "kept__run").await, Ok(expected.into()));
            assert_eq!(answer(host, "fresh__run").await, Ok("1".into()));
        }
        assert_eq!(host.memory_budget().idle_instances(), 1, "the one that is kept");
    });
}

#[test]
fn an_instance_that_trapped_is_never_used_again() {
    let guest = Guest::running(&format!(
        "(if (global.get $broken) (then unreachable))
         (if (i32.eq (i32.load8_u (local.get 2)) (i32.const 48))
            (then (global.set $broken (i32.const 1)) (unreachable)))
         {ECHO}"
    ))
    .with("(global $broken (mut i32) (i32.const 0))");
    hosting(runtime(), vec![package("fragile", &guest, "")], async |host| {
        for _ in 0..3 {
            assert!(matches!(
                host.call("run", "0".into()).await.result,
                Err(CallError::Trap { .. })
            ));
            assert_eq!(host.call("run", "1".into()).await.result, Ok("1".into()));
        }
    });
}

#[test]
fn names_are_full_or_bare_and_unique() {
    let packages = vec![package("b", &counter(), ""), package("a", &counter(), "")];
    hosting(runtime(), packages, async |host| {
        let candidates = vec!["a__run".to_owned(), "b__run".to_owned()];
        assert_eq!(
            answer(host, "run").await,
            Err(CallError::AmbiguousTool { name: "run".into(), candidates })
        );
        let Err(CallError::UnknownTool { similar, .. }) = answer(host, "a__runn").await else {
            panic!("there is no such tool");
        };
        assert_eq!(*similar, ["a__run", "b__run"]);
        // It neither begins alike nor holds the name.
        let Err(CallError::UnknownTool { similar, .. }) = answer(host, "rum").await else {
            panic!("there is no such tool");
        };
        assert_eq!(*similar, ["a__run", "b__run"]);
        assert!(host.unload("b").await && !host.unload("b").await);
        assert_eq!(answer(host, "run").await, Ok("1".into()));
    });
}

#[test]
fn dropping_a_call_stops_the_guest() {
    let endless = Guest::running("(loop $again (br $again)) (unreachable)");
    let packages = vec![package("endless", &endless, ""), package("kept", &counter(), "")];
    hosting(runtime(), packages, async |host| {
        let mut call = Box::pin(host.call("endless__run", "{}".into()));
        assert!(poll_once(&mut call).await.is_none());
        // Another plugin is served while that one computes.
        assert_eq!(answer(host, "kept__run").await, Ok("1".into()));
        while host.memory_budget().held() < 2 * 65_536 {
            smol::future::yield_now().await;
        }
        drop(call);
        while host.memory_budget().held() > 65_536 {
            smol::future::yield_now().await;
        }
    });
}

#[test]
fn a_call_dropped_in_the_queue_changes_nothing() {
    hosting(runtime(), vec![package("kept", &counter(), "")], async |host| {
        assert_eq!(answer(host, "run").await, Ok("1".into()));
        let mut call = Box::pin(host.call("run", "{}".into()));
        assert!(poll_once(&mut call).await.is_none(), "it is handed over, and nobody has run it");
        drop(call);
        assert_eq!(answer(host, "run").await, Ok("2".into()));
        assert_eq!(host.memory_budget().idle_instances(), 1);
    });
}

#[test]
fn stopping_cancels_calls_in_flight() {
    let endless = Guest::running("(loop $again (br $again)) (unreachable)");
    hosting(runtime(), vec![package("endless", &endless, "")], async |host| {
        let (outcome, ()) = zip(host.call("run", "{}".into()), async {
            while host.memory_budget().held() == 0 {
                smol::future::yield_now().await;
            }
            for _ in 0..20 {
                smol::future::yield_now().await;
            }
            host.stop().await;
        })
        .await;
        assert_eq!(outcome.result, Err(CallError::Cancelled));
        assert!(outcome.usage.fuel > 0 && !outcome.usage.duration.is_zero());
        assert_eq!(outcome.usage.peak_memory_bytes, 65_536);
        let unknown = answer(host, "run").await.unwrap_err();
        assert!(matches!(unknown, CallError::UnknownTool { .. }));
        // Whoever chats has no command line.
        assert!(unknown.next_step().contains("`/tools`"), "{}", unknown.next_step());
    });
}

#[test]
fn a_call_ends_on_its_own_plugin_version() {
    // About 20 slices.
    let slow = Guest::running(&format!(
        "(local $n i32) (local.set $n (i32.const 300000))
         (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) {ECHO}"
    ));
    hosting(runtime(), vec![package("slow", &slow, "")], async |host| {
        let mut call = Box::pin(host.call("run", "7".into()));
        assert!(poll_once(&mut call).await.is_none());
        assert!(host.unload("slow").await);
        assert_eq!(call.await.result, Ok("7".into()));
        while host.memory_budget().held() > 0 {
            smol::future::yield_now().await;
        }
    });
}

/// Panics for one name, as a faulty effect would.
struct FaultyEnvironment;

impl Environment for FaultyEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        panic!("the environment is faulty")
    }
}

#[test]
fn a_panicking_effect_fails_only_its_call() {
    let body = format!("(call $env (i32.const 64) (i32.const 1) (i32.const 32)) {ECHO}");
    let guest = Guest::running(&body)
        .importing("(import \"host\" \"get-env\" (func $env (param i32 i32 i32)))");
    // The variable's name is the first character of the description: a brace.
    let faulty = package("faulty", &guest, r#","permissions":{"env_vars":["{"]}"#);
    let builder = runtime().environment(Arc::new(FaultyEnvironment));
    hosting(builder, vec![faulty, package("kept", &counter(), "")], async |host| {
        for expected in ["1", "2"] {
            let outcome = host.call("faulty__run", "{}".into()).await;
            let message = "the environment is faulty".to_owned();
            assert_eq!(outcome.result, Err(CallError::Panicked { message }));
            assert_eq!(outcome.usage.host_calls, 1);
            assert_eq!(answer(host, "kept__run").await, Ok(expected.into()));
        }
        assert_eq!(host.memory_budget().held(), 65_536, "the instance is gone");
    });
}

#[test]
fn idle_instances_are_dropped_and_return() {
    let builder = runtime().idle_timeout(Duration::from_millis(20));
    hosting(builder, vec![package("kept", &counter(), "")], async |host| {
        assert_eq!(answer(host, "run").await, Ok("1".into()));
        while host.memory_budget().held() > 0 {
            or(smol::future::yield_now(), async {
                Timer::after(Duration::from_millis(1)).await;
            })
            .await;
        }
        assert_eq!(answer(host, "run").await, Ok("1".into()), "a fresh instance");
    });
}

#[test]
fn several_fresh_instances_run_at_once() {
    let endless = Guest::running("(loop $again (br $again)) (unreachable)");
    let packages = vec![package("endless", &endless, r#","instance":"per-call""#)];
    hosting(runtime(), packages, async |host| {
        let mut calls: Vec<_> = (0..3).map(|_| Box::pin(host.call("run", "7".into()))).collect();
        for call in &mut calls {
            assert!(poll_once(call).await.is_none());
        }
        while host.memory_budget().held() < 3 * 65_536 {
            smol::future::yield_now().await;
        }
        drop(calls);
        while host.memory_budget().held() > 0 {
            smol::future::yield_now().await;
        }
    });
}

#[test]
fn what_is_not_approved_does_not_run() {
    let runtime = runtime().environment(Arc::new(BTreeMap::new())).build();
    let asking = package(
        "asking",
        &counter(),
        r#","permissions":{"env_vars":["CITY"],"network":["*","example.com"],"filesystem":["$WORKSPACE"],"shell":true}"#,
    );
    runtime.block_on(async {
        let named = Approval { named: true, ..Approval::NONE };
        runtime.host().load([(asking, named)], []).await;
        let registry = runtime.host().registry();
        let reason = registry.refused()[0].error.to_string();
        assert_eq!(reason, "needs approval for network: *, env: CITY, shell");
        assert!(registry.find_tool("run").is_err());
    });
}

#[test]
fn the_first_of_an_id_stays() {
    let runtime = runtime().build();
    runtime.block_on(async {
        let both = [package("same", &counter(), ""), package("same", &Guest::default(), "")];
        let approved = both.map(|package| (package, Approval::ALL));
        runtime.host().load(approved, []).await;
        assert_eq!(
            runtime.host().registry().refused()[0].error.to_string(),
            "shadowed by the one from /test/same"
        );
        assert_eq!(answer(runtime.host(), "run").await, Ok("1".into()));
    });
}

#[test]
fn a_faulty_description_keeps_a_plugin_out() {
    let runtime = runtime().build();
    let mut loads = 0;
    for (description, problem) in [
        ("not JSON", "expected ident"),
        (r#"{"tools":[{"name":"a b"}]}"#, "is not made of"),
        (r#"{"tools":[{"name":"a"},{"name":"a"}]}"#, "two tools are named `a`"),
        (r#"{"tools":[{"name":"ec__echo"}]}"#, "tool name `ec__echo` has `__`"),
        (
            r#"{"tools":[{"name":"a","input_schema":3}]}"#,
            "`input_schema` of tool `a` is not an object",
        ),
    ] {
        let describe = format!(
            "(i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const {}))
             (i32.const 16)",
            description.len()
        );
        let escaped = description.replace('"', "\\\"");
        let guest = Guest { describe, ..Guest::default() }
            .with(&format!("(data (i32.const 1024) \"{escaped}\")"));
        runtime.block_on(async {
            runtime.host().load([(package("odd", &guest, ""), Approval::ALL)], []).await;
            let registry = runtime.host().registry();
            let reason = registry.refused().last().unwrap().error.to_string();
            assert!(reason.contains(problem), "{description}: {reason}");
            loads += 1;
            let translations = runtime.host().memory_budget().translations();
            assert_eq!(translations, loads, "each guest is asked once");
        });
    }
}
