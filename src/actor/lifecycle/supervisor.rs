//! The actor that keeps the table of members, and its handle.
//!
//! It has two mailboxes: requests of handles, and reports of the members' tasks. Reports are
//! handled first, so that whoever knows an outcome finds it in the published states. The actor
//! itself never waits for a member. It passes a request on and replies with the receivers of the
//! outcomes, so a member that hangs delays only its own caller.

use std::sync::Arc;

use super::member::{Member, Work};
use super::message::{Action, MemberChange, PendingOutcomes, Selector, SupervisorMessage};
use super::outcome::{LifecycleError, MemberOutcome};
use super::restart::LifecycleOptions;
use super::state::{LifecycleState, MemberStatus, Members};
use super::task::{Control, MemberTask};
use crate::contract::{ChannelHost, PluginCapability, SortedMap, sort_by};
use crate::task::{Clock, Inbox, Lock, Mailbox, ReplySender, Tasks, mailbox, reply_channel};

/// Messages that wait for the actor before their senders do.
const MAILBOX: usize = 16;
/// Requests that one member may have waiting.
const CONTROLS: usize = 8;

/// The handle: it sends requests to the actor, and reads the published states without it. Dropping
/// the last one lets every member end in order, each within its time limit.
#[derive(Clone)]
pub(in crate::actor) struct Lifecycle {
    mailbox: Mailbox<SupervisorMessage>,
    /// The list that the actor published last. The lock is held only to copy or replace its `Arc`.
    members: Arc<Lock<Members>>,
}

impl Lifecycle {
    /// Starts an actor without members. `clock` measures the time limits and the waits between
    /// restarts.
    pub(in crate::actor) fn start(
        tasks: &Tasks,
        clock: Arc<dyn Clock>,
        options: LifecycleOptions,
    ) -> Self {
        let members: Arc<Lock<Members>> = Arc::default();
        let (orders, inbox) = mailbox(MAILBOX);
        let (reports, reported) = mailbox(MAILBOX);
        let actor = Supervisor {
            reports,
            members: Arc::clone(&members),
            table: SortedMap::new(),
            next: 0,
            tasks: tasks.clone(),
            clock,
            options,
        };
        tasks.detach(actor.run(inbox, reported));
        Self { mailbox: orders, members }
    }

    /// Where the actor publishes the states. Keeping it keeps no actor.
    pub(in crate::actor) fn published(&self) -> Arc<Lock<Members>> {
        Arc::clone(&self.members)
    }

    /// The published states. This list never changes; call again for newer ones.
    pub(in crate::actor) fn members(&self) -> Members {
        Arc::clone(&self.members.lock())
    }

    /// Adds a member to the table, and starts its task, which waits for a request. The published
    /// list has the member when this returns.
    ///
    /// # Errors
    ///
    /// [`LifecycleError::Taken`] for a second member of one kind and name,
    /// [`LifecycleError::HostGone`].
    pub(in crate::actor) async fn register(&self, member: Member) -> Result<(), LifecycleError> {
        self.ask(|reply| SupervisorMessage::Register { member, reply }).await?
    }

    /// Stops a member, then removes it from the table, even if it did not stop in order. If the
    /// future is dropped after the first step, the member stays in the table, stopped.
    ///
    /// # Errors
    ///
    /// [`LifecycleError::Unknown`] if there is none, otherwise why it did not stop in order.
    pub(in crate::actor) async fn remove(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        // It ends in order, as far as it can, before it is forgotten.
        let stopped = self.change_one(kind, name, Action::Stop).await;
        let removed = self
            .ask(|reply| SupervisorMessage::Remove { kind, name: name.to_owned(), reply })
            .await??;
        if let Some(inbound) = removed {
            // The channel's pending answers are given up: nobody is there to receive them.
            inbound.channel_ended(name).await;
        }
        stopped
    }

    /// Starts every member. An outcome is missing if the host ends meanwhile.
    pub(in crate::actor) async fn start_all(&self) -> Vec<MemberOutcome> {
        self.change(Selector::All, Action::Start).await
    }

    /// Stops every member. One that does not run is stopped successfully.
    pub(in crate::actor) async fn stop_all(&self) -> Vec<MemberOutcome> {
        self.change(Selector::All, Action::Stop).await
    }

