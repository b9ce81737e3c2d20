//! The actor of one plugin: it owns the plugin's instances and runs its calls. A resident channel has two of them, one
//! for its polls and one for all other calls, and one with a webhook has a third for its requests.
//!
//! It ends when the last sender of its mailbox is gone, which is when no snapshot names the plugin
//! any more; calls that were accepted before are run to their end.
//!
//! The instances need no lock, because nobody else touches them. A resident plugin runs one call
//! after another. One with an instance for each call runs several beside each other, each as a
//! task. A failed instance is dropped and never used again.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use async_channel::Sender;
use futures_lite::FutureExt;
use futures_lite::future::{or, pending};
use smol::lock::Semaphore;

use super::mail::Mail;
use super::module::PluginModule;
use crate::contract::{
    BoxFuture, CallContext, CallError, CallOutcome, Cancellation, CancellationSource, FuelGauge,
    InstanceMode, PluginResourceConfig, Usage,
};
use crate::sandbox::Sandbox;
use crate::task::{Lock, Mark, Marked, Tasks, panic_message};
use crate::wasm::{
    CallBudget, CompiledModule, GuestCall, GuestValue, Instance, Kept, MemoryAccount, MemoryBudget,
    Parked,
};

/// Calls that wait in a plugin's mailbox. If it is full, callers wait.
pub(super) const MAILBOX: usize = 32;

/// Fresh instances of one plugin that run at once.
///
/// Further calls wait for one of them to end.
const CONCURRENT_INSTANCES: usize = 16;

/// A call for the actor. Dropping the receiver of `reply` cancels it.
#[derive(Debug)]
pub(super) struct PluginMessage {
    call: GuestCall,
    gauge: Option<FuelGauge>,
    context: CallContext,
    sent: Instant,
    reply: Sender<Outcome>,
}

/// The outcome of a call, with the value as the guest returned it.
type Outcome = CallOutcome<GuestValue>;

/// Hands a call to a plugin's actor and waits for its outcome. Dropping the future cancels it.
///
/// Without a reply the actor has ended, as when the host stops, and the call counts as cancelled.
pub(super) async fn submit(
    mailbox: Sender<PluginMessage>,
    call: GuestCall,
    gauge: Option<FuelGauge>,
    context: CallContext,
) -> Outcome {
    let (reply, answer) = async_channel::bounded(1);
    let message = PluginMessage { call, gauge, context, sent: Instant::now(), reply };
    let sent = mailbox.send(message).await;
    // The snapshot that named the plugin may be gone; its mailbox must not be kept open.
    drop(mailbox);
    let cancelled = || CallOutcome { result: Err(CallError::Cancelled), usage: Usage::default() };
    match sent {
        Ok(()) => answer.recv().await.unwrap_or_else(|_| cancelled()),
        Err(_) => cancelled(),
    }
}

/// Everything that starting an instance of the plugin needs.
#[derive(Clone)]
pub(super) struct InstanceSpec {
    pub(super) module: Arc<PluginModule>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) resources: PluginResourceConfig,
    pub(super) memory: Arc<MemoryBudget>,
    /// Open while the plugin is in service, so that it has its share of the budget even when it does not run.
    pub(super) account: Arc<MemoryAccount>,
}

impl InstanceSpec {
    /// Starts an instance, which includes the guest's `init`, within the budget of the call that
    /// needs it.
    pub(super) async fn start(
        &self,
        code: &Arc<CompiledModule>,
        budget: &mut CallBudget,
    ) -> Result<Instance, CallError> {
        let (sandbox, memory) = (Arc::clone(&self.sandbox), Arc::clone(&self.memory));
        Instance::start(code, sandbox, &self.resources, memory, budget).await
    }

