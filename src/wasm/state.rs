//! What lives in an instance's store beside its memory: limits, and the call it is suspended in.

use std::fmt;
use std::sync::Arc;

use wasmi::Memory;
use wasmi::errors::HostError;

use super::abi::AbiFault;
use super::limiter::Limiter;
use super::preview2::{Pollables, Preview2Call};
use super::wasi::WasiCall;
use crate::sandbox::{HostCall, Sandbox};

/// The data of a store.
pub(crate) struct State {
    /// The guest's linear memory, known from instantiation on.
    pub(super) memory: Option<Memory>,
    /// Why the interpreter returned in the middle of a call.
    pub(super) suspended: Option<Suspended>,
    pub(super) limiter: Limiter,
    /// For the audit records of calls that are not served; none while nothing is called.
    pub(super) sandbox: Option<Arc<Sandbox>>,
    /// Bytes copied out of the guest during this call.
    pub(super) lifted: usize,
    /// What WASI's second preview lets an instance wait for.
    pub(super) pollables: Pollables,
}

/// What an import left behind when it suspended the guest.
pub(crate) enum Suspended {
    /// A host function, and where its result area is.
    Host { call: HostCall, result: u32 },
    /// A function of the WASI shim.
    Wasi(WasiCall),
    /// A function of WASI's second preview.
    Preview2(Preview2Call),
    /// Arguments that break the ABI.
    Fault(AbiFault),
}

impl State {
    pub(super) fn new(limiter: Limiter) -> Self {
        Self {
            memory: None,
            suspended: None,
            limiter,
            sandbox: None,
            lifted: 0,
            pollables: Pollables::default(),
        }
    }
}

/// The error that makes the interpreter return: the reason is in [`State::suspended`].
#[derive(Debug)]
pub(super) struct Suspend;

impl fmt::Display for Suspend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("suspended in a host call")
    }
}

impl HostError for Suspend {}
