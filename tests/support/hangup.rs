//! The signal for the end of a terminal, which whoever started the tests may have them ignore.

/// `HUP`; `TERM` under `nohup`, as programs inherit what is ignored.
#[allow(clippy::print_stdout, reason = "a skipped case says so")]
pub(crate) fn hangup() -> &'static str {
    const HANGUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    if ignored.is_none_or(|mask| mask & HANGUP == 0) {
        return "HUP";
    }
    println!("skipped: SIGHUP, which is ignored here; SIGTERM stands in for it");
    "TERM"
}
