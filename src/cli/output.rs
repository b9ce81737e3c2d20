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

/// The columns of a table on a terminal.
const COLUMNS: usize = 100;

/// The place for messages while a line is edited. A static, because there is one terminal.
#[cfg(feature = "console")]
static ABOVE: OnceLock<AboveLine> = OnceLock::new();

/// Prints further messages above the line that is being edited.
#[cfg(feature = "console")]
pub(super) fn set_message_line(line: AboveLine) {
    // A program has one console.
    let _ = ABOVE.set(line);
}

/// Standard error for log records, each written at once.
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
/// Those of the output. A broken pipe is among them, and is a success in the end.
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

/// Prints `value` as one JSON document. On a terminal it has several lines and no control characters; otherwise it
/// is one line.
///
/// # Errors
///
/// As [`data`].
pub(super) fn json(value: &dyn AsJson) -> io::Result<()> {
    let value = value.value();
    if is_terminal() {
        // JSON does not escape characters beyond ASCII, and some of them control a terminal.
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

/// Prints a guest's text unchanged, but on a terminal without control characters.
///
/// # Errors
///
/// As [`data`].
pub(super) fn guest_text(text: &str) -> io::Result<()> {
    if is_terminal() { data(&printable(text)) } else { data(text) }
}

/// Prints lines to standard error. A failure is ignored, because nobody reads it then.
pub(super) fn message(text: &dyn Display) {
    let text = format!("{}\n", printable(&text.to_string()));
    let _ = Messages.write_all(text.as_bytes());
}

/// Prints a message and its next step to standard error.
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

/// Prints the failure of a command, with the usage of a failed call. All commands have the same JSON.
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

/// Prints an error and its next step.
pub(super) fn problem(message: &dyn Display, next_step: &dyn Display) {
    advise(&format_args!("error: {message}"), next_step);
}

/// A message, with the next step on a line of its own.
pub(super) fn with_next_step(message: &dyn Display, next_step: &dyn Display) -> String {
    // Further lines of a message are indented, so that they can't be mistaken for lines of the program.
    format!("{}\n  try: {next_step}", message.to_string().replace('\n', "\n    "))
}

/// The text on one line, without line breaks.
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

/// Prints the cells of [`table`], row after row. All callers share one copy of the code.
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

/// Prints the result of a command: an object with these fields, or a sentence on standard error.
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

/// Whether the output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The line cut to the terminal's width, if the shell sets it.
fn fitted(line: &str) -> String {
    let configured = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns: usize = configured.unwrap_or(COLUMNS);
    match line.char_indices().nth(columns) {
        None => line.to_owned(),
        Some(_) => line.chars().take(columns.saturating_sub(3)).chain("...".chars()).collect(),
    }
}

/// Warns if other users of this machine can read a file with a credential.
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
