//! Arguments that clients over HTTP repeat in headers, as a tool's schema asks for with `x-mcp-header`.
//!
//! A client excludes a tool whose annotation breaks a rule (2026-07-28, Streamable HTTP, Schema
//! Extension), so such a tool is not offered in the first place and the operator reads why.

use crate::contract::sort_by;
use serde_json::Value;

/// The keyword with the name of the header, without its prefix `Mcp-Param-`.
const ANNOTATION: &str = "x-mcp-header";

/// An argument that is repeated in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "only HTTP has headers"))]
pub(in crate::mcp) struct HeaderParameter {
    /// The header's name, in lower case.
    pub(in crate::mcp) header: String,
    /// The names that lead to the argument.
    pub(in crate::mcp) path: Vec<String>,
}

/// The arguments of a schema that are repeated in headers.
///
/// # Errors
///
/// An annotation that clients would not take, and the whole tool with it.
pub(super) fn parameters(schema: &Value) -> Result<Vec<HeaderParameter>, String> {
    let mut found = Vec::new();
    reachable(schema, &mut Vec::new(), &mut found)?;
    // A schema that `properties` does not lead to describes no argument that can be named.
    if found.len() != annotations(schema) {
        return Err(format!("`{ANNOTATION}` is only for properties within `properties`"));
    }
    let mut names: Vec<&str> = found.iter().map(|parameter| parameter.header.as_str()).collect();
    sort_by(&mut names, Ord::cmp);
    match names.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(format!("`{ANNOTATION}` has one name twice")),
        false => Ok(found),
    }
}

/// Collects the annotations that a chain of `properties` leads to; `path` is the chain so far.
///
/// # Errors
///
/// A name that is no token, and an annotated property that is neither a string, an integer nor a
/// boolean.
fn reachable(
    schema: &Value,
    path: &mut Vec<String>,
    found: &mut Vec<HeaderParameter>,
) -> Result<(), String> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(());
    };
    for (name, property) in properties {
        path.push(name.clone());
        if let Some(annotation) = property.get(ANNOTATION) {
            let token = annotation.as_str().filter(|token| is_token(token));
            let token = token.ok_or_else(|| format!("`{ANNOTATION}` is no name of a header"))?;
            if !["string", "integer", "boolean"].iter().any(|kind| property["type"] == *kind) {
                return Err(format!("`{ANNOTATION}` is only for strings, integers and booleans"));
            }
            let header = format!("mcp-param-{}", token.to_ascii_lowercase());
            found.push(HeaderParameter { header, path: path.clone() });
        }
        reachable(property, path, found)?;
        path.pop();
    }
    Ok(())
}

/// How many schemas in this one are annotated. A property of this name is no annotation.
fn annotations(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| match name.as_str() {
                ANNOTATION => 1,
                "properties" | "$defs" | "definitions" | "patternProperties" => value
                    .as_object()
                    .into_iter()
                    .flat_map(|map| map.values())
                    .map(annotations)
                    .sum(),
                "const" | "enum" | "default" | "examples" => 0,
                _ => annotations(value),
            })
            .sum(),
        Value::Array(items) => items.iter().map(annotations).sum(),
        _ => 0,
    }
}

/// The name of a header (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_plain_properties_are_repeated_in_headers() {
        let region = json!({ "type": "string", "x-mcp-header": "Region" });
        let nested = json!({ "properties": { "a": { "properties": { "b": region } } } });
        let expected = HeaderParameter {
            header: "mcp-param-region".into(),
            path: vec!["a".into(), "b".into()],
        };
        assert_eq!(parameters(&nested), Ok(vec![expected]));
        for wrong in [
            json!({ "properties": { "a": { "items": region } } }),
            json!({ "anyOf": [region] }),
            json!({ "properties": { "a": region, "b": region } }),
            json!({ "properties": { "a": { "type": "number", "x-mcp-header": "A" } } }),
            json!({ "properties": { "a": { "type": "string", "x-mcp-header": "a b" } } }),
            json!({ "properties": { "a": { "type": "string", "x-mcp-header": "" } } }),
        ] {
            assert!(parameters(&wrong).is_err(), "{wrong}");
        }
        let data = json!({ "properties": { "x-mcp-header": { "default": region } } });
        assert_eq!(parameters(&data), Ok(Vec::new()));
    }
}
