//! Key-value stores: in memory, and on the disk through kills, damage and other processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[cfg(feature = "store")]
mod damage;
#[cfg(feature = "store")]
mod durable;
#[cfg(all(feature = "store", feature = "cli", feature = "package"))]
#[path = "../support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
#[cfg(all(feature = "store", feature = "cli", feature = "package"))]
#[path = "../support/home.rs"]
#[allow(dead_code, reason = "shared with the tests of installing")]
mod home;
#[cfg(feature = "store")]
mod kills;
mod memory;
#[cfg(all(feature = "store", feature = "cli", feature = "package"))]
mod neighbours;
#[cfg(all(feature = "store", feature = "cli", feature = "package"))]
mod plugins;
#[cfg(feature = "store")]
mod support;
#[cfg(feature = "store")]
mod surroundings;
#[cfg(feature = "store")]
#[path = "../support/warnings.rs"]
mod warnings;
