//! Runs guests in slices of fuel, and serves the calls in which they are suspended.
//!
//! Between two slices the driver checks the budget and the deadline and yields to the executor, so
//! one thread serves many guests fairly. Dropping its future, which can happen at every yield and
//! at every wait, frees the guest: no part of the call goes on.
//!
//! A call fails when it reaches a bound: fuel (T28, T31), time (T30), host calls, or the plugin's share of the
//! memory. The fuel is that of this call alone (T45). After any failure the guest is stopped in the middle of
//! its work, so `instance` never calls it again.

use std::time::{Duration, Instant};

use futures_lite::future::yield_now;
use smol::Timer;
use wasmi::{
    Error, ResumableCall, ResumableCallHostTrap, ResumableCallOutOfFuel, Store, TrapCode, Val,
};

use super::abi::{self, AbiFault, Span};
use super::call_budget::CallBudget;
use super::clock::time_until;
use super::function::{CallOutput, Function};
use super::state::{GuestState, Suspended};
use super::wasi::preview1::{Preview1Call, first_moment};
use super::wasi::preview2::{Preview2Call, Step, ready, store_list};
use crate::contract::{CallError, Exhausted};
use crate::sandbox::{HostCall, HostReply, Sandbox};
use crate::task::{SystemClock, fault, lock_fault, within};

/// The memory for a text, in error messages.
pub(super) const TEXT: &str = "string from cabi_realloc";
/// The memory for a list.
pub(super) const LIST: &str = "list from cabi_realloc";

/// One guest function and the budget it runs on.
pub(super) struct Driver<'a> {
    pub(super) store: &'a mut Store<GuestState>,
    pub(super) budget: &'a mut CallBudget,
    pub(super) realloc: Function,
    /// The export that runs, for error messages.
    pub(super) during: &'static str,
}

/// Why a guest no longer runs. Slices that end because their fuel is used up are continued within
/// [`Driver::slices`] and never become a pause.
enum Pause {
    /// The function has ended with this result; 0 if it has none.
    Done(i32),
    /// An import has suspended the guest. The call to serve is in [`GuestState::suspended`].
    Host(ResumableCallHostTrap),
}

