//! From the text of a query to its steps.

use crate::evaluate::{Comparison, Query, Step};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::{Value, characters, decimal};

/// Brackets and operators in one query; each may be a level of the small stack when it runs.
const MAX_LEVELS: usize = 40;

/// Parses a whole query.
///
/// # Errors
///
/// What was expected, where, and what stands there.
pub fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser { text, at: 0, levels: 0 };
    let mut query = Query::default();
    let parsed = parser.pipe(&mut query);
    let ended = parsed.and_then(|()| if parser.peek().is_none() { Ok(()) } else { Err("the end") });
    ended.map_err(|expected| parser.unexpected(expected))?;
    Ok(query)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    levels: usize,
}

type Parse<T> = Result<T, &'static str>;

impl<'a> Parser<'a> {
    fn unexpected(&mut self, expected: &str) -> String {
        self.skip_space();
        let rest = self.rest();
        let word = rest.bytes().take_while(|&byte| is_name(byte)).count();
        let got = &rest[..word.max(rest.chars().next().map_or(0, char::len_utf8))];
        let got = if got.is_empty() { "the end" } else { &["`", got, "`"].concat() };
        let character = decimal(self.place() as u64 + 1);
        ["query, character ", &character, ": expected ", expected, ", got ", got].concat()
    }

    /// `a | b | c`
    fn pipe(&mut self, into: &mut Query) -> Parse<()> {
        self.binary(0, into)?;
        while self.take("|") {
            self.binary(0, into)?;
        }
        Ok(())
    }

    /// `or`, `and` and comparisons, which bind in this order from 0 to 2.
    fn binary(&mut self, binding: u8, into: &mut Query) -> Parse<()> {
        let start = into.steps.len();
        self.term(into)?;
        loop {
            self.skip_space();
            let place = self.place();
            let Some((operator, level)) = self.operator(binding) else {
                return Ok(());
            };
            self.level()?;
            let mut sides =
                Box::new((Query { steps: into.steps.split_off(start) }, Query::default()));
            self.binary(level + 1, &mut sides.1)?;
            into.add(place, Step::Operate(operator, sides));
        }
    }

    fn operator(&mut self, binding: u8) -> Option<(Comparison, u8)> {
        const OPERATORS: [(&str, Comparison, u8); 8] = [
            ("or", Comparison::Or, 0),
            ("and", Comparison::And, 1),
            ("==", Comparison::Equal, 2),
            ("!=", Comparison::NotEqual, 2),
            ("<=", Comparison::AtMost, 2),
            (">=", Comparison::AtLeast, 2),
            ("<", Comparison::Less, 2),
            (">", Comparison::More, 2),
        ];
        OPERATORS
            .into_iter()
            .find(|&(token, _, level)| level >= binding && self.take(token))
            .map(|(_, operator, level)| (operator, level))
    }

    /// A start such as `.name` or `(…)`, and what follows it without a pipe.
    fn term(&mut self, into: &mut Query) -> Parse<()> {
        self.start(into)?;
        loop {
            let place = self.place();
            let step = match self.rest().as_bytes() {
                [b'.', b'[', ..] => {
                    self.at += 1;
                    self.brackets()?
                }
                [b'.', ..] => {
                    self.at += 1;
                    Step::Field(self.field()?)
                }
                [b'[', ..] => self.brackets()?,
                _ => return Ok(()),
            };
            into.add(place, step);
        }
    }

    fn start(&mut self, into: &mut Query) -> Parse<()> {
        self.skip_space();
        let (place, at) = (self.place(), self.at);
        let step = match self.rest().as_bytes() {
            [b'.', b'"' | b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
                self.at += 1;
                Step::Field(self.field()?)
            }
            [b'.', ..] => {
                self.at += 1;
                return Ok(());
            }
            [b'(', ..] => return self.nested(b"()", &mut |parser| parser.pipe(into)),
            [b'[', ..] => {
                let mut items = Vec::new();
                self.nested(b"[]", &mut |parser| parser.list(&mut items))?;
                Step::Collect(items)
            }
            [b'{', ..] => {
                let mut members = Vec::new();
                self.nested(b"{}", &mut |parser| parser.members(&mut members))?;
                Step::Construct(members)
            }
            [b'"', ..] => Step::Literal(Value::String(self.string()?)),
            [b'-' | b'0'..=b'9', ..] => Step::Literal(self.number()?),
            _ => match self.word() {
                "null" => Step::Literal(Value::Null),
                "true" => Step::Literal(Value::from(true)),
                "false" => Step::Literal(Value::from(false)),
                "length" => Step::Length,
                "keys" => Step::Keys,
                "type" => Step::Type,
                "not" => Step::Not,
                "select" => Step::Select(self.argument()?),
                "contains" => Step::Contains(self.argument()?),
                _ => {
                    self.at = at;
                    return Err("a path, a value, a function, `(`, `[` or `{`");
                }
            },
        };
        into.add(place, step);
        Ok(())
    }

