//! Where a panic ends: it costs its call and nothing else, also in a program that can't unwind.
//!
//! A program without unwinding is a fifth smaller, and the interpreter's frames can't unwind at all. So
//! the stack of a panic is left as it is: work that may panic runs as a marked task, and the panic hook
//! answers whoever waits for that task, starts another thread in place of this one, and never returns.
//! What is lost is a thread's stack and what the task held.
//!
//! A panic outside of marked work ends the program as any panic does. More than a call's end are also one
//! with a lock held, the one that takes the last of [`LOST_THREADS`], and one after which guests' memory that
//! is lost is a quarter of what all may hold: those end the program in order, where somebody can do so.
//!
//! Where no [`PanicContainment`] was started, panics unwind up to the work that is marked, as long as the
//! program unwinds.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Once, OnceLock, Weak};
use std::task::{Context, Poll};
use std::thread;

use async_channel::{Receiver, Sender};
use futures_lite::FutureExt;
use smol::{Executor, Task};

use super::crew::Crew;
use super::lock::{self, Lock, is_any_held};
use crate::contract::BoxFuture;

/// Threads that panics may take before the program is worn out: each keeps some 30 KB, and what its
/// call held.
pub const LOST_THREADS: usize = 10;

/// The executors that have a thread whose panics are contained.
static CREWS: Lock<Vec<Weak<Executor<'static>>>> = Lock::new(Vec::new());

/// The threads that panics have taken.
static LOST: AtomicUsize = AtomicUsize::new(0);

/// Whether panics have cost more than threads.
static WORN_OUT: AtomicBool = AtomicBool::new(false);

/// Ends the program in order, where there is somebody who can.
static END: OnceLock<Box<dyn Fn() + Send + Sync>> = OnceLock::new();

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    static MARK: RefCell<Option<Arc<Mark>>> = const { RefCell::new(None) };
}

