//! Runs guests in slices of fuel, and does for them what they suspended themselves for.
//!
//! Between two slices the driver checks the budget and the deadline and yields to the executor, so
//! one thread serves many guests fairly. Dropping its future, which can happen at every yield and
//! at every wait, frees the guest: nothing of the call goes on.

use std::time::{Duration, Instant};

use futures_lite::future::{or, yield_now};
use smol::Timer;
use wasmi::{
    Error, Store, TrapCode, TypedFunc, TypedResumableCall, TypedResumableCallHostTrap,
    TypedResumableCallOutOfFuel, Val, WasmParams, WasmResults,
};

use super::abi::{self, AbiFault, Span};
use super::state::{State, Suspended};
use super::wasi::{self, WasiCall};
use crate::contract::{CallError, Denied, Exhausted, FuelGauge, PluginResourceConfig, Usage};
use crate::sandbox::{HostCall, HostReply, Sandbox};

/// Fuel between two looks at the clock and at the other guests: about 20 µs.
const SLICE_FUEL: u64 = 50_000;
/// The same for guests that get much time for little fuel.
const SHORTEST_SLICE_FUEL: u64 = 500;
/// A slice that took longer is followed by shorter ones, until they are quick again.
const SLICE_TIME: Duration = Duration::from_millis(1);
/// How long a guest waits for an audit log that does not get on, before records may be lost.
const AUDIT_PATIENCE: Duration = Duration::from_secs(1);

/// What one call may still use, and what it has used. Never carried over to another call.
#[derive(Debug)]
pub struct CallBudget {
    fuel_limit: u64,
    fuel_used: u64,
    slice: u64,
    slice_range: (u64, u64),
    slice_started: Instant,
    started: Instant,
    time_limit: Duration,
    host_call_limit: u32,
    host_calls: u32,
    pub(super) peak_memory_bytes: usize,
    /// The refusal of the newest host call, if it was refused.
    denied: Option<Denied>,
    /// How long the guest may wait for room in the audit log; nothing once that was in vain.
    audit_patience: Duration,
    /// Where somebody watches what is used.
    gauge: Option<FuelGauge>,
}

impl CallBudget {
    /// A full budget whose clock starts now.
    #[must_use]
    pub fn new(resources: &PluginResourceConfig) -> Self {
        let now = Instant::now();
        Self {
            fuel_limit: resources.max_fuel,
            fuel_used: 0,
            slice: SLICE_FUEL,
            slice_range: (SHORTEST_SLICE_FUEL, SLICE_FUEL),
            slice_started: now,
            started: now,
            time_limit: resources.max_execution_time(),
            host_call_limit: resources.max_host_calls,
            host_calls: 0,
            peak_memory_bytes: 0,
            denied: None,
            audit_patience: AUDIT_PATIENCE,
            gauge: None,
        }
    }

    /// The same, which shows what it has used after each slice.
    #[must_use]
    pub fn with_gauge(mut self, gauge: Option<FuelGauge>) -> Self {
        self.gauge = gauge;
        self
    }

    /// The same with slices of one length, in units of fuel, however long they take. Longer ones
    /// cost other guests their fair share; this is for measuring what slicing costs.
    #[must_use]
    pub fn with_slice(mut self, fuel: u64) -> Self {
        self.slice = fuel.max(1);
        self.slice_range = (self.slice, self.slice);
        self
    }

    /// What was used until now.
    #[must_use]
    pub fn usage(&self) -> Usage {
        Usage {
            fuel: self.fuel_used,
            duration: self.started.elapsed(),
            peak_memory_bytes: self.peak_memory_bytes,
            host_calls: self.host_calls,
        }
    }

    /// What an error of the guest is to its caller: a refusal, if its last host call was refused.
    pub(super) fn guest_error(&mut self, message: String) -> CallError {
        match self.denied.take() {
            Some(denied) => CallError::Denied { denied, message },
            None => CallError::Guest { message },
        }
    }

    fn use_fuel(&mut self, units: u64) {
        self.fuel_used += units;
        if let Some(gauge) = &self.gauge {
            gauge.show(self.fuel_used);
        }
    }

    fn fuel_left(&self) -> u64 {
        self.fuel_limit.saturating_sub(self.fuel_used)
    }

    /// The fuel for the next slice, at least `required`, or the reason why there is none.
    fn grant(&mut self, required: u64) -> Result<u64, CallError> {
        let left = self.fuel_left();
        if left == 0 || required > left {
            return Err(CallError::Exhausted(Exhausted::Fuel { limit: self.fuel_limit }));
        }
        Ok(self.slice.max(required).min(left))
    }

