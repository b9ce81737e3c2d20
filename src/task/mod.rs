//! What tasks and threads need below everything else: locks whose holders are known, and panics that
//! cost one call.

mod containment;
mod crew;
mod fault;
mod lock;
mod mailbox;
mod reply;

pub(crate) use containment::{
    AtLoss, HeldByMark, Mark, Marked, OpenEffect, Worker, contained, contained_on,
    end_at_next_wait, open_effect, panic_message, wear_out,
};
pub use containment::{LOST_THREADS, PanicContainment};
pub(crate) use crew::TASKS_BETWEEN_EVENTS;
pub(crate) use fault::{Fault, fault, lock_fault};
pub(crate) use lock::{AsyncLock, Held, Lock};
pub(crate) use mailbox::{Inbox, Mailbox, WeakMailbox, drain, mailbox};
pub(crate) use reply::{Asker, Awaited, question};