/// A thread that can be replaced by another.
pub(crate) struct Worker {
    /// Whose tasks it runs; none for threads that block.
    executor: Option<Weak<Executor<'static>>>,
    /// Starts a thread in its place, and tells whether that could be done.
    replace: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Worker {
    pub(crate) fn new(
        executor: Option<Weak<Executor<'static>>>,
        replace: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Self {
        Self { executor, replace }
    }

    /// From now on this thread is one.
    pub(crate) fn begin(self) {
        WORKER.set(Some(self));
    }
}

/// Hears that its work will never end.
pub(crate) trait AtLoss: Send + Sync {
    /// The work has panicked with this message.
    fn lost(&self, message: String);
}

impl<F: Fn(String) + Send + Sync> AtLoss for F {
    fn lost(&self, message: String) {
        self(message);
    }
}

/// Who has to know when marked work panics: whoever waits for it, and the effects that it had begun.
pub(crate) struct Mark {
    waits: Box<dyn AtLoss>,
    effects: Lock<Vec<Arc<dyn AtLoss>>>,
    /// The message of a panic on another thread, which the work waited for.
    panicked: Lock<Option<String>>,
    /// Locks that are kept across waits, and files that are locked.
    held: AtomicUsize,
}

impl Mark {
    pub(crate) fn new(waits: impl AtLoss + 'static) -> Arc<Self> {
        Arc::new(Self {
            waits: Box::new(waits),
            effects: Lock::default(),
            panicked: Lock::default(),
            held: AtomicUsize::new(0),
        })
    }

    fn lose(&self, message: String) {
        self.lose_effects(&message);
        self.waits.lost(message);
    }

    fn lose_effects(&self, message: &str) {
        let effects = std::mem::take(&mut *self.effects.lock());
        for effect in effects {
            effect.lost(message.to_owned());
        }
    }
}

/// Says of a panic that is being contained that it was one too many.
pub(crate) fn wear_out() {
    WORN_OUT.store(true, Ordering::Relaxed);
}

/// An effect of the work that runs here. It hears of a panic until it is dropped.
pub(crate) struct OpenEffect(Option<(Arc<Mark>, Arc<dyn AtLoss>)>);

/// Has `effect` hear when the work that runs here is lost.
pub(crate) fn open_effect(effect: &Arc<impl AtLoss + 'static>) -> OpenEffect {
    let mark = MARK.with_borrow(Clone::clone);
    OpenEffect(mark.map(|mark| {
        let effect = Arc::clone(effect) as Arc<dyn AtLoss>;
        mark.effects.lock().push(Arc::clone(&effect));
        (mark, effect)
    }))
}

impl Drop for OpenEffect {
    fn drop(&mut self) {
        if let Some((mark, effect)) = self.0.take() {
            mark.effects.lock().retain(|other| !Arc::ptr_eq(other, &effect));
        }
    }
}

/// Something that others wait for, which the work that runs here has for itself until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldByMark(Option<Arc<Mark>>);

impl HeldByMark {
    pub(crate) fn one() -> Self {
        let mark = MARK.with_borrow(Clone::clone);
        if let Some(mark) = &mark {
            mark.held.fetch_add(1, Ordering::Relaxed);
        }
        Self(mark)
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mark").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Drop for HeldByMark {
    fn drop(&mut self) {
        if let Some(mark) = &self.0 {
            mark.held.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Work whose panic is told to its mark.
pub(crate) struct Marked {
    work: Option<BoxFuture<'static, ()>>,
    mark: Arc<Mark>,
}

impl Marked {
    pub(crate) fn new(mark: Arc<Mark>, work: BoxFuture<'static, ()>) -> Self {
        Self { work: Some(work), mark }
    }
}

impl Future for Marked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(work) = &mut this.work else { return Poll::Ready(()) };
        let polled = marked(&this.mark, || work.as_mut().poll(context));
        if polled.is_ready() {
            return polled;
        }
        let Some(message) = this.mark.panicked.lock().take() else { return polled };
        this.mark.lose_effects(&message);
        let work = this.work.take();
        marked(&this.mark, || drop(work));
        this.mark.waits.lost(message);
        if let Some(end) = END.get().filter(|_| WORN_OUT.load(Ordering::Relaxed)) {
            end();
        }
        Poll::Ready(())
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        let work = self.work.take();
        marked(&self.mark, || drop(work));
    }
}

/// Does a step of marked work.
fn marked<T>(mark: &Arc<Mark>, step: impl FnOnce() -> T) -> T {
    let outer = MARK.replace(Some(Arc::clone(mark)));
    let result = step();
    MARK.set(outer);
    result
}

/// Whether a panic here costs this thread and the work that is marked, and nothing else.
pub(super) fn is_contained_here() -> bool {
    let is_worker = WORKER.try_with(|worker| worker.borrow().is_some());
    let is_marked = MARK.try_with(|mark| mark.borrow().is_some());
    matches!((is_worker, is_marked), (Ok(true), Ok(true)))
}

/// Ends the work that runs here when it waits next, as its own panic would: what it waited for has panicked
/// on another thread. At a wait there is nothing on the stack, so that all of it can be dropped, and this
/// thread goes on. Where panics are not contained, the message is given back.
pub(crate) fn end_at_next_wait(message: String) -> Result<(), String> {
    let mark = MARK.with_borrow(Clone::clone).filter(|_| is_contained_here());
    let Some(mark) = mark else { return Err(message) };
    *mark.panicked.lock() = Some(message);
    Ok(())
}

/// Has `executor` known as one with a thread whose panics are contained, or no more.
pub(super) fn is_crewed(executor: &Weak<Executor<'static>>, is: bool) {
    let mut crews = CREWS.lock();
    crews.retain(|other| !Weak::ptr_eq(other, executor));
    if is {
        crews.push(Weak::clone(executor));
    }
}

/// Whether this thread runs the tasks of `executor`.
pub(super) fn runs(executor: &Weak<Executor<'static>>) -> bool {
    let is_it =
        |worker: &Worker| worker.executor.as_ref().is_some_and(|own| Weak::ptr_eq(own, executor));
    WORKER.with_borrow(|worker| worker.as_ref().is_some_and(is_it))
}

fn executor_here() -> Option<Arc<Executor<'static>>> {
    WORKER.with_borrow(|worker| worker.as_ref()?.executor.as_ref()?.upgrade())
}

/// What `work` comes to, or the message of its panic. Where panics are contained it is a task of its
/// own. Dropping the future gives the work up.
pub(crate) async fn contained<T: Send + 'static>(work: BoxFuture<'static, T>) -> Result<T, String> {
    contained_by(executor_here(), work).await
}

/// The same for work that is begun on a thread of somebody else: its task is one of `executor`, if that has
/// a thread whose panics are contained.
pub(crate) async fn contained_on<T: Send + 'static>(
    executor: &Weak<Executor<'static>>,
    work: BoxFuture<'static, T>,
) -> Result<T, String> {
    let has_crew = CREWS.lock().iter().any(|other| Weak::ptr_eq(other, executor));
    contained_by(executor.upgrade().filter(|_| has_crew), work).await
}

async fn contained_by<T: Send + 'static>(
    executor: Option<Arc<Executor<'static>>>,
    work: BoxFuture<'static, T>,
) -> Result<T, String> {
    let result = Arc::new(Lock::new(None));
    let place = Arc::clone(&result);
    let (sender, receiver) = async_channel::bounded(1);
    let lost = sender.clone();
    let work = async move {
        let value = work.await;
        *place.lock() = Some(value);
        let _ = sender.try_send(Ok(()));
    };
    done(executor, Box::pin(work), lost, receiver).await?;
    let value = result.lock().take();
    value.ok_or_else(|| GIVEN_UP.to_owned())
}

