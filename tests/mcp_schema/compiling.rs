//! Which documents are schemas, and which of their keywords go unchecked.

use serde_json::json;
use weft_lite::errors::ActionableError;
use weft_lite::mcp::{Schema, SchemaError, SchemaPolicy};

use super::{json, schema};

#[track_caller]
fn refused(text: &str) -> SchemaError {
    Schema::compile(&json(text), SchemaPolicy::Lenient).expect_err("a faulty schema was taken")
}

#[test]
fn invalid_keyword_values_are_refused_by_name() {
    for (text, message) in [
        (
            r#"{"type":5}"#,
            "`type` at the top is not one or more of null, boolean, integer, number, string, array and object",
        ),
        (
            r#"{"type":"int"}"#,
            "`type` at the top is not one or more of null, boolean, integer, number, string, array and object",
        ),
        (
            r#"{"properties":{"a":{"type":[]}}}"#,
            "`type` at `/properties/a` is not one or more of null, boolean, integer, number, string, array and object",
        ),
        (r#"{"enum":[]}"#, "`enum` at the top is not a list of at least one value"),
        (r#"{"enum":1}"#, "`enum` at the top is not a list of at least one value"),
        (r#"{"multipleOf":0}"#, "`multipleOf` at the top is not a number greater than 0"),
        (r#"{"multipleOf":-0.5}"#, "`multipleOf` at the top is not a number greater than 0"),
        (r#"{"minimum":"1"}"#, "`minimum` at the top is not a number"),
        (r#"{"minLength":-1}"#, "`minLength` at the top is not a whole number of at least 0"),
        (r#"{"maxItems":1.5}"#, "`maxItems` at the top is not a whole number of at least 0"),
        (r#"{"maxContains":null}"#, "`maxContains` at the top is not a whole number of at least 0"),
        (r#"{"pattern":1}"#, "`pattern` at the top is not a string"),
        (r#"{"uniqueItems":"yes"}"#, "`uniqueItems` at the top is not a boolean"),
        (r#"{"required":"a"}"#, "`required` at the top is not a list of strings"),
        (r#"{"required":[1]}"#, "`required` at the top is not a list of strings"),
        (r#"{"properties":[]}"#, "`properties` at the top is not an object of schemas"),
        (
            r#"{"dependentRequired":{"a":true}}"#,
            "`dependentRequired` at the top is not a list of strings",
        ),
        (r#"{"allOf":[]}"#, "`allOf` at the top is not a list of at least one schema"),
        (r#"{"anyOf":{}}"#, "`anyOf` at the top is not a list of at least one schema"),
        (r#"{"$ref":1}"#, "`$ref` at the top is not a string"),
        (r#"{"items":5}"#, "there is no schema at `/items`, but another kind of value"),
        (
            r#"{"properties":{"a/b":null}}"#,
            "there is no schema at `/properties/a~1b`, but another kind of value",
        ),
        ("[]", "there is no schema at the top, but another kind of value"),
    ] {
        let error = refused(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert!(!error.next_step().is_empty());
    }
}

#[test]
fn references_out_of_the_document_are_refused() {
    for reference in
        ["https://example.com/s.json", "other.json#/a", "file:///etc/passwd", "//host/x"]
    {
        let error = refused(&json!({ "items": { "$ref": reference } }).to_string());
        assert_eq!(
            error,
            SchemaError::ExternalReference {
                pointer: "/items".into(),
                reference: reference.into()
            }
        );
        assert_eq!(
            error.next_step(),
            "copy that schema under `$defs` and refer to it as `#/$defs/<name>`"
        );
    }
}

#[test]
fn references_to_nowhere_are_refused() {
    for reference in ["#/$defs/b", "#nothing", "#/allOf/1", "#/$defs/a/x", "#%FF"] {
        let document = json!({ "$defs": { "a": {} }, "allOf": [true], "$ref": reference });
        let error = refused(&document.to_string());
        let expected =
            SchemaError::UnknownReference { pointer: String::new(), reference: reference.into() };
        assert_eq!(error, expected);
    }
}

#[test]
fn a_reference_to_no_schema_is_refused() {
    let error = refused(r##"{"minimum":5,"$ref":"#/minimum"}"##);
    assert_eq!(error, SchemaError::NotASchema { pointer: "/minimum".into() });
}

const UNSUPPORTED: &[(&str, &str, &str)] = &[
    (r#"{"pattern":"^(?=a)b"}"#, "", "pattern"),
    (r#"{"properties":{"a":{"pattern":"\\p{L}+"}}}"#, "/properties/a", "pattern"),
    (r#"{"pattern":"(a)\\1"}"#, "", "pattern"),
    (r#"{"pattern":"["}"#, "", "pattern"),
    (r#"{"patternProperties":{"(?!x)":false}}"#, "", "patternProperties/(?!x)"),
    (r##"{"items":{"$dynamicRef":"#x"}}"##, "/items", "$dynamicRef"),
    (r##"{"$recursiveRef":"#"}"##, "", "$recursiveRef"),
    (r#"{"minimum":1,"exclusiveMinimum":true}"#, "", "exclusiveMinimum"),
    (r#"{"properties":{"a":{"required":true}}}"#, "/properties/a", "required"),
    (r#"{"disallow":"string"}"#, "", "disallow"),
];

#[test]
fn what_cannot_be_checked_is_named_and_passes() {
    for (text, pointer, keyword) in UNSUPPORTED {
        let schema = schema(text);
        let [unchecked] = schema.unchecked() else { panic!("{text}: {:?}", schema.unchecked()) };
        assert_eq!((unchecked.pointer.as_str(), unchecked.keyword.as_str()), (*pointer, *keyword));
        for value in [json!("5"), json!({ "a": "5", "b": 1 }), json!(["5"]), json!(2)] {
            assert_eq!(schema.validate(&value), Ok(()), "{text}: {value}");
        }
    }
    let schema = schema(UNSUPPORTED[0].0);
    assert_eq!(
        schema.unchecked()[0].to_string(),
        "`pattern` at the top can't be checked: look-around is not supported"
    );
}

#[test]
fn strict_schemas_refuse_what_cannot_be_checked() {
    for (text, pointer, keyword) in UNSUPPORTED {
        match Schema::compile(&json(text), SchemaPolicy::Strict) {
            Err(SchemaError::Unsupported(unsupported)) => {
                assert_eq!((&*unsupported.pointer, &*unsupported.keyword), (*pointer, *keyword));
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(
        Schema::compile(&json!({ "type": "string", "format": "email" }), SchemaPolicy::Strict)
            .is_ok()
    );
}

#[test]
fn what_stands_beside_an_unchecked_keyword_is_checked() {
    let schema = schema(r#"{"type":"string","pattern":"(?=a)","maxLength":2}"#);
    assert_eq!(schema.validate(&json!("zz")), Ok(()));
    assert!(schema.validate(&json!("zzz")).is_err());
    assert!(schema.validate(&json!(1)).is_err());
}

#[test]
fn an_unchecked_keyword_never_makes_a_violation_elsewhere() {
    const UNKNOWN: &str = r#"{"pattern":"(?=a)"}"#;
    for text in [
        r#"{"not":U}"#,
        r#"{"not":{"not":U}}"#,
        r#"{"not":{"allOf":[U]}}"#,
        r#"{"oneOf":[U,U]}"#,
        r#"{"oneOf":[U,true]}"#,
        r#"{"anyOf":[U,false]}"#,
        r#"{"if":U,"then":false}"#,
        r#"{"if":U,"else":false}"#,
        r#"{"if":{"not":U},"then":false,"else":false}"#,
    ] {
        let schema = schema(&text.replace('U', UNKNOWN));
        assert_eq!(schema.validate(&json!("b")), Ok(()), "{text}");
    }
    let items = schema(&r#"{"contains":U,"maxContains":1,"minContains":2}"#.replace('U', UNKNOWN));
    assert_eq!(items.validate(&json!(["a", "b", "c"])), Ok(()));
    assert!(items.validate(&json!(["a"])).is_err(), "there can't be two in it");
    let rest =
        schema(r##"{"$dynamicRef":"#x","unevaluatedProperties":false,"properties":{"a":{}}}"##);
    assert_eq!(rest.validate(&json!({ "b": 1 })), Ok(()));
}

#[test]
fn known_parts_of_an_unchecked_schema_decide() {
    let schema = schema(r#"{"not":{"type":"string","pattern":"(?=a)"}}"#);
    assert_eq!(schema.validate(&json!(1)), Ok(()));
    let two = super::schema(r#"{"oneOf":[true,true,{"pattern":"(?=a)"}]}"#);
    assert!(two.validate(&json!("a")).is_err());
}

#[test]
fn an_unsupported_name_pattern_leaves_additional_properties_unchecked() {
    let schema = schema(
        r#"{"properties":{"a":{"type":"integer"}},"patternProperties":{"(?!x)":{}},"additionalProperties":false}"#,
    );
    let keywords: Vec<_> = schema.unchecked().iter().map(|one| one.keyword.as_str()).collect();
    assert_eq!(keywords, ["patternProperties/(?!x)", "additionalProperties"]);
    assert_eq!(schema.validate(&json!({ "a": 1, "b": 2 })), Ok(()));
    assert!(schema.validate(&json!({ "a": "x" })).is_err());
}
