//! Guests that mean harm: each ends in a typed error of its own, the host goes on serving others,
//! and what the guest held is given back.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod binary;
mod case;
mod describe;
mod exhaustion;
mod exports;
mod generated;
#[path = "../support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
mod imports;
mod inspect;
mod loading;
mod realloc;
mod traps;
mod wasi;

#[path = "../support/entries.rs"]
mod entries;
#[cfg(feature = "socket")]
#[path = "../support/lines.rs"]
mod lines;
#[cfg(feature = "mcp")]
#[path = "../support/messages.rs"]
mod messages;
#[path = "../support/skills.rs"]
mod skills;
#[cfg(feature = "net")]
#[path = "../support/urls.rs"]
mod urls;

use case::{Case, Host};

/// What all cases may take together: the guests' 24 MB, the 64 MB that one call may hand to the host,
/// and about as much again for the cases themselves and for the tests beside this one.
const MOST_KB: usize = 192 << 10;

type Theme = fn() -> Vec<Case>;

/// The themes, and how many cases of each must end in an error.
const THEMES: [(Theme, usize); 8] = [
    (loading::cases, 82),
    (exports::cases, 58),
    (imports::cases, 74),
    (realloc::cases, 21),
    (traps::cases, 26),
    (exhaustion::cases, 24),
    (wasi::cases, 24),
    (describe::cases, 32),
];

/// Every case of every theme, in the order in which they run.
fn cases() -> Vec<Case> {
    THEMES.into_iter().flat_map(|(theme, _)| theme()).collect()
}

#[test]
fn every_hostile_guest_fails_alone() {
    let cases = cases();
    let host = Host::new();
    let wrong: Vec<_> = cases.iter().filter_map(|case| host.try_case(case).err()).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    if let Some(peak_kb) = peak_kb() {
        assert!(peak_kb < MOST_KB, "this process took {peak_kb} KB at its peak");
    }
}

/// The most memory that this process ever had, where the system tells.
fn peak_kb() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn there_are_341_and_no_two_are_alike() {
    for (index, (theme, expected)) in THEMES.into_iter().enumerate() {
        let failing = theme().iter().filter(|case| case.fails()).count();
        assert_eq!(failing, expected, "theme {index}");
    }
    assert_eq!(THEMES.iter().map(|(_, failing)| failing).sum::<usize>(), 341);
    let cases = cases();
    let mut names: Vec<_> = cases.iter().map(|case| &case.name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "each has a name of its own");
    let mut modules: Vec<_> = cases.iter().map(|case| (&case.module, case.resources)).collect();
    modules.sort();
    modules.dedup();
    assert_eq!(modules.len(), cases.len(), "each is a module of its own");
}
