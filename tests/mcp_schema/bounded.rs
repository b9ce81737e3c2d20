//! Hostile schemas and values: checking ends, and says why.
//!
//! Tests run on threads with 2 MB of stack, so an overflow would end them.

use serde_json::{Value, json};
use weft_lite::mcp::{Schema, SchemaError, SchemaPolicy, ViolationKind, schema_bounds as bounds};

use super::{compiled, schema, violations};

#[track_caller]
fn refused(document: &Value) -> SchemaError {
    Schema::compile(document, SchemaPolicy::Lenient).expect_err("a faulty schema was taken")
}

/// An object of one property. `json!` would write out its inner value, level by level.
fn object(name: &str, inner: Value) -> Value {
    Value::Object([(name.to_owned(), inner)].into_iter().collect())
}

fn array(inner: Value) -> Value {
    Value::Array(vec![inner])
}

/// `inner` within so many layers.
fn nested(levels: usize, inner: Value, layer: impl Fn(Value) -> Value) -> Value {
    (0..levels).fold(inner, |inner, _| layer(inner))
}

#[test]
fn recursive_schema_follows_a_value_into_its_depth() {
    let schema = schema(
        r##"{"$defs":{"n":{"anyOf":[{"type":"integer"},{"type":"array","items":{"$ref":"#/$defs/n"}}]}},
            "$ref":"#/$defs/n"}"##,
    );
    let deep = |levels, inner| nested(levels, inner, array);
    assert_eq!(schema.validate(&deep(40, json!(1))), Ok(()));
    assert!(schema.validate(&deep(40, json!("x"))).is_err());
}

#[test]
fn value_that_leads_too_deep_is_given_up() {
    let schema = schema(r##"{"properties":{"a":{"$ref":"#"}},"not":{"required":["b"]}}"##);
    let value = nested(1_000, json!({}), |inner| object("a", inner));
    let violations = violations(&schema, &value);
    assert_eq!(violations[0].kind, ViolationKind::TooDeep);
    assert!(
        violations[0].to_string().ends_with("expected at most 128 levels of schemas, got more")
    );
}

#[test]
fn an_undecided_check_is_not_negated() {
    let schema = schema(
        r##"{"$defs":{"d":{"properties":{"a":{"$ref":"#/$defs/d"}}}},"not":{"not":{"$ref":"#/$defs/d"}}}"##,
    );
    let value = nested(1_000, json!({}), |inner| object("a", inner));
    assert_eq!(violations(&schema, &value)[0].kind, ViolationKind::TooDeep);
}

#[test]
fn schema_that_applies_itself_without_end_is_refused() {
    for text in [
        r##"{"$ref":"#"}"##,
        r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}"##,
        r##"{"$defs":{"a":{"allOf":[{"not":{"$ref":"#/$defs/a"}}]}}}"##,
        r##"{"if":{"anyOf":[{"oneOf":[true,{"$ref":"#"}]}]}}"##,
        r##"{"if":true,"then":{"dependentSchemas":{"a":{"$ref":"#"}}}}"##,
    ] {
        let error = refused(&super::json(text));
        assert!(matches!(error, SchemaError::Loop { .. }), "{text}: {error}");
    }
}

#[test]
fn the_same_schema_twice_is_no_loop() {
    let schema = schema(
        r##"{"$defs":{"i":{"type":"integer"}},"allOf":[{"$ref":"#/$defs/i"},{"$ref":"#/$defs/i"},{"not":{"not":{"$ref":"#/$defs/i"}}}]}"##,
    );
    assert_eq!(schema.validate(&json!(1)), Ok(()));
}

#[test]
fn exponential_alternatives_are_given_up() {
    let mut definitions = json!({ "d0": { "type": "string" } });
    for level in 1..=40 {
        let below = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
        definitions[format!("d{level}")] = json!({ "anyOf": [below, below] });
    }
    let schema = compiled(&json!({ "$defs": definitions, "$ref": "#/$defs/d40" }));
    let violations = violations(&schema, &json!(1));
    assert_eq!(violations.last().unwrap().kind, ViolationKind::TooMuchWork);
    assert_eq!(schema.validate(&json!("x")), Ok(()), "the first alternative is enough");
}

