//! The json-query plugin: values out of JSON by a small path language, and formatting.
//!
//! The language is defined in this folder's SKILL.md.

#![cfg_attr(not(test), no_std)]

extern crate alloc;
extern crate bare as _;

mod evaluate;
mod parse;

use alloc::string::{String, ToString};
use json_text::{Arguments, Members, Value};

wit_bindgen::generate!({ path: "../../wit", world: "plugin" });

struct JsonQuery;

export!(JsonQuery);

impl exports::plugin::Guest for JsonQuery {
    fn init() -> Result<(), String> {
        Ok(())
    }

    fn execute_tool(tool_name: String, params_json: String) -> Result<String, String> {
        match tool_name.as_str() {
            "json_query" => json_query(&params_json),
            "json_format" => json_format(&params_json),
            other => Err(["json-query has no tool `", other, "`"].concat()),
        }
    }

    fn describe() -> String {
        include_str!("describe.json").to_string()
    }
}

fn json_query(params: &str) -> Result<String, String> {
    let arguments = Arguments::read("json_query", params, &["json", "query"])?;
    let query = parse::parse(arguments.string("query")?)?;
    let read;
    let document = match arguments.required("json")? {
        Value::String(text) => {
            read = read_document(text)?;
            &read
        }
        value => value,
    };
    let mut result = Members::new();
    result.add("result", query.answer(document)?);
    Ok(result.build().to_text())
}

fn json_format(params: &str) -> Result<String, String> {
    let known = ["json", "indent", "compact", "sort_keys"];
    let arguments = Arguments::read("json_format", params, &known)?;
    let indent = arguments.integer("indent", 0..=8, 2)? as usize;
    let compact = arguments.flag("compact")?;
    let sort_keys = arguments.flag("sort_keys")?;
    let mut document = match arguments.required("json")? {
        Value::String(text) => read_document(text)?,
        value => value.clone(),
    };
    if sort_keys {
        evaluate::sort_keys(&mut document);
    }
    let text = if compact { document.to_text() } else { document.to_indented_text(indent) };
    let mut result = Members::new();
    result.add("text", Value::String(text));
    Ok(result.build().to_text())
}

fn read_document(text: &str) -> Result<Value, String> {
    json_text::read(text).map_err(|error| ["`json` is not JSON: ", &error.message()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{
        "name": "hall", "version": 1.10, "serial": 123456789012345678901234567890, "odd-key": 1,
        "items": [
            {"name": "lamp", "watts": 9.50, "on": true, "tags": ["light"]},
            {"name": "heater", "watts": 1500, "on": false, "tags": []},
            {"name": "fan", "watts": 30, "on": true, "tags": ["air", "quiet"]}
        ]
    }"#;

    #[track_caller]
    fn check(query: &str, expected: &str) {
        let document = json_text::read(DOCUMENT).expect("valid");
        let answer = parse::parse(query).and_then(|query| query.answer(&document));
        let answer = answer.map(|value| value.to_text()).unwrap_or_else(|error| error);
        assert_eq!(answer, expected, "{query}");
    }

    #[test]
    fn paths() {
        check(".name", r#""hall""#);
        check(".version", "1.10");
        check(".serial", "123456789012345678901234567890");
        check(".items[0].watts", "9.50");
        check(".items[-1].name", r#""fan""#);
        check(".items[9].name", "null");
        check(".items[1:][].name", r#"["heater","fan"]"#);
        check(".items[:-2][].name", r#"["lamp"]"#);
        check(r#"."odd-key""#, "1");
        check(r#".["odd-key"]"#, "1");
        check(".missing.deeper", "null");
    }

    #[test]
    fn functions() {
        check(".items | length", "3");
        check(".items[] | length", "[4,4,4]");
        check(".items[0] | keys", r#"["name","on","tags","watts"]"#);
        check(".items[] | .name | type", r#"["string","string","string"]"#);
        check(".items[0].on | not", "false");
        check(r#".name | contains("al")"#, "true");
        check(r#".items[2].tags | contains("air")"#, "true");
    }

    #[test]
    fn selection() {
        check(".items[] | select(.watts > 9.5) | .name", r#"["heater","fan"]"#);
        check(".items[] | select(.on and .watts >= 9.5) | .name", r#"["lamp","fan"]"#);
        check(
            ".items[] | select((.tags | length) == 0 or .name == \"fan\").name",
            r#"["heater","fan"]"#,
        );
        check(".items[] | select(.on == false) | .name", r#"["heater"]"#);
        check(".items[0] | select(.on == false)", "null");
    }

    #[test]
    fn construction() {
        check("{name, count: .items | length}", r#"{"name":"hall","count":3}"#);
        check("{n: .items[].name}", r#"{"n":["lamp","heater","fan"]}"#);
        check("[.items[].tags[]] | length", "3");
        check(
            ".items[] | {name, \"w\": .watts}",
            r#"[{"name":"lamp","w":9.50},{"name":"heater","w":1500},{"name":"fan","w":30}]"#,
        );
        check("[.name, .version, -1.50, null]", r#"["hall",1.10,-1.50,null]"#);
        check(". == .", "true");
    }

    #[test]
    fn errors_name_the_place() {
        check(".items[", "query, character 8: expected an index, a slice or `]`, got the end");
        check(
            ".items | foo",
            "query, character 10: expected a path, a value, a function, `(`, `[` or `{`, got `foo`",
        );
        check(".name.first", "query, character 6: a string has no field named first");
        check(".version[0]", "query, character 9: a number has no items to index");
        check(".name[]", "query, character 6: a string can't be iterated");
        check(".on )", "query, character 5: expected the end, got `)`");
        check(
            "é",
            "query, character 1: expected a path, a value, a function, `(`, `[` or `{`, got `é`",
        );
        check(
            "",
            "query, character 1: expected a path, a value, a function, `(`, `[` or `{`, got the end",
        );
        check(
            &"(".repeat(50),
            "query, character 41: expected at most 40 brackets and operators, got `(`",
        );
        check(".items > 3", "query, character 8: an array is in no order to a number");
    }
}