    fn argument(&mut self) -> Parse<Query> {
        let mut query = Query::default();
        self.nested(b"()", &mut |parser| parser.pipe(&mut query))?;
        Ok(query)
    }

    /// What stands in brackets of one kind.
    fn nested(
        &mut self,
        brackets: &[u8; 2],
        inside: &mut dyn FnMut(&mut Self) -> Parse<()>,
    ) -> Parse<()> {
        let [open, close] = *brackets;
        if self.peek() != Some(open) {
            return Err("`(`");
        }
        self.level()?;
        self.at += 1;
        inside(self)?;
        if self.peek() != Some(close) {
            return Err(match close {
                b')' => "`)`",
                b']' => "`,` or `]`",
                _ => "`,` or `}`",
            });
        }
        self.at += 1;
        Ok(())
    }

    fn level(&mut self) -> Parse<()> {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            return Err("at most 40 brackets and operators");
        }
        Ok(())
    }

    fn list(&mut self, items: &mut Vec<Query>) -> Parse<()> {
        while self.peek() != Some(b']') {
            let mut item = Query::default();
            self.pipe(&mut item)?;
            items.push(item);
            if !self.take(",") {
                break;
            }
        }
        Ok(())
    }

    fn members(&mut self, members: &mut Vec<(String, Query)>) -> Parse<()> {
        while self.peek() != Some(b'}') {
            let place = self.place();
            let name = self.field()?;
            let mut member = Query::default();
            if self.take(":") {
                self.pipe(&mut member)?;
            } else {
                member.add(place, Step::Field(name.clone()));
            }
            members.push((name, member));
            if !self.take(",") {
                break;
            }
        }
        Ok(())
    }

    /// `[]`, `[3]`, `["name"]` or `[1:3]`
    fn brackets(&mut self) -> Parse<Step> {
        self.level()?;
        self.at += 1;
        let step = match self.peek() {
            Some(b']') => Step::Each,
            Some(b'"') => Step::Field(self.string()?),
            _ => {
                let from = self.index()?;
                match (self.take(":"), from) {
                    (true, from) => Step::Slice(from, self.index()?),
                    (false, Some(index)) => Step::Index(index),
                    (false, None) => return Err("an index, a slice or `]`"),
                }
            }
        };
        if self.take("]") { Ok(step) } else { Err("`]`") }
    }

    fn index(&mut self) -> Parse<Option<i32>> {
        let negative = self.take("-");
        let mut index = None;
        while let Some(&digit @ b'0'..=b'9') = self.rest().as_bytes().first() {
            let before: i32 = index.unwrap_or(0);
            if before >= 100_000_000 {
                return Err("an index of at most nine digits");
            }
            index = Some(before * 10 + i32::from(digit - b'0'));
            self.at += 1;
        }
        if negative && index.is_none() {
            return Err("a digit");
        }
        Ok(index.map(|index| if negative { -index } else { index }))
    }

    /// A name, bare or in quotes.
    fn field(&mut self) -> Parse<String> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        match self.word() {
            "" => Err("a name"),
            name => Ok(name.to_string()),
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(|&byte| is_name(byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn number(&mut self) -> Parse<Value> {
        let mut before = b'e';
        let number = self.rest().bytes().take_while(|&byte| {
            let sign = matches!(byte, b'-' | b'+') && matches!(before, b'e' | b'E');
            before = byte;
            sign || matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E')
        });
        self.literal(number.count()).ok_or("a number as in JSON")
    }

    fn string(&mut self) -> Parse<String> {
        let mut escaped = true;
        let inside = self.rest().bytes().take_while(|&byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            !closes
        });
        match self.literal(inside.count() + 1) {
            Some(Value::String(string)) => Ok(string),
            _ => Err("a string as in JSON"),
        }
    }

    /// The next bytes as JSON.
    fn literal(&mut self, length: usize) -> Option<Value> {
        let value = json_text::read(self.rest().get(..length)?).ok()?;
        self.at += length;
        Some(value)
    }

    /// Takes this token if it is next; a word only as a whole.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let (token, rest) = (token.as_bytes(), self.rest().as_bytes());
        let cut = is_name(token[0]) && rest.get(token.len()).is_some_and(|&byte| is_name(byte));
        let next = rest.starts_with(token) && !cut;
        self.at += if next { token.len() } else { 0 };
        next
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip_space();
        self.rest().bytes().next()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_ascii_start().len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// In characters.
    fn place(&self) -> usize {
        characters(&self.text[..self.at])
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
