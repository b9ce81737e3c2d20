//! From a value to text.

use crate::Value;
use alloc::string::String;

impl Value {
    /// The value in one line, without spaces.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        write(self, None, 0, &mut out);
        out
    }

    /// The value over several lines, each level `indent` spaces further in.
    pub fn to_indented_text(&self, indent: usize) -> String {
        let mut out = String::new();
        write(self, Some(indent), 0, &mut out);
        out
    }
}

fn write(value: &Value, indent: Option<usize>, depth: usize, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => push_string(text, out),
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Object(members) if members.is_empty() => out.push_str("{}"),
        Value::Array(items) => {
            let mut before = '[';
            for item in items {
                begin_item(before, indent, depth, out);
                write(item, indent, depth + 1, out);
                before = ',';
            }
            end_line(indent, depth, out);
            out.push(']');
        }
        Value::Object(members) => {
            let mut before = '{';
            for (name, member) in members {
                begin_item(before, indent, depth, out);
                push_string(name, out);
                out.push_str(if indent.is_some() { ": " } else { ":" });
                write(member, indent, depth + 1, out);
                before = ',';
            }
            end_line(indent, depth, out);
            out.push('}');
        }
    }
}

fn begin_item(before: char, indent: Option<usize>, depth: usize, out: &mut String) {
    out.push(before);
    end_line(indent, depth + 1, out);
}

fn end_line(indent: Option<usize>, depth: usize, out: &mut String) {
    if let Some(indent) = indent {
        out.push('\n');
        out.extend(core::iter::repeat_n(' ', indent * depth));
    }
}

/// Writes a text as JSON has it, in double quotes.
pub fn push_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ if byte < 0x10 => "\\u000",
            _ => "\\u001",
        };
        out.push_str(escape);
        if escape.len() > 2 {
            out.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use crate::read;

    #[test]
    fn indented() {
        let value = read(r#"{"a":[1,{}],"b":"x\u0001"}"#).expect("valid");
        assert_eq!(
            value.to_indented_text(2),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x\\u0001\"\n}"
        );
    }
}
