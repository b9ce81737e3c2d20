//! Finds work that is done again and again in a stream of calls.
//!
//! A run is two to eight calls of one chat that have to do with each other: each takes a value from another one's
//! result, or the same value from whoever asked. All calls of one message are a run, too. Runs of the same tools are
//! kept together. Once there are enough of them, [`Draft::of`] looks for what they have in common, without one of
//! them, and that one has to come out as it was.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::call::{SeenCall, digest, is_telling, nodes, place_of, text_of};
use super::draft::{Draft, WorkRun};
use crate::contract::SortedMap;

/// Calls of a run.
const RUN_CALLS: std::ops::RangeInclusive<usize> = 2..=8;
/// The last calls of a chat that a run can consist of.
const RECENT: usize = 16;
/// Chats whose last calls are known.
const CHATS: usize = 64;
/// Runs of the same tools that are kept.
const RUNS: usize = 8;
/// Kinds of runs that are kept.
const KINDS: usize = 256;
/// Seconds between two calls that belong together.
const GAP_SECONDS: u64 = 30 * 60;
/// Seconds without a call after which nothing more is waited for.
const SETTLED_SECONDS: u64 = 60;
/// Values of two calls that are compared.
const COMPARISONS: usize = 256;

/// Work that was done several times.
#[derive(Debug, Clone)]
pub struct WorkPattern {
    /// What the runs have in common.
    pub draft: Draft,
    /// The runs that it was made of.
    pub runs: Vec<WorkRun>,
    /// A further run that it makes again, from these parameters.
    pub held_out: (WorkRun, Map<String, Value>),
}

/// A run with the number of its kind.
type KindOfRun = (u64, WorkRun);

/// One call with what it has to do with those before it.
struct Recent {
    call: Arc<SeenCall>,
    values: CallValues,
    /// The bit `n - 1` says that it has to do with the call `n` before it.
    links: u32,
}

/// What is compared of a call: a number for each value, and its text.
struct CallValues {
    given: Vec<(u64, Option<String>)>,
    made: Vec<(u64, Option<String>)>,
}

/// The runs of the same tools.
#[derive(Default)]
struct SameTools {
    runs: Vec<KnownRun>,
    /// How many were seen, and how many have to be before they are looked at again.
    seen: usize,
    next_try: usize,
    /// When the last one was seen: a count of all runs.
    touched: u64,
}

struct KnownRun {
    calls: WorkRun,
    /// The kinds of longer runs that this one is the beginning of.
    longer: Vec<u64>,
}

/// A pattern whose runs so far went on with another call: it may be the beginning of a longer one.
struct WaitingPattern {
    chat: u64,
    kind: u64,
    /// The kind of the longer runs.
    longer: u64,
    pattern: WorkPattern,
}

/// Finds patterns as the calls come.
pub struct Finder {
    threshold: usize,
    chats: SortedMap<u64, VecDeque<Recent>>,
    kinds: SortedMap<u64, SameTools>,
    waiting: Vec<WaitingPattern>,
    runs_seen: u64,
}

impl Finder {
    /// A finder that has seen nothing. What was done `threshold` times, at least 3, is a pattern.
    #[must_use]
    pub fn new(threshold: usize) -> Self {
        let threshold = threshold.max(3);
        let (chats, kinds) = (SortedMap::new(), SortedMap::new());
        Self { threshold, chats, kinds, waiting: Vec::new(), runs_seen: 0 }
    }

    /// Remembers a call of an earlier time, without looking for patterns.
    pub fn recall(&mut self, call: SeenCall) {
        for (kind, run) in self.add(call).1 {
            self.register(kind, run);
        }
    }

