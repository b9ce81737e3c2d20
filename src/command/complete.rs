//! Completion of a line that somebody types.

use super::registry::{CommandRegistry, Completes};
use crate::actor::{PluginHost, Snapshot};
use crate::contract::sort_by;

/// The completions of a line from one place on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The byte of the line from which on a candidate replaces the text.
    pub start: usize,
    /// The texts that may stand there, in order.
    pub candidates: Vec<String>,
}

impl CommandRegistry {
    /// Completes the end of `line`: a command after a slash, after a command the names that it takes, and
    /// otherwise a tool in the first place.
    #[must_use]
    pub fn complete(&self, line: &str, host: &PluginHost) -> Completion {
        let snapshot = host.snapshot();
        let start = line
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + line[at..].chars().next().map_or(0, char::len_utf8));
        let (before, word) = line.split_at(start);
        let mut candidates = match before.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] if word.starts_with('/') => self.names().map(|name| format!("/{name}")).collect(),
            [] => tools(&snapshot, host),
            [first] => first
                .strip_prefix('/')
                .and_then(|name| self.find(name).ok()?.handler.completes())
                .map_or_else(Vec::new, |what| self.all(what, &snapshot, host)),
            _ => Vec::new(),
        };
        candidates.retain(|candidate| candidate.starts_with(word) && candidate != word);
        sort_by(&mut candidates, Ord::cmp);
        candidates.dedup();
        Completion { start, candidates }
    }

    /// Every name that calls a command, aliases included.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.commands().flat_map(|command| {
            std::iter::once(command.name.as_str()).chain(command.aliases.iter().map(String::as_str))
        })
    }

    /// All names of one kind at this moment. The caller keeps those that begin as the word does.
    fn all(&self, what: Completes, snapshot: &Snapshot, host: &PluginHost) -> Vec<String> {
        match what {
            Completes::Commands => self.names().map(str::to_owned).collect(),
            Completes::Skills => {
                snapshot.skills.active().map(|(entry, _)| entry.name.to_string()).collect()
            }
            Completes::Tools => tools(snapshot, host),
            Completes::Waiting => {
                super::builtin::waiting(snapshot).into_iter().map(|(id, _)| id).collect()
            }
        }
    }
}

/// Guests' tools by their full names, and native ones.
fn tools(snapshot: &Snapshot, host: &PluginHost) -> Vec<String> {
    let guests = snapshot.plugins.tools().into_iter().map(|tool| tool.full_name());
    let native = host.native_tools();
    guests.chain(native.iter().map(|tool| tool.name().to_owned())).collect()
}