#[test]
fn unevaluated_within_alternatives_is_given_up_too() {
    let layer = |inner: Value| json!({ "anyOf": [inner, inner], "unevaluatedProperties": false });
    let schema = compiled(&nested(11, json!({ "properties": { "a": {} } }), layer));
    let value: Value = (0..5_000)
        .map(|name| (format!("k{name}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(violations(&schema, &value).last().unwrap().kind, ViolationKind::TooMuchWork);
}

#[test]
fn a_hundred_thousand_different_items_are_checked() {
    let schema = schema(r#"{"uniqueItems":true,"items":{"type":["integer","array"]}}"#);
    let mut items: Vec<Value> = (0..50_000).map(|number| json!(number)).collect();
    items.extend((0..50_000).map(|number| json!([number])));
    assert_eq!(schema.validate(&Value::Array(items.clone())), Ok(()));
    items.push(json!([7.0]));
    let violations = violations(&schema, &Value::Array(items));
    assert_eq!(violations[0].expected, "items that are all different");
    assert_eq!(violations[0].got, "[7] in both 50007 and 100000");
}

#[test]
fn more_items_than_steps_are_given_up() {
    let schema = schema(r#"{"items":{"type":"integer"}}"#);
    let value = Value::Array(vec![json!(1); bounds::STEPS]);
    let violations = violations(&schema, &value);
    assert_eq!(violations[0].kind, ViolationKind::TooMuchWork);
    assert_eq!(violations[0].path, format!("/{}", bounds::STEPS - 1));
}

#[test]
fn items_too_deep_to_compare_are_given_up() {
    let schema = schema(r#"{"uniqueItems":true}"#);
    let deep = nested(1_000, json!(1), array);
    assert_eq!(
        violations(&schema, &Value::Array(vec![deep.clone(), deep]))[0].kind,
        ViolationKind::TooDeep
    );
}

#[test]
fn a_heavy_pattern_on_long_text_is_abandoned() {
    let schema = schema(r#"{"pattern":"[a-z]{500}z"}"#);
    let text = |length| json!("a".repeat(length));
    assert_eq!(violations(&schema, &text(1_000))[0].kind, ViolationKind::Mismatch);
    assert_eq!(violations(&schema, &text(1_000_000))[0].kind, ViolationKind::TooMuchWork);
}

#[test]
fn nested_repetition_takes_linear_time() {
    let schema = schema(r#"{"pattern":"^((a+)+)+$"}"#);
    assert_eq!(
        violations(&schema, &json!("a".repeat(50_000) + "!"))[0].kind,
        ViolationKind::Mismatch
    );
}

#[test]
fn long_pattern_is_cut_in_the_message() {
    let schema = schema(&json!({ "pattern": "a".repeat(5_000) }).to_string());
    let message = schema.validate(&json!("b")).unwrap_err()[0].to_string();
    assert!(message.contains("aaa…`") && message.len() < 500, "{message}");
}

#[test]
fn pattern_that_compiles_to_too_much_is_unsupported() {
    let schema = schema(r#"{"pattern":"((((a{100}){100}){100}){100})"}"#);
    assert_eq!(schema.unchecked()[0].keyword, "pattern");
    assert_eq!(schema.validate(&json!("b")), Ok(()));
}

#[test]
fn at_most_sixteen_violations_are_reported() {
    let schema = schema(r#"{"items":{"type":"string"}}"#);
    let violations = violations(&schema, &json!(vec![0; 1_000]));
    assert_eq!(violations.len(), bounds::VIOLATIONS);
    assert_eq!(violations[15].path, "/15");
}

#[test]
fn long_names_and_values_are_cut() {
    let schema =
        schema(r#"{"additionalProperties":{"type":"integer"},"propertyNames":{"maxLength":5}}"#);
    for letter in ["x", "é", "🦀", "\u{1}", "\""] {
        let name = letter.repeat(10_000);
        for violation in violations(&schema, &json!({ name.as_str(): name })) {
            assert!(
                violation.path.chars().count() <= bounds::SHOWN_CHARS + 2,
                "{}",
                violation.path
            );
            assert!(violation.got.chars().count() <= bounds::SHOWN_CHARS + 20, "{}", violation.got);
        }
    }
}

#[test]
fn deep_document_is_refused() {
    let deep = nested(200, json!({}), |inner| object("not", inner));
    assert_eq!(refused(&deep), SchemaError::TooDeep);
    let data = nested(200, json!(1), array);
    assert_eq!(refused(&object("const", data)), SchemaError::TooDeep);
}

#[test]
fn document_of_too_many_schemas_is_refused() {
    assert_eq!(refused(&json!({ "allOf": vec![true; bounds::SUBSCHEMAS] })), SchemaError::TooLarge);
}

#[test]
fn a_long_reference_chain_is_abandoned_without_recursion() {
    let mut definitions = json!({ "d0": { "type": "string" } });
    for level in 1..5_000 {
        definitions[format!("d{level}")] = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
    }
    let schema = compiled(&json!({ "$defs": definitions, "$ref": "#/$defs/d4999" }));
    assert_eq!(violations(&schema, &json!("x"))[0].kind, ViolationKind::TooDeep);
}

#[test]
fn long_names_above_many_schemas_are_refused() {
    let many: Value = (0..5_000)
        .map(|name| (name.to_string(), json!(true)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert!(
        Schema::compile(
            &json!({ "properties": { "a": { "properties": many } } }),
            SchemaPolicy::Strict
        )
        .is_ok()
    );
    let name = "a".repeat(2_000);
    assert_eq!(
        refused(&json!({ "properties": { name: { "properties": many } } })),
        SchemaError::TooLarge
    );
}

#[test]
fn patterns_that_are_too_large_together_are_unsupported() {
    let patterns: Vec<Value> =
        (0..1_000).map(|n| json!({ "pattern": format!("a{{1000}}{n}") })).collect();
    let schema = compiled(&json!({ "allOf": patterns }));
    let unchecked = schema.unchecked();
    assert!((900..1_000).contains(&unchecked.len()), "{}", unchecked.len());
    assert_eq!(unchecked.last().unwrap().pointer, "/allOf/999");
    assert_eq!(
        unchecked.last().unwrap().reason,
        "it is too long, or all patterns of the schema together are"
    );
}

#[test]
fn a_long_list_meets_a_long_enum() {
    let codes: Vec<_> = (0..250).map(|code| format!("code{code}")).collect();
    let schema = compiled(&json!({ "items": { "enum": codes } }));
    assert_eq!(schema.validate(&json!(vec![codes; 40].concat())), Ok(()));
}
