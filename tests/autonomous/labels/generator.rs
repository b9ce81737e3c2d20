//! Sequences that are made from a seed, in classes.

use super::plan::Plan;
use super::stream::{Habits, Made, Stream};
use super::values::Dice;
use super::{Expected, Sequence};

type Maker = fn(&mut Dice, &mut Stream) -> Vec<Expected>;

/// The classes, with the number of sequences of each.
const CLASSES: [(&str, usize, Maker); 13] = [
    ("made: console", 30, console),
    ("made: one message", 25, one_message),
    ("made: templates", 25, templates),
    ("made: noise between", 25, noise_between),
    ("made: noise within", 30, noise_within),
    ("made: other chats", 20, other_chats),
    ("made: interleaved", 20, interleaved),
    ("made: several kinds", 10, several_kinds),
    ("made: not, twice only", 15, twice),
    ("made: not, other flow", 20, other_flow),
    ("made: not, one differs", 15, one_differs),
    ("made: not, same tools", 15, same_tools),
    ("made: not, unrelated", 15, unrelated),
];

pub(crate) fn sequences(base: u64) -> Vec<Sequence> {
    let mut all = Vec::new();
    for (class, count, make) in CLASSES {
        for number in 0..count {
            let seed = base + all.len() as u64 * 7_919;
            let mut stream = Stream::default();
            let expected = make(&mut Dice::new(seed), &mut stream);
            let name = format!("{class} {number}, seed {seed}");
            all.push(Sequence { name, class: class.into(), calls: stream.calls, expected });
        }
    }
    all
}

fn length(dice: &mut Dice) -> usize {
    *dice.pick(&[2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8])
}

fn console(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plan = Plan::new(length(dice), false, dice);
    for run in plan.runs(3, dice) {
        run.iter().for_each(|call| stream.call_alone(1, call));
        stream.wait(dice.below(5_000) as u64);
    }
    vec![plan.expected(dice)]
}

fn one_message(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plan = Plan::new(length(dice), dice.percent(30), dice);
    for run in plan.runs(3, dice) {
        stream.next_message();
        run.iter().for_each(|call| stream.call(1, call));
        stream.wait(dice.below(5_000) as u64);
    }
    vec![plan.expected(dice)]
}

fn templates(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plan = Plan::new(length(dice), true, dice);
    for run in plan.runs(3, dice) {
        run.iter().for_each(|call| stream.call_alone(1, call));
    }
    vec![plan.expected(dice)]
}

fn noise_between(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    let plan = Plan::new(length(dice), dice.percent(30), dice);
    for run in plan.runs(3, dice) {
        for _ in 0..dice.below(6) {
            stream.call_alone(1, &habits.call(40, dice));
        }
        let is_one = dice.percent(40);
        stream.next_message();
        for call in &run {
            if !is_one {
                stream.next_message();
            }
            stream.call(1, call);
        }
    }
    vec![plan.expected(dice)]
}

fn noise_within(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    let plan = Plan::new(length(dice).min(6), dice.percent(30), dice);
    for run in plan.runs(3, dice) {
        let is_one = dice.percent(40);
        stream.next_message();
        for call in &run {
            if !is_one {
                stream.next_message();
            }
            stream.call(1, call);
            if dice.percent(35) {
                if !is_one {
                    stream.next_message();
                }
                stream.call(1, &habits.call(40, dice));
            }
        }
    }
    vec![plan.expected(dice)]
}

fn other_chats(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    let plan = Plan::new(length(dice), dice.percent(30), dice);
    for run in plan.runs(3, dice) {
        let chat = 1 + dice.below(3) as u64;
        for call in &run {
            stream.call_alone(chat, call);
            for _ in 0..dice.below(3) {
                stream.call_alone(10 + dice.below(4) as u64, &habits.call(40, dice));
            }
        }
    }
    vec![plan.expected(dice)]
}

/// Two pieces of work in one chat, done in turns.
fn interleaved(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plans = [0, 1].map(|_| Plan::new(length(dice).min(5), dice.percent(30), dice));
    let [one, other] = [0, 1].map(|at: usize| plans[at].runs(3, dice));
    for (one, other) in one.iter().zip(&other) {
        let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
        while one.peek().is_some() || other.peek().is_some() {
            let next = if dice.percent(50) { one.next() } else { other.next() };
            next.into_iter().for_each(|call| stream.call_alone(1, call));
        }
    }
    plans.iter().map(|plan| plan.expected(dice)).collect()
}

/// Three kinds of work in any order.
fn several_kinds(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plans = [0, 1, 2].map(|_| Plan::new(length(dice).min(5), dice.percent(30), dice));
    let mut runs: Vec<Vec<Made>> = plans.iter().flat_map(|plan| plan.runs(3, dice)).collect();
    while !runs.is_empty() {
        let run = runs.remove(dice.below(runs.len()));
        run.iter().for_each(|call| stream.call_alone(1, call));
    }
    plans.iter().map(|plan| plan.expected(dice)).collect()
}

fn twice(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    for _ in 0..4 {
        let plan = Plan::new(length(dice), dice.percent(30), dice);
        for run in plan.runs(2, dice) {
            run.iter().for_each(|call| stream.call_alone(1, call));
            stream.call_alone(1, &habits.call(40, dice));
        }
    }
    Vec::new()
}

/// The same tools with the same keys, and never the same flow.
fn other_flow(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plan = Plan::new(length(dice), false, dice);
    for run in plan.without_flow(5, dice) {
        run.iter().for_each(|call| stream.call_alone(1, call));
    }
    Vec::new()
}

/// Twice the same, and once with a value from elsewhere.
fn one_differs(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let plan = Plan::new(2, dice.percent(30), dice);
    for run in plan.last_differs(dice) {
        run.iter().for_each(|call| stream.call_alone(1, call));
    }
    Vec::new()
}

/// One tool again and again, with what comes to mind.
fn same_tools(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    let pool = 1 + dice.below(3);
    let is_one = dice.percent(50);
    for _ in 0..30 {
        if !is_one || dice.percent(30) {
            stream.next_message();
        }
        stream.call(1, &habits.call(pool, dice));
    }
    Vec::new()
}

fn unrelated(dice: &mut Dice, stream: &mut Stream) -> Vec<Expected> {
    let habits = Habits::new(dice);
    let pool = 3 + dice.below(38);
    for _ in 0..40 {
        stream.next_message();
        for _ in 0..*dice.pick(&[1, 1, 1, 2, 3]) {
            stream.call(1, &habits.call(pool, dice));
        }
    }
    Vec::new()
}
