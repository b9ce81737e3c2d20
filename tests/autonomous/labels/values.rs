//! Values like those of real calls, from a seed.

use serde_json::{Value, json};

/// A small generator of numbers: the same seed gives the same numbers on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What kind of value a place has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// One of few cities: it repeats by chance.
    City,
    Name,
    Text,
    Path,
    Id,
    Date,
    Address,
    Small,
    Number,
    Decimal,
    Flag,
    List,
    Object,
}

const CITIES: [&str; 8] = ["Berlin", "Oslo", "Lima", "Rome", "Cairo", "Kyiv", "Porto", "Nairobi"];
const FOLDERS: [&str; 6] = ["notes", "reports", "src", "docs", "archive/2025", "inbox"];
const ENDINGS: [&str; 4] = ["md", "txt", "json", "rs"];
const SYLLABLES: [&str; 20] = [
    "ba", "con", "der", "el", "fi", "gra", "hol", "in", "ka", "lor", "mi", "nu", "per", "qui",
    "ra", "sen", "ti", "ul", "ver", "zo",
];
const COMMON: [&str; 16] = [
    "the", "a", "report", "of", "meeting", "and", "plan", "for", "budget", "in", "review", "is",
    "new", "with", "notes", "to",
];

pub(crate) fn word(dice: &mut Dice) -> String {
    (0..2 + dice.below(2)).map(|_| *dice.pick(&SYLLABLES)).collect()
}

impl Kind {
    /// Kinds that flow from one call to another and say something.
    pub(crate) const TELLING: [Self; 9] = [
        Self::Name,
        Self::Text,
        Self::Path,
        Self::Id,
        Self::Date,
        Self::Address,
        Self::Number,
        Self::Decimal,
        Self::List,
    ];
    /// Kinds of text, and numbers, that can stand in a longer text.
    pub(crate) const IN_TEXTS: [Self; 6] =
        [Self::Name, Self::Id, Self::Number, Self::City, Self::Path, Self::Small];

    pub(crate) fn make(self, dice: &mut Dice) -> Value {
        match self {
            Self::City => json!(dice.pick(&CITIES)),
            Self::Name => json!(word(dice)),
            Self::Text => {
                let words: Vec<String> = (0..3 + dice.below(9))
                    .map(|_| match dice.percent(60) {
                        true => (*dice.pick(&COMMON)).to_owned(),
                        false => word(dice),
                    })
                    .collect();
                json!(words.join(" "))
            }
            Self::Path => {
                let (folder, ending) = (dice.pick(&FOLDERS), dice.pick(&ENDINGS));
                json!(format!("{folder}/{}.{ending}", word(dice)))
            }
            Self::Id => match dice.below(3) {
                0 => json!(format!("ISS-{}", 100 + dice.below(9_000))),
                1 => json!(format!("{:08x}", dice.next() as u32)),
                _ => json!(format!("{}-{}", word(dice), dice.below(1_000))),
            },
            Self::Date => {
                json!(format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28)))
            }
            Self::Address => json!(format!("{}@{}.example", word(dice), word(dice))),
            Self::Small => json!(dice.below(13)),
            Self::Number => json!(100 + dice.below(90_000)),
            Self::Decimal => json!((dice.below(200_000) as f64) / 100.0 + 0.25),
            Self::Flag => json!(dice.percent(50)),
            Self::List => (0..1 + dice.below(4)).map(|_| Self::Name.make(dice)).collect(),
            Self::Object => json!({ "id": Self::Id.make(dice), "title": Self::Text.make(dice) }),
        }
    }

    /// A value that differs from this one.
    pub(crate) fn other(self, value: &Value, dice: &mut Dice) -> Value {
        loop {
            let made = self.make(dice);
            if made != *value {
                return made;
            }
        }
    }

    /// The kind of a placeholder: its name without digits.
    pub(crate) fn named(name: &str) -> Self {
        match name.trim_end_matches(|last: char| last.is_ascii_digit()) {
            "city" => Self::City,
            "name" => Self::Name,
            "text" => Self::Text,
            "path" => Self::Path,
            "id" => Self::Id,
            "date" => Self::Date,
            "mail" => Self::Address,
            "small" => Self::Small,
            "num" => Self::Number,
            "dec" => Self::Decimal,
            "flag" => Self::Flag,
            "list" => Self::List,
            "object" => Self::Object,
            other => unreachable!("no kind is named {other}"),
        }
    }
}