    /// The module's code, translated if it is not in memory. A translation that exceeds the time of the call
    /// goes on for the next one.
    async fn code(
        &self,
        translating: &mut Option<Translating>,
        budget: &CallBudget,
    ) -> Result<Arc<CompiledModule>, CallError> {
        if let Some(code) = self.module.translated() {
            return Ok(code);
        }
        let Translating { work, .. } = translating.get_or_insert_with(|| {
            let spec = self.clone();
            let work = Box::pin(async move {
                let begun = spec.module.begin(spec.sandbox.plugin(), &spec.account);
                let begun = AssertUnwindSafe(begun).catch_unwind().await;
                begun.unwrap_or_else(|panic| Err(panicked(&*panic)))
            });
            Translating { begun: Instant::now(), work }
        });
        let code = budget.within(work).await?;
        *translating = None;
        code
    }
}

/// Code that is being translated.
struct Translating {
    begun: Instant,
    work: BoxFuture<'static, Result<Arc<CompiledModule>, CallError>>,
}

/// The state that one call leaves to the next.
#[derive(Default)]
struct Ready {
    /// The idle instance, or the code if every call has a fresh instance.
    parked: Option<Parked>,
    /// The code of a call that runs.
    code: Option<Arc<CompiledModule>>,
    /// A translation that no call waits for.
    translating: Option<Translating>,
}

/// The state that an actor hands to its successor after a panic.
pub(super) struct Seat {
    pub(super) spec: InstanceSpec,
    pub(super) mode: InstanceMode,
    pub(super) mailbox: Mail<PluginMessage>,
    /// Fires when the host stops: calls in flight are cancelled.
    pub(super) stop: Cancellation,
    /// Fires when the plugin's approval is revoked. The actor keeps the source, so that going
    /// out of service alone cancels nothing.
    pub(super) revocation: Arc<CancellationSource>,
    pub(super) tasks: Tasks,
}

/// The actor. All that must survive a panic is in the seat.
pub(super) struct PluginActor {
    seat: Arc<Seat>,
    /// The caller of the call that runs on the resident instance.
    caller: Arc<Lock<Option<Sender<Outcome>>>>,
    ready: Ready,
}

impl PluginActor {
    /// Starts an actor that begins with this instance.
    pub(super) fn start(seat: Arc<Seat>, parked: Option<Parked>) {
        let caller = Arc::new(Lock::new(None::<Sender<Outcome>>));
        let (waiting, successor) = (Arc::clone(&caller), Arc::clone(&seat));
        let mark = Mark::new(move |message| {
            if let Some(reply) = waiting.lock().take() {
                answer_panic(&reply, message);
            }
            // The stack of a contained panic is never freed, so the memory on it stays counted.
            successor.spec.account.lose();
            Self::start(Arc::clone(&successor), None);
        });
        let tasks = seat.tasks.clone();
        let ready = Ready { parked, ..Ready::default() };
        let actor = Self { seat, caller, ready };
        tasks.detach(Marked::new(mark, Box::pin(actor.run())));
    }

    /// Waits for the first call with a small future: that of calls is large, and most plugins are never called.
    async fn run(self) {
        if let Ok(first) = self.seat.mailbox.recv().await {
            Box::pin(self.serve(first)).await;
        }
    }

    /// Serves calls until the mailbox closes. Between two calls it finishes a translation.
    async fn serve(mut self, first: PluginMessage) {
        let instances = Arc::new(Semaphore::new(CONCURRENT_INSTANCES));
        let mut next = Ok(first);
        while let Ok(message) = next {
            self.handle(message, &instances).await;
            let Self { seat, ready, .. } = &mut self;
            next = or(seat.mailbox.recv(), ready.keep_translated(&seat.spec.memory)).await;
        }
    }

