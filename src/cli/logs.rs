//! Logs to standard error: one record after another, as `level: message`.
//!
//! A message may have words of a plugin or of a stranger in it, so it can't drive a terminal, pass for several records or
//! fill a disk.

use std::io::Write;

use env_logger::Target;
use weft_lite::limits::KB;
use weft_lite::text::printable;

use super::flags::Options;
use super::output::Messages;

/// Bytes of a message that are logged.
const MESSAGE_BYTES: usize = 8 * KB;

/// The default log filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// Warnings.
    Warnings,
    /// Warnings, and messages of plugins.
    Plugins,
}

/// Starts logging: `$WEFT_LOG` or `$RUST_LOG`, otherwise `verbosity`, which `--verbose` raises.
pub(super) fn start(options: &Options, verbosity: Verbosity) {
    let default = match verbosity {
        _ if options.verbose => "info,weft_lite=debug",
        // A watch that ends with its folder is not worth a warning.
        Verbosity::Warnings => "warn,notify=error",
        Verbosity::Plugins => "warn,notify=error,weft_lite::plugin=info",
    };
    let named = ["WEFT_LOG", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    env_logger::Builder::new()
        .target(Target::Pipe(Box::new(Messages)))
        .parse_filters(named.as_deref().unwrap_or(default))
        .format(|line, record| {
            let level = record.level().as_str().to_ascii_lowercase();
            writeln!(line, "{level}: {}", message(&record.args().to_string()))
        })
        .init();
}

/// The message without control characters. What follows its first line is set off.
fn message(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(MESSAGE_BYTES)];
    let mut message = printable(kept).replace('\n', "\n    ");
    if kept.len() < text.len() {
        message.push_str("... [truncated]");
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_record() {
        assert_eq!(message("plain: \u{e9}"), "plain: \u{e9}");
        let forged = message("it failed: x\nerror: all is lost\r\u{1b}[2J");
        assert_eq!(forged, "it failed: x\n    error: all is lost\\r\\u{1b}[2J");
        assert!(message(&"\u{e9}".repeat(MESSAGE_BYTES)).len() < MESSAGE_BYTES + 20);
    }
}