    /// Sees a call, and returns the patterns that it completes. Calls of one chat come in their order.
    pub fn see(&mut self, call: SeenCall) -> Vec<WorkPattern> {
        let chat = call.chat;
        let (ended, runs) = self.add(call);
        let mut found = Vec::new();
        if let Some((kind, run)) = ended
            && self.register(kind, run)
        {
            found.extend(self.look(kind, chat, false));
        }
        let mut waiting: Vec<WaitingPattern> = Vec::new();
        std::mem::swap(&mut waiting, &mut self.waiting);
        let (before, others) = waiting.into_iter().partition(|it| it.chat == chat);
        self.waiting = others;
        let new: Vec<u64> = runs
            .into_iter()
            .filter_map(|(kind, run)| self.register(kind, run).then_some(kind))
            .collect();
        // The longest run comes first.
        for kind in new {
            found.extend(self.look(kind, chat, true));
        }
        for WaitingPattern { kind, longer, pattern, .. } in before {
            let newest = self.kinds.get(&kind).and_then(|it| it.runs.last());
            let goes_on = newest.is_some_and(|it| it.longer.contains(&longer));
            if !goes_on && self.take(&pattern) {
                found.push(pattern);
            }
        }
        found
    }

    /// Nothing came for a while: returns the patterns that may have been the beginning of longer ones.
    pub fn settle(&mut self, now_seconds: u64) -> Vec<WorkPattern> {
        let is_quiet = |recent: &VecDeque<Recent>| {
            recent.back().is_none_or(|it| now_seconds >= it.call.at_seconds + SETTLED_SECONDS)
        };
        let quiet: Vec<u64> =
            self.chats.iter().filter(|(_, it)| is_quiet(it)).map(|(chat, _)| *chat).collect();
        let mut found = Vec::new();
        for chat in quiet {
            if let Some((kind, run)) = self.message_of(chat)
                && self.register(kind, run)
            {
                found.extend(self.look(kind, chat, false));
            }
            let waiting = std::mem::take(&mut self.waiting);
            let (ready, others) = waiting.into_iter().partition(|it| it.chat == chat);
            self.waiting = others;
            for WaitingPattern { pattern, .. } in ready {
                if self.take(&pattern) {
                    found.push(pattern);
                }
            }
        }
        found
    }

