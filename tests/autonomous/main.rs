//! Skills that write themselves.

mod patterns;