    /// Fuel is not time: some instructions take long for what they are charged, like calls of
    /// functions with many locals. The next slice is as long as one should take.
    fn keep_pace(&mut self) {
        let took = self.slice_started.elapsed();
        let next = if took > SLICE_TIME {
            let shorter = u128::from(self.slice) * SLICE_TIME.as_nanos() / took.as_nanos();
            u64::try_from(shorter).unwrap_or(self.slice)
        } else {
            self.slice.saturating_mul(2)
        };
        let (shortest, longest) = self.slice_range;
        self.slice = next.clamp(shortest, longest);
    }

    /// Looks at the clock: after each slice and each host call. A function that ends within its
    /// first slice needs no look.
    fn check_time(&mut self) -> Result<(), CallError> {
        self.slice_started = Instant::now();
        let ran = self.slice_started.duration_since(self.started);
        if ran >= self.time_limit { Err(self.out_of_time()) } else { Ok(()) }
    }

    fn out_of_time(&self) -> CallError {
        CallError::Exhausted(Exhausted::Time { limit: self.time_limit })
    }

    fn count_host_call(&mut self) -> Result<(), CallError> {
        if self.started.elapsed() >= self.time_limit {
            return Err(self.out_of_time());
        }
        if self.host_calls >= self.host_call_limit {
            let limit = self.host_call_limit;
            return Err(CallError::Exhausted(Exhausted::HostCalls { limit }));
        }
        self.host_calls = self.host_calls.saturating_add(1);
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        self.started.checked_add(self.time_limit)
    }

    /// How long to wait for the audit log now: never so long that the call fails because of it.
    fn audit_patience(&self) -> Duration {
        let left = self.time_limit.saturating_sub(self.started.elapsed());
        self.audit_patience.min(left / 2)
    }
}

/// One guest function and the budget it runs on.
pub(super) struct Driver<'a> {
    pub(super) store: &'a mut Store<State>,
    pub(super) budget: &'a mut CallBudget,
    pub(super) realloc: TypedFunc<(i32, i32, i32, i32), i32>,
    /// The export that runs, for error messages.
    pub(super) during: &'static str,
}

enum Pause<R> {
    Done(R),
    Host(TypedResumableCallHostTrap<R>),
}

