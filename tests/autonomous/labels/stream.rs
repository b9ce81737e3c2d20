//! Puts calls one after the other, in chats and messages.

use std::sync::Arc;

use serde_json::Value;
use weft_lite::autonomous::{SeenCall, WorkRun};

use super::values::{Dice, Kind, word};

/// A call without its place in a stream.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) tool: String,
    pub(crate) params: Value,
    pub(crate) result: Value,
}

pub(crate) fn run_of(calls: &[Made]) -> WorkRun {
    let mut stream = Stream::default();
    stream.next_message();
    calls.iter().for_each(|call| stream.call(1, call));
    stream.calls.into_iter().map(Arc::new).collect()
}

/// The calls of a sequence so far.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) calls: Vec<SeenCall>,
    message: u64,
    seconds: u64,
}

impl Stream {
    pub(crate) fn next_message(&mut self) {
        self.message += 1;
        self.seconds += 7;
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.seconds += seconds;
    }

    pub(crate) fn call(&mut self, chat: u64, call: &Made) {
        self.seconds += 1;
        let Made { tool, params, result } = call.clone();
        let at_seconds = 1_700_000_000 + self.seconds;
        self.calls.push(SeenCall { chat, message: self.message, at_seconds, tool, params, result });
    }

    pub(crate) fn call_alone(&mut self, chat: u64, call: &Made) {
        self.next_message();
        self.call(chat, call);
    }
}

type Keys = &'static [(&'static str, Kind)];

/// Tools that exist everywhere: name, parameters, results.
const TOOLS: [(&str, Keys, Keys); 40] = [
    ("clock__now", &[], &[("time", Kind::Date), ("zone", Kind::Name)]),
    ("weather__now", &[("city", Kind::City)], &[("temp", Kind::Small), ("sky", Kind::Name)]),
    ("files__read", &[("path", Kind::Path)], &[("text", Kind::Text)]),
    ("issues__get", &[("number", Kind::Number)], &[("title", Kind::Text), ("author", Kind::Name)]),
    (
        "text-stats__count",
        &[("text", Kind::Text)],
        &[("words", Kind::Small), ("lines", Kind::Small)],
    ),
    ("files__list", &[("path", Kind::Path)], &[("names", Kind::List)]),
    ("notes__add", &[("title", Kind::Name), ("text", Kind::Text)], &[("id", Kind::Small)]),
    ("notes__get", &[("id", Kind::Small)], &[("title", Kind::Name), ("text", Kind::Text)]),
    ("calendar__day", &[("date", Kind::Date)], &[("events", Kind::List), ("busy", Kind::Flag)]),
    ("convert__units", &[("value", Kind::Small), ("to", Kind::Name)], &[("value", Kind::Decimal)]),
    ("web__search", &[("query", Kind::Name), ("limit", Kind::Small)], &[("hits", Kind::List)]),
    ("mail__search", &[("from", Kind::Address)], &[("id", Kind::Id), ("unread", Kind::Flag)]),
    ("mail__read", &[("id", Kind::Id)], &[("subject", Kind::Text), ("from", Kind::Address)]),
    ("translate__text", &[("text", Kind::Text), ("to", Kind::City)], &[("text", Kind::Text)]),
    ("json__query", &[("json", Kind::Object), ("path", Kind::Name)], &[("result", Kind::Text)]),
    ("git__log", &[("path", Kind::Path), ("count", Kind::Small)], &[("hash", Kind::Id)]),
    ("git__show", &[("hash", Kind::Id)], &[("author", Kind::Name), ("message", Kind::Text)]),
    ("people__find", &[("name", Kind::Name)], &[("mail", Kind::Address), ("city", Kind::City)]),
    ("rates__get", &[("from", Kind::Name), ("to", Kind::Name)], &[("rate", Kind::Decimal)]),
    ("math__add", &[("a", Kind::Small), ("b", Kind::Small)], &[("sum", Kind::Small)]),
    ("tasks__list", &[("due", Kind::Date)], &[("ids", Kind::List), ("count", Kind::Small)]),
    ("tasks__done", &[("id", Kind::Small)], &[("ok", Kind::Flag)]),
    ("time__zone", &[("city", Kind::City)], &[("zone", Kind::Name), ("offset", Kind::Small)]),
    ("files__size", &[("path", Kind::Path)], &[("bytes", Kind::Number)]),
    ("format__line", &[("text", Kind::Text), ("width", Kind::Small)], &[("line", Kind::Text)]),
    ("format__table", &[("rows", Kind::List)], &[("text", Kind::Text)]),
    ("hash__of", &[("text", Kind::Text)], &[("hash", Kind::Id)]),
    ("dice__roll", &[("sides", Kind::Small)], &[("rolled", Kind::Small)]),
    ("users__get", &[("id", Kind::Small)], &[("name", Kind::Name), ("active", Kind::Flag)]),
    ("orders__list", &[("user", Kind::Small)], &[("total", Kind::Decimal), ("open", Kind::Small)]),
    ("stock__price", &[("name", Kind::Name)], &[("price", Kind::Decimal)]),
    ("route__find", &[("from", Kind::City), ("to", Kind::City)], &[("km", Kind::Number)]),
    ("news__top", &[("count", Kind::Small)], &[("titles", Kind::List)]),
    ("wiki__page", &[("title", Kind::Name)], &[("text", Kind::Text), ("date", Kind::Date)]),
    ("bugs__search", &[("words", Kind::Text)], &[("number", Kind::Number)]),
    ("ci__status", &[("hash", Kind::Id)], &[("passed", Kind::Flag), ("minutes", Kind::Small)]),
    ("backup__list", &[("day", Kind::Date)], &[("path", Kind::Path), ("bytes", Kind::Number)]),
    ("contacts__list", &[("city", Kind::City)], &[("names", Kind::List)]),
    ("lights__set", &[("room", Kind::Name), ("on", Kind::Flag)], &[("on", Kind::Flag)]),
    ("shop__find", &[("name", Kind::Name), ("most", Kind::Small)], &[("price", Kind::Decimal)]),
];

