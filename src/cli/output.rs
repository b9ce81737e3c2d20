//! Printing: data to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};
#[cfg(feature = "console")]
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::json;
#[cfg(feature = "console")]
use weft_lite::AboveLine;
use weft_lite::{Failure, Usage, printable};

/// Columns that a table takes on a terminal.
const COLUMNS: usize = 100;

/// Where messages go while somebody edits a line. It belongs to the terminal, of which there is one.
#[cfg(feature = "console")]
static ABOVE: OnceLock<AboveLine> = OnceLock::new();

/// From now on messages leave the line whole that somebody edits.
#[cfg(feature = "console")]
pub(super) fn say_above(line: AboveLine) {
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

/// Prints `value` as one JSON document: over several lines on a terminal, and without what controls
/// it, otherwise on one line.
///
/// # Errors
///
/// As [`data`].
pub(super) fn json(value: &impl Serialize) -> io::Result<()> {
    let text = if is_terminal() {
        // JSON leaves alone what lies beyond ASCII, and some of that drives a terminal too.
        printable(&serde_json::to_string_pretty(value)?)
    } else {
        serde_json::to_string(value)?
    };
    data(&text)
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
pub(super) fn message(text: &str) {
    let text = format!("{}\n", printable(text));
    let _ = Messages.write_all(text.as_bytes());
}

/// How a command's results, and what keeps it from them, are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
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
pub(super) fn failure(failure: &Failure, usage: Option<Usage>, form: Form) -> io::Result<()> {
    match form {
        Form::Text => problem(&failure.message, &failure.next_step),
        Form::Json => {
            let mut told = json!({ "ok": false, "error": failure });
            if let Some(usage) = usage {
                told["usage"] = json!(usage);
            }
            json(&told)?;
        }
    }
    Ok(())
}

/// Prints what happened and what to do about it.
pub(super) fn problem(message: &str, next_step: &str) {
    self::message(&with_next_step(&format!("error: {message}"), next_step));
}

/// What happened, and what to do about it on a line of its own.
pub(super) fn with_next_step(message: &str, next_step: &str) -> String {
    // What follows a message's first line is set off, so that it can't pass for a line of ours.
    format!("{}\n  try: {next_step}", message.replace('\n', "\n    "))
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
    if rows.is_empty() {
        return Ok(());
    }
    let cell = |text: &str| printable(&one_line(text));
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|it| cell(it))).collect();
    if !is_terminal() {
        let lines: Vec<String> = rows.iter().map(|row| row.join("\t")).collect();
        return data(&lines.join("\n"));
    }
    let titles = titles.map(str::to_uppercase);
    let rows: Vec<&[String; N]> = std::iter::once(&titles).chain(&rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let lines: Vec<String> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            fitted(cells.collect::<Vec<_>>().join("  ").trim_end())
        })
        .collect();
    data(&lines.join("\n"))
}

/// Whether a person looks at the output.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The line cut to the terminal's width, as far as the shell tells it.
fn fitted(line: &str) -> String {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns: usize = told.unwrap_or(COLUMNS);
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
        let warning = format!("warning: other users can read {path}");
        message(&with_next_step(&warning, &format!("run `chmod 600 {path}`")));
    }
}
