//! What one plugin may hold of the host's memory while it has neighbours, whatever its manifest says.

use std::sync::Arc;
use std::time::Instant;

use futures_lite::future::{block_on, or, poll_once};
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::{PluginIdentity, Sandbox, SandboxOptions};
use weft_lite::wasm::{CallBudget, Instance, MemoryBudget};
use weft_lite::{Approval, PluginPermissions, PluginResourceConfig};

use crate::guest::{ECHO, Guest};
use crate::host::{hosting, package, runtime};

const PAGE: usize = 65_536;
/// All guests' memory: 64 pages, of which one plugin may hold 32.
const BUDGET: usize = 64 * PAGE;
const MOST: &str =
    r#","resources":{"max_memory_mb":256,"max_execution_seconds":300,"max_fuel":10000000000}"#;

/// Takes so many pages beside its first one, and computes without end.
fn holding(pages: u32) -> Guest {
    Guest::running(&format!(
        "(drop (memory.grow (i32.const {pages}))) (loop $again (br $again)) (unreachable)"
    ))
}

fn share_of(plugin: &str) -> CallError {
    let (share, held_by) = (Some(BUDGET / 2), Some(plugin.into()));
    CallError::Exhausted(Exhausted::MemoryBudget { limit: BUDGET, share, held_by })
}

fn resources() -> PluginResourceConfig {
    PluginResourceConfig { max_memory_mb: 256, ..PluginResourceConfig::default() }
}

fn start(id: &str, guest: &Guest, memory: &Arc<MemoryBudget>) -> Result<Instance, CallError> {
    let (identity, resources) =
        (PluginIdentity { id: id.into(), version: "0.1.0".into() }, resources());
    let (permissions, options) = (PluginPermissions::default(), SandboxOptions::new("/nowhere"));
    let sandbox = Arc::new(Sandbox::new(identity, None, &permissions, &resources, &options).0);
    let (memory, mut budget) = (Arc::clone(memory), CallBudget::new(&resources));
    block_on(Instance::start(&guest.compile(), sandbox, &resources, memory, &mut budget))
}

fn pages(count: u32) -> Guest {
    Guest { memory: format!("(memory (export \"memory\") {count})"), ..Guest::default() }
}

#[test]
fn a_plugin_cannot_starve_its_neighbour() {
    let fresh = r#","instance":"per-call""#;
    let packages = || {
        let greedy = package("greedy", &holding(61), MOST);
        let modest = package("modest", &holding(30), MOST);
        vec![greedy, modest, package("neighbour", &Guest::default(), fresh)]
    };
    let builder = || runtime().memory_budget_bytes(BUDGET);
    hosting(builder(), packages(), async |host| {
        let greedy = host.call("greedy__run", "{}".into()).await.result;
        assert_eq!(greedy, Err(share_of("greedy")));
        let text = greedy.unwrap_err().to_string();
        assert!(text.contains("`greedy` may hold 2097152 beside others"), "{text}");
        // One that takes its share, of which the translated code is a part, computes on, and the neighbour gets its turns and its memory.
        let mut modest = Box::pin(host.call("modest__run", "{}".into()));
        assert!(poll_once(&mut modest).await.is_none());
        while host.memory_budget().held() < 31 * PAGE {
            smol::future::yield_now().await;
        }
        let neighbour = async { Some(host.call("neighbour__run", "7".into()).await.result) };
        let modest = async {
            modest.await;
            None
        };
        assert_eq!(or(neighbour, modest).await, Some(Ok("7".into())));
    });
}

#[test]
fn a_plugin_yields_surplus_memory_to_a_newcomer() {
    let memory = MemoryBudget::new(BUDGET);
    let mut alone = start("greedy", &holding(59), &memory).unwrap();
    let mut budget = CallBudget::new(&PluginResourceConfig {
        max_fuel: 10_000_000_000,
        max_execution_seconds: 300,
        ..resources()
    });
    let mut call = Box::pin(alone.execute_tool("run", "{}", &mut budget));
    // Alone it may have it all. The growth costs more than the fuel of a slice.
    while memory.held() < 60 * PAGE {
        assert!(block_on(poll_once(&mut call)).is_none());
    }
    let neighbour = start("neighbour", &Guest::default(), &memory).unwrap();
    assert_eq!(block_on(call), Err(share_of("greedy")));
    assert!(!alone.is_usable());
    drop((alone, neighbour));
    assert_eq!(memory.held(), 0);
}

#[test]
fn an_oversized_idle_instance_yields_to_neighbours() {
    let memory = MemoryBudget::new(BUDGET);
    let now = Instant::now();
    let parked = memory.park(start("greedy", &pages(60), &memory).unwrap(), now);
    let kept = memory.unpark(parked).expect("it is alone");
    let parked = memory.park(kept, now);
    let _neighbour = start("neighbour", &Guest::running(ECHO), &memory).unwrap();
    assert!(memory.unpark(parked).is_none());
    assert_eq!(memory.held(), PAGE);
    // A plugin's own idle instance gives way to its next one, and a neighbour's is let alone.
    let other = memory.park(start("other", &pages(1), &memory).unwrap(), now);
    let old = memory.park(start("greedy", &pages(20), &memory).unwrap(), now);
    let new = start("greedy", &pages(20), &memory).unwrap();
    assert!(memory.unpark(old).is_none());
    assert!(memory.unpark(other).is_some());
    assert_eq!(start("greedy", &pages(20), &memory).map(|_| ()), Err(share_of("greedy")));
    drop(new);
}

#[test]
fn a_full_budget_names_its_largest_holder() {
    let memory = MemoryBudget::new(BUDGET);
    let _small = start("small", &pages(20), &memory).unwrap();
    let _large = start("large", &pages(32), &memory).unwrap();
    let refused = start("late", &pages(20), &memory).unwrap_err();
    let held_by = Some("large".to_owned());
    let full = Exhausted::MemoryBudget { limit: BUDGET, share: None, held_by };
    assert_eq!(refused, CallError::Exhausted(full));
    assert!(refused.to_string().contains("most of it held by `large`"), "{refused}");
    assert!(start("late", &pages(12), &memory).is_ok(), "the rest is there for it");
}

#[test]
fn slow_translation_delays_no_neighbour() {
    let blocks = "block end ".repeat(150_000);
    let slow = Guest::default().with(&format!("(func {blocks})"));
    let quick = || package("quick", &Guest::running(ECHO), "");
    let slow = package("slow", &slow, "");
    assert!(slow.manifest.permissions.module_kb.is_some(), "it is not large");
    hosting(runtime(), vec![quick()], async |host| {
        let mut calls = 0;
        let calling = async {
            loop {
                assert_eq!(host.call("quick__run", "1".into()).await.result, Ok("1".into()));
                calls += 1;
            }
        };
        let loading = async {
            host.load([(quick(), Approval::ALL), (slow, Approval::ALL)], []).await;
        };
        or(loading, calling).await;
        assert!(host.call("slow__run", "1".into()).await.result.is_ok());
        // Translated on this thread, it would let a few through.
        assert!(calls > 10, "{calls} calls meanwhile");
    });
}
