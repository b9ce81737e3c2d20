//! Prints panics so that a lack of memory does not make the program wait for ever.

use std::hint::black_box;
use std::io::{self, Write as _};
use std::panic;

/// What a backtrace may need: symbols of the whole program are read for it.
const BACKTRACE_BYTES: usize = 64 << 20;

/// Has panics printed with a backtrace only where there is memory for one.
///
/// `RUST_BACKTRACE` makes the standard library hold a lock while it reads symbols. If that finds no memory, it takes
/// the lock again to print where, and waits for itself.
pub(super) fn print_within_memory() {
    let earlier = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let mut spare = Vec::<u8>::new();
        if black_box(&mut spare).try_reserve_exact(BACKTRACE_BYTES).is_ok() {
            drop(spare);
            earlier(info);
        } else {
            let _ = writeln!(io::stderr(), "{info}");
        }
    }));
}
