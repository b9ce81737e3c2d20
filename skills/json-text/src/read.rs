//! From text to a value.

use crate::{Value, decimal};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many arrays and objects may stand inside each other.
pub const MAX_DEPTH: usize = 64;

/// Where and why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub expected: &'static str,
}

impl ReadError {
    /// `expected X at line 1, column 2`. Put together without `core::fmt`, which is kilobytes.
    pub fn message(&self) -> String {
        let (line, column) = (decimal(self.line as u64), decimal(self.column as u64));
        ["expected ", self.expected, " at line ", &line, ", column ", &column].concat()
    }
}

/// Reads one JSON text, as RFC 8259 has it.
///
/// # Errors
///
/// The first place where the text departs from JSON, nests deeper than [`MAX_DEPTH`], or goes on
/// after its value.
pub fn read(text: &str) -> Result<Value, ReadError> {
    let mut reader = Reader { text, at: 0 };
    reader.document().map_err(|expected| {
        let (mut line, mut column) = (1, 1);
        for byte in text.bytes().take(reader.at) {
            match byte {
                b'\n' => (line, column) = (line + 1, 1),
                // The further bytes of a character.
                0x80..0xc0 => {}
                _ => column += 1,
            }
        }
        ReadError { line, column, expected }
    })
}

/// A container that is still open.
enum Open {
    Array(Vec<Value>),
    /// The members so far and the name that waits for its value.
    Object(Vec<(String, Value)>, String),
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn document(&mut self) -> Read<Value> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let mut value = match self.next_token() {
                Some(b'[' | b'{') if open.len() == MAX_DEPTH => {
                    return Err("at most 64 levels of nesting");
                }
                Some(b'[') => {
                    self.at += 1;
                    if self.next_token() != Some(b']') {
                        open.push(Open::Array(Vec::new()));
                        continue;
                    }
                    self.at += 1;
                    Value::Array(Vec::new())
                }
                Some(b'{') => {
                    self.at += 1;
                    if self.next_token() != Some(b'}') {
                        let name = self.name()?;
                        open.push(Open::Object(Vec::new(), name));
                        continue;
                    }
                    self.at += 1;
                    Value::Object(Vec::new())
                }
                _ => self.scalar()?,
            };
            // The value goes into the container it stands in, which may be complete with it, and so on.
            loop {
                let next = self.next_token();
                let (comma, close) = match (open.last_mut(), next) {
                    (None, None) => return Ok(value),
                    (None, Some(_)) => return Err("the end of the text"),
                    (Some(Open::Array(items)), _) => {
                        items.push(value);
                        (next == Some(b','), next == Some(b']'))
                    }
                    (Some(Open::Object(members, name)), _) => {
                        members.push((core::mem::take(name), value));
                        (next == Some(b','), next == Some(b'}'))
                    }
                };
                if comma {
                    self.at += 1;
                    if let Some(Open::Object(_, name)) = open.last_mut() {
                        *name = self.name()?;
                    }
                    break;
                }
                value = match open.pop() {
                    Some(Open::Array(items)) if close => Value::Array(items),
                    Some(Open::Object(members, _)) if close => Value::Object(members),
                    Some(Open::Array(_)) => return Err("`,` or `]`"),
                    _ => return Err("`,` or `}`"),
                };
                self.at += 1;
            }
        }
    }

    /// A member's name and the colon after it.
    fn name(&mut self) -> Read<String> {
        if self.next_token() != Some(b'"') {
            return Err("a name in double quotes");
        }
        let name = self.string()?;
        if self.next_token() != Some(b':') {
            return Err("`:`");
        }
        self.at += 1;
        Ok(name)
    }

    fn scalar(&mut self) -> Read<Value> {
        match self.next_token() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => {
                let rest = &self.text[self.at..];
                for word in ["null", "true", "false"] {
                    if rest.starts_with(word) {
                        self.at += word.len();
                        return Ok(match word {
                            "null" => Value::Null,
                            word => Value::Bool(word == "true"),
                        });
                    }
                }
                Err("a JSON value")
            }
            None => Err("a JSON value, not the end of the text,"),
        }
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err("no digit after a leading zero");
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Value::Number(self.text[start..self.at].to_string()))
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err("a digit") } else { Ok(()) }
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let plain = self.text[self.at..]
                .bytes()
                .position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20)
                .unwrap_or(self.text.len() - self.at);
            string.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err("an escape such as `\\n` for a control character"),
                None => return Err("a closing quote"),
            }
        }
    }

    /// The escape whose backslash is next.
    fn escape(&mut self) -> Read<char> {
        let escape = self.text.as_bytes().get(self.at + 1);
        let character = match escape {
            Some(b'u') => {
                self.at += 2;
                return self.unicode_escape();
            }
            Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err("one of `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`"),
        };
        self.at += 2;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Read<char> {
        let high = self.four_hex_digits()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.four_hex_digits()?;
            // A wrong second half leaves the surrogate, which is no character.
            if (0xdc00..0xe000).contains(&low) {
                0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
            } else {
                high
            }
        } else {
            high
        };
        char::from_u32(code).ok_or("the other half of a surrogate pair")
    }

    fn four_hex_digits(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or("four hexadecimal digits")?;
            self.at += 1;
        }
        Ok(code)
    }

    fn next_token(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(text: &str) {
        assert_eq!(read(text).map(|value| value.to_text()).as_deref(), Ok(text));
    }

    #[track_caller]
    fn refused(text: &str, message: &str) {
        assert_eq!(read(text).map_err(|error| error.message()), Err(message.to_string()));
    }

    #[test]
    fn numbers_keep_their_text() {
        same("[1.10,-0,1E+05,123456789012345678901234567890]");
    }

    #[test]
    fn nesting_up_to_the_limit() {
        same(&("[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH)));
        assert!(read(&("[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1))).is_err());
    }

    #[test]
    fn escapes() {
        let text = r#""\"\\\/\b\f\n\r\tA\u00e9\ud83d\ude00""#;
        assert_eq!(read(text), Ok(Value::from("\"\\/\u{8}\u{c}\n\r\tAé😀")));
        refused(r#""\ud83d""#, "expected the other half of a surrogate pair at line 1, column 8");
        refused(
            r#""\x""#,
            r#"expected one of `\" \\ \/ \b \f \n \r \t \uXXXX` at line 1, column 2"#,
        );
    }

    #[test]
    fn places_of_errors() {
        refused("", "expected a JSON value, not the end of the text, at line 1, column 1");
        refused("{\n  \"é\": tru}", "expected a JSON value at line 2, column 8");
        refused("[1,]", "expected a JSON value at line 1, column 4");
        refused("{\"a\" 1}", "expected `:` at line 1, column 6");
        refused("[1 2]", "expected `,` or `]` at line 1, column 4");
        refused("{} x", "expected the end of the text at line 1, column 4");
        refused("01", "expected no digit after a leading zero at line 1, column 2");
        refused(
            "\"a\u{1}\"",
            "expected an escape such as `\\n` for a control character at line 1, column 3",
        );
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let value = read(r#"{"a":1,"a":2}"#).expect("valid");
        assert_eq!(value.get("a"), Some(&Value::from(2u64)));
    }
}
