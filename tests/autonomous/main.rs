//! Skills that write themselves.

mod approved;
#[cfg(feature = "mcp")]
mod clients;
mod patterns;
mod runtime;
mod world;
