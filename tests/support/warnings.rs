//! What a test's own thread logs as a warning.

use std::cell::RefCell;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct ByThread;

impl Log for ByThread {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            SAID.with_borrow_mut(|said| said.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// The warnings while `work` runs.
pub(crate) fn during(work: impl FnOnce()) -> Vec<String> {
    // Another test of this process may have set it.
    let _ = log::set_logger(&ByThread);
    log::set_max_level(LevelFilter::Warn);
    SAID.with_borrow_mut(Vec::clear);
    work();
    SAID.take()
}
