//! How an import hands a call to the driver: it leaves the call in the guest's state and makes the interpreter
//! return.
//!
//! The interpreter returns the error `Suspend` to the driver as a resumable call. The driver serves the call,
//! and resumes the guest after it.

#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

use std::fmt;

use wasmi::errors::HostError;
use wasmi::{Caller, Error};

use super::abi::{AbiFault, Lift};
use super::state::{GuestState, Suspended};
use crate::task::fault;

/// Suspends the guest in the call that `lift` reads, or in the fault that it finds.
///
/// Never returns `Ok`: the value comes from the driver when the guest is resumed.
pub(super) fn suspend_with<T>(
    caller: &mut Caller<'_, GuestState>,
    lift: impl FnOnce(&mut Lift<'_>) -> Result<Suspended, AbiFault>,
) -> Result<T, Error> {
    fault("interpreter", caller.data().sandbox.as_ref().map_or("", |sandbox| sandbox.plugin()));
    let suspended = match caller.data().memory {
        Some(memory) => {
            let (bytes, state) = memory.data_and_store_mut(&mut *caller);
            lift(&mut Lift::new(bytes, &mut state.lifted))
        }
        None => lift(&mut Lift::new(&[], &mut 0)),
    };
    suspend_in(caller, suspended.unwrap_or_else(Suspended::Fault))
}

/// Suspends the guest in this call.
///
/// As [`suspend_with`], for a call that needs nothing from the guest's memory.
pub(super) fn suspend_in<T>(
    caller: &mut Caller<'_, GuestState>,
    suspended: Suspended,
) -> Result<T, Error> {
    caller.data_mut().suspended = Some(suspended);
    Err(Error::host(Suspend))
}

/// The error that makes the interpreter return: the reason is in [`GuestState::suspended`].
#[derive(Debug)]
struct Suspend;

impl fmt::Display for Suspend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("suspended in a host call")
    }
}

impl HostError for Suspend {}
