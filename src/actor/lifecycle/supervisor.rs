//! The actor that keeps the table of members, and its handle.

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

/// The handle. Dropping the last one lets every member end.
#[derive(Clone)]
pub(in crate::actor) struct Lifecycle {
    mailbox: Mailbox<SupervisorMessage>,
    members: Arc<Lock<Members>>,
}

impl Lifecycle {
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

    pub(in crate::actor) fn members(&self) -> Members {
        Arc::clone(&self.members.lock())
    }

    pub(in crate::actor) async fn register(&self, member: Member) -> Result<(), LifecycleError> {
        self.ask(|reply| SupervisorMessage::Register { member, reply }).await?
    }

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

    pub(in crate::actor) async fn start_all(&self) -> Vec<MemberOutcome> {
        self.change(Selector::All, Action::Start).await
    }

    pub(in crate::actor) async fn stop_all(&self) -> Vec<MemberOutcome> {
        self.change(Selector::All, Action::Stop).await
    }

    pub(in crate::actor) async fn start_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.change(Selector::Kind(kind), Action::Start).await
    }

    pub(in crate::actor) async fn stop_kind(&self, kind: PluginCapability) -> Vec<MemberOutcome> {
        self.change(Selector::Kind(kind), Action::Stop).await
    }

    /// Forgets every member, so that nothing they hold keeps the host.
    pub(in crate::actor) async fn forget_all(&self) {
        let _ = self.ask(|reply| SupervisorMessage::ForgetAll { reply }).await;
    }

    pub(in crate::actor) async fn start_one(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.change_one(kind, name, Action::Start).await
    }

    pub(in crate::actor) async fn stop_one(
        &self,
        kind: PluginCapability,
        name: &str,
    ) -> Result<(), LifecycleError> {
        self.change_one(kind, name, Action::Stop).await
    }

    async fn change_one(
        &self,
        kind: PluginCapability,
        name: &str,
        action: Action,
    ) -> Result<(), LifecycleError> {
        let outcomes = self.change(Selector::One(kind, name.to_owned()), action).await;
        outcomes.into_iter().next().map_or(Err(LifecycleError::Unknown), |outcome| outcome.result)
    }

    /// Passes the action to all selected members before it waits for any: each has its own time limit.
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

    async fn ask<T>(
        &self,
        message: impl FnOnce(ReplySender<T>) -> SupervisorMessage,
    ) -> Result<T, LifecycleError> {
        self.mailbox.ask(message).await.ok_or(LifecycleError::HostGone)
    }
}

struct Supervisor {
    reports: Mailbox<SupervisorMessage>,
    members: Arc<Lock<Members>>,
    table: SortedMap<u64, MemberEntry>,
    next: u64,
    tasks: Tasks,
    clock: Arc<dyn Clock>,
    options: LifecycleOptions,
}

struct MemberEntry {
    status: MemberStatus,
    control: Mailbox<Control>,
    /// The receiver of a channel's messages.
    inbound: Option<Arc<dyn ChannelHost>>,
}

impl Supervisor {
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

    fn find(&self, kind: PluginCapability, name: &str) -> Option<u64> {
        let is_it = |entry: &MemberEntry| entry.status.kind == kind && entry.status.name == name;
        self.table.iter().find(|(_, entry)| is_it(entry)).map(|(number, _)| *number)
    }

    fn publish(&self) {
        let members = self.table.values().map(|entry| entry.status.clone()).collect();
        // The old list is dropped outside the lock, for its members' own code may run then.
        let before = std::mem::replace(&mut *self.members.lock(), Arc::new(members));
        drop(before);
    }
}

impl MemberEntry {
    fn changed(&mut self, state: LifecycleState) {
        if let LifecycleState::Failed { .. } = &state {
            log::warn!("{} {}: {state}", self.status.kind, self.status.name);
        }
        self.status.state = state;
    }
}
