//! The host's data in an instance's store: its limits, and the call in which the guest is suspended.

use std::sync::Arc;

use wasmi::Memory;

use super::abi::AbiFault;
use super::limiter::Limiter;
use super::wasi::preview1::Preview1Call;
use super::wasi::preview2::{Pollables, Preview2Call};
#[cfg(feature = "websocket")]
use crate::sandbox::WebSockets;
use crate::sandbox::{HostCall, Sandbox};

/// The data of a store.
pub(crate) struct GuestState {
    /// The guest's linear memory, known from instantiation on.
    pub(super) memory: Option<Memory>,
    /// Why the interpreter returned in the middle of a call.
    pub(super) suspended: Option<Suspended>,
    /// Asked by the interpreter before memory and tables grow.
    pub(super) limiter: Limiter,
    /// For the audit records of calls that are not served; `None` during instantiation.
    pub(super) sandbox: Option<Arc<Sandbox>>,
    /// Bytes copied from the guest's memory during this call.
    pub(super) lifted: usize,
    /// The moments that the instance waits for, of WASI's second preview.
    pub(super) pollables: Pollables,
    /// The open sockets of the instance, between its host calls.
    #[cfg(feature = "websocket")]
    pub(super) sockets: WebSockets,
}

/// The call in which an import has suspended the guest.
pub(crate) enum Suspended {
    /// A host function, with the pointer to its result area.
    Host { call: HostCall, result: u32 },
    /// A function of WASI's first preview.
    Preview1(Preview1Call),
    /// A function of WASI's second preview.
    Preview2(Preview2Call),
    /// `sleep-ms`: the moment of the monotonic clock at which the guest goes on.
    Sleep { until: u64 },
    /// Arguments that break the ABI.
    Fault(AbiFault),
}

impl GuestState {
    /// The state of a store before instantiation.
    pub(super) fn new(limiter: Limiter) -> Self {
        Self {
            memory: None,
            suspended: None,
            limiter,
            sandbox: None,
            lifted: 0,
            pollables: Pollables::default(),
            #[cfg(feature = "websocket")]
            sockets: WebSockets::default(),
        }
    }
}