    /// Serves one call. A resident plugin's call ends here; another's call goes on in a task of its
    /// own.
    async fn handle(&mut self, message: PluginMessage, instances: &Arc<Semaphore>) {
        let PluginMessage { call, gauge, context, sent, reply } = message;
        let spec = &self.seat.spec;
        match self.seat.mode {
            InstanceMode::Resident => {
                let signals = self.signals();
                *self.caller.lock() = Some(reply.clone());
                let budget = self.ready.budget(&spec.resources, sent);
                let budget = budget.with_gauge(gauge).with_context(context);
                let outcome = run(spec, &mut self.ready, &call, budget, &reply, &signals).await;
                *self.caller.lock() = None;
                // The caller may be gone by now.
                let _ = reply.send(outcome).await;
            }
            InstanceMode::PerCall => {
                // The actor waits here, so that further calls stay in the bounded mailbox.
                let permit = instances.acquire_arc().await;
                let signals = self.signals();
                *self.caller.lock() = Some(reply.clone());
                let budget = self.ready.budget(&spec.resources, sent);
                let budget = budget.with_gauge(gauge).with_context(context);
                let code = self.shared_code(&budget, &reply, &signals).await;
                *self.caller.lock() = None;
                let code = match code {
                    Ok(code) => code,
                    Err(error) => {
                        let outcome = CallOutcome { result: Err(error), usage: budget.usage() };
                        let _ = reply.send(outcome).await;
                        return;
                    }
                };
                let spec = self.seat.spec.clone();
                let waiting = Arc::new(Lock::new(Some((reply.clone(), permit))));
                let (caller, account) = (Arc::clone(&waiting), Arc::clone(&spec.account));
                let mark = Mark::new(move |message| {
                    if let Some((reply, _permit)) = caller.lock().take() {
                        answer_panic(&reply, message);
                    }
                    account.lose();
                });
                let beside = async move {
                    let mut ready = Ready { code: Some(code), ..Ready::default() };
                    let outcome = run(&spec, &mut ready, &call, budget, &reply, &signals).await;
                    drop(ready.parked.and_then(|parked| spec.memory.take_back(parked)));
                    // A caller that has its answer must not find the permit still taken.
                    drop(waiting.lock().take());
                    let _ = reply.send(outcome).await;
                };
                self.seat.tasks.detach(Marked::new(mark, Box::pin(beside)));
            }
        }
    }

    /// The code for one of several instances. All instances share it, and it is kept for the next one.
    async fn shared_code(
        &mut self,
        budget: &CallBudget,
        reply: &Sender<Outcome>,
        signals: &CancelSignals,
    ) -> Result<Arc<CompiledModule>, CallError> {
        let (spec, ready) = (&self.seat.spec, &mut self.ready);
        let memory = &spec.memory;
        let code = match ready.parked.take().and_then(|parked| memory.take_back(parked)) {
            Some(kept) => kept.into_code(),
            None => {
                let code = spec.code(&mut ready.translating, budget);
                unless_cancelled(pin!(code), reply, signals).await?
            }
        };
        ready.parked = Some(memory.keep(Kept::Code(Arc::clone(&code)), Instant::now()));
        Ok(code)
    }

    /// The signals for one call.
    fn signals(&self) -> CancelSignals {
        let Seat { stop, revocation, .. } = &*self.seat;
        let revoked = revocation.token();
        CancelSignals { stop: stop.clone(), revoked, _source: Arc::clone(revocation) }
    }
}

impl Ready {
    /// The budget of a call. While a translation runs, time counts from when the call was sent or the
    /// translation began, whichever is later.
    fn budget(&self, resources: &PluginResourceConfig, sent: Instant) -> CallBudget {
        let budget = CallBudget::new(resources);
        match &self.translating {
            Some(Translating { begun, .. }) => budget.waiting_since(sent.max(*begun)),
            None => budget,
        }
    }

    /// Finishes a translation that no call waits for. The future never ends, because there may be none.
    async fn keep_translated<T>(&mut self, memory: &MemoryBudget) -> T {
        if let Some(translating) = &mut self.translating {
            let code = (&mut translating.work).await;
            self.translating = None;
            // After a failure, the next call translates again and reports it.
            if let Ok(code) = code {
                self.parked = Some(memory.keep(Kept::Code(code), Instant::now()));
            }
        }
        pending().await
    }
}

