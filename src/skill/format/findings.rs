//! Collects the diagnostics of one file, in the order of its lines.
//!
//! Whether a deviation from the specification is a warning or an error is decided here, by the mode,
//! and nowhere else.
//!
//! Each reporting method takes a stable `code` for programs, the offset `at` in the text, the message, and
//! `write`: the line that would be right, or nothing.

use std::fmt::Display;

use super::diagnostic::{Diagnostic, ParseMode, Severity};
use super::lines::position;
use crate::contract::sort_by_key;

/// Diagnostics of one file at most. More of them help nobody.
const MOST: usize = 50;

/// Collects diagnostics about one text.
#[derive(Debug)]
pub(super) struct SkillFindings<'t> {
    /// The decoded file.
    text: &'t str,
    mode: ParseMode,
    list: Vec<Diagnostic>,
}

impl<'t> SkillFindings<'t> {
    /// No findings yet about `text`.
    pub(super) fn new(text: &'t str, mode: ParseMode) -> Self {
        Self { text, mode, list: Vec::new() }
    }

    /// The text that offsets count in.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// Whether the file is checked against the specification and not only loaded.
    pub(super) fn is_strict(&self) -> bool {
        self.mode == ParseMode::Strict
    }

    /// A note: the skill loads as its author intended.
    pub(super) fn note(
        &mut self,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        self.add(Severity::Note, code, at, message, write);
    }

    /// Something that the specification has no rule for, and the author should look at.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        self.add(Severity::Warning, code, at, message, write);
    }

    /// Something that the specification forbids and the loader makes good.
    pub(super) fn deviation(
        &mut self,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        let severity = if self.is_strict() { Severity::Error } else { Severity::Warning };
        self.add(severity, code, at, message, write);
    }

    /// A deviation that matters only in strict mode.
    pub(super) fn pedantry(
        &mut self,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        if self.is_strict() {
            self.add(Severity::Error, code, at, message, write);
        }
    }

    /// A fault that keeps the skill from loading.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        self.add(Severity::Error, code, at, message, write);
    }

    /// Adds a diagnostic with the line and column of its offset.
    fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: usize,
        message: &dyn Display,
        write: &dyn Display,
    ) {
        let failed = || self.list.iter().any(|it| it.severity == Severity::Error);
        // An error is never the one that is left out, if it is the only one.
        if self.list.len() >= MOST && (severity < Severity::Error || failed()) {
            return;
        }
        let (line, column) = position(self.text, at);
        let (message, write) = (message.to_string(), write.to_string());
        let suggestion = Some(write).filter(|write| !write.is_empty());
        self.list.push(Diagnostic { severity, code, line, column, message, suggestion });
    }

    /// The diagnostics, sorted by line and column.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        sort_by_key(&mut self.list, |it| (it.line, it.column));
        self.list.shrink_to_fit();
        self.list
    }
}
