//! JSON text read from its begin, token by token: what needs the text as it was written, which a parsed
//! value has not kept.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::Value;

use super::message::RequestId;

/// A place in JSON text.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte that is no white space; 0 at the end.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Passes the next byte if it is this one.
    fn pass(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// The next string, number, `true`, `false` or `null` as it is written. `None` where the text ends
    /// within it.
    fn token(&mut self) -> Option<&'a str> {
        let is_text = self.peek() == b'"';
        let rest = &self.text[self.at..];
        let bytes = rest.bytes().enumerate();
        let mut escaped = false;
        let end = bytes.skip(1).find(|(_, byte)| match is_text {
            _ if std::mem::take(&mut escaped) => false,
            true => {
                escaped = *byte == b'\\';
                *byte == b'"'
            }
            false => b",:]} \t\r\n".contains(byte),
        });
        let end = end.map(|(at, _)| at + usize::from(is_text))?;
        self.at += end;
        Some(&rest[..end])
    }

    /// Passes a whole value. `None` where the text ends within it.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                0 => return None,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => {
                    self.token()?;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// The `id` of a request of which only the begin is known, if it stands there.
pub(super) fn id_near_begin(begin: &[u8]) -> Option<RequestId> {
    // The last character may be cut.
    let begin = match std::str::from_utf8(begin) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&begin[..error.valid_up_to()]).ok()?,
    };
    let mut scanner = Scanner { text: begin, at: 0 };
    if !scanner.pass(b'{') {
        return None;
    }
    while scanner.peek() == b'"' {
        let key = scanner.token()?;
        if !scanner.pass(b':') {
            return None;
        }
        if key == "\"id\"" {
            return serde_json::from_str(scanner.token()?).ok();
        }
        scanner.skip()?;
        scanner.pass(b',');
    }
    None
}

/// The text of `value`, with every number as it is written in `text`, which `value` was read from. Of two
/// members of one name the last one stays, as in `value`. The numbers at the addresses `integers` are
/// written as integers.
pub(super) fn as_written(text: &str, value: &Value, integers: &[usize]) -> String {
    if integers.is_empty() && is_exact(value) {
        return value.to_string();
    }
    let scanner = Scanner { text, at: 0 };
    let integers = integers.iter().copied().collect();
    let mut writer = Writer { scanner, integers, written: String::with_capacity(text.len()) };
    writer.value(Some(value));
    writer.written
}

/// Whether a value's own text has its numbers as they were written.
fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(members) => members.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Copies JSON that is known to be whole.
struct Writer<'a> {
    scanner: Scanner<'a>,
    integers: HashSet<usize>,
    written: String,
}

impl Writer<'_> {
    /// Copies the next value. `value` is what it was read as; `None` for a member that another of its
    /// name stands in for.
    fn value(&mut self, value: Option<&Value>) {
        match self.scanner.peek() {
            b'{' => self.object(value),
            b'[' => self.array(value),
            _ => {
                // A number that is the whole text has no end.
                let rest = self.scanner.text[self.scanner.at..].trim_end();
                let token = self.scanner.token().unwrap_or(rest);
                let is_integer =
                    value.is_some_and(|it| self.integers.contains(&std::ptr::from_ref(it).addr()));
                match is_integer.then(|| integer(token)).flatten() {
                    Some(integer) => self.written.push_str(&integer),
                    None => self.written.push_str(token),
                }
            }
        }
    }

    fn array(&mut self, value: Option<&Value>) {
        self.scanner.pass(b'[');
        self.written.push('[');
        let items = value.and_then(Value::as_array);
        let mut count = 0;
        while !matches!(self.scanner.peek(), b']' | 0) {
            self.value(items.and_then(|items| items.get(count)));
            count += 1;
            if self.scanner.pass(b',') {
                self.written.push(',');
            }
        }
        self.scanner.pass(b']');
        self.written.push(']');
    }

    fn object(&mut self, value: Option<&Value>) {
        let members = value.and_then(Value::as_object);
        let begin = self.written.len();
        let mut found: Vec<(Cow<'_, str>, std::ops::Range<usize>)> = Vec::new();
        self.scanner.pass(b'{');
        self.written.push('{');
        while self.scanner.peek() == b'"' {
            let Some(key) = self.scanner.token() else { break };
            let name: Cow<'_, str> = match key.contains('\\') {
                true => serde_json::from_str::<String>(key).unwrap_or_default().into(),
                false => key[1..key.len() - 1].into(),
            };
            let start = self.written.len();
            self.written.push_str(key);
            self.written.push(':');
            self.scanner.pass(b':');
            self.value(members.and_then(|members| members.get(&*name)));
            found.push((name, start..self.written.len()));
            if self.scanner.pass(b',') {
                self.written.push(',');
            }
        }
        self.scanner.pass(b'}');
        if members.is_some_and(|members| members.len() < found.len()) {
            self.keep_last(begin, &found);
        }
        self.written.push('}');
    }

    /// Writes the object that begins at `begin` once more, with the last member of each name.
    fn keep_last(&mut self, begin: usize, found: &[(Cow<'_, str>, std::ops::Range<usize>)]) {
        let mut names = HashSet::new();
        let last = found.iter().rev().filter(|(name, _)| names.insert(&**name));
        let mut kept: Vec<&str> = last.map(|(_, at)| &self.written[at.clone()]).collect();
        kept.reverse();
        let kept = kept.join(",");
        self.written.truncate(begin);
        self.written.push('{');
        self.written.push_str(&kept);
    }
}

/// A whole number that is written with a fraction or an exponent, without them. `None` for one that
/// would be longer than any number that is exact in a program.
fn integer(token: &str) -> Option<String> {
    const DIGITS: i64 = 400;
    let (mantissa, exponent) = token.split_once(['e', 'E']).unwrap_or((token, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let length = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    if !(..=DIGITS).contains(&length) {
        return None;
    }
    let length = usize::try_from(length).unwrap_or(0);
    let digits = match digits.get(length..) {
        // What is behind the point is nothing, or the number would not be whole.
        Some(rest) if rest.bytes().all(|digit| digit == b'0') => digits[..length].to_owned(),
        Some(_) => return None,
        None => format!("{digits:0<length$}"),
    };
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_loses_its_fraction_and_exponent() {
        for (written, expected) in [
            ("5.0", Some("5")),
            ("-5.000", Some("-5")),
            ("1e3", Some("1000")),
            ("1.25E+2", Some("125")),
            ("1200e-2", Some("12")),
            ("-0.0", Some("0")),
            ("0e5", Some("0")),
            ("1e22", Some("10000000000000000000000")),
            ("12345678901234567890123.0", Some("12345678901234567890123")),
            ("1e999", None),
            ("1.5", None),
        ] {
            assert_eq!(integer(written).as_deref(), expected, "{written}");
        }
    }

    #[test]
    fn an_id_is_read_from_the_begin_of_a_message() {
        let id =
            |text: &str| id_near_begin(text.as_bytes()).map(|id| serde_json::json!(id).to_string());
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"#, Some("7")),
            (r#" { "params" : {"id":1,"b":["]",{}]} , "id" : "a\"b" , "x":"#, Some(r#""a\"b""#)),
            (r#"{"method":"x","params":{"id":3,"text":"xxxx"#, None),
            (r#"{"id":12"#, None),
            (r#"{"id":1.5,"a":1}"#, None),
            (r#"["id",1]"#, None),
            ("", None),
        ] {
            assert_eq!(id(text).as_deref(), expected, "{text}");
        }
    }
}
