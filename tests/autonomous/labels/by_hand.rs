//! Sequences made by hand, from two tables: `work.txt` and `no_work.txt`.
//!
//! A block is one sequence. Its first line has its name; lines with `->` are the calls of one time, with their results;
//! a line with ` = ` has the values of a name, and one that begins with `do` says how it is done: `w`, each call by a
//! message of its own; `m`, all by one message; `i` and `j`, the same with an unrelated call after each; `h`, all but the
//! last call; `n`, an unrelated call; `o`, one in another chat; `g`, hours go by. A call after `~` is no part of the
//! work. `$name` is a value of the kind that the name says, another one each time.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::stream::{Habits, Made, Stream, run_of};
use super::values::{Dice, Kind};
use super::{Expected, Sequence};

const TIMES: usize = 8;

struct Line<'t> {
    tool: &'t str,
    params: Value,
    result: Value,
    is_work: bool,
}

#[derive(Default)]
struct Block<'t> {
    name: &'t str,
    lines: Vec<Line<'t>>,
    given: BTreeMap<&'t str, Vec<Value>>,
    script: &'t str,
}

pub(crate) fn sequences() -> Vec<Sequence> {
    let mut all = Vec::new();
    for (text, is_work) in [(include_str!("work.txt"), true), (include_str!("no_work.txt"), false)]
    {
        all.extend(text.split("\n\n").map(|block| Block::read(block).sequence(is_work)));
    }
    all
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

impl<'t> Block<'t> {
    fn read(text: &'t str) -> Self {
        let mut lines = text.trim().lines();
        let mut block = Self { name: lines.next().unwrap_or_default(), ..Self::default() };
        for line in lines {
            if let Some(script) = line.strip_prefix("do ") {
                block.script = script;
            } else if let Some((call, result)) = line.split_once(" -> ") {
                let work = call.strip_prefix("~ ");
                let (tool, params) = work.unwrap_or(call).split_once(' ').expect(line);
                let params = serde_json::from_str(params).expect(line);
                let (is_work, result) = (work.is_none(), value(result));
                block.lines.push(Line { tool, params, result, is_work });
            } else {
                let (name, values) = line.split_once(" = ").expect(line);
                block.given.insert(name, values.split(" | ").map(value).collect());
            }
        }
        assert!(!block.script.is_empty(), "{text}");
        block
    }

    /// A value of this name at this time.
    fn named(&self, name: &str, time: usize) -> Value {
        if let Some(given) = self.given.get(name) {
            return given[time % given.len()].clone();
        }
        let seed = name.bytes().chain(self.name.bytes());
        let seed = seed.fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let mut dice = Dice::new(seed);
        let kind = Kind::named(name);
        let mut last = kind.make(&mut dice);
        for _ in 0..time {
            last = kind.other(&last, &mut dice);
        }
        last
    }

    fn filled(&self, value: &Value, named: &dyn Fn(&str) -> Value) -> Value {
        match value {
            Value::String(text) => {
                if let Some(name) = text.strip_prefix('$')
                    && name.chars().all(|char| char.is_ascii_alphanumeric())
                {
                    return named(name);
                }
                let mut parts = text.split('$');
                let mut whole = parts.next().unwrap_or_default().to_owned();
                for part in parts {
                    let end = part.find(|char: char| !char.is_ascii_alphanumeric());
                    let (name, rest) = part.split_at(end.unwrap_or(part.len()));
                    let value = named(name);
                    whole += &value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    whole += rest;
                }
                whole.into()
            }
            Value::Array(items) => items.iter().map(|item| self.filled(item, named)).collect(),
            Value::Object(members) => {
                let members =
                    members.iter().map(|(key, value)| (key.clone(), self.filled(value, named)));
                members.collect::<Map<_, _>>().into()
            }
            other => other.clone(),
        }
    }

    fn time(&self, time: usize, only_work: bool) -> Vec<Made> {
        let named = |name: &str| self.named(name, time);
        let lines = self.lines.iter().filter(|line| line.is_work || !only_work);
        let made = lines.map(|line| Made {
            tool: line.tool.to_owned(),
            params: self.filled(&line.params, &named),
            result: self.filled(&line.result, &named),
        });
        made.collect()
    }

    /// The work with new values, and each time with one value from elsewhere.
    fn expected(&self) -> Expected {
        let work: Vec<&Line<'_>> = self.lines.iter().filter(|line| line.is_work).collect();
        let fresh = self.time(TIMES - 2, true);
        let mut broken = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for (at, line) in work.iter().enumerate() {
            let names = |value: &Value| -> Vec<String> {
                let text = value.to_string();
                let after = text.split('$').skip(1);
                let name = |part: &str| {
                    let end = part.find(|char: char| !char.is_ascii_alphanumeric());
                    part[..end.unwrap_or(part.len())].to_owned()
                };
                after.map(name).collect()
            };
            for name in names(&line.params) {
                if seen.contains(&name) {
                    let other =
                        |it: &str| self.named(it, if it == name { TIMES - 1 } else { TIMES - 2 });
                    let mut run = fresh.clone();
                    run[at].params = self.filled(&line.params, &other);
                    broken.push(run_of(&run));
                }
            }
            seen.extend(names(&line.params));
            seen.extend(names(&line.result));
        }
        let tools = work.iter().map(|line| line.tool.to_owned()).collect();
        Expected { tools, fresh: vec![run_of(&fresh)], broken }
    }

    fn sequence(&self, is_work: bool) -> Sequence {
        let mut stream = Stream::default();
        let mut dice = Dice::new(self.name.len() as u64);
        let habits = Habits::new(&mut dice);
        let mut time = 0;
        for token in self.script.split(' ') {
            match token {
                "n" => stream.call_alone(1, &habits.call(40, &mut dice)),
                "o" => stream.call_alone(9, &habits.call(40, &mut dice)),
                "g" => stream.wait(3 * 3_600),
                run => {
                    let mut calls = self.time(time, false);
                    time += 1;
                    stream.next_message();
                    if run == "h" {
                        calls.pop();
                    }
                    for (at, call) in calls.iter().enumerate() {
                        if at > 0 && ["w", "i", "h"].contains(&run) {
                            stream.next_message();
                        }
                        stream.call(1, call);
                        match run {
                            "i" => stream.call_alone(1, &habits.call(40, &mut dice)),
                            "j" => stream.call(1, &habits.call(40, &mut dice)),
                            _ => {}
                        }
                    }
                }
            }
        }
        let (class, expected) = match is_work {
            true => ("by hand: work", vec![self.expected()]),
            false => ("by hand: no work", Vec::new()),
        };
        Sequence { name: self.name.to_owned(), class: class.into(), calls: stream.calls, expected }
    }
}