impl Driver<'_> {
    /// Calls `function`, serving its host calls through `sandbox`.
    pub(super) async fn run<P: WasmParams, R: WasmResults>(
        &mut self,
        function: TypedFunc<P, R>,
        params: P,
        sandbox: &Sandbox,
    ) -> Result<R, CallError> {
        let pause = self.start(function, params).await?;
        self.run_on(pause, sandbox).await
    }

    /// Goes on from `pause`: apart from the above, so that it is compiled once for all parameters.
    async fn run_on<R: WasmResults>(
        &mut self,
        mut pause: Pause<R>,
        sandbox: &Sandbox,
    ) -> Result<R, CallError> {
        loop {
            match pause {
                Pause::Done(results) => return Ok(results),
                Pause::Host(suspended) => {
                    let answer = self.serve(sandbox).await?;
                    // A host call ends the slice, or a guest that makes many would never yield.
                    yield_now().await;
                    self.budget.check_time()?;
                    let granted = self.refuel(0)?;
                    let step = match answer {
                        Some(errno) => suspended.resume(&mut *self.store, &[Val::I32(errno)]),
                        None => suspended.resume(&mut *self.store, &[]),
                    };
                    pause = self.slices(step, granted).await?;
                }
            }
        }
    }

    /// Calls a function that must not call the host: realloc and post-return.
    pub(super) async fn run_alone<P: WasmParams, R: WasmResults>(
        &mut self,
        function: TypedFunc<P, R>,
        params: P,
        during: &'static str,
    ) -> Result<R, CallError> {
        let outer = std::mem::replace(&mut self.during, during);
        match self.start(function, params).await? {
            Pause::Done(results) => {
                self.during = outer;
                Ok(results)
            }
            Pause::Host(_) => {
                const RULE: &str = "host call not allowed here";
                self.note_refused(RULE).await;
                Err(CallError::Trap { name: RULE.into(), during })
            }
        }
    }

    /// Copies `text` into memory that the guest's allocator gives.
    pub(super) async fn lower(&mut self, text: &str) -> Result<Span, CallError> {
        self.lower_bytes("string from cabi_realloc", text.as_bytes(), 1).await
    }

    /// Copies bytes, aligned to `align`. The span's length counts bytes.
    pub(super) async fn lower_bytes(
        &mut self,
        what: &'static str,
        bytes: &[u8],
        align: u32,
    ) -> Result<Span, CallError> {
        const DURING: &str = "cabi_realloc";
        if bytes.is_empty() {
            // No allocation: a pointer that is not null and not followed.
            return Ok(Span { pointer: align, length: 0 });
        }
        let length = i32::try_from(bytes.len())
            .map_err(|_| CallError::InvalidParams { problem: "too large".into() })?;
        let arguments = (0, 0, align.cast_signed(), length);
        let pointer = self.run_alone(self.realloc, arguments, DURING).await?.cast_unsigned();
        let fault = |fault| abi_fault(fault, DURING);
        abi::check_area(self.memory(), what, pointer, align, 0).map_err(fault)?;
        abi::store(self.memory(), what, pointer, bytes).map_err(fault)?;
        Ok(Span { pointer, length: length.cast_unsigned() })
    }

    /// The guest's memory as it is now.
    pub(super) fn memory(&mut self) -> &mut [u8] {
        match self.store.data().memory {
            Some(memory) => memory.data_mut(&mut *self.store),
            None => &mut [],
        }
    }

    fn refuel(&mut self, required: u64) -> Result<u64, CallError> {
        let granted = self.budget.grant(required)?;
        self.store.set_fuel(granted).map_err(|error| self.failure(&error))?;
        Ok(granted)
    }

    async fn start<P: WasmParams, R: WasmResults>(
        &mut self,
        function: TypedFunc<P, R>,
        params: P,
    ) -> Result<Pause<R>, CallError> {
        let granted = self.refuel(0)?;
        let step = function.call_resumable(&mut *self.store, params);
        // Most functions end within their first slice: no future is made for the others.
        if let Ok(TypedResumableCall::Finished(results)) = step {
            self.account(granted);
            return Ok(Pause::Done(results));
        }
        self.slices(step, granted).await
    }

    /// Counts what was used of a slice.
    fn account(&mut self, granted: u64) {
        let left = self.store.get_fuel().unwrap_or_default();
        let used = granted.saturating_sub(left);
        self.budget.use_fuel(used);
        // What took no more than the shortest slice needs no look at the clock.
        if used > SHORTEST_SLICE_FUEL {
            self.budget.keep_pace();
        }
        let reserved = self.store.data().limiter.reserved();
        self.budget.peak_memory_bytes = self.budget.peak_memory_bytes.max(reserved);
    }

    /// Goes on from `step` until the function ends or asks for the host.
    async fn slices<R: WasmResults>(
        &mut self,
        mut step: Result<TypedResumableCall<R>, Error>,
        mut granted: u64,
    ) -> Result<Pause<R>, CallError> {
        loop {
            self.account(granted);
            match step {
                Ok(TypedResumableCall::Finished(results)) => return Ok(Pause::Done(results)),
                Ok(TypedResumableCall::HostTrap(suspended)) => return Ok(Pause::Host(suspended)),
                Ok(TypedResumableCall::OutOfFuel(paused)) => {
                    (step, granted) = self.next_slice(paused).await?;
                }
                Err(error) => return Err(self.failure(&error)),
            }
        }
    }

    async fn next_slice<R: WasmResults>(
        &mut self,
        paused: TypedResumableCallOutOfFuel<R>,
    ) -> Result<(Result<TypedResumableCall<R>, Error>, u64), CallError> {
        yield_now().await;
        self.budget.check_time()?;
        let granted = self.refuel(paused.required_fuel())?;
        Ok((paused.resume(&mut *self.store), granted))
    }

    /// Does what the guest is suspended for. Some answers are a number, the others are in memory.
    async fn serve(&mut self, sandbox: &Sandbox) -> Result<Option<i32>, CallError> {
        if let Err(error) = self.budget.count_host_call() {
            self.note_refused(&error.to_string()).await;
            return Err(error);
        }
        match self.store.data_mut().suspended.take() {
            Some(Suspended::Host { call, result }) => {
                let reply = self.perform(sandbox, call).await?;
                self.lower_reply(reply, result).await?;
                Ok(None)
            }
            Some(Suspended::Wasi(call)) => self.serve_wasi(sandbox, call).await.map(Some),
            Some(Suspended::Fault(fault)) => Err(abi_fault(fault, self.during)),
            None => Err(CallError::Trap {
                name: "suspended without a host call".into(),
                during: self.during,
            }),
        }
    }

    /// Leaves an audit record of the host call that the guest is suspended in, which is not served.
    async fn note_refused(&mut self, rule: &str) {
        let state = self.store.data_mut();
        if let (Some(Suspended::Host { call, .. }), Some(sandbox)) =
            (state.suspended.take(), state.sandbox.clone())
        {
            sandbox.refuse(&call, self.budget.fuel_used, rule);
            self.wait_for_audit(&sandbox).await;
        }
    }

    /// Keeps a guest that floods the audit log from getting ahead of it.
    async fn wait_for_audit(&mut self, sandbox: &Sandbox) {
        let patience = self.budget.audit_patience();
        if patience.is_zero() {
            return;
        }
        let room = async {
            sandbox.audit_room().await;
            true
        };
        let given_up = async {
            Timer::after(patience).await;
            false
        };
        if !or(room, given_up).await {
            self.budget.audit_patience = Duration::ZERO;
        }
    }

    /// Has the sandbox serve `call`, within the time of this call.
    async fn perform(&mut self, sandbox: &Sandbox, call: HostCall) -> Result<HostReply, CallError> {
        let serve = async { Some(sandbox.serve(call, self.budget.fuel_used).await) };
        let served = match self.budget.deadline() {
            Some(deadline) => {
                or(serve, async {
                    Timer::at(deadline).await;
                    None
                })
                .await
            }
            None => serve.await,
        };
        let served = served.ok_or_else(|| self.budget.out_of_time())?;
        self.budget.denied = served.denied;
        self.wait_for_audit(sandbox).await;
        Ok(served.reply)
    }

    /// Writes a reply where the guest wants it: the text first, then the area that points at it.
    async fn lower_reply(&mut self, reply: HostReply, result: u32) -> Result<(), CallError> {
        let (tag, text) = match reply {
            HostReply::Nothing => return Ok(()),
            HostReply::Text(Ok(text)) => (0, Some(text)),
            HostReply::Text(Err(text)) | HostReply::Done(Err(text)) => (1, Some(text)),
            HostReply::Done(Ok(())) | HostReply::Value(None) => (0, None),
            HostReply::Value(Some(text)) => (1, Some(text)),
        };
        let during = self.during;
        let fault = |fault| abi_fault(fault, during);
        abi::check_area(self.memory(), "result area", result, 4, 12).map_err(fault)?;
        let span = match text {
            Some(text) => Some(self.lower(&text).await?),
            None => None,
        };
        abi::store(self.memory(), "result area", result, &abi::tagged_area(tag, span))
            .map_err(fault)
    }

    async fn serve_wasi(&mut self, sandbox: &Sandbox, call: WasiCall) -> Result<i32, CallError> {
        let during = self.during;
        match &call {
            WasiCall::Exit { status } => return Err(CallError::Exited { status: *status }),
            WasiCall::Write { level, text, .. } => {
                let lines = text.lines().filter(|line| !line.is_empty());
                for (index, message) in lines.enumerate() {
                    if index > 0 {
                        // Each line is a message as if the guest had called `log`.
                        self.budget.count_host_call()?;
                        yield_now().await;
                    }
                    let message = message.to_owned();
                    self.perform(sandbox, HostCall::Log { level: *level, message }).await?;
                }
            }
            _ => {}
        }
        wasi::answer(self.memory(), &call).map_err(|fault| abi_fault(fault, during))
    }

    /// What an error of the interpreter means for the caller.
    fn failure(&self, error: &Error) -> CallError {
        if let Some(refused) = self.store.data().limiter.refused() {
            return CallError::Exhausted(refused);
        }
        match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => {
                CallError::Exhausted(Exhausted::Fuel { limit: self.budget.fuel_limit })
            }
            Some(code) => CallError::Trap { name: trap_name(code).into(), during: self.during },
            None => CallError::Trap { name: error.to_string(), during: self.during },
        }
    }
}

/// The error for a guest that broke the ABI: a trap, or exhausted output.
pub(super) fn abi_fault(fault: AbiFault, during: &'static str) -> CallError {
    match fault {
        AbiFault::TooMuch { limit } => CallError::Exhausted(Exhausted::Output { limit }),
        fault => CallError::Trap { name: fault.to_string(), during },
    }
}

/// The words of the WebAssembly specification's test suite.
fn trap_name(code: TrapCode) -> &'static str {
    match code {
        TrapCode::UnreachableCodeReached => "unreachable",
        TrapCode::MemoryOutOfBounds => "out of bounds memory access",
        TrapCode::TableOutOfBounds => "out of bounds table access",
        TrapCode::IndirectCallToNull => "uninitialized element",
        TrapCode::IntegerDivisionByZero => "integer divide by zero",
        TrapCode::IntegerOverflow => "integer overflow",
        TrapCode::BadConversionToInteger => "invalid conversion to integer",
        TrapCode::StackOverflow => "call stack exhausted",
        TrapCode::BadSignature => "indirect call type mismatch",
        TrapCode::GrowthOperationLimited => "growth limited",
        TrapCode::OutOfSystemMemory => "out of system memory",
        TrapCode::OutOfFuel => "out of fuel",
    }
}
