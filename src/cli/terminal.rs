//! Asks questions at the terminal: on standard error, with answers on standard input.

use std::io::{self, BufRead, IsTerminal, Read, Stdin, Write};

use futures_lite::future::block_on;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr,
    tcsetattr,
};
use weft_lite::package::{Prompt, SecretValue};
use weft_lite::text::printable;

use super::interrupts::Interrupts;
use super::output;
use super::threads;

/// The most bytes of one line; a terminal delivers fewer.
const LINE_BYTES: usize = 16 * 1024;
/// The byte that ctrl-c sends when it does not interrupt.
const INTERRUPT: u8 = 3;

/// Asks questions at the terminal.
#[derive(Debug, Default)]
pub(super) struct Terminal;

impl Prompt for Terminal {
    fn confirm(&mut self, question: &str) -> Option<bool> {
        if !is_there() {
            return None;
        }
        let mut errors = io::stderr();
        write!(errors, "{} [y/N] ", printable(question)).and_then(|()| errors.flush()).ok()?;
        let mut answer = String::new();
        if io::stdin().lock().read_line(&mut answer).ok()? == 0 {
            // Ctrl-d is not an answer, and does not end the line.
            output::message(&"");
            return None;
        }
        Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

/// Asks a question and reads the line that is typed; none without a terminal, and at the end of its input.
///
/// # Errors
///
/// Those of reading, and a signal that asks the program to end.
#[cfg(feature = "net")]
pub(super) fn line(question: &str, interrupts: &mut Interrupts) -> io::Result<Option<String>> {
    if !is_there() {
        return Ok(None);
    }
    let mut errors = io::stderr();
    write!(errors, "{}: ", printable(question)).and_then(|()| errors.flush())?;
    let typed = block_on(interrupts.unless(typed())).unwrap_or_else(|| Err(interrupted_error()));
    let line = typed.inspect_err(|_| output::message(&""))?;
    Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
}

/// Whether somebody at a terminal can be asked.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Reads one line without showing it; from a pipe, all of its content.
///
/// # Errors
///
/// Those of reading, an empty or unusable value, and ctrl-c or another signal that asks the program to
/// end.
pub(super) fn hidden(question: &str) -> io::Result<SecretValue> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return SecretValue::from_reader(stdin.lock());
    }
    let typed = {
        // From here on a signal ends only the waiting, so that the terminal is restored.
        let mut interrupts = Interrupts::watch_all()?;
        // Input is hidden before the question, because people may type as soon as they see it.
        let _hidden = HiddenInput::start(&stdin)?;
        write!(io::stderr(), "{question}: ")?;
        let typed =
            block_on(interrupts.unless(typed())).unwrap_or_else(|| Err(interrupted_error()));
        if typed.is_err() {
            // The rest of a value must not become input of the next program.
            let _ = tcflush(&stdin, QueueSelector::IFlush);
        }
        typed
    };
    output::message(&"");
    match typed?.as_slice() {
        [.., INTERRUPT] => Err(interrupted_error()),
        typed => SecretValue::from_reader(typed),
    }
}

/// Reads a line. The program does not wait for the reading thread at its end.
async fn typed() -> io::Result<Vec<u8>> {
    threads::run_detached(|| {
        let mut line = vec![0; LINE_BYTES];
        let length = io::stdin().lock().read(&mut line)?;
        line.truncate(length);
        Ok(line)
    })
    .await?
}

fn interrupted_error() -> io::Error {
    io::ErrorKind::Interrupted.into()
}

/// Hides input until it is dropped.
struct HiddenInput<'s> {
    stdin: &'s Stdin,
    before: Termios,
}

impl<'s> HiddenInput<'s> {
    fn start(stdin: &'s Stdin) -> io::Result<Self> {
        let before = tcgetattr(stdin)?;
        let mut hidden = before.clone();
        // An interrupt would end the program without restoring the terminal. This way it ends the line.
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
        tcsetattr(stdin, OptionalActions::Flush, &hidden)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for HiddenInput<'_> {
    fn drop(&mut self) {
        // If the terminal is gone, there is nothing to restore.
        let _ = tcsetattr(self.stdin, OptionalActions::Now, &self.before);
    }
}
