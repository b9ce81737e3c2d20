//! Streams of calls that have nothing to do with each other.

use weft_lite::autonomous::SeenCall;

use super::stream::{Habits, Stream};
use super::values::Dice;

/// A thousand calls of the first `pool` tools; a message leads to one of them, or to several.
pub(crate) fn thousand(pool: usize, seed: u64) -> Vec<SeenCall> {
    let mut dice = Dice::new(seed);
    let habits = Habits::new(&mut dice);
    let mut stream = Stream::default();
    while stream.calls.len() < 1_000 {
        stream.next_message();
        let in_one = if dice.percent(70) { 1 } else { 2 + dice.below(3) };
        for _ in 0..in_one {
            stream.call(1, &habits.call(pool, &mut dice));
        }
        if dice.percent(5) {
            stream.wait(3_600);
        }
    }
    stream.calls
}
