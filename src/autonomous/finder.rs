//! Finds work that is done again and again in a stream of calls.
//!
//! Each call is linked to those before it in its chat whose values it has. A new call is compared with earlier ones of
//! its tool: what is linked to both in the same way is a run of the same work, whatever else was called in between.
//! Once there are enough runs, and their links are not equal by chance, [`Draft::of`] looks for what they have in
//! common, without one of them, and that one has to come out as it was.

use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::align::{Numbers, align, go_on, groups};
use super::call::SeenCall;
use super::draft::{Draft, WorkRun};
use super::history::{CallHistory, KeptCall, RecentCalls};
use super::link::{Link, digest};
use crate::contract::{SortedMap, sort_by_key};

/// Calls of a run.
const RUN_CALLS: std::ops::RangeInclusive<usize> = 2..=8;
/// Earlier calls that a new one is compared with.
const PEERS: usize = 8;
/// The most runs that are waited for before there is a pattern.
const MOST_RUNS: usize = 20;
/// Parts of the calls before a new one that may be the run.
const CANDIDATES: usize = 16;
/// Runs that a pattern is made of.
const RUNS: usize = 5;
/// Kinds of runs in which nothing in common was found that are remembered.
const FAILURES: usize = 128;
/// Patterns that may be the beginning of longer ones.
const WAITING: usize = 16;
/// Calls of a chat after which a pattern is no longer waited for to go on.
const PATIENCE: usize = 12;
/// Seconds without a call after which nothing more is waited for.
const SETTLED_SECONDS: u64 = 60;

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

/// A pattern that may be a part of a longer one: the message goes on, or its earlier runs did.
struct WaitingPattern {
    chat: u64,
    message: u64,
    /// Calls of the chat that it waits for, beside those of its message.
    patience: usize,
    found: FoundRuns,
}

struct FoundRuns {
    pattern: WorkPattern,
    /// The newest run comes first.
    runs: Vec<Numbers>,
}

/// Finds patterns as the calls come.
pub struct Finder {
    threshold: usize,
    history: CallHistory,
    waiting: Vec<WaitingPattern>,
    /// Of kinds of runs in which nothing in common was found: how often they were seen, and how often they have to be
    /// before they are looked at again.
    failures: SortedMap<u64, (usize, usize)>,
}

impl Finder {
    /// A finder that has seen nothing. What was done `threshold` times, at least 3, is a pattern.
    #[must_use]
    pub fn new(threshold: usize) -> Self {
        let (history, failures) = (CallHistory::new(), SortedMap::new());
        Self { threshold: threshold.clamp(3, MOST_RUNS), history, waiting: Vec::new(), failures }
    }

    /// Remembers a call of an earlier time, without looking for patterns.
    pub fn recall(&mut self, call: SeenCall) {
        self.history.add(call);
    }

    /// Sees a call, and returns the patterns that it completes. Calls of one chat come in their order.
    pub fn see(&mut self, call: SeenCall) -> Vec<WorkPattern> {
        let (chat, message) = (call.chat, call.message);
        let mut found = Vec::new();
        if self.history.chats.get(&chat).is_some_and(|it| it.message != message) {
            found.extend(self.end_message(chat));
        }
        let number = self.history.add(call);
        self.waiting.iter_mut().filter(|it| it.chat == chat).for_each(|it| {
            it.patience = it.patience.saturating_sub(1);
        });
        if let Some(runs) = number.and_then(|number| self.look(number)) {
            found.extend(self.offer(runs, chat, message));
        }
        found
            .extend(self.ready(&|it| it.chat == chat && it.message != message && it.patience == 0));
        found
    }

    /// Nothing came for a while: returns the patterns that may have been the beginning of longer ones.
    pub fn settle(&mut self, now_seconds: u64) -> Vec<WorkPattern> {
        let chats = self.history.chats.iter();
        let quiet = chats.filter(|(_, it)| now_seconds >= it.at_seconds + SETTLED_SECONDS);
        let quiet = quiet.filter(|(_, it)| !it.is_settled);
        let quiet: Vec<u64> = quiet.map(|(chat, _)| *chat).collect();
        let mut found = Vec::new();
        for chat in quiet {
            found.extend(self.end_message(chat));
            found.extend(self.ready(&|it| it.chat == chat));
            if let Some(recent) = self.history.chats.get_mut(&chat) {
                recent.is_settled = true;
            }
        }
        let chats: Vec<u64> = self.history.chats.keys().copied().collect();
        found.extend(self.ready(&|it| !chats.contains(&it.chat)));
        found
    }

