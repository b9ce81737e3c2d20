//! WASI's second preview, as `wasm32-wasip2` modules import it at the core level.
//!
//! Each function is a row of one table. Any version 0.2.x is answered, because these functions are
//! the same in all of them. An import leaves its numbers behind; the driver does the work.
//!
//! Source: the WIT packages `wasi:io`, `wasi:cli`, `wasi:clocks` and `wasi:random` in version 0.2,
//! and `CanonicalABI.md` of the component model for their layout.

mod call;
mod imports;
mod pollables;
mod table;

pub(in crate::wasm) use call::{Preview2Call, Step, ready, store_list};
pub(in crate::wasm) use imports::define_preview2_function;
pub(in crate::wasm) use pollables::Pollables;
pub(in crate::wasm) use table::preview2_function;
