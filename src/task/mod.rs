//! Concurrency for every layer above: clocks, locks, mailboxes, tasks, threads for blocking work, and panics
//! that cost one call.
//!
//! `containment` explains what a panic costs. A `worker` is a thread that can be replaced, a `mark` knows who waits
//! for the work on it, and `losses` counts what panics have cost.

mod all;
mod async_lock;
mod clock;
mod contained;
mod containment;
mod crew;
mod fault;
mod lock;
mod losses;
mod mailbox;
mod mark;
mod off_executor;
mod pool;
mod race;
mod reply;
mod tasks;
mod worker;

pub(crate) use all::all;
pub(crate) use async_lock::AsyncLock;
pub use clock::{Clock, ManualClock, SystemClock};
pub(crate) use contained::{contained, contained_on, panic_message};
pub use containment::PanicContainment;
pub(crate) use crew::TASKS_BETWEEN_EVENTS;
pub(crate) use fault::{Fault, fault, lock_fault};
pub(crate) use lock::{Held, Lock};
pub use losses::LOST_THREADS;
pub(crate) use losses::wear_out;
pub(crate) use mailbox::{Inbox, Mailbox, WeakMailbox, drain, mailbox};
pub(crate) use mark::{
    AtLoss, HeldByMark, Mark, Marked, OpenEffect, end_at_next_wait, open_effect,
};
pub(crate) use off_executor::{in_background, off_executor};
pub(crate) use race::{by_deadline, until, within};
pub(crate) use reply::{ReplyReceiver, ReplySender, reply_channel};
pub(crate) use tasks::{Tasks, spawn_boxed};
pub(crate) use worker::Worker;
