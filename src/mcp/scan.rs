//! JSON text read from its start, token by token: what needs the text as it was written, which a parsed
//! value has not kept.
//!
//! `serde_json` reads 1.50 as a number and forgets how it was written, and of two members of one name it
//! keeps the last. Here the text stays, so that numbers reach a guest as its caller wrote them, and one
//! member of a long message is found without building a tree of the rest. Scanning recurses only into
//! values that `serde_json` has read before, which bounds their depth; [`Scanner::skip`] counts brackets
//! and doesn't recurse.

use std::borrow::Cow;

use serde_json::Value;

use crate::contract::{SortedMap, SortedSet, end_of_string, json_line};

/// A member of this name, where it is the only one, is read by `serde_json` as the value that its text says.
const STANDS_FOR_ITS_TEXT: &str = "$serde_json::private::RawValue";

/// A place in JSON text.
struct Scanner<'a> {
    text: &'a str,
    /// The byte at which it goes on.
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
        let (start, bytes) = (self.at, self.text.as_bytes());
        self.at = match is_text {
            true => end_of_string(bytes, start + 1)?,
            false => {
                let ends = |byte: &u8| b",:]} \t\r\n".contains(byte);
                start + 1 + bytes.get(start + 1..)?.iter().position(ends)?
            }
        };
        Some(&self.text[start..self.at])
    }

    /// Passes a whole value. `None` where the text ends within it.
    fn skip(&mut self) -> Option<()> {
        match self.peek() {
            b'{' | b'[' => {}
            b'}' | b']' | b',' | b':' | 0 => return None,
            _ => return self.token().map(|_| ()),
        }
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    self.at = end_of_string(bytes, self.at + 1)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Passes a whole value and tells whether it says what `value` does. Nothing is compared but the kinds
    /// of values and the names and numbers of members: `value` was read from this text.
    fn is(&mut self, value: &Value) -> bool {
        match (self.peek(), value) {
            (b'{', Value::Object(members)) => {
                self.at += 1;
                let all = members.iter().all(|(name, value)| {
                    let same = self.token().and_then(text).is_some_and(|it| it == **name)
                        && self.pass(b':')
                        && self.is(value);
                    self.pass(b',');
                    same
                });
                all && self.pass(b'}')
            }
            (b'[', Value::Array(items)) => {
                self.at += 1;
                let all = items.iter().all(|value| {
                    let same = self.is(value);
                    self.pass(b',');
                    same
                });
                all && self.pass(b']')
            }
            (b'{' | b'[', _) | (_, Value::Object(_) | Value::Array(_)) => false,
            _ => self.token().is_some(),
        }
    }
}

/// The value of a JSON string. `None` for anything else.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    match inner.contains('\\') {
        true => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
        false => Some(inner.into()),
    }
}

/// Finds the values of the members of these names in the text of an object that is known to be whole; one
/// that is `null` counts as none.
///
/// # Errors
///
/// What is no object, a member that is there twice, and a name that is no text.
///
/// `values` has one place for each of `names`, and every place is `None` before.
pub(super) fn members<'a>(
    object: &'a str,
    names: &[&str],
    values: &mut [Option<&'a str>],
) -> Result<(), String> {
    let mut scanner = Scanner { text: object, at: 0 };
    let mut found = vec![false; names.len()];
    if !scanner.pass(b'{') {
        return Err("invalid type: expected an object".into());
    }
    while scanner.peek() == b'"' {
        let name = scanner.token().and_then(text).ok_or("the name of a member is no text")?;
        scanner.pass(b':');
        scanner.peek();
        let start = scanner.at;
        scanner.skip().ok_or("a member has no value")?;
        let value = &object[start..scanner.at];
        scanner.pass(b',');
        if let Some(at) = names.iter().position(|wanted| *wanted == name) {
            // A proxy may go by the first of two names and this server by the last.
            if std::mem::replace(&mut found[at], true) {
                return Err(format!("duplicate field `{name}`"));
            }
            values[at] = Some(value).filter(|value| *value != "null");
        }
    }
    Ok(())
}

/// The `id`, as it is written, of a request of which only the beginning is known; if it stands there.
///
/// A message that is too long to be read still has a sender who waits: with the id it learns why.
pub(super) fn id_near_start(begin: &[u8]) -> Option<&str> {
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
            return scanner.token();
        }
        scanner.skip()?;
        scanner.pass(b',');
    }
    None
}

