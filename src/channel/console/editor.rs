//! Editing a line at a terminal: history, completion, pasting several lines at once.
//!
//! Reading blocks, so it happens on another thread. A thread that still waits when the program ends
//! is left alone, and the terminal is given back as it was. Between two lines the terminal keeps what is
//! typed as it is: it would swallow a ctrl-d, which is the editor's to understand.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::fstat;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Helper};

use super::above::AboveLine;
use super::editing::{Complete, ConsoleEditing};
use crate::task::{Lock, off_executor};

/// Lines that are kept.
const HISTORY_LINES: usize = 1_000;
/// What stands before a typed line.
const PROMPT: &str = "> ";
/// Ends the mode in which a terminal marks what is pasted.
const PASTE_OFF: &[u8] = b"\x1b[?2004l";

/// What somebody typed.
pub(super) enum Typed {
    Text(String),
    /// Ctrl-c: the line is given up.
    Interrupted,
    /// A key that is not UTF-8: the line is given up.
    NotText,
    /// Ctrl-d on an empty line.
    End,
}

type Readline = rustyline::Editor<Completing, FileHistory>;

pub(super) struct Editor {
    readline: Arc<Lock<Readline>>,
    history: Option<std::path::PathBuf>,
    before: Option<Termios>,
    above: AboveLine,
}

impl Editor {
    pub(super) fn new(editing: ConsoleEditing) -> Result<Self, ReadlineError> {
        let ConsoleEditing { history, complete } = editing;
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)?
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .build();
        let mut readline = Readline::with_config(config)?;
        readline.set_helper(Some(Completing(complete)));
        let history = history.filter(|path| match keep_closed(path) {
            Ok(()) => true,
            Err(error) => {
                log::warn!("no history is kept: {}: {error}", path.display());
                false
            }
        });
        if let Some(path) = &history {
            // A history that can't be read is an empty one.
            let _ = readline.load_history(path);
        }
        let before = tcgetattr(io::stdin()).ok();
        // Messages go to standard error, which may be another terminal than the one of the line.
        let printer = is_one_terminal().then(|| readline.create_external_printer().ok());
        let above = AboveLine::new(printer.flatten());
        let readline = Arc::new(Lock::new(readline));
        Ok(Self { readline, history, before, above })
    }

    /// Prints messages above the line that is being edited.
    pub(super) fn above(&self) -> AboveLine {
        self.above.clone()
    }

    /// Takes the terminal until the guard is dropped.
    pub(super) fn take_terminal(&self) -> TerminalGuard<'_> {
        if let Some(mut kept) = self.before.clone() {
            // What is typed is shown when the editor gets it.
            kept.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            // A terminal that can't do that does without.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &kept);
        }
        TerminalGuard(self)
    }

    /// The next line. It is read on a thread of its own, since the editor blocks.
    ///
    /// # Errors
    ///
    /// The terminal can't be read any more.
    pub(super) async fn read(&self) -> io::Result<Typed> {
        let (readline, history) = (Arc::clone(&self.readline), self.history.clone());
        let (above, before) = (self.above(), self.before.clone());
        let read = off_executor(move || {
            let mut readline = readline.lock();
            let Some(line) = above.editing(|| readline.readline(PROMPT)) else {
                // The editor has brought back what was there while it was attended.
                give_back(before.as_ref());
                return Err(ReadlineError::Eof);
            };
            if let (Ok(line), Some(path)) = (&line, history)
                && !line.trim().is_empty()
                && readline.add_history_entry(line.as_str()).unwrap_or(false)
                && let Err(error) = readline.append_history(&path)
            {
                log::warn!("the history can't be kept: {error}");
            }
            line
        });
        match read.await {
            Ok(line) => Ok(Typed::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                // What was pasted with it, and the editor has not read, is no line of its own.
                let _ = tcflush(io::stdin(), QueueSelector::IFlush);
                Ok(Typed::NotText)
            }
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

/// Holds the terminal in raw mode; dropping it restores the terminal.
pub(super) struct TerminalGuard<'e>(&'e Editor);

impl Drop for TerminalGuard<'_> {
    fn drop(&mut self) {
        let was_edited = self.0.above.give_up();
        give_back(self.0.before.as_ref());
        if was_edited {
            let _ = io::stdout().write_all(PASTE_OFF);
        }
    }
}

/// Makes the terminal what it was before.
fn give_back(before: Option<&Termios>) {
    if let Some(before) = before {
        // A terminal that went away needs nothing back.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
}

/// Whether standard output and standard error are the same terminal.
fn is_one_terminal() -> bool {
    let output = fstat(io::stdout()).ok();
    output.is_some_and(|output| fstat(io::stderr()).is_ok_and(|it| it.st_rdev == output.st_rdev))
}

/// Makes the history, if need be, and sees that nobody else can read it.
fn keep_closed(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Completes with what the commands say.
struct Completing(Complete);

impl Completer for Completing {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>), ReadlineError> {
        let (start, candidates) = (self.0)(&line[..position]);
        let pair = |it: String| Pair { display: it.clone(), replacement: it + " " };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }
}

impl Hinter for Completing {
    type Hint = String;
}

impl Highlighter for Completing {}
impl Validator for Completing {}
impl Helper for Completing {}