    /// Whether [`settle`](Self::settle) may find something.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let is_open = |(chat, _): &(&u64, &RecentCalls)| {
            let newest = self.history.newest_of(**chat);
            newest.is_some_and(|number| self.history.message_of(number).len() > 1)
        };
        let mut chats = self.history.chats.iter().filter(|(_, it)| !it.is_settled);
        !self.waiting.is_empty() || chats.any(|it| is_open(&it))
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        *self = Self::new(self.threshold);
    }

    /// Returns what was found, or keeps it if it may go on.
    fn offer(&mut self, found: FoundRuns, chat: u64, message: u64) -> Option<WorkPattern> {
        let FoundRuns { runs, .. } = &found;
        let newest = runs.first()?;
        let is_of_message =
            |number: &&u64| self.history.get(**number).is_some_and(|it| it.call.message == message);
        let is_several = newest.iter().filter(is_of_message).count() > 1;
        let patience = if go_on(&self.history, &runs[1..], runs) { PATIENCE } else { 0 };
        // What is a part of it is not waited for any longer.
        self.waiting.retain(|it| !it.found.runs[0].iter().all(|number| newest.contains(number)));
        if (is_several || patience > 0) && self.waiting.len() < WAITING {
            self.waiting.push(WaitingPattern { chat, message, patience, found });
            return None;
        }
        self.take(found)
    }

    /// Takes the patterns that are waited for no longer.
    fn ready(&mut self, is_ready: &dyn Fn(&WaitingPattern) -> bool) -> Vec<WorkPattern> {
        let waiting = std::mem::take(&mut self.waiting);
        let (mut ready, others): (Vec<_>, _) = waiting.into_iter().partition(is_ready);
        self.waiting = others;
        sort_by_key(&mut ready, |it| Reverse(it.found.runs[0].len()));
        ready.into_iter().filter_map(|it| self.take(it.found)).collect()
    }

    /// Takes the calls of a pattern out of everything, so that no part of it is another pattern. Nothing if another
    /// pattern has some of them.
    fn take(&mut self, found: FoundRuns) -> Option<WorkPattern> {
        let all = || found.runs.iter().flatten();
        if all().any(|number| self.history.get(*number).is_some_and(|it| it.is_used)) {
            return None;
        }
        for number in all() {
            if let Some(call) = self.history.get_mut(*number) {
                call.is_used = true;
            }
        }
        Some(found.pattern)
    }

    /// The chat's last message is over: looks whether all of its calls are a run.
    fn end_message(&mut self, chat: u64) -> Option<WorkPattern> {
        let newest = self.history.newest_of(chat)?;
        let run = self.history.message_of(newest);
        let is_part = |it: &WaitingPattern| {
            let waiting = &it.found.runs[0];
            waiting.len() > run.len() && run.iter().all(|number| waiting.contains(number))
        };
        if !RUN_CALLS.contains(&run.len()) || self.waiting.iter().any(is_part) {
            return None;
        }
        let tools = |run: &Numbers| -> Vec<Option<u64>> {
            run.iter().map(|it| self.history.get(*it).map(|it| it.tool)).collect()
        };
        let is_free = |run: &Numbers| {
            run.iter().all(|it| self.history.get(*it).is_some_and(|it| !it.is_used))
        };
        let (own, tool) = (tools(&run), self.history.get(newest)?.tool);
        let mut runs = vec![run];
        for (number, call) in self.history.newest_first() {
            if call.tool == tool && number < newest && runs.len() < RUNS.max(self.threshold) {
                let other = self.history.message_of(number);
                if tools(&other) == own && is_free(&other) && self.is_apart(&runs, &other) {
                    runs.push(other);
                }
            }
        }
        if runs.len() < self.threshold || !is_free(&runs[0]) {
            return None;
        }
        let groups = groups(&self.history, &runs);
        let size = |group: &usize| groups.iter().filter(|it| *it == group).count();
        let largest = *groups.iter().max_by_key(|group| size(group))?;
        // Whatever has nothing to do with the others is the same each time.
        let same = |place: usize| {
            let call = |run: &Numbers| self.history.get(run[place]).map(|it| &it.call.params);
            runs.iter().all(|run| call(run) == call(&runs[0]))
        };
        let belongs = |place: usize| groups[place] == largest || same(place);
        if size(&largest) < 2 || !(0..groups.len()).all(belongs) {
            return None;
        }
        let found = self.verified(runs, false)?;
        self.take(found)
    }

    /// Whether a run is of other messages than these.
    fn is_apart(&self, runs: &[Numbers], other: &Numbers) -> bool {
        let message =
            |number: &u64| self.history.get(*number).map(|it| (it.call.chat, it.call.message));
        let taken: Vec<_> = runs.iter().flatten().map(message).collect();
        other.iter().all(|number| !taken.contains(&message(number)))
    }

    /// Looks for runs that end with this call.
    fn look(&mut self, end: u64) -> Option<FoundRuns> {
        let newest = self.history.get(end)?;
        let is_peer = |(number, call): &(u64, &KeptCall)| {
            let is_linked = |it: &Link| newest.links.iter().any(|own| own.flow == it.flow);
            *number < end
                && call.tool == newest.tool
                && !call.is_used
                && call.links.iter().any(is_linked)
        };
        let peers = self.history.newest_first().filter(is_peer).map(|(number, _)| number);
        let peers: Vec<u64> = peers.take(PEERS.max(self.threshold)).collect();
        if peers.len() + 1 < self.threshold {
            return None;
        }
        let mut candidates: Vec<Numbers> = Vec::new();
        for peer in &peers {
            let pairs = align(&self.history, end, *peer, None);
            let run: Numbers = pairs.into_iter().map(|(number, _)| number).collect();
            add(&mut candidates, run);
        }
        for at in 1..candidates.len() {
            for before in 0..at {
                let (one, other) = (&candidates[at], &candidates[before]);
                let both = one.iter().copied().filter(|it| other.contains(it)).collect();
                add(&mut candidates, both);
            }
        }
        sort_by_key(&mut candidates, |run| Reverse(run.len()));
        let mut at = 0;
        while let Some(run) = candidates.get(at).cloned() {
            at += 1;
            let mut runs = vec![run];
            for peer in &peers {
                let pairs = align(&self.history, end, *peer, Some(&runs[0]));
                let other: Numbers = pairs.into_iter().map(|(_, number)| number).collect();
                if other.len() == runs[0].len() && self.is_apart(&runs, &other) {
                    runs.push(other);
                }
            }
            if runs.len() < self.threshold {
                continue;
            }
            let groups = groups(&self.history, &runs);
            let last = groups[groups.len() - 1];
            if groups.iter().all(|group| *group == last) {
                if let Some(found) = self.verified(runs, true) {
                    return Some(found);
                }
            } else {
                let places = runs[0].iter().zip(&groups);
                let part = places.filter(|(_, group)| **group == last).map(|(it, _)| *it);
                let part = part.collect();
                add(&mut candidates, part);
            }
        }
        None
    }

    /// What runs have in common, if they are enough and one of them, left out, comes out as it was. `connected` says
    /// whether every step has to have to do with another one.
    fn verified(&mut self, mut runs: Vec<Numbers>, connected: bool) -> Option<FoundRuns> {
        let tools: Vec<u64> =
            runs[0].iter().filter_map(|it| Some(self.history.get(*it)?.tool)).collect();
        let kind = digest(&|hasher| std::hash::Hash::hash(&tools, hasher));
        let (seen, next) = self.failures.get(&kind).copied().unwrap_or_default();
        if seen + 1 < next {
            self.failures.insert(kind, (seen + 1, next));
            return None;
        }
        runs.truncate(RUNS.max(self.threshold));
        while runs.len() >= self.threshold {
            let calls: Option<Vec<WorkRun>> = runs
                .iter()
                .map(|run| {
                    run.iter().map(|it| Some(Arc::clone(&self.history.get(*it)?.call))).collect()
                })
                .collect();
            if let Some(pattern) = calls.and_then(|calls| pattern(&calls, connected)) {
                self.failures.remove(&kind);
                return Some(FoundRuns { pattern, runs });
            }
            let fewer = if runs.len() > self.threshold { self.threshold } else { 0 };
            runs.truncate(fewer);
        }
        // What has nothing in common is not compared at every call.
        if self.failures.len() >= FAILURES {
            self.failures = SortedMap::new();
        }
        self.failures.insert(kind, (seen + 1, seen + 1 + seen.div_ceil(2)));
        None
    }
}

/// Adds a run if it is a new one of a length that a run can have.
fn add(candidates: &mut Vec<Numbers>, run: Numbers) {
    if RUN_CALLS.contains(&run.len()) && candidates.len() < CANDIDATES && !candidates.contains(&run)
    {
        candidates.push(run);
    }
}

impl WorkPattern {
    /// The runs that it was made of, then the one that it makes again.
    pub fn all_runs(&self) -> impl Iterator<Item = &WorkRun> {
        self.runs.iter().chain([&self.held_out.0])
    }
}

fn pattern(runs: &[WorkRun], connected: bool) -> Option<WorkPattern> {
    (0..runs.len()).find_map(|out| {
        let held_out = &runs[out];
        let others: Vec<&WorkRun> =
            runs.iter().enumerate().filter(|(at, _)| *at != out).map(|(_, run)| run).collect();
        let draft = Draft::of(&others).filter(|draft| !connected || draft.is_connected())?;
        let params = draft.explains(held_out)?;
        let runs = others.into_iter().cloned().collect();
        Some(WorkPattern { draft, runs, held_out: (held_out.clone(), params) })
    })
}
