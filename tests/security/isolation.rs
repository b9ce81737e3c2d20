//! T43 and T44: two plugins at once.

use serde_json::json;

use crate::probe::{Probe, package};

fn two() -> Probe {
    let resources = json!({ "max_log_messages_per_minute": 5 });
    let probe = |id| package(id, &json!({}), &resources);
    Probe::hosting(&[probe("a"), probe("b")])
}

#[test]
fn t43_neither_sees_the_others_memory() {
    let probe = two();
    let call = |tool: &str, params| probe.call(tool, &params).unwrap();
    call("a__remember", json!({ "value": "a's" }));
    assert_eq!(call("b__recall", json!({})), json!(null));
    call("b__remember", json!({ "value": "b's" }));
    assert_eq!(call("a__recall", json!({})), json!("a's"));
    for expected in 1..=3 {
        assert_eq!(call("a__count", json!({})), json!({ "count": expected }));
    }
    assert_eq!(call("b__count", json!({})), json!({ "count": 1 }));
}

#[test]
fn t44_rate_limits_are_separate_for_each_plugin() {
    let probe = two();
    let log = |id: &str, count| {
        let params = json!({ "level": 2, "message": "x", "count": count });
        probe.call(&format!("{id}__log"), &params).unwrap();
    };
    log("a", 10);
    log("b", 5);
    let accepted = |id: &str| {
        let records = probe.audit();
        let of_plugin = records.iter().filter(|record| record.plugin == id);
        of_plugin.filter(|record| record.outcome == weft_lite::sandbox::AuditOutcome::Ok).count()
    };
    assert_eq!((accepted("a"), accepted("b")), (5, 5));
}