    /// Whether [`settle`](Self::settle) may find something.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.chats.values().any(|recent| recent.len() > 1)
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        *self = Self::new(self.threshold);
    }

    /// Adds a call to its chat. Returns the run of the message before, if that has ended, and the runs that end with
    /// this call, longest first, with their kinds.
    fn add(&mut self, call: SeenCall) -> (Option<KindOfRun>, Vec<KindOfRun>) {
        let chat = call.chat;
        let last = self
            .chats
            .get(&chat)
            .and_then(VecDeque::back)
            .map(|it| (it.call.message, it.call.at_seconds));
        let mut ended = None;
        if let Some((message, at_seconds)) = last {
            if message != call.message {
                ended = self.message_of(chat);
            }
            if call.at_seconds.saturating_sub(at_seconds) > GAP_SECONDS {
                self.chats.remove(&chat);
            }
        }
        if self.chats.len() >= CHATS && self.chats.get(&chat).is_none() {
            let newest = |recent: &VecDeque<Recent>| recent.back().map(|it| it.call.at_seconds);
            let oldest = self.chats.iter().min_by_key(|(_, it)| newest(it)).map(|(chat, _)| *chat);
            oldest.map(|oldest| self.chats.remove(&oldest));
        }
        let recent = self.chats.entry(chat).or_default();
        let values = CallValues::of(&call);
        let mut links = 0;
        for (back, earlier) in recent.iter().rev().enumerate() {
            links |= u32::from(values.depends_on(&earlier.values)) << back;
        }
        recent.push_back(Recent { call: Arc::new(call), values, links });
        if recent.len() > RECENT {
            recent.pop_front();
        }
        (ended, runs_to_the_end(recent))
    }

    /// The calls of the last message, if they are a run.
    fn message_of(&self, chat: u64) -> Option<KindOfRun> {
        let recent = self.chats.get(&chat)?;
        let message = recent.back()?.call.message;
        let calls = recent.iter().rev().take_while(|it| it.call.message == message);
        let mut run: WorkRun = calls.map(|it| Arc::clone(&it.call)).collect();
        run.reverse();
        RUN_CALLS.contains(&run.len()).then(|| (kind_of(&run, "message"), run))
    }

    /// Keeps a run. Returns whether it is a new one.
    fn register(&mut self, kind: u64, run: WorkRun) -> bool {
        self.runs_seen += 1;
        let touched = self.runs_seen;
        if self.kinds.len() >= KINDS && self.kinds.get(&kind).is_none() {
            let oldest = self.kinds.iter().min_by_key(|(_, it)| it.touched).map(|(kind, _)| *kind);
            oldest.map(|oldest| self.kinds.remove(&oldest));
        }
        // The run without its last call goes on with it.
        if let Some((_, beginning)) = run.split_last()
            && let Some(shorter) = self.kinds.get_mut(&kind_of(beginning, ""))
            && let Some(known) = shorter.runs.iter_mut().find(|it| same(&it.calls, beginning))
        {
            known.longer.push(kind);
        }
        let known = self.kinds.entry(kind).or_default();
        let messages =
            |run: &WorkRun| run.iter().map(|it| (it.chat, it.message)).collect::<Vec<_>>();
        let new = messages(&run);
        if known.runs.iter().any(|it| messages(&it.calls).iter().any(|it| new.contains(it))) {
            return false;
        }
        known.touched = touched;
        known.seen += 1;
        known.runs.push(KnownRun { calls: run, longer: Vec::new() });
        if known.runs.len() > RUNS {
            known.runs.remove(0);
        }
        true
    }

    /// Looks at the runs of a kind, the newest of which is new. `connected` says whether every step has to have to do
    /// with another one.
    fn look(&mut self, kind: u64, chat: u64, connected: bool) -> Option<WorkPattern> {
        let threshold = self.threshold;
        let known = self.kinds.get_mut(&kind)?;
        if known.runs.len() < threshold || known.seen < known.next_try {
            return None;
        }
        let Some(pattern) = pattern(&known.runs, threshold, connected) else {
            // What has nothing in common is not compared at every call.
            known.next_try = known.seen + known.seen / 2;
            return None;
        };
        let used = |it: &&KnownRun| pattern.all_runs().any(|run| same(run, &it.calls));
        let earlier = || known.runs[..known.runs.len() - 1].iter().filter(used);
        let went_on = |longer: &&u64| earlier().all(|it| it.longer.contains(longer));
        let longer = earlier().next().and_then(|it| it.longer.iter().find(went_on)).copied();
        if let Some(longer) = longer.filter(|_| connected) {
            self.waiting.push(WaitingPattern { chat, kind, longer, pattern });
            return None;
        }
        self.take(&pattern).then_some(pattern)
    }

    /// Takes the calls of a pattern out of everything, so that no part of it is another pattern. Returns `false` if
    /// some of them are gone.
    fn take(&mut self, pattern: &WorkPattern) -> bool {
        let is_there = pattern.all_runs().all(|run| {
            self.kinds.values().any(|kind| kind.runs.iter().any(|it| same(&it.calls, run)))
        });
        if is_there {
            let is_used = |call: &Arc<SeenCall>| {
                pattern.all_runs().flatten().any(|used| Arc::ptr_eq(used, call))
            };
            for kind in self.kinds.values_mut() {
                kind.runs.retain(|run| !run.calls.iter().any(is_used));
            }
            self.kinds.retain(|_, kind| !kind.runs.is_empty());
            for recent in self.chats.values_mut() {
                recent.retain(|it| !is_used(&it.call));
            }
        }
        is_there
    }
}

impl WorkPattern {
    /// The runs that it was made of, then the one that it makes again.
    pub fn all_runs(&self) -> impl Iterator<Item = &WorkRun> {
        self.runs.iter().chain([&self.held_out.0])
    }
}