    /// Starts the members of one kind.
    pub(in crate::actor) async fn start_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.change(Selector::Kind(kind), Action::Start).await
    }

    /// Stops the members of one kind.
    pub(in crate::actor) async fn stop_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.change(Selector::Kind(kind), Action::Stop).await
    }

    /// Forgets every member, so that nothing they hold keeps the host. A member that still runs is
    /// asked to stop, and nobody waits for its outcome.
    pub(in crate::actor) async fn forget_all(&self) {
        let _ = self.ask(|reply| SupervisorMessage::ForgetAll { reply }).await;
    }

    /// Starts one member. A running one stays as it is, and that is a success.
    pub(in crate::actor) async fn start_one(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.change_one(kind, name, Action::Start).await
    }

    /// Stops one member.
    pub(in crate::actor) async fn stop_one(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.change_one(kind, name, Action::Stop).await
    }

    /// Changes one member. Its outcome is the only one in the list; an empty list means that there
    /// is no such member, or no host any more.
    async fn change_one(
        &self,
        kind: PluginCapability,
        name: &str,
        action: Action,
    ) -> Result<(), LifecycleError> {
        let outcomes = self.change(Selector::One(kind, name.to_owned()), action).await;
        outcomes.into_iter().next().map_or(Err(LifecycleError::Unknown), |outcome| outcome.result)
    }

    /// Passes the action to all selected members before it waits for any: each has its own time
    /// limit. The outcomes are in the order of kind and name.
    ///
    /// If the future is dropped, the members still carry out the action, and only the outcomes are
    /// lost.
    async fn change(&self, selector: Selector, action: Action) -> Vec<MemberOutcome> {
        let Ok(pending) =
            self.ask(|reply| SupervisorMessage::Change { selector, action, reply }).await
        else {
            return Vec::new();
        };
        let mut outcomes = Vec::with_capacity(pending.len());
        for answer in pending {
            outcomes.extend(answer.get().await);
        }
        // Wait until the published states agree with the outcomes.
        let _ = self.ask(|reply| SupervisorMessage::Settle { reply }).await;
        sort_by(&mut outcomes, |one, other| {
            (one.kind.as_str(), &one.name).cmp(&(other.kind.as_str(), &other.name))
        });
        outcomes
    }

    /// Sends a request and waits for the reply. Only a host that has ended gives none.
    async fn ask<T>(
        &self,
        message: impl FnOnce(ReplySender<T>) -> SupervisorMessage,
    ) -> Result<T, LifecycleError> {
        self.mailbox.ask(message).await.ok_or(LifecycleError::HostGone)
    }
}

/// The actor. Nothing else changes the table, so it needs no lock.
struct Supervisor {
    /// The sender that each member's task gets. It is a mailbox of its own: if handles and tasks
    /// shared one, a flood of requests could delay the reports.
    reports: Mailbox<SupervisorMessage>,
    members: Arc<Lock<Members>>,
    /// The members by number, which is the order in which they were registered.
    table: SortedMap<u64, MemberEntry>,
    /// The number of the next member. No number is used twice, so a late report of a removed member
    /// never reaches another one of the same name.
    next: u64,
    tasks: Tasks,
    clock: Arc<dyn Clock>,
    options: LifecycleOptions,
}

/// A member as the actor knows it. The member itself belongs to its task.
struct MemberEntry {
    status: MemberStatus,
    /// The only sender to the member's task. Dropping it, with the entry, ends the task.
    control: Mailbox<Control>,
    /// The receiver of a channel's messages.
    inbound: Option<Arc<dyn ChannelHost>>,
}

impl Supervisor {
    /// Handles one message after another until the last handle is gone.
    async fn run(mut self, inbox: Inbox<SupervisorMessage>, reported: Inbox<SupervisorMessage>) {
        loop {
            // Reports first: a caller that knows an outcome has to find it in the states.
            match futures_lite::future::or(reported.next(), inbox.next()).await {
                Some(message) => self.handle(message),
                // The last handle is gone. The members' controls close with the table.
                None => return,
            }
        }
    }