impl Driver<'_> {
    /// Calls `function`, serving its host calls through `sandbox`.
    ///
    /// Returns the core-level result: a pointer to the result area, or 0 if the function has none.
    ///
    /// Dropping the future stops the guest where it is. A host call that was being served has its audit record even
    /// so.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] for a bound, [`CallError::Trap`] for a trap or broken arguments of a host call,
    /// [`CallError::Exited`] if the guest ends its own program.
    pub(super) async fn run(
        &mut self,
        function: Function,
        params: &[Val],
        sandbox: &Sandbox,
    ) -> Result<i32, CallError> {
        // Injected faults are for tools alone, so that their plugins load.
        if self.during.contains("execute-tool") {
            fault("driver", sandbox.plugin());
            lock_fault(sandbox.plugin()).await;
        }
        let mut output = CallOutput::of(function);
        let mut pause = self.start(function, params, &mut output).await?;
        loop {
            match pause {
                Pause::Done(word) => return Ok(word),
                Pause::Host(suspended) => {
                    let answer = self.serve(sandbox).await?;
                    // A host call ends the slice, or a guest that makes many would never yield.
                    yield_now().await;
                    self.check_bounds()?;
                    let granted = self.refuel(0)?;
                    let step =
                        suspended.resume(&mut *self.store, answer.as_slice(), output.slots());
                    pause = self.slices(step, granted, &mut output).await?;
                }
            }
        }
    }

    /// Calls a function that must not call the host: realloc and post-return.
    ///
    /// A host call from inside of one of them would need the allocator again, in the middle of its own work. It is a
    /// trap, and has its audit record (T42).
    pub(super) async fn run_alone(
        &mut self,
        function: Function,
        params: &[Val],
        during: &'static str,
    ) -> Result<i32, CallError> {
        let outer = std::mem::replace(&mut self.during, during);
        match self.start(function, params, &mut CallOutput::of(function)).await? {
            Pause::Done(word) => {
                self.during = outer;
                Ok(word)
            }
            Pause::Host(_) => {
                /// The name of the trap, and the rule in the audit record.
                const RULE: &str = "host call not allowed here";
                self.record_refused(RULE).await;
                Err(CallError::Trap { name: RULE.into(), during })
            }
        }
    }

    /// Copies `text` into memory from the guest's allocator.
    ///
    /// The guest owns the copy and frees it.
    pub(super) async fn lower(&mut self, text: &str) -> Result<Span, CallError> {
        self.lower_bytes(TEXT, text.as_bytes(), 1).await
    }

    /// Copies bytes, aligned to `align`. The span's length counts bytes.
    ///
    /// # Errors
    ///
    /// A pointer from the allocator that is misaligned or outside memory is a trap of the guest during
    /// `cabi_realloc`. [`CallError::InvalidParams`] for more bytes than an `i32` counts.
    pub(super) async fn lower_bytes(
        &mut self,
        what: &'static str,
        bytes: &[u8],
        align: u32,
    ) -> Result<Span, CallError> {
        const DURING: &str = "cabi_realloc";
        if bytes.is_empty() {
            // No allocation: the pointer of an empty list may be anything that is aligned and not null.
            return Ok(Span { pointer: align, length: 0 });
        }
        let length = i32::try_from(bytes.len())
            .map_err(|_| CallError::InvalidParams { problem: "too large".into() })?;
        let arguments = [0, 0, align.cast_signed(), length].map(Val::I32);
        // The memory may have grown during this call, so its bytes are looked up again for each step below.
        let pointer = self.run_alone(self.realloc, &arguments, DURING).await?.cast_unsigned();
        let fault = |fault| abi_fault(fault, DURING);
        abi::check_area(self.memory(), what, pointer, align, 0).map_err(fault)?;
        abi::store(self.memory(), what, pointer, bytes).map_err(fault)?;
        Ok(Span { pointer, length: length.cast_unsigned() })
    }

    /// The guest's memory as it is now.
    ///
    /// The slice is empty if the guest exports no memory. It must not be kept across a call of the guest, which may
    /// move the memory.
    pub(super) fn memory(&mut self) -> &mut [u8] {
        match self.store.data().memory {
            Some(memory) => memory.data_mut(&mut *self.store),
            None => &mut [],
        }
    }

    /// Puts one slice of fuel into the store, at least `required` units, and returns how much it was. The rest of
    /// the call's fuel stays in the budget, so the guest can't run for longer without a check.
    fn refuel(&mut self, required: u64) -> Result<u64, CallError> {
        let granted = self.budget.grant(required)?;
        self.store.set_fuel(granted).map_err(|error| self.failure(&error))?;
        Ok(granted)
    }

    /// Begins a function, and runs it to its end or to its first host call.
    async fn start(
        &mut self,
        function: Function,
        params: &[Val],
        output: &mut CallOutput,
    ) -> Result<Pause, CallError> {
        let granted = self.refuel(0)?;
        let step = function.func.call_resumable(&mut *self.store, params, output.slots());
        // Most functions end within their first slice, and need no future for further ones.
        if let Ok(ResumableCall::Finished) = step {
            self.account(granted);
            return Ok(Pause::Done(output.word()));
        }
        self.slices(step, granted, output).await
    }

    /// Counts the fuel that a slice has used.
    fn account(&mut self, granted: u64) {
        let left = self.store.get_fuel().unwrap_or_default();
        self.budget.use_fuel(granted.saturating_sub(left));
        let reserved = self.store.data().limiter.reserved();
        self.budget.peak_memory_bytes = self.budget.peak_memory_bytes.max(reserved);
    }

    /// Goes on from `step` until the function ends or is suspended in a host call.
    async fn slices(
        &mut self,
        mut step: Result<ResumableCall, Error>,
        mut granted: u64,
        output: &mut CallOutput,
    ) -> Result<Pause, CallError> {
        loop {
            self.account(granted);
            match step {
                Ok(ResumableCall::Finished) => return Ok(Pause::Done(output.word())),
                Ok(ResumableCall::HostTrap(suspended)) => return Ok(Pause::Host(suspended)),
                Ok(ResumableCall::OutOfFuel(paused)) => {
                    granted = self.next_slice(&paused).await?;
                    step = paused.resume(&mut *self.store, output.slots());
                }
                Err(error) => return Err(self.failure(&error)),
            }
        }
    }

    /// Gives other guests their turn, then grants the fuel for the next slice.
    async fn next_slice(&mut self, paused: &ResumableCallOutOfFuel) -> Result<u64, CallError> {
        yield_now().await;
        self.check_bounds()?;
        self.refuel(paused.required_fuel())
    }

    /// Checks that time is left, and that the plugin holds no more than its share of the memory: it may have
    /// taken more while it was alone, and neighbours need it now.
    pub(super) fn check_bounds(&mut self) -> Result<(), CallError> {
        self.budget.check_time()?;
        let overdrawn = self.store.data().limiter.account().overdrawn();
        overdrawn.map_or(Ok(()), |exhausted| Err(CallError::Exhausted(exhausted)))
    }

    /// Serves the call in which the guest is suspended. Returns its result, if that is a number; other results
    /// are in memory.
    ///
    /// The call is counted before it is served. A guest that has made too many gets no further effect, and the
    /// refused call has its audit record (T42).
    async fn serve(&mut self, sandbox: &Sandbox) -> Result<Option<Val>, CallError> {
        if let Err(error) = self.budget.count_host_call() {
            self.record_refused(&error.to_string()).await;
            return Err(error);
        }
        match self.store.data_mut().suspended.take() {
            Some(Suspended::Host { call, result }) => {
                let reply = self.perform(sandbox, call).await?;
                self.lower_reply(reply, result).await
            }
            Some(Suspended::Preview1(call)) => {
                self.serve_preview1(sandbox, call).await.map(|errno| Some(Val::I32(errno)))
            }
            Some(Suspended::Preview2(call)) => self.serve_preview2(sandbox, call).await,
            Some(Suspended::Sleep { until }) => {
                self.wait_until(until).await;
                Ok(None)
            }
            Some(Suspended::Fault(fault)) => Err(abi_fault(fault, self.during)),
            None => Err(CallError::Trap {
                name: "suspended without a host call".into(),
                during: self.during,
            }),
        }
    }

    /// Writes an audit record of the host call in which the guest is suspended, and which is not served.
    ///
    /// Nothing is written for a quiet call, nor for a call of WASI or a wait: they have no records.
    async fn record_refused(&mut self, rule: &str) {
        if self.budget.quiet {
            return;
        }
        let state = self.store.data_mut();
        if let (Some(Suspended::Host { call, .. }), Some(sandbox)) =
            (state.suspended.take(), state.sandbox.clone())
        {
            sandbox.refuse(&call, self.budget.fuel_used, rule);
            self.wait_for_audit(&sandbox).await;
        }
    }

    /// Waits for room in the audit log, so that a guest can't flood the log and lose its own records.
    ///
    /// The wait is bounded by [`CallBudget::audit_patience`]. Once it was in vain, the rest of the call waits no
    /// more, and records may be lost.
    async fn wait_for_audit(&mut self, sandbox: &Sandbox) {
        let patience = self.budget.audit_patience();
        if patience.is_zero() {
            return;
        }
        if within(&SystemClock, patience, sandbox.audit_room()).await.is_none() {
            self.budget.audit_patience = Duration::ZERO;
        }
    }

    /// Lets the sandbox serve `call`, within the time of the guest's call.
    ///
    /// The newest refusal or missing grant is kept in the budget. If the guest then returns an error,
    /// [`CallBudget::guest_error`] can say why.
    async fn perform(&mut self, sandbox: &Sandbox, call: HostCall) -> Result<HostReply, CallError> {
        if self.budget.quiet {
            return Err(CallError::NotReady { reason: "it asks the host".into() });
        }
        self.budget.asked_host |= !matches!(call, HostCall::Log { .. });
        let mut scope = self.budget.open_scope();
        #[cfg(feature = "websocket")]
        std::mem::swap(&mut scope.sockets, &mut self.store.data_mut().sockets);
        let served = self.budget.within(sandbox.serve_in(call, &mut scope)).await?;
        #[cfg(feature = "websocket")]
        std::mem::swap(&mut scope.sockets, &mut self.store.data_mut().sockets);
        self.budget.close_scope(scope);
        (self.budget.denied, self.budget.missing_grant) = (served.denied, served.missing_grant);
        self.wait_for_audit(sandbox).await;
        Ok(served.reply)
    }

    /// Serves a call of WASI's first preview, and returns its error number. An error number is an answer for the
    /// guest; an `Err` ends the guest's call.
    async fn serve_preview1(
        &mut self,
        sandbox: &Sandbox,
        call: Preview1Call,
    ) -> Result<i32, CallError> {
        let during = self.during;
        match &call {
            Preview1Call::Exit { status } => return Err(CallError::Exited { status: *status }),
            Preview1Call::Write { level, text, .. } => {
                self.log_lines(sandbox, *level, text).await?;
            }
            Preview1Call::Poll { subscriptions, .. } => {
                self.wait_until(first_moment(subscriptions)).await;
            }
            _ => {}
        }
        call.answer(self.memory()).map_err(|fault| abi_fault(fault, during))
    }

    /// Writes output to the log: each line counts as a message, as if the guest had called `log`.
    ///
    /// # Errors
    ///
    /// [`CallError::Exhausted`] for more lines than host calls are left. The lines before are in the log.
    async fn log_lines(
        &mut self,
        sandbox: &Sandbox,
        level: u8,
        text: &str,
    ) -> Result<(), CallError> {
        let lines = text.lines().filter(|line| !line.is_empty());
        for (index, message) in lines.enumerate() {
            if index > 0 {
                // The call itself has counted for the first line.
                self.budget.count_host_call()?;
                yield_now().await;
            }
            let message = message.to_owned();
            self.perform(sandbox, HostCall::Log { level, message }).await?;
        }
        Ok(())
    }

    /// Serves a call of WASI's second preview. Returns the result if it is a number; lists and records are written
    /// to the guest's memory.
    async fn serve_preview2(
        &mut self,
        sandbox: &Sandbox,
        call: Preview2Call,
    ) -> Result<Option<Val>, CallError> {
        let during = self.during;
        let fault = |fault| abi_fault(fault, during);
        let step = match self.store.data().memory {
            Some(memory) => {
                let (bytes, state) = memory.data_and_store_mut(&mut *self.store);
                call.answer(bytes, &mut state.pollables, &mut state.lifted)
            }
            None => {
                let state = self.store.data_mut();
                call.answer(&mut [], &mut state.pollables, &mut state.lifted)
            }
        };
        match step.map_err(fault)? {
            Step::Done(value) => return Ok(value),
            Step::Log { level, text } => self.log_lines(sandbox, level, &text).await?,
            Step::Wait(moment) => self.wait_until(moment).await,
            Step::Poll { moments, result } => {
                self.wait_until(moments.iter().copied().min().unwrap_or_default()).await;
                let ready = ready(&moments);
                let mut span = self.lower_bytes(LIST, &ready, 4).await?;
                // The list is one of `u32`, and its length counts elements.
                span.length /= 4;
                store_list(self.memory(), result, span).map_err(fault)?;
            }
            Step::Bytes { bytes, result } => {
                let span = self.lower_bytes(LIST, &bytes, 1).await?;
                store_list(self.memory(), result, span).map_err(fault)?;
            }
            Step::Exit(status) => return Err(CallError::Exited { status }),
            Step::NoRandom => {
                let name = "the system has no random bytes".into();
                return Err(CallError::Trap { name, during });
            }
        }
        Ok(None)
    }

    /// Waits until a moment of the guest's monotonic clock, or until the call's time is over. It
    /// holds no thread and uses no fuel.
    async fn wait_until(&self, moment: u64) {
        let Some(left) = time_until(moment) else { return };
        let moment = Instant::now().checked_add(left);
        match moment.into_iter().chain(self.budget.deadline()).min() {
            Some(first) => Timer::at(first).await,
            None => Timer::never().await,
        };
    }

    /// The caller's error for an error of the interpreter.
    ///
    /// Any other reason than fuel is named as in the specification, or in the interpreter's words.
    fn failure(&self, error: &Error) -> CallError {
        // A growth that the limiter refuses ends in a trap as well, and the limit explains it better.
        if let Some(refused) = self.store.data().limiter.refused() {
            return CallError::Exhausted(refused);
        }
        match error.as_trap_code() {
            Some(TrapCode::OutOfFuel) => self.budget.out_of_fuel(),
            Some(code) => CallError::Trap { name: trap_name(code).into(), during: self.during },
            None => CallError::Trap { name: error.to_string(), during: self.during },
        }
    }
}

/// The caller's error for a guest that broke the ABI: a trap, or exhausted output.
pub(super) fn abi_fault(fault: AbiFault, during: &'static str) -> CallError {
    match fault {
        AbiFault::TooMuch { limit } => CallError::Exhausted(Exhausted::Output { limit }),
        fault => CallError::Trap { name: fault.to_string(), during },
    }
}

/// The trap's name in the WebAssembly specification's test suite.
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
