//! T28 to T32 and T45: fuel, memory and time.

use std::time::Duration;

use serde_json::json;
use weft_lite::errors::{CallError, Exhausted};

use crate::probe::Probe;

fn exhausted(probe: &Probe, tool: &str, params: &serde_json::Value) -> Exhausted {
    match probe.call(tool, params) {
        Err(CallError::Exhausted(exhausted)) => {
            assert!(
                CallError::Exhausted(exhausted.clone())
                    .to_string()
                    .starts_with("resource exhausted: ")
            );
            exhausted
        }
        other => panic!("expected an exhausted resource, got {other:?}"),
    }
}

#[test]
fn t28_an_endless_loop_exhausts_its_fuel() {
    let probe = Probe::new(&json!({}));
    assert_eq!(exhausted(&probe, "spin", &json!({})), Exhausted::Fuel { limit: 1_000_000_000 });
    assert_eq!(probe.call("echo", &json!({})), Ok(json!({})), "the host is alive");
}

#[test]
fn t29_more_than_16_mb_exhausts_the_memory() {
    let probe = Probe::new(&json!({}));
    let limit = Exhausted::Memory { limit: 16 << 20 };
    assert_eq!(exhausted(&probe, "allocate", &json!({ "mb": 17 })), limit);
    assert!(probe.call("allocate", &json!({ "mb": 15 })).is_ok());
}

#[test]
fn t30_computing_exhausts_the_wall_clock() {
    let resources = json!({ "max_execution_seconds": 1, "max_fuel": 10_000_000_000_u64 });
    let probe = Probe::with_resources(&json!({}), &resources);
    let limit = Duration::from_secs(1);
    assert_eq!(exhausted(&probe, "spin", &json!({})), Exhausted::Time { limit });
}

#[test]
fn t31_a_lower_fuel_limit_holds() {
    let probe = Probe::with_resources(&json!({}), &json!({ "max_fuel": 500_000_000 }));
    // 19 units an iteration: 475 and 570 million.
    assert!(probe.call("burn", &json!({ "iterations": 25_000_000 })).is_ok());
    let limit = Exhausted::Fuel { limit: 500_000_000 };
    assert_eq!(exhausted(&probe, "burn", &json!({ "iterations": 30_000_000 })), limit);
}

#[test]
fn t32_a_lower_memory_limit_holds() {
    let probe = Probe::with_resources(&json!({}), &json!({ "max_memory_mb": 8 }));
    assert!(probe.call("allocate", &json!({ "mb": 7 })).is_ok());
    let limit = Exhausted::Memory { limit: 8 << 20 };
    assert_eq!(exhausted(&probe, "allocate", &json!({ "mb": 9 })), limit);
}

#[test]
fn t45_fuel_is_fresh_for_each_call() {
    let probe = Probe::new(&json!({}));
    // 900 million units each: two calls only fit if nothing is carried over.
    for _ in 0..2 {
        let outcome = probe.outcome("burn", &json!({ "iterations": 47_300_000 }));
        assert!(outcome.result.is_ok(), "{outcome:?}");
        assert!(outcome.usage.fuel > 890_000_000, "{outcome:?}");
    }
}
