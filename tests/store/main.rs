//! Key-value stores: in memory, and on the disk through kills, damage and other processes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[cfg(feature = "store")]
mod damage;
#[cfg(feature = "store")]
mod durable;
#[cfg(feature = "store")]
mod kills;
mod memory;
#[cfg(feature = "store")]
mod support;
#[cfg(feature = "store")]
mod surroundings;
