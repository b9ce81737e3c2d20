//! Skills that write themselves.

mod patterns;
mod runtime;
mod world;
