//! Asking whoever sits at the terminal: questions on standard error, answers from standard input.

use std::io::{self, BufRead, IsTerminal, Stdin, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use weft_lite::{Prompt, SecretValue, printable};

use super::output;

/// The terminal, as questions are asked at it.
#[derive(Debug, Default)]
pub(super) struct Terminal;

impl Prompt for Terminal {
    fn confirm(&mut self, question: &str) -> Option<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return None;
        }
        let mut errors = io::stderr();
        write!(errors, "{} [y/N] ", printable(question)).and_then(|()| errors.flush()).ok()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).ok()?;
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// Reads one line that is not shown while it is typed; from a pipe, what is in it.
///
/// # Errors
///
/// Those of reading, and an empty or unusable value.
pub(super) fn hidden(question: &str) -> io::Result<SecretValue> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return SecretValue::from_reader(stdin.lock());
    }
    let mut line = String::new();
    let typed = {
        // Before the question: whoever reads it may type at once.
        let _hidden = Hidden::start(&stdin)?;
        write!(io::stderr(), "{question}: ")?;
        stdin.lock().read_line(&mut line)
    };
    output::message("");
    typed?;
    SecretValue::from_reader(line.as_bytes())
}

/// The terminal while it does not show what is typed.
struct Hidden<'s> {
    stdin: &'s Stdin,
    before: Termios,
}

impl<'s> Hidden<'s> {
    fn start(stdin: &'s Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin, OptionalActions::Flush, &hidden)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that went away needs nothing back.
        let _ = tcsetattr(self.stdin, OptionalActions::Now, &self.before);
    }
}