const GIVEN_UP: &str = "it was given up";

/// Waits for the word of the work that it is done, or for the message of its panic: one copy for all types.
async fn done(
    executor: Option<Arc<Executor<'static>>>,
    work: BoxFuture<'static, ()>,
    lost: Sender<Result<(), String>>,
    receiver: Receiver<Result<(), String>>,
) -> Result<(), String> {
    let Some(executor) = executor else {
        let result = AssertUnwindSafe(work).catch_unwind().await;
        return result.map_err(|panic| panic_message(&*panic));
    };
    let mark = Mark::new(move |message| {
        // Nobody waits any more where it can't be sent.
        let _ = lost.try_send(Err(message));
    });
    let _given_up_with_this = spawn(&executor, mark, work);
    drop(executor);
    receiver.recv().await.unwrap_or_else(|_| Err(GIVEN_UP.to_owned()))
}

fn spawn(executor: &Executor<'static>, mark: Arc<Mark>, work: BoxFuture<'static, ()>) -> Task<()> {
    executor.spawn(Marked::new(mark, work))
}

/// The text that a panic came with.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

/// Has panics of this process's workers contained from now on.
pub(super) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            earlier(info);
            contain(info);
        }));
    });
}

/// Returns where the panic can't be contained.
fn contain(info: &PanicHookInfo<'_>) {
    // A panic while it is being contained finds nothing here, and ends the program.
    let (Some(worker), Some(mark)) = (WORKER.take(), MARK.take()) else { return };
    let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
    let holds_lock = is_any_held();
    if holds_lock {
        lock::lose();
    }
    let holds = holds_lock || mark.held.load(Ordering::Relaxed) > 0;
    let is_last = LOST.fetch_add(1, Ordering::Relaxed) + 1 >= LOST_THREADS || holds;
    let end = END.get();
    if (is_last && end.is_none()) || !(worker.replace)() {
        return;
    }
    // First, for whoever is told next may wait for what this thread has locked.
    if let Some(end) = end.filter(|_| is_last) {
        end();
    }
    mark.lose(message);
    if let Some(end) = end.filter(|_| WORN_OUT.load(Ordering::Relaxed) && !is_last) {
        end();
    }
    loop {
        thread::park();
    }
}

/// A thread that runs an executor's tasks and outlives their panics. Dropping it stops the thread.
///
/// Starting one sets the process's panic hook, which calls the one before it first. Whoever sets another
/// does it before: the hook does not return from a panic that it contains, and [`panic::set_hook`] and
/// [`panic::take_hook`] wait for that. The program's panic strategy stays as it is.
///
/// ```
/// use std::sync::Arc;
/// use weft_lite::PanicContainment;
///
/// let executor = Arc::new(smol::Executor::new());
/// let containment = PanicContainment::start(&executor)?;
/// assert_eq!(smol::future::block_on(executor.spawn(async { 6 * 7 })), 42);
/// # drop(containment);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct PanicContainment(#[expect(dead_code, reason = "dropping it stops its threads")] Crew);

impl PanicContainment {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// There is no thread to be had.
    pub fn start(executor: &Arc<Executor<'static>>) -> std::io::Result<Self> {
        Crew::start(executor).map(Self)
    }

    /// Has `end` called when panics have taken [`LOST_THREADS`] threads, or one that held a lock: what
    /// runs should be ended in order, and soon. Only the first one of a process counts. Without it, such
    /// a panic goes its ordinary way.
    pub fn at_last(end: impl Fn() + Send + Sync + 'static) {
        let _ = END.set(Box::new(end));
    }
}
