//! The 45 tests of the security rules, T01 to T45, each through a real guest: the committed probe
//! makes the call from inside the sandbox. What may be reached, the clock and the answers to
//! questions are the test's.
//!
//! T01 to T13 need the feature `net`, T36 to T41 `package`; the rest runs in every build.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[cfg(feature = "net")]
mod doors;
mod files;
#[path = "../support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
#[cfg(feature = "package")]
#[path = "../support/home.rs"]
#[allow(dead_code, reason = "shared with the tests of installing")]
mod home;
#[cfg(feature = "package")]
mod install;
mod isolation;
mod log;
#[cfg(feature = "net")]
mod network;
mod probe;
mod race;
mod resources;
#[cfg(feature = "net")]
#[path = "../support/server.rs"]
#[allow(dead_code, reason = "shared with the tests of the network")]
mod server;
mod variables;
#[cfg(feature = "net")]
#[path = "../support/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the network")]
mod world;

#[test]
fn every_number_has_its_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/security");
    let sources: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let missing: Vec<_> =
        (1..=45).filter(|number| !sources.contains(&format!("\nfn t{number:02}_"))).collect();
    assert!(missing.is_empty(), "without a test: {missing:?}");
}
