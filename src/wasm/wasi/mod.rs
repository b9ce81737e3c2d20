//! The closed answer to WASI: clocks, random bytes, bounded waits, and output that goes to the log. No files, no
//! sockets, no environment, no arguments.
//!
//! None of this needs a permission in the manifest. Files, network and environment are reached through the five
//! functions of `host` alone. `limits` has the bounds of single calls, `preview1` and
//! `preview2` one version of WASI each.

mod limits;
pub(super) mod preview1;
pub(super) mod preview2;
