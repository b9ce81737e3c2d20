//! What checking a tool's arguments costs, beside the call it precedes.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};
use support::Report;
use weft_lite::mcp::{Schema, SchemaPolicy};

fn main() -> ExitCode {
    let mut report = Report::begin("checking arguments against the JSON Schema of a tool");
    let document = typical();
    let compile = shortest(400, 500, || {
        black_box(Schema::compile(&document, SchemaPolicy::Strict).is_ok());
    });
    report.figure("compile a schema of nine properties", compile, "us");

    let schema = Schema::compile(&document, SchemaPolicy::Strict).expect("it is a schema");
    let right = arguments();
    schema.validate(&right).expect("they fit");
    let fitting = shortest(400, 500, || {
        black_box(schema.validate(black_box(&right)).is_ok());
    });
    report.bounded("arguments that fit", fitting, "us", 2.0);

    let mut wrong = right.clone();
    wrong["limit"] = json!("ten");
    wrong["tags"] = json!(["a", "b", "a"]);
    let differing = shortest(400, 500, || {
        black_box(schema.validate(black_box(&wrong)).is_err());
    });
    report.figure("arguments with two violations", differing, "us");

    let (large, pattern, unique) = (large(), json!("a".repeat(4_000)), distinct());
    for (what, document, value) in [
        (
            "100,000 objects of three properties",
            json!({ "items": document["$defs"]["place"] }),
            &large,
        ),
        ("4 KB against a pattern of 32 KB", json!({ "pattern": "[a-z]{500}z" }), &pattern),
        ("200,000 different numbers", json!({ "uniqueItems": true }), &unique),
    ] {
        let schema = Schema::compile(&document, SchemaPolicy::Strict).expect("it is a schema");
        let best = shortest(20, 1, || {
            black_box(schema.validate(value).is_ok());
        });
        report.figure(what, best / 1e3, "ms");
    }
    report.end()
}

/// The schema of a tool that searches for events, as people write them.
fn typical() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "query": { "type": "string", "minLength": 1, "maxLength": 200 },
            "kind": { "enum": ["concert", "talk", "fair"], "default": "talk" },
            "limit": { "type": "integer", "minimum": 1, "maximum": 100 },
            "price": { "type": "number", "multipleOf": 0.01 },
            "online": { "type": "boolean" },
            "date": { "type": "string", "format": "date" },
            "tags": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "near": { "$ref": "#/$defs/place" },
            "sort": { "anyOf": [{ "type": "null" }, { "enum": ["date", "price"] }] },
        },
        "required": ["query", "kind"],
        "additionalProperties": false,
        "$defs": {
            "place": {
                "type": "object",
                "properties": {
                    "latitude": { "type": "number", "minimum": -90, "maximum": 90 },
                    "longitude": { "type": "number", "minimum": -180, "maximum": 180 },
                    "name": { "type": "string" },
                },
                "required": ["latitude", "longitude"],
            },
        },
    })
}

fn arguments() -> Value {
    json!({
        "query": "open air", "kind": "concert", "limit": 10, "price": 19.99, "online": false,
        "date": "2026-06-21", "tags": ["jazz", "free"],
        "near": { "latitude": 52.52, "longitude": 13.4, "name": "Berlin" }, "sort": "price",
    })
}

fn large() -> Value {
    vec![json!({ "latitude": 1.5, "longitude": 2, "name": "x" }); 100_000].into()
}

fn distinct() -> Value {
    (0..200_000).collect::<Vec<_>>().into()
}

/// The microseconds of one run in the best of many short rounds, which other processes leave alone.
fn shortest(rounds: u32, runs: u32, mut run: impl FnMut()) -> f64 {
    let round = |_| {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        start.elapsed() / runs
    };
    let best = (0..rounds).map(round).min().unwrap_or_default();
    best.as_secs_f64() * 1e6
}