/// What the newest run has in common with earlier ones, if they are enough and one of them, left out, comes out as it
/// was.
fn pattern(known: &[KnownRun], threshold: usize, connected: bool) -> Option<WorkPattern> {
    let is_good = |draft: &Draft| !connected || draft.is_connected();
    let (newest, earlier) = known.split_last()?;
    let alike = earlier
        .iter()
        .rev()
        .filter(|it| Draft::of(&[&newest.calls, &it.calls]).is_some_and(|draft| is_good(&draft)));
    let mut runs: Vec<&WorkRun> =
        std::iter::once(&newest.calls).chain(alike.map(|it| &it.calls)).collect();
    if runs.len() < threshold {
        return None;
    }
    runs.truncate(threshold);
    (0..runs.len()).find_map(|out| {
        let mut others = runs.clone();
        let held_out = others.remove(out);
        let draft = Draft::of(&others).filter(is_good)?;
        let params = draft.explains(held_out)?;
        let runs = others.into_iter().cloned().collect();
        Some(WorkPattern { draft, runs, held_out: (held_out.clone(), params) })
    })
}

fn same(run: &[Arc<SeenCall>], other: &[Arc<SeenCall>]) -> bool {
    run.len() == other.len() && run.iter().zip(other).all(|(one, other)| Arc::ptr_eq(one, other))
}

/// A number for runs of the same tools.
fn kind_of(run: &[Arc<SeenCall>], salt: &str) -> u64 {
    let names: Vec<&str> = run.iter().map(|call| call.tool.as_str()).chain([salt]).collect();
    digest(&names.join(" "))
}

/// The runs that end with the newest call, longest first: neighbours, and what the newest has to do with.
fn runs_to_the_end(recent: &VecDeque<Recent>) -> Vec<KindOfRun> {
    let last = recent.len() - 1;
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    // Whatever it has to do with, directly or through others.
    let mut reached = vec![last];
    let mut at = 0;
    while let Some(place) = reached.get(at).copied() {
        at += 1;
        for back in 0..place {
            let earlier = place - 1 - back;
            if recent[place].links >> back & 1 == 1 && !reached.contains(&earlier) {
                reached.push(earlier);
            }
        }
    }
    reached.sort_unstable();
    if RUN_CALLS.contains(&reached.len()) {
        chosen.push(reached);
    }
    for length in RUN_CALLS {
        if length <= recent.len() {
            let window: Vec<usize> = (recent.len() - length..=last).collect();
            if is_connected(recent, &window) && !chosen.contains(&window) {
                chosen.push(window);
            }
        }
    }
    chosen.sort_by_key(|places| std::cmp::Reverse(places.len()));
    let run = |places: Vec<usize>| -> WorkRun {
        places.into_iter().map(|place| Arc::clone(&recent[place].call)).collect()
    };
    chosen.into_iter().map(run).map(|run| (kind_of(&run, ""), run)).collect()
}

/// Whether neighbouring calls are one group.
fn is_connected(recent: &VecDeque<Recent>, window: &[usize]) -> bool {
    let first = window[0];
    let mut groups: Vec<usize> = window.to_vec();
    for place in window {
        for back in 0..place - first {
            if recent[*place].links >> back & 1 == 1 {
                let (from, to) = (groups[place - first], groups[place - first - 1 - back]);
                groups.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
            }
        }
    }
    groups.iter().all(|group| *group == groups[0])
}

impl CallValues {
    fn of(call: &SeenCall) -> Self {
        let all = |value: &Value| {
            let telling = nodes(value);
            let telling = telling.iter().filter(|node| is_telling(node.value));
            telling.map(|node| (digest(&node.value.to_string()), text_of(node.value))).collect()
        };
        Self { given: all(&call.params), made: all(&call.result) }
    }

    /// Whether a parameter is, or has in it, a value of the earlier call's result; or is a parameter of both.
    fn depends_on(&self, earlier: &Self) -> bool {
        let both =
            self.given.iter().flat_map(|given| earlier.made.iter().map(move |made| (given, made)));
        let flows = both.take(COMPARISONS).any(|((given, text), (made, part))| {
            given == made
                || text
                    .as_deref()
                    .zip(part.as_deref())
                    .is_some_and(|(text, part)| place_of(text, part).is_some())
        });
        flows
            || self
                .given
                .iter()
                .any(|(given, _)| earlier.given.iter().any(|(other, _)| given == other))
    }
}
