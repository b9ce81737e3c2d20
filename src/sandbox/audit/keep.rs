//! What rotation keeps: who floods the log loses records of their own kind, and nobody else does.
//!
//! The room is shared evenly between the plugins, and a plugin's share between the kinds of its
//! records: function and outcome. So a plugin can't drive out what its neighbours did, nor what it did
//! itself by being refused often. In the place of what is left out there is one record that counts it.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};

use crate::contract::{SortedMap, sort_by};
use serde::{Deserialize, Serialize};

/// Room for the record of what was left out.
const NOTE_BYTES: usize = 384;

/// What has to be known of a record; it is also what the record of those that were left out says.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    plugin: Cow<'a, str>,
    #[serde(borrow)]
    function: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(default, skip_deserializing)]
    rule: String,
    /// How many records it stands for; 0 stands for itself.
    #[serde(default)]
    left_out: u64,
}

/// The records of one plugin, function and outcome.
struct Kind {
    plugin: usize,
    bytes: usize,
    /// Bytes of the oldest that are to be left out.
    excess: usize,
    /// What stands for those that were left out, until it is written.
    note: Option<Line<'static>>,
}

#[derive(Default)]
struct Kinds {
    /// The number of each plugin.
    plugins: SortedMap<String, usize>,
    /// The place of each plugin's function and outcome in `kinds`.
    places: SortedMap<(usize, String, String), usize>,
    kinds: Vec<Kind>,
}

/// Writes at most `room` bytes of the lines in `source`, in their order. It is read twice.
pub(super) fn keep(
    source: &dyn Fn() -> io::Result<Box<dyn BufRead>>,
    room: usize,
    to: &mut dyn Write,
) -> io::Result<()> {
    let mut kinds = Kinds::default();
    let mut order = Vec::new();
    each_line(&mut *source()?, &mut |text, line| {
        order.push(kinds.count(line, text.len()));
        Ok(())
    })?;
    kinds.share(room);
    let mut order = order.into_iter();
    each_line(&mut *source()?, &mut |text, line| {
        let Some(kind) = order.next().and_then(|kind| kinds.kinds.get_mut(kind)) else {
            return Ok(());
        };
        if kind.excess > 0 {
            kind.excess = kind.excess.saturating_sub(text.len());
            let stands_for = line.left_out.max(1);
            let note = kind.note.get_or_insert_with(|| line.note());
            note.left_out = note.left_out.saturating_add(stands_for);
            return Ok(());
        }
        write_note(kind.note.take(), to)?;
        to.write_all(text)
    })?;
    kinds.kinds.into_iter().try_for_each(|kind| write_note(kind.note, to))
}

/// Hands on every line that is a record.
fn each_line(
    source: &mut dyn BufRead,
    take: &mut dyn FnMut(&[u8], Line<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut text = Vec::new();
    while source.read_until(b'\n', &mut text)? > 0 {
        // What a full disk or a power cut has cut is none.
        if text.ends_with(b"\n")
            && let Ok(line) = std::str::from_utf8(&text)
            && let Ok(line) = serde_json::from_str(line)
        {
            take(&text, line)?;
        }
        text.clear();
    }
    Ok(())
}

fn write_note(note: Option<Line<'_>>, to: &mut dyn Write) -> io::Result<()> {
    let Some(mut note) = note else { return Ok(()) };
    note.rule = format!("{} older records of this kind are left out", note.left_out);
    to.write_all(serde_json::to_string(&note)?.as_bytes())?;
    to.write_all(b"\n")
}

impl Line<'_> {
    /// What stands for records like this one, none so far.
    fn note(self) -> Line<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Line {
            time: owned(self.time),
            plugin: owned(self.plugin),
            function: owned(self.function),
            outcome: owned(self.outcome),
            rule: String::new(),
            left_out: 0,
        }
    }
}

impl Kinds {
    /// Counts the line to its kind, and says which that is.
    fn count(&mut self, line: Line<'_>, bytes: usize) -> usize {
        let (plugins, kinds) = (self.plugins.len(), self.kinds.len());
        let plugin = *self.plugins.entry(line.plugin.into_owned()).or_insert(plugins);
        let key = (plugin, line.function.into_owned(), line.outcome.into_owned());
        let kind = *self.places.entry(key).or_insert(kinds);
        if kind == kinds {
            self.kinds.push(Kind { plugin, bytes: 0, excess: 0, note: None });
        }
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.bytes += bytes;
        }
        kind
    }

    /// Shares out the room.
    fn share(&mut self, room: usize) {
        let needs = |plugin: usize| -> Vec<usize> {
            let own = self.kinds.iter().filter(|kind| kind.plugin == plugin);
            own.map(|kind| kind.bytes).collect()
        };
        let plugins = 0..self.plugins.len();
        let share = level(plugins.clone().map(|plugin| needs(plugin).iter().sum()).collect(), room);
        let most: Vec<usize> = plugins.map(|plugin| level(needs(plugin), share)).collect();
        for kind in &mut self.kinds {
            let most = most.get(kind.plugin).copied().unwrap_or_default();
            if kind.bytes > most {
                kind.excess = kind.bytes - most.saturating_sub(NOTE_BYTES);
            }
        }
    }
}

/// The most that each may have, so that all of them together have no more than `room`: those that
/// need less than an even share leave the rest of it to the others.
fn level(mut needs: Vec<usize>, mut room: usize) -> usize {
    sort_by(&mut needs, Ord::cmp);
    for (index, need) in needs.iter().enumerate() {
        let share = room / (needs.len() - index);
        if *need > share {
            return share;
        }
        room -= need;
    }
    usize::MAX
}
