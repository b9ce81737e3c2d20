//! The choice of the records that rotation keeps: a plugin that floods the log loses only its own records, of the
//! same kind.
//!
//! The room is shared evenly between the plugins, and a plugin's share between the kinds of its records:
//! function and outcome. So a plugin can't push out the records of its neighbours, nor can refusals push out
//! the records of its effects. One record counts those that are left out.

use std::io::{self, BufRead, Write};

use serde_json::json;

use crate::contract::{ObjectReader, SortedMap, json_line, sort_by};

/// Room for the record that counts those left out.
const NOTE_BYTES: usize = 384;

/// The fields of a record that decide on keeping it, which are also those of the record that counts the left
/// out ones.
struct RecordLine {
    time: String,
    plugin: String,
    function: String,
    outcome: String,
    /// The number of records that it counts; 0 if it is an ordinary record.
    left_out: u64,
}

/// The records of one plugin, function and outcome.
struct KindTotals {
    plugin: usize,
    bytes: usize,
    /// Bytes of the oldest records that have to be left out.
    excess: usize,
    /// The record that counts those left out, until it is written.
    note: Option<RecordLine>,
}

/// All kinds of the source, in the order in which they first appear.
#[derive(Default)]
struct Kinds {
    /// The number of each plugin.
    plugins: SortedMap<String, usize>,
    /// The place of each plugin's function and outcome in `kinds`.
    places: SortedMap<(usize, String, String), usize>,
    kinds: Vec<KindTotals>,
}

/// Writes at most `room` bytes of the lines in `source`, in their order. Reads the source twice.
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
            let note = kind.note.get_or_insert(RecordLine { left_out: 0, ..line });
            note.left_out = note.left_out.saturating_add(stands_for);
            return Ok(());
        }
        write_note(kind.note.take(), to)?;
        to.write_all(text)
    })?;
    kinds.kinds.into_iter().try_for_each(|kind| write_note(kind.note, to))
}

/// Calls `take` with every line that is a record.
fn each_line(
    source: &mut dyn BufRead,
    take: &mut dyn FnMut(&[u8], RecordLine) -> io::Result<()>,
) -> io::Result<()> {
    let mut text = Vec::new();
    while source.read_until(b'\n', &mut text)? > 0 {
        // A line without an end was cut by a full disk or a power cut.
        if text.ends_with(b"\n")
            && let Some(line) = RecordLine::read(&text)
        {
            take(&text, line)?;
        }
        text.clear();
    }
    Ok(())
}

/// Writes the record that counts those left out, if there is one. It stands before the oldest kept record of its
/// kind, or at the end if none is kept.
fn write_note(note: Option<RecordLine>, to: &mut dyn Write) -> io::Result<()> {
    let Some(RecordLine { time, plugin, function, outcome, left_out }) = note else {
        return Ok(());
    };
    let record = json!({
        "time": time,
        "plugin": plugin,
        "function": function,
        "outcome": outcome,
        "rule": format!("{left_out} older records of this kind are left out"),
        "left_out": left_out,
    });
    to.write_all(json_line(&record).as_bytes())?;
    to.write_all(b"\n")
}

impl RecordLine {
    /// The record in a line, if it is one.
    fn read(text: &[u8]) -> Option<Self> {
        let mut record = ObjectReader::new(serde_json::from_slice(text).ok()?).ok()?;
        Some(Self {
            time: record.required_text("time").ok()?,
            plugin: record.required_text("plugin").ok()?,
            function: record.required_text("function").ok()?,
            outcome: record.required_text("outcome").ok()?,
            left_out: record.value("left_out").map_or(Some(0), |count| count.as_u64())?,
        })
    }
}

impl Kinds {
    /// Counts the line to its kind, and returns the kind's index.
    fn count(&mut self, line: RecordLine, bytes: usize) -> usize {
        let (plugins, kinds) = (self.plugins.len(), self.kinds.len());
        let plugin = *self.plugins.entry(line.plugin).or_insert(plugins);
        let key = (plugin, line.function, line.outcome);
        let kind = *self.places.entry(key).or_insert(kinds);
        if kind == kinds {
            self.kinds.push(KindTotals { plugin, bytes: 0, excess: 0, note: None });
        }
        if let Some(kind) = self.kinds.get_mut(kind) {
            kind.bytes += bytes;
        }
        kind
    }

    /// Divides the room between the kinds.
    fn share(&mut self, room: usize) {
        let needs = |plugin: usize| -> Vec<usize> {
            let own = self.kinds.iter().filter(|kind| kind.plugin == plugin);
            own.map(|kind| kind.bytes).collect()
        };
        let plugins = 0..self.plugins.len();
        let share =
            even_share(plugins.clone().map(|plugin| needs(plugin).iter().sum()).collect(), room);
        let most: Vec<usize> = plugins.map(|plugin| even_share(needs(plugin), share)).collect();
        for kind in &mut self.kinds {
            let most = most.get(kind.plugin).copied().unwrap_or_default();
            if kind.bytes > most {
                kind.excess = kind.bytes - most.saturating_sub(NOTE_BYTES);
            }
        }
    }
}

/// The most that each may have, so that all together have no more than `room`. Those that need less than an
/// even share leave the rest to the others.
fn even_share(mut needs: Vec<usize>, mut room: usize) -> usize {
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
