//! Skills that write themselves.

mod approved;
mod patterns;
mod runtime;
mod world;
