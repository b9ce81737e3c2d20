//! The stage that redacts, and stages that do not keep to their word.

use serde_json::json;
use weft_lite::errors::{CallError, Exhausted, PluginError};
use weft_lite::{PipelineStageType, limits};

use crate::hostile::{answering, kind_guest};
use crate::support::{MAX_FUEL, World, guest_error};

#[test]
fn redact_removes_only_addresses_and_card_numbers() {
    let world = World::with_example("redact");
    let stage = world.host().stage("redact").unwrap();
    assert_eq!(stage.name(), "redact");
    assert_eq!(stage.stage_type(), PipelineStageType::PreProcess);
    let state = json!({
        "sender": "ann@example.com",
        "payload": {
            "type": "text",
            "text": "Write to ann.b+c@mail.example.co.uk. Pay with 4111 1111 1111 1111, or 4111-1111-1111-1112!",
        },
        "history": [{ "type": "json", "value": { "mail": ["x@y.zz", 1.10, "a@b", "@home"] } }],
        "number": 12345678901234567890_u64,
    });
    let expected = json!({
        "sender": "ann@example.com",
        "payload": {
            "type": "text",
            "text": "Write to [e-mail address]. Pay with [card number], or 4111-1111-1111-1112!",
        },
        "history": [
            { "type": "json", "value": { "mail": ["[e-mail address]", 1.10, "a@b", "@home"] } },
        ],
        "number": 12345678901234567890_u64,
    });
    assert_eq!(world.block_on(stage.process(state)), Ok(expected));
}

#[test]
fn redact_ignores_lookalikes() {
    let world = World::with_example("redact");
    let stage = world.host().stage("redact").unwrap();
    let redacted = |text: &str| {
        let state = world.block_on(stage.process(json!({ "text": text }))).unwrap();
        state["text"].as_str().unwrap().to_owned()
    };
    for same in ["", "a@b.c", "user@localhost", "4111111111111", "Tel. 030 1234567", "1 2 3", "@"] {
        assert_eq!(redacted(same), same);
    }
    assert_eq!(redacted("<ünal@exämple.de>,b@c.dd"), "<[e-mail address]>,[e-mail address]");
    assert_eq!(redacted("5500 0000 0000 0004."), "[card number].");
    let two = "for 378282246310005 6011 0009 9013 9424, 12 times";
    assert_eq!(redacted(two), "for [card number] [card number], 12 times");
    assert_eq!(redacted("nr4222222222222x"), "nr[card number]x");
}

#[test]
fn an_oversized_state_is_refused_with_its_size() {
    let world = World::with_example("redact");
    let stage = world.host().stage("redact").unwrap();
    let state = json!("x".repeat(limits::ARGUMENTS_BYTES));
    let refused = world.block_on(stage.process(state)).unwrap_err();
    assert_eq!(refused.to_string(), "invalid parameters: 4194306 bytes, of at most 4194304");
}

#[test]
fn a_failing_stage_reports_its_own_words() {
    let guest = kind_guest("stage#process", &answering(1, "not today"));
    let world = World::with_guest(&guest, &["tool", "pipeline_stage"]);
    let stage = world.host().stage("test").unwrap();
    let result = world.block_on(stage.process(json!({})));
    assert_eq!(result.clone().unwrap_err().to_string(), "the plugin failed: not today");
    assert_eq!(guest_error(result), "not today");
}

#[test]
fn a_state_that_is_not_json_is_refused() {
    let guest = kind_guest("stage#process", &answering(0, "{oh"));
    let world = World::with_guest(&guest, &["tool", "pipeline_stage"]);
    let stage = world.host().stage("test").unwrap();
    let refused = world.block_on(stage.process(json!({}))).unwrap_err();
    assert!(matches!(&refused, PluginError::Invalid { .. }), "{refused}");
    assert!(refused.to_string().starts_with("the state from stage `test`: it is not JSON"));
}

#[test]
fn an_endless_stage_runs_out_of_fuel_alone() {
    // The first byte of the state decides.
    let body = format!(
        "(if (i32.eq (i32.load8_u (local.get 0)) (i32.const 49)) (then (loop (br 0)))) {}",
        answering(0, "true")
    );
    let world = World::with_guest(&kind_guest("stage#process", &body), &["tool", "pipeline_stage"]);
    let stage = world.host().stage("test").unwrap();
    let endless = world.block_on(stage.process(json!(1)));
    let fuel = CallError::Exhausted(Exhausted::Fuel { limit: MAX_FUEL });
    assert_eq!(endless, Err(PluginError::Call(fuel)));
    assert_eq!(world.block_on(stage.process(json!(2))), Ok(json!(true)));
}
