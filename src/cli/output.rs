//! Printing: data to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
#[cfg(feature = "console")]
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::{Map, Value};
use weft_lite::Usage;
#[cfg(feature = "console")]
use weft_lite::channel::AboveLine;
use weft_lite::errors::Failure;
use weft_lite::text::{json_line, json_lines, printable};

use super::Status;

/// Columns that a table takes on a terminal.
const COLUMNS: usize = 100;

/// Where messages go while somebody edits a line. It belongs to the terminal, of which there is one.
#[cfg(feature = "console")]
static ABOVE: OnceLock<AboveLine> = OnceLock::new();

/// Prints further messages above the line that is being edited.
#[cfg(feature = "console")]
pub(super) fn set_message_line(line: AboveLine) {
    // A program has one console.
    let _ = ABOVE.set(line);
}

/// Standard error, as log records are written to it: each at once.
#[derive(Debug)]
pub(super) struct Messages;

impl Write for Messages {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "console")]
        if ABOVE.get().is_some_and(|above| above.show(&String::from_utf8_lossy(lines))) {
            return Ok(lines.len());
        }
        io::stderr().write_all(lines)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints `text` and a line feed to standard output.
///
/// # Errors
///
/// Those of the output; a broken pipe among them, which is a success in the end.
pub(super) fn data(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.write_all(b"\n")?;
    output.flush()
}

/// A value that can be written as JSON.
pub(super) trait AsJson {
    fn value(&self) -> Value;
}

impl<T: Serialize> AsJson for T {
    fn value(&self) -> Value {
        // The names of fields are text.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// An object with these fields, in this order.
pub(super) fn object(fields: &[(&str, &dyn AsJson)]) -> Value {
    let fields = fields.iter().map(|(name, field)| ((*name).to_owned(), field.value()));
    fields.collect::<Map<_, _>>().into()
}

/// Prints `value` as one JSON document: over several lines on a terminal, and without what controls
/// it, otherwise on one line.
///
/// # Errors
///
/// As [`data`].
pub(super) fn json(value: &dyn AsJson) -> io::Result<()> {
    let value = value.value();
    if is_terminal() {
        // JSON leaves alone what lies beyond ASCII, and some of that drives a terminal too.
        return data(&printable(&json_lines(&value)));
    }
    data(&json_line(&value))
}

/// Prints an object with these fields as [`json`] does.
///
/// # Errors
///
/// As [`data`].
pub(super) fn record(fields: &[(&str, &dyn AsJson)]) -> io::Result<()> {
    json(&object(fields))
}

/// Prints text that a guest chose: as it is, but without what controls a terminal where one shows it.
///
/// # Errors
///
/// As [`data`].
pub(super) fn guest_text(text: &str) -> io::Result<()> {
    if is_terminal() { data(&printable(text)) } else { data(text) }
}

/// Prints lines to standard error. Where nobody can read them, nobody misses them.
pub(super) fn message(text: &dyn Display) {
    let text = format!("{}\n", printable(&text.to_string()));
    let _ = Messages.write_all(text.as_bytes());
}

/// Prints what happened, and what to do about it, to standard error.
pub(super) fn advise(message: &dyn Display, next_step: &dyn Display) {
    self::message(&with_next_step(message, next_step));
}

/// The format of a command's results and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutputForm {
    /// For people: data on standard output, errors on standard error.
    Text,
    /// For programs: everything on standard output, as JSON.
    Json,
}

/// Tells that a command failed, and what a call cost that did: as JSON in the form that every command
/// gives it.
///
/// # Errors
///
/// As [`data`], for JSON.
pub(super) fn failure(failure: &Failure, usage: Option<Usage>, form: OutputForm) -> io::Result<()> {
    match form {
        OutputForm::Text => problem(&failure.message, &failure.next_step),
        OutputForm::Json => {
            let usage = usage.map(|usage| usage.value());
            let mut fields: Vec<(&str, &dyn AsJson)> = vec![("ok", &false), ("error", failure)];
            if let Some(usage) = &usage {
                fields.push(("usage", usage));
            }
            record(&fields)?;
        }
    }
    Ok(())
}

/// Prints what happened and what to do about it.
pub(super) fn problem(message: &dyn Display, next_step: &dyn Display) {
    advise(&format_args!("error: {message}"), next_step);
}

/// What happened, and what to do about it on a line of its own.
pub(super) fn with_next_step(message: &dyn Display, next_step: &dyn Display) -> String {
    // What follows a message's first line is set off, so that it can't pass for a line of ours.
    format!("{}\n  try: {next_step}", message.to_string().replace('\n', "\n    "))
}

/// The text on one line, whatever its author put into it.
pub(super) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r', '\t'], " ")
}

/// Prints rows below their titles: aligned on a terminal, and otherwise with tabs between the
/// cells and without titles.
///
/// # Errors
///
/// As [`data`].
pub(super) fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
    cells(&titles, rows.as_flattened())
}

/// The one copy of [`table`]: row after row, each with as many cells as there are titles.
fn cells(titles: &[&str], cells: &[String]) -> io::Result<()> {
    if cells.is_empty() {
        return Ok(());
    }
    let is_terminal = is_terminal();
    let mut all: Vec<String> = Vec::new();
    if is_terminal {
        all.extend(titles.iter().map(|title| title.to_uppercase()));
    }
    all.extend(cells.iter().map(|cell| printable(&one_line(cell))));
    let rows = all.chunks(titles.len());
    let mut widths = vec![0; titles.len()];
    for row in rows.clone() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String]| {
        if !is_terminal {
            return row.join("\t");
        }
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        fitted(padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    data(&rows.map(line).collect::<Vec<_>>().join("\n"))
}

/// Says what a command has done: as an object with these fields, or in a sentence on standard error.
///
/// # Errors
///
/// As [`data`], for JSON.
pub(super) fn done(
    form: OutputForm,
    fields: &[(&str, &dyn AsJson)],
    sentence: &dyn Display,
) -> Result<Status, super::CommandFailure> {
    match form {
        OutputForm::Json => record(fields)?,
        OutputForm::Text => message(sentence),
    }
    Ok(Status::Done)
}

/// Whether a person looks at the output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The line cut to the terminal's width, as far as the shell tells it.
fn fitted(line: &str) -> String {
    let configured = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns: usize = configured.unwrap_or(COLUMNS);
    match line.char_indices().nth(columns) {
        None => line.to_owned(),
        Some(_) => line.chars().take(columns.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// Warns of a file with a credential in it that other users of this machine can read.
pub(super) fn warn_if_others_read(path: &std::path::Path) {
    #[cfg(unix)]
    if std::fs::metadata(path)
        .is_ok_and(|it| it.is_file() && std::os::unix::fs::MetadataExt::mode(&it) & 0o044 != 0)
    {
        let path = path.display();
        advise(
            &format_args!("warning: other users can read {path}"),
            &format_args!("run `chmod 600 {path}`"),
        );
    }
}
