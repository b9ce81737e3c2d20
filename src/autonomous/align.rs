//! Which calls of two runs do the same: those that have to do with each other in the same way in both.

use super::history::{CallHistory, RecentCalls};
use super::link::Link;
use crate::contract::sort_by;

/// How unlikely two calls of a run are to be linked by chance in all runs, in bits.
const EVIDENCE_BITS: f64 = 8.0;

/// The numbers of a run's calls, oldest first.
pub(super) type Numbers = Vec<u64>;

/// The calls that have the same place in the run that ends with `end`, and the one that ends with `other`: oldest first.
/// With `within`, only those. Without it, a link by a value that is the same in both is none: that is a constant.
pub(super) fn align(
    history: &CallHistory,
    end: u64,
    other: u64,
    within: Option<&[u64]>,
) -> Vec<(u64, u64)> {
    let start = |number| {
        let chat = history.get(number).map(|it| it.call.chat);
        let recent = chat.and_then(|chat| history.chats.get(&chat));
        recent.map_or(0, RecentCalls::start)
    };
    let start = start(end);
    let mut pairs = vec![(end, other)];
    let mut at = 0;
    while let Some(&(one, two)) = pairs.get(at) {
        at += 1;
        let (Some(first), Some(second)) = (history.get(one), history.get(two)) else { continue };
        for (links, others) in [(&first.links, &second.links), (&first.later, &second.later)] {
            for (place, link) in links.iter().enumerate() {
                let is_nearest = !links[..place].iter().any(|it| it.flow == link.flow);
                let inside = within.map_or(link.other >= start, |it| it.contains(&link.other));
                if !is_nearest || !inside || link.other > end {
                    continue;
                }
                let Some(same) = others.iter().find(|it| it.flow == link.flow) else { continue };
                let is_new = !pairs.iter().any(|(a, b)| *a == link.other || *b == same.other);
                let differs = within.is_some() || same.value != link.value;
                let is_free = |number| history.get(number).is_some_and(|it| !it.is_used);
                if is_new
                    && differs
                    && same.other <= other
                    && is_free(link.other)
                    && is_free(same.other)
                {
                    pairs.push((link.other, same.other));
                }
            }
        }
    }
    sort_by(&mut pairs, Ord::cmp);
    let mut last = u64::MAX;
    let mut ordered: Vec<(u64, u64)> = Vec::new();
    for (one, two) in pairs.into_iter().rev() {
        if two < last {
            last = two;
            ordered.push((one, two));
        }
    }
    ordered.reverse();
    ordered
}

/// The places of the runs in groups: those of one group are linked in all runs, and not by chance.
pub(super) fn groups(history: &CallHistory, runs: &[Numbers]) -> Vec<usize> {
    let length = runs[0].len();
    let mut groups: Vec<usize> = (0..length).collect();
    for place in 0..length {
        let Some(call) = history.get(runs[0][place]) else { continue };
        let chance = chance_bits(history.calls_of(call.tool), runs.len());
        for before in 0..place {
            let (from, into) = (groups[place], groups[before]);
            let is_of_group = |to: usize| to < place && groups[to] == into;
            if from != into
                && evidence(history, runs, place, &is_of_group) - chance >= EVIDENCE_BITS
            {
                groups.iter_mut().filter(|it| **it == from).for_each(|it| *it = into);
            }
        }
    }
    groups
}

/// How unlikely the links of this place to others are, if they are there in all runs.
fn evidence(
    history: &CallHistory,
    runs: &[Numbers],
    place: usize,
    is_other: &dyn Fn(usize) -> bool,
) -> f64 {
    let link_of = |run: &Numbers, to: usize, flow: u64| {
        let links = &history.get(run[place])?.links;
        links.iter().find(|it| it.flow == flow && it.other == run[to]).copied()
    };
    let place_of = |number| history.get(number).map_or(0, |it| it.place);
    let distance = |one, other| place_of(one).saturating_sub(place_of(other)).max(1) as f64;
    // Each value counts once, whatever it is linked to; less so, the more calls it could have been linked to instead.
    let mut seen: Vec<(Link, usize, f64)> = Vec::new();
    for link in history.get(runs[0][place]).map_or(&[][..], |it| &it.links) {
        let to = runs[0].iter().position(|it| *it == link.other);
        let Some(to) = to.filter(|to| is_other(*to)) else { continue };
        let same = runs.iter().map(|run| link_of(run, to, link.flow));
        let Some(same) = same.collect::<Option<Vec<Link>>>() else { continue };
        if same.iter().all(|it| it.value == link.value)
            || seen.iter().any(|(it, ..)| it.value == link.value)
        {
            continue;
        }
        for (link, run) in same.into_iter().zip(runs) {
            match seen.iter_mut().find(|(it, ..)| it.value == link.value) {
                Some((_, times, _)) => *times += 1,
                None => seen.push((link, 1, distance(run[place], link.other))),
            }
        }
    }
    let bits = |(link, times, distance): &(Link, usize, f64)| {
        (history.frequencies.bits(link, times * runs[0].len()) - distance.log2()).max(0.0)
    };
    seen.iter().map(bits).sum()
}

/// In how many ways so many runs can be chosen of all calls of the tool, in bits: of many calls, some are linked by
/// chance.
fn chance_bits(calls: usize, runs: usize) -> f64 {
    (0..runs.min(calls))
        .map(|at| ((calls - at) as f64 / (at + 1) as f64).log2())
        .sum::<f64>()
        .max(0.0)
}

/// Where all of these runs go on in the same way after their ends.
pub(super) fn go_on(history: &CallHistory, runs: &[Numbers], all: &[Numbers]) -> bool {
    let Some((first, others)) = runs.split_first() else { return false };
    let ahead = |run: &Numbers, place: usize| -> Vec<Link> {
        let later = history.get(run[place]).map(|it| it.later.clone()).unwrap_or_default();
        let is_new = |link: &Link| {
            run.last().is_some_and(|end| link.other > *end)
                && !all.iter().any(|run| run.contains(&link.other))
                && history.get(link.other).is_some_and(|it| !it.is_used)
        };
        later.into_iter().filter(is_new).collect()
    };
    (0..first.len()).any(|place| {
        ahead(first, place).iter().any(|link| {
            !others.is_empty()
                && others.iter().all(|run| {
                    ahead(run, place)
                        .iter()
                        .any(|it| it.flow == link.flow && it.value != link.value)
                })
        })
    })
}
