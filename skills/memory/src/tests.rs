//! Tests of the whole plugin, with a host in memory.

mod backend;
mod durability;
mod ranking;
mod tools;
mod world;