/// Replies to the caller that the call has panicked.
fn answer_panic(reply: &Sender<Outcome>, message: String) {
    let result = Err(CallError::Panicked { message });
    // It is full only when the call had ended, and closed when nobody waits.
    let _ = reply.try_send(CallOutcome { result, usage: Usage::default() });
}

/// The budget keeps the idle instance, and the instance keeps the budget. So the actor takes the instance back
/// when it is dropped, even if the executor is gone.
impl Drop for PluginActor {
    fn drop(&mut self) {
        drop(self.ready.parked.take().and_then(|parked| self.seat.spec.memory.take_back(parked)));
    }
}

/// The signals that cancel a call.
struct CancelSignals {
    stop: Cancellation,
    revoked: Cancellation,
    /// Keeps the source alive: per-call instances may outlive the actor.
    _source: Arc<CancellationSource>,
}

/// Runs one call unless its caller goes away, the host stops or its approval is revoked. A panic becomes the
/// call's outcome. A usable instance is parked afterwards, otherwise its code. If the call never began,
/// everything stays parked.
async fn run(
    spec: &InstanceSpec,
    ready: &mut Ready,
    call: &GuestCall,
    mut budget: CallBudget,
    reply: &Sender<Outcome>,
    signals: &CancelSignals,
) -> Outcome {
    let result =
        unless_cancelled(pin!(run_resident(spec, ready, call, &mut budget)), reply, signals).await;
    let code = ready.code.take();
    if ready.parked.is_none() {
        ready.parked = code.map(|code| spec.memory.keep(Kept::Code(code), Instant::now()));
    }
    CallOutcome { result, usage: budget.usage() }
}

/// Runs one call on the resident instance, or on a new one if there is none. The code stays in `ready`, even
/// after a failure.
async fn run_resident(
    spec: &InstanceSpec,
    ready: &mut Ready,
    call: &GuestCall,
    budget: &mut CallBudget,
) -> Result<GuestValue, CallError> {
    let Ready { parked, code, translating } = ready;
    let kept = parked.take().and_then(|parked| spec.memory.take_back(parked));
    let mut instance = match kept {
        Some(Kept::Instance(instance)) => {
            *code = Some(Arc::clone(instance.module()));
            instance
        }
        kept => {
            let found = kept.map(Kept::into_code).or(code.take());
            let found = match found {
                Some(found) => found,
                None => spec.code(translating, budget).await?,
            };
            let code = code.insert(found);
            spec.start(code, budget).await.map_err(|error| match error {
                // The tool was not called yet, so the parameters are not at fault.
                CallError::Guest { message } => CallError::NotReady { reason: message },
                error => error,
            })?
        }
    };
    let result = instance.run(call, budget).await;
    if instance.is_usable() {
        *parked = Some(spec.memory.park(instance, Instant::now()));
    }
    result
}

/// Awaits `call` until it is cancelled. The call is pinned by its caller, because it is large.
async fn unless_cancelled<T>(
    call: Pin<&mut impl Future<Output = Result<T, CallError>>>,
    reply: &Sender<Outcome>,
    signals: &CancelSignals,
) -> Result<T, CallError> {
    let given_up = async {
        or(reply.closed(), or(signals.stop.cancelled(), signals.revoked.cancelled())).await;
        Err(CallError::Cancelled)
    };
    // A call that was cancelled while it waited must not begin.
    match or(async { Ok(given_up.await) }, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(result) => result,
        Err(panic) => Err(panicked(&*panic)),
    }
}

/// The error of a call that has panicked.
fn panicked(panic: &(dyn Any + Send)) -> CallError {
    CallError::Panicked { message: panic_message(panic) }
}
