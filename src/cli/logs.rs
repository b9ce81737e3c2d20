//! Logs to standard error: one line for each record, as `level: message`.

use std::io::Write;

use env_logger::Target;

use super::flags::Options;
use super::output::Messages;

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
            writeln!(line, "{level}: {}", record.args())
        })
        .init();
}