/// The text of `value`, with every number as it is written in `text`, which `value` was read from. `None`
/// where `text` says just that. Of two members of one name the last one stays, as in `value`. The numbers
/// at the addresses `integers` are written as integers.
///
/// A guest's reader may keep the first of two members where the check saw the last. Arguments that say
/// anything but the checked value are therefore written again.
pub(super) fn unlike_written(text: &str, value: &Value, integers: &[usize]) -> Option<String> {
    // Most arguments are passed on as they are: comparing costs less than copying.
    if integers.is_empty() && (Scanner { text, at: 0 }).is(value) {
        return None;
    }
    let scanner = Scanner { text, at: 0 };
    let integers = integers.iter().copied().collect();
    let written = String::with_capacity(text.len());
    let mut writer = Writer { scanner, integers, written, is_other: false };
    writer.value(Some(value));
    // Then only the checked value can be written.
    Some(if writer.is_other { json_line(value) } else { writer.written })
}

/// Copies JSON that is known to be whole.
struct Writer<'a> {
    /// Where it copies from.
    scanner: Scanner<'a>,
    /// Addresses within the value of the numbers that are to be written as integers.
    integers: SortedSet<usize>,
    /// The copy so far.
    written: String,
    /// The text differs from the value.
    is_other: bool,
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

    /// Copies an array, each item beside what it was read as.
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

    /// Copies an object. A name that is there twice is copied twice at first, and then once more with
    /// the last only.
    fn object(&mut self, value: Option<&Value>) {
        let members = value.and_then(Value::as_object);
        let begin = self.written.len();
        let mut found: Vec<(Cow<'_, str>, std::ops::Range<usize>)> = Vec::new();
        self.scanner.pass(b'{');
        self.written.push('{');
        while self.scanner.peek() == b'"' {
            let Some(key) = self.scanner.token() else { break };
            let name = text(key).unwrap_or_default();
            let start = self.written.len();
            self.written.push_str(key);
            self.written.push(':');
            self.scanner.pass(b':');
            self.is_other |= name == STANDS_FOR_ITS_TEXT;
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
        // Of equal names the last one stays.
        let last = found.iter().enumerate().map(|(place, (name, _))| (&**name, place));
        let last: SortedMap<&str, usize> = last.collect();
        let places = SortedSet::from_iter(last.into_values());
        let kept = places.iter().map(|place| &self.written[found[*place].1.clone()]);
        let kept = kept.collect::<Vec<_>>().join(",");
        self.written.truncate(begin);
        self.written.push('{');
        self.written.push_str(&kept);
    }
}

/// A whole number that is written with a fraction or an exponent, without them. `None` for one that
/// would be longer than any number that is exact in a program.
fn integer(token: &str) -> Option<String> {
    /// An `f64` has at most 309 digits before its point. `1e999999999` must not become a text of that
    /// length.
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
    fn members_are_found_as_they_are_written() {
        let object =
            r#" { "a" : [ "}\"" , {"b":1} ] , "\u0062":"x", "c":null,"d":-1.50 ,"e":{} } "#;
        let mut found = [None; 5];
        members(object, &["d", "b", "a", "c", "f"], &mut found).unwrap();
        let expected =
            [Some("-1.50"), Some("\"x\""), Some("[ \"}\\\"\" , {\"b\":1} ]"), None, None];
        assert_eq!(found, expected);
        for (object, problem) in [
            (r#"{"a":1,"\u0061":null}"#, "duplicate field `a`"),
            (r#"{"a":null,"a":1}"#, "duplicate field `a`"),
            (r#"{"\ud800":1,"a":1}"#, "the name of a member is no text"),
        ] {
            assert_eq!(members(object, &["a"], &mut [None]).unwrap_err(), problem, "{object}");
        }
        assert_eq!(members(r#"{"b":1,"b":2}"#, &["a"], &mut [None]), Ok(()));
    }

    #[test]
    fn a_value_with_another_meaning_is_written_again() {
        for (text, expected) in [
            (r#"{ "a" : [1.50, "x\/"], "\u0062": {} }"#, None),
            (r#"{"a":{"x":1.50,"y":[2.0],"x":3.0}}"#, Some(r#"{"a":{"y":[2.0],"x":3.0}}"#)),
            (r#"{"a":{"b":1},"\u0061":2.50}"#, Some(r#"{"\u0061":2.50}"#)),
            (r#"{"a":{"$serde_json::private::RawValue":"[1]"}}"#, Some(r#"{"a":[1]}"#)),
            (r#"{"$serde_json::private::RawValue":"{\"b\":2.5}"}"#, Some(r#"{"b":2.5}"#)),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(unlike_written(text, &value, &[]).as_deref(), expected, "{text}");
        }
    }
}