/// Values that a person types again on another day, without any relation.
pub(crate) struct Habits {
    known: Vec<(Kind, Value)>,
}

impl Habits {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let kinds = [Kind::Name, Kind::Path, Kind::Id, Kind::Address, Kind::Date, Kind::Text];
        let each =
            |kind: &Kind| -> Vec<_> { (0..6).map(|_| (*kind, kind.make(&mut *dice))).collect() };
        Self { known: kinds.iter().flat_map(each).collect() }
    }

    /// A value, often one of the known ones. Of a result it is no text and no id: who types those again, or passes them
    /// on, has them from there.
    fn make(&self, kind: Kind, is_result: bool, dice: &mut Dice) -> Value {
        let can_repeat = !is_result || !matches!(kind, Kind::Text | Kind::Id);
        let known: Vec<&Value> =
            self.known.iter().filter(|(of, _)| *of == kind).map(|(_, value)| value).collect();
        match can_repeat && !known.is_empty() && dice.percent(50) {
            true => (*dice.pick(&known)).clone(),
            false => kind.make(dice),
        }
    }

    /// A call that has nothing to do with any other, of one of the first `pool` tools.
    pub(crate) fn call(&self, pool: usize, dice: &mut Dice) -> Made {
        let (tool, params, results) = dice.pick(&TOOLS[..pool]);
        let mut all = |keys: &[(&str, Kind)], is_result| -> Value {
            let member =
                |(key, kind): &(&str, Kind)| ((*key).to_owned(), self.make(*kind, is_result, dice));
            Value::Object(keys.iter().map(member).collect())
        };
        let (params, result) = (all(params, false), all(results, true));
        Made { tool: (*tool).to_owned(), params, result }
    }
}

/// A tool of a plugin with a made name.
pub(crate) fn tool_name(dice: &mut Dice) -> String {
    format!("{}__{}", word(dice), word(dice))
}
