//! Concurrency for every layer above: clocks, locks, mailboxes, tasks, threads for blocking work, and panics
//! that cost one call.

mod clock;
mod containment;
mod crew;
mod fault;
mod lock;
mod mailbox;
mod off_executor;
mod pool;
mod race;
mod reply;
mod tasks;

pub use clock::{Clock, ManualClock, SystemClock};
pub(crate) use containment::{
    AtLoss, HeldByMark, Mark, Marked, OpenEffect, Worker, contained, contained_on,
    end_at_next_wait, open_effect, panic_message, wear_out,
};
pub use containment::{LOST_THREADS, PanicContainment};
pub(crate) use crew::TASKS_BETWEEN_EVENTS;
pub(crate) use fault::{Fault, fault, lock_fault};
pub(crate) use lock::{AsyncLock, Held, Lock};
pub(crate) use mailbox::{Inbox, Mailbox, WeakMailbox, drain, mailbox};
pub(crate) use off_executor::{in_background, off_executor};
pub(crate) use race::{until, within};
pub(crate) use reply::{Asker, Awaited, question};
pub(crate) use tasks::{Tasks, spawn_boxed};
