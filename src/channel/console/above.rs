//! Prints messages above the line that is being edited, which stays whole.

use std::cell::Cell;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::task::in_background;
use async_channel::Sender;
use rustyline::ExternalPrinter;

thread_local! {
    /// Whether this is the editing thread: its own messages would be drawn without end.
    static EDITS: Cell<bool> = const { Cell::new(false) };
}

/// Prints messages above a line that is being edited.
#[derive(Debug, Clone)]
pub struct AboveLine {
    edited: Arc<AtomicBool>,
    texts: Sender<String>,
}

impl AboveLine {
    /// With what the editor has for it; without one, everybody writes for themselves.
    pub(super) fn new(printer: Option<impl ExternalPrinter + Send + 'static>) -> Self {
        let (texts, received) = async_channel::unbounded();
        if let Some(mut printer) = printer {
            // The printer may wait for the editor, and the editor for a key.
            let print = move || {
                while let Ok(text) = received.recv_blocking() {
                    let text: String = text;
                    if printer.print(text.clone()).is_err() {
                        let _ = io::stderr().write_all(text.as_bytes());
                    }
                }
            };
            in_background(Box::new(print)).detach();
        }
        Self { edited: Arc::default(), texts }
    }

    /// Takes whole lines to be shown above the line that is being edited. `false` where none is: then
    /// nobody minds if they are just written.
    #[must_use]
    pub fn show(&self, lines: &str) -> bool {
        self.is_edited() && !EDITS.get() && self.texts.try_send(lines.to_owned()).is_ok()
    }

    /// Whether a line is being edited now, as the thread that reads knows it.
    pub(super) fn is_edited(&self) -> bool {
        self.edited.load(Ordering::Acquire)
    }

    /// Does what edits a line, on this thread; `None` where it was given up meanwhile.
    pub(super) fn editing<T>(&self, edit: impl FnOnce() -> T) -> Option<T> {
        EDITS.set(true);
        self.edited.store(true, Ordering::Release);
        let line = edit();
        EDITS.set(false);
        self.edited.swap(false, Ordering::AcqRel).then_some(line)
    }

    /// Abandons the line, though its thread may still read it. Returns whether one was being edited.
    pub(super) fn give_up(&self) -> bool {
        self.edited.swap(false, Ordering::AcqRel)
    }
}
