//! What a model reads: where, what was expected, and what was there.

use super::{json, schema, violations};

/// A schema, a value, and every line that is said of it.
#[rustfmt::skip]
const MESSAGES: &[(&str, &str, &[&str])] = &[
    (r#"{"properties":{"items":{"items":{"properties":{"count":{"type":"integer"}}}}}}"#,
        r#"{"items":[{"count":"three"}]}"#, &[r#"/items/0/count: expected an integer, got "three""#]),
    (r#"{"type":"object"}"#, "5", &["expected an object, got 5"]),
    (r#"{"type":["string","null","array"]}"#, "{}", &["expected null, a string or an array, got {}"]),
    (r#"{"properties":{"unit":{"enum":["c","f",null]}}}"#, r#"{"unit":"k"}"#,
        &[r#"/unit: expected one of "c", "f", null, got "k""#]),
    (r#"{"const":{"a":1}}"#, "[]", &[r#"expected {"a":1}, got []"#]),
    (r#"{"multipleOf":0.01}"#, "0.015", &["expected a multiple of 0.01, got 0.015"]),
    (r#"{"minimum":1}"#, "0", &["expected a number of at least 1, got 0"]),
    (r#"{"maximum":1.5}"#, "2", &["expected a number of at most 1.5, got 2"]),
    (r#"{"exclusiveMinimum":0}"#, "0", &["expected a number greater than 0, got 0"]),
    (r#"{"exclusiveMaximum":1e21}"#, "1e22", &["expected a number less than 1000000000000000000000, got 1e+22"]),
    (r#"{"minLength":3}"#, r#""é""#, &[r#"expected at least 3 characters, got "é" (1 character)"#]),
    (r#"{"maxItems":1}"#, "[1,2]", &["expected at most 1 item, got [1,2] (2 items)"]),
    (r#"{"minProperties":1}"#, "{}", &["expected at least 1 property, got {} (0 properties)"]),
    (r#"{"pattern":"^\\d+$"}"#, r#""x""#, &[r#"expected a string that matches `^\d+$`, got "x""#]),
    (r#"{"uniqueItems":true}"#, r#"["a","b","a"]"#, &[r#"expected items that are all different, got "a" in both 0 and 2"#]),
    (r#"{"required":["name"]}"#, r#"{"nmae":"x"}"#, &[r#"expected a property "name", got {"nmae":"x"}"#]),
    (r#"{"required":["a","b","c"]}"#, r#"{"b":1}"#, &[r#"expected properties "a" and "c", got {"b":1}"#]),
    (r#"{"dependentRequired":{"card":["address"]}}"#, r#"{"card":1}"#,
        &[r#"expected a property "address" beside "card", got {"card":1}"#]),
    (r#"{"properties":{"a":{},"b":{}},"additionalProperties":false}"#, r#"{"a":1,"c":2}"#,
        &[r#"/c: expected one of the properties "a", "b", got "c""#]),
    (r#"{"properties":{"a":{}},"additionalProperties":false}"#, r#"{"b":2}"#,
        &[r#"/b: expected only the property "a", got "b""#]),
    (r#"{"additionalProperties":false}"#, r#"{"b":2}"#, &[r#"/b: expected no property of this name, got "b""#]),
    (r#"{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}"#, r#"{"a":1,"b":2}"#,
        &[r#"/b: expected no property of this name, got "b""#]),
    (r#"{"propertyNames":{"maxLength":1}}"#, r#"{"ab":1}"#,
        &[r#"expected as a property's name at most 1 character, got "ab" (2 characters)"#]),
    (r#"{"prefixItems":[{}],"items":false}"#, "[1,2]", &["/1: expected nothing, got 2"]),
    (r#"{"contains":{"type":"string"}}"#, "[1,2]", &["expected at least 1 of the items to be a string, got 0 of 2"]),
    (r#"{"anyOf":[{"type":"string"},{"type":"null"}]}"#, "5", &["expected a string or null, got 5"]),
    (r#"{"anyOf":[{"type":"string"},{"properties":{"n":{"type":"integer"}}}]}"#, r#"{"n":"x"}"#,
        &[r#"expected a string or an integer at /n, got {"n":"x"}"#]),
    (r#"{"oneOf":[{"minimum":1},{"minimum":2},{"type":"null"}]}"#, "3",
        &["expected a value that fits one of 3 alternatives, got 3, which fits 0 and 1"]),
    (r#"{"oneOf":[{"const":"a"},{"const":"b"}]}"#, r#""c""#, &[r#"expected "a" or "b", got "c""#]),
    (r#"{"not":{"type":"integer"}}"#, "1", &["expected anything but an integer, got 1"]),
    (r#"{"if":{"required":["a"]},"then":{"required":["b"]}}"#, r#"{"a":1}"#, &[r#"expected a property "b", got {"a":1}"#]),
    (r#"{"required":["a"],"properties":{"b":{"type":"integer"},"c":{"minimum":5}}}"#, r#"{"b":"x","c":1}"#,
        &[r#"expected a property "a", got {"b":"x","c":1}"#, r#"/b: expected an integer, got "x""#,
          "/c: expected a number of at least 5, got 1"]),
    (r#"{"properties":{"a/b~c":{"type":"null"}}}"#, r#"{"a/b~c":1}"#, &["/a~1b~0c: expected null, got 1"]),
    (r#"{"minimum":5,"enum":[9],"type":"integer"}"#, r#""x""#, &[r#"expected an integer, got "x""#]),
    (r#"{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}],"not":{"const":1}}"#, "1",
        &["expected an object, got 1"]),
];

#[test]
fn violations_name_place_expectation_and_value() {
    for (text, value, lines) in MESSAGES {
        let violations = violations(&schema(text), &json(value));
        let said: Vec<_> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(said, *lines, "{text}");
    }
}

#[test]
fn a_long_enum_is_shown_by_its_beginning() {
    let values: Vec<_> = (0..100).collect();
    let schema = super::compiled(&serde_json::json!({ "enum": values }));
    let violation = &violations(&schema, &json("100"))[0];
    assert_eq!(
        violation.to_string(),
        "expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 … (100 in all), got 100"
    );
}

#[test]
fn a_long_value_is_shown_by_its_beginning() {
    let violation =
        &violations(&schema(r#"{"type":"null"}"#), &json(&format!("{:?}", "ab".repeat(500))))[0];
    assert_eq!(violation.got, format!("\"{}a…", "ab".repeat(39)));
}
