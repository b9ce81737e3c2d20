//! `weft-lite audit`: shows the requests of plugins to the host, with their outcomes.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use argh::FromArgs;
use serde_json::Value;
use weft_lite::sandbox::{FileAudit, audit_line};
use weft_lite::sorted::SortedSet;

use super::flags::Options;
use super::{CommandFailure, Status, output, suggestion};

/// How often `--follow` checks for new lines.
const LOOK: Duration = Duration::from_millis(200);

/// Show what plugins asked of the host, the oldest first.
#[derive(Debug, FromArgs)]
#[argh(
    subcommand,
    name = "audit",
    example = "{command_name} --denied\n{command_name} --plugin com.example.clock --follow",
    note = "A plugin that is not there and has no record is an error.\nWith --json it prints the records as they are kept, one JSON document on each line."
)]
pub(super) struct Audit {
    /// go on with what comes, until interrupted
    #[argh(switch)]
    follow: bool,
    /// only this plugin's records
    #[argh(option, arg_name = "ID")]
    plugin: Option<String>,
    /// only what was refused: outcomes `denied` and `rate_limited`
    #[argh(switch)]
    denied: bool,
}

pub(super) fn run(command: &Audit, options: &Options) -> Result<Status, CommandFailure> {
    let home = options.weft_home()?;
    let path = home.join(super::session::AUDIT_FILE);
    let seen = RefCell::new(SortedSet::new());
    let print = |line: &str| print(command, options.json, line, &seen);
    let rotated = FileAudit::rotated(&path);
    let mut follower = Follower { path, reader: None };
    if let Ok(file) = File::open(rotated) {
        lines(&mut BufReader::new(file), &print)?;
    }
    loop {
        follower.read(&print)?;
        if let Some(id) = command.plugin.as_ref().filter(|_| !command.follow)
            && !seen.borrow().contains(id)
        {
            known(id, seen.take(), options)?;
        }
        if !command.follow {
            return Ok(Status::Done);
        }
        thread::sleep(LOOK);
    }
}

/// Reads the log as it grows, even when it is rotated.
struct Follower {
    path: PathBuf,
    reader: Option<BufReader<File>>,
}

impl Follower {
    fn read(&mut self, print: &impl Fn(&str) -> io::Result<()>) -> io::Result<()> {
        if let Some(reader) = &mut self.reader {
            lines(reader, print)?;
            if is_at(reader.get_ref(), &self.path) {
                return Ok(());
            }
        }
        self.reader = File::open(&self.path).ok().map(BufReader::new);
        match &mut self.reader {
            Some(reader) => lines(reader, print),
            None => Ok(()),
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(open), Ok(there)) => open.ino() == there.ino(),
        _ => false,
    }
}

/// Passes every complete line to `print`. An incomplete line waits for the next call.
fn lines(reader: &mut BufReader<File>, print: &impl Fn(&str) -> io::Result<()>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return reader.seek_relative(-i64::try_from(read).unwrap_or(0));
        }
        print(String::from_utf8_lossy(&line).trim())?;
    }
}

/// A note about a plugin without records: it has none yet, or there is no such plugin.
fn known(id: &str, mut others: SortedSet<String>, options: &Options) -> Result<(), CommandFailure> {
    let snapshot = options.load()?.host().snapshot();
    others.extend(snapshot.plugins.plugins().map(|plugin| plugin.manifest.id.clone()));
    others.extend(snapshot.plugins.refused().iter().filter_map(|refused| refused.id.clone()));
    if others.contains(id) {
        output::message(&format_args!("the plugin `{id}` has no record"));
        return Ok(());
    }
    let known = others.iter().map(String::as_str);
    let next_step = suggestion(id, known, "see `weft-lite plugin list` for those there are");
    Err(CommandFailure::work(
        &format_args!("there is no plugin `{id}`, and no record of one"),
        &next_step,
    ))
}

fn print(
    command: &Audit,
    json: bool,
    line: &str,
    seen: &RefCell<SortedSet<String>>,
) -> io::Result<()> {
    // A line that was cut off by a full disk or a power failure is not a record.
    let Ok(record) = serde_json::from_str::<Value>(line) else { return Ok(()) };
    let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default();
    if command.plugin.is_some() && !seen.borrow().contains(text("plugin")) {
        seen.borrow_mut().insert(text("plugin").to_owned());
    }
    let wanted = command.plugin.as_ref().is_none_or(|id| text("plugin") == id)
        && (!command.denied || matches!(text("outcome"), "denied" | "rate_limited"));
    if !wanted {
        return Ok(());
    }
    if json {
        return output::guest_text(line);
    }
    output::data(&audit_line(&record))
}
