//! Marks on work: they know who must learn of its panic, and count the locks that it holds.
//!
//! A mark has plain mutexes, because a [`Lock`](super::Lock) asks the mark of its thread whether its wait may
//! end in a panic. No code can panic while one of them is locked.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use super::losses::end_if_worn_out;
use super::worker::is_worker;
use crate::contract::BoxFuture;

thread_local! {
    static MARK: RefCell<Option<Arc<Mark>>> = const { RefCell::new(None) };
}

/// Learns that its work will never end.
pub(crate) trait AtLoss: Send + Sync {
    /// The work has panicked with this message.
    fn lost(&self, message: String);
}

impl<F: Fn(String) + Send + Sync> AtLoss for F {
    fn lost(&self, message: String) {
        self(message);
    }
}

/// Those who must learn of a panic of marked work: its waiter, and the effects that it has begun.
pub(crate) struct Mark {
    waits: Box<dyn AtLoss>,
    effects: Mutex<Vec<Arc<dyn AtLoss>>>,
    /// The message of a panic on another thread, which the work waited for.
    panicked: Mutex<Option<String>>,
    /// Locks that are kept across waits, and files that are locked.
    held: AtomicUsize,
}

impl Mark {
    pub(crate) fn new(waits: impl AtLoss + 'static) -> Arc<Self> {
        Arc::new(Self {
            waits: Box::new(waits),
            effects: Mutex::default(),
            panicked: Mutex::default(),
            held: AtomicUsize::new(0),
        })
    }

    /// Reports that the work has panicked with this message.
    pub(super) fn lose(&self, message: String) {
        self.lose_effects(&message);
        self.waits.lost(message);
    }

    /// The mark of the work that runs here, which is none from now on.
    pub(super) fn end_here() -> Option<Arc<Self>> {
        MARK.take()
    }

    /// Whether the work holds a resource that others wait for.
    pub(super) fn holds_any(&self) -> bool {
        self.held.load(Ordering::Relaxed) > 0
    }

    fn lose_effects(&self, message: &str) {
        let effects = std::mem::take(&mut *locked(&self.effects));
        for effect in effects {
            effect.lost(message.to_owned());
        }
    }
}

/// A registered effect of the work that runs here. Dropping this removes it.
pub(crate) struct OpenEffect(Option<(Arc<Mark>, Arc<dyn AtLoss>)>);

/// Adds `effect` to those that learn when the work that runs here is lost.
pub(crate) fn open_effect(effect: &Arc<impl AtLoss + 'static>) -> OpenEffect {
    let mark = MARK.with_borrow(Clone::clone);
    OpenEffect(mark.map(|mark| {
        let effect = Arc::clone(effect) as Arc<dyn AtLoss>;
        locked(&mark.effects).push(Arc::clone(&effect));
        (mark, effect)
    }))
}

impl Drop for OpenEffect {
    fn drop(&mut self) {
        if let Some((mark, effect)) = self.0.take() {
            locked(&mark.effects).retain(|other| !Arc::ptr_eq(other, &effect));
        }
    }
}

/// A resource that others wait for: the work that runs here holds it until this is dropped.
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

/// Work that reports its panic to its mark.
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
        let Some(message) = locked(&this.mark.panicked).take() else { return polled };
        this.mark.lose_effects(&message);
        let work = this.work.take();
        marked(&this.mark, || drop(work));
        this.mark.waits.lost(message);
        end_if_worn_out();
        Poll::Ready(())
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        let work = self.work.take();
        marked(&self.mark, || drop(work));
    }
}

/// Runs a step of marked work.
fn marked<T>(mark: &Arc<Mark>, step: impl FnOnce() -> T) -> T {
    /// Puts the mark of the work around this step back, also when the step panics.
    struct Outer(Option<Arc<Mark>>);

    impl Drop for Outer {
        fn drop(&mut self) {
            MARK.set(self.0.take());
        }
    }

    let _outer = Outer(MARK.replace(Some(Arc::clone(mark))));
    step()
}

/// Whether a panic here costs this thread and the work that is marked, and nothing else.
pub(super) fn is_contained_here() -> bool {
    // A destructor that runs while the thread ends may ask as well.
    is_worker() && MARK.try_with(|mark| mark.borrow().is_some()) == Ok(true)
}

/// Ends the work that runs here when it waits next, as its own panic would: the work that it waited for has
/// panicked on another thread. At a wait nothing is on the stack, so all of it can be dropped, and this
/// thread goes on. Where panics are not contained, this returns the message.
pub(crate) fn end_at_next_wait(message: String) -> Result<(), String> {
    let mark = MARK.with_borrow(Clone::clone).filter(|_| is_contained_here());
    let Some(mark) = mark else { return Err(message) };
    *locked(&mark.panicked) = Some(message);
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