    /// Handles one message without waiting, so that none can hold up the next.
    fn handle(&mut self, message: SupervisorMessage) {
        match message {
            SupervisorMessage::Register { member, reply } => {
                reply.send(self.register(member));
            }
            SupervisorMessage::Remove { kind, name, reply } => {
                let number = self.find(kind, &name);
                let removed = number.map(|number| self.table.remove(&number));
                self.publish();
                let inbound = removed.flatten().map(|entry| entry.inbound);
                reply.send(inbound.ok_or(LifecycleError::Unknown));
            }
            SupervisorMessage::Change { selector, action, reply } => {
                reply.send(self.change(selector, action));
            }
            SupervisorMessage::ForgetAll { reply } => {
                self.table.clear();
                self.publish();
                reply.send(());
            }
            SupervisorMessage::Settle { reply } => {
                reply.send(());
            }
            SupervisorMessage::Changed(number, change) => {
                if let Some(entry) = self.table.get_mut(&number) {
                    match change {
                        MemberChange::State(state) => entry.changed(state),
                        MemberChange::Restarted => entry.status.restarts += 1,
                    }
                    self.publish();
                }
            }
        }
    }

    /// Adds a member and starts its task.
    fn register(&mut self, member: Member) -> Result<(), LifecycleError> {
        let object = member.object();
        if self.find(object.kind(), &member.name).is_some() {
            return Err(LifecycleError::Taken);
        }
        let (control, controls) = mailbox(CONTROLS);
        let status = MemberStatus {
            name: member.name.clone(),
            kind: object.kind(),
            origin: member.origin.clone(),
            state: LifecycleState::Registered,
            restarts: 0,
            object,
        };
        let number = self.next;
        self.next += 1;
        let inbound = match &member.work {
            Work::Channel { inbound, .. } => Some(Arc::clone(inbound)),
            Work::Other { .. } => None,
        };
        self.table.insert(number, MemberEntry { status, control, inbound });
        let task = MemberTask {
            member,
            number,
            control: controls,
            reports: self.reports.clone(),
            clock: Arc::clone(&self.clock),
            options: self.options,
        };
        self.tasks.detach(task.run());
        self.publish();
        Ok(())
    }

    /// Passes an action to the selected members, and returns the receivers of their outcomes. A
    /// receiver whose member ends first yields nothing.
    fn change(&self, selector: Selector, action: Action) -> PendingOutcomes {
        let entries: Vec<&MemberEntry> = match selector {
            Selector::All => self.table.values().collect(),
            Selector::Kind(kind) => {
                self.table.values().filter(|entry| entry.status.kind == kind).collect()
            }
            Selector::One(kind, name) => self
                .find(kind, &name)
                .and_then(|number| self.table.get(&number))
                .into_iter()
                .collect(),
        };
        let pass = |entry: &MemberEntry| {
            let (done, outcome) = reply_channel();
            let control = match action {
                Action::Start => Control::Start { done },
                Action::Stop => Control::Stop { done },
            };
            // A busy member delays only its own message.
            if let Err(unsent) = entry.control.try_send(control) {
                let control = entry.control.clone();
                self.tasks.detach(async move { control.send(unsent).await });
            }
            outcome
        };
        entries.into_iter().map(pass).collect()
    }

    /// The number of a member. The search is linear, because a host has few members.
    fn find(&self, kind: PluginCapability, name: &str) -> Option<u64> {
        let is_it = |entry: &MemberEntry| entry.status.kind == kind && entry.status.name == name;
        self.table.iter().find(|(_, entry)| is_it(entry)).map(|(number, _)| *number)
    }

    /// Publishes the table as a new list. Readers keep the list that they have.
    fn publish(&self) {
        let members = self.table.values().map(|entry| entry.status.clone()).collect();
        // The old list is dropped outside the lock, for its members' own code may run then.
        let before = std::mem::replace(&mut *self.members.lock(), Arc::new(members));
        drop(before);
    }
}

impl MemberEntry {
    /// Records a state. Failures are logged here, in one place for all kinds of members.
    fn changed(&mut self, state: LifecycleState) {
        if let LifecycleState::Failed { .. } = &state {
            log::warn!("{} {}: {state}", self.status.kind, self.status.name);
        }
        self.status.state = state;
    }
}
