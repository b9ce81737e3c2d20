//! `wasi_snapshot_preview1`, as `wasm32-wasip1` modules import it.
//!
//! Source: the witx of WASI's snapshot preview 1, which has the numbers and layouts.

mod call;
mod imports;
mod numbers;
mod poll_oneoff;

pub(in crate::wasm) use call::Preview1Call;
pub(in crate::wasm) use imports::define_preview1_function;
pub(in crate::wasm) use poll_oneoff::first_moment;
