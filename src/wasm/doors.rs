//! The doors of `wit/deps/host.wit`: interfaces of the host beside `host`, each an import of its own.
//!
//! There is one so far, `clock`. Reading a clock and waiting have no effect on the machine, so they need no
//! permission and leave no audit record, like WASI's clocks.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use wasmi::{Caller, Error, Linker};

use super::clock::{monotonic_nanoseconds, wall_time};
use super::signature::{Signature, signature};
use super::state::{GuestState, Suspended};
use super::suspend::suspend_in;

/// The start of every door's module name; the door's name and its version follow.
pub(super) const DOORS: &str = "weft:host/";

/// The versions that this host's doors answer: every patch of 0.1.
const VERSIONS: &str = "0.1.";

const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;

/// The function of a door at the core level; `None` for a door, a version or a function that this host does not
/// have.
pub(super) fn door_function(module: &str, name: &str) -> Option<Signature> {
    let (door, version) = module.strip_prefix(DOORS)?.split_once('@')?;
    match (door, name) {
        _ if !version.starts_with(VERSIONS) => None,
        ("clock", "wall-ms" | "monotonic-ms") => Some(signature("", "I")),
        ("clock", "sleep-ms") => Some(signature("I", "")),
        _ => None,
    }
}

/// Defines one function of a door. A function that this host does not have is left undefined.
///
/// Reading a clock ends here, without the cost of leaving the interpreter, and is no host call.
pub(super) fn define_door_function(
    linker: &mut Linker<GuestState>,
    module: &str,
    name: &str,
) -> Result<(), Error> {
    if door_function(module, name).is_none() {
        return Ok(());
    }
    match name {
        "wall-ms" => linker.func_wrap(module, name, || {
            u64::try_from(wall_time().as_millis()).unwrap_or(u64::MAX)
        })?,
        "monotonic-ms" => linker.func_wrap(module, name, || {
            monotonic_nanoseconds().checked_div(NANOSECONDS_PER_MILLISECOND).unwrap_or_default()
        })?,
        "sleep-ms" => linker.func_wrap(
            module,
            name,
            |mut caller: Caller<'_, GuestState>, milliseconds: u64| -> Result<(), Error> {
                let wait = milliseconds.saturating_mul(NANOSECONDS_PER_MILLISECOND);
                let until = monotonic_nanoseconds().saturating_add(wait);
                suspend_in(&mut caller, Suspended::Sleep { until })
            },
        )?,
        _ => return Ok(()),
    };
    Ok(())
}
