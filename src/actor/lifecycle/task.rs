//! The task of one member: it starts it, watches it, stops it, and starts a failed channel again.
//!
//! The task is a small state machine: each step awaits one thing and returns the next step. Every
//! wait listens for requests too, so a member can be stopped while it starts, runs, or waits for a
//! restart. Only a stop can't be interrupted; it has a time limit instead. The task ends when the
//! supervisor drops the sender of its requests.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::or;

use super::member::{Member, Work};
use super::message::{MemberChange, SupervisorMessage};
use super::outcome::{LifecycleError, MemberOutcome};
use super::restart::{LifecycleOptions, Restarts};
use super::state::LifecycleState;
use crate::contract::{BoxFuture, CancellationSource, PluginError};
use crate::task::{Clock, Inbox, Mailbox, ReplySender, contained, within};

/// A request to a member's task. The outcome goes to `done`, whose receiver may be gone: the
/// request is carried out anyway.
pub(super) enum Control {
    /// Start the member. It succeeds at once if the member runs already.
    Start { done: ReplySender<MemberOutcome> },
    /// Stop the member. It succeeds at once if the member does not run.
    Stop { done: ReplySender<MemberOutcome> },
}

/// The reasons for which members stop in order.
const ASKED: &str = "it was told to";
/// A channel's `start` returned without an error, as at the end of its input.
const ENDED: &str = "its other end closed";

/// One member and all that its task needs. The task owns the member, so the supervisor can forget
/// it without waiting.
pub(super) struct MemberTask {
    pub(super) member: Member,
    /// Its number in the supervisor's table.
    pub(super) number: u64,
    /// The requests. The inbox closes when the supervisor removes the member.
    pub(super) control: Inbox<Control>,
    /// Where changes of state are reported. A report is sent before the outcome that it belongs to.
    pub(super) reports: Mailbox<SupervisorMessage>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) options: LifecycleOptions,
}

/// The task's next step.
enum Next {
    /// Wait for a request: registered, stopped, or failed for good.
    Wait,
    /// Start, and report the outcome to the one who asked. A restart has nobody who asked.
    Start(Option<ReplySender<MemberOutcome>>),
    /// Start after this time: failed, with a restart to come.
    Restart(Duration),
    /// Run until the member ends, fails or is asked to stop.
    Run,
    /// End the task: the supervisor has removed the member.
    End,
}

/// A member's own work under way. Dropping it cancels the work.
type Running<'m> = BoxFuture<'m, Result<(), LifecycleError>>;

impl MemberTask {
    /// Takes one step after another until the member is removed.
    pub(super) async fn run(self) {
        let mut restarts = Restarts::new(self.options);
        let mut next = Next::Wait;
        loop {
            next = match next {
                Next::Wait => self.wait().await,
                Next::Start(asked) => self.start(asked, &mut restarts).await,
                Next::Restart(wait) => self.wait_for_restart(wait).await,
                Next::Run => self.watch(&mut restarts).await,
                Next::End => return,
            }
        }
    }

    /// Waits for a request while the member does not run.
    async fn wait(&self) -> Next {
        match self.control.next().await {
            Some(Control::Start { done }) => Next::Start(Some(done)),
            Some(Control::Stop { done }) => {
                self.answer(done, Ok(()));
                Next::Wait
            }
            None => Next::End,
        }
    }

    /// Starts the member within its time limit. A request to stop drops the start where it is;
    /// those who asked for it get [`LifecycleError::Stopped`].
    async fn start(
        &self,
        asked: Option<ReplySender<MemberOutcome>>,
        restarts: &mut Restarts,
    ) -> Next {
        self.report(LifecycleState::Starting).await;
        let starting: BoxFuture<'_, _> = match &self.member.work {
            Work::Channel { adapter, .. } => calling(adapter, |it| it.open()),
            Work::Other { service, .. } => calling(service, |it| it.start()),
        };
        let limited = self.within("start", self.options.start_limit, starting);
        // Everyone who asks for a start meanwhile gets the same outcome.
        let mut waiting: Vec<_> = asked.into_iter().collect();
        let stopped = async {
            loop {
                match self.control.next().await {
                    Some(Control::Start { done }) => waiting.push(done),
                    Some(Control::Stop { done }) => return Some(done),
                    None => return None,
                }
            }
        };
        let result = or(async { Ok(limited.await) }, async { Err(stopped.await) }).await;
        let (result, next) = match result {
            Ok(Ok(())) => {
                self.report(LifecycleState::Running).await;
                (Ok(()), Next::Run)
            }
            Ok(Err(error)) => {
                let next = self.failed(&error, Duration::ZERO, restarts).await;
                (Err(error), next)
            }
            Err(stop) => {
                self.report(LifecycleState::Stopped { reason: ASKED.into() }).await;
                let next = if stop.is_some() { Next::Wait } else { Next::End };
                if let Some(done) = stop {
                    self.answer(done, Ok(()));
                }
                (Err(LifecycleError::Stopped), next)
            }
        };
        for done in waiting {
            self.answer(done, result.clone());
        }
        next
    }

    /// Runs the member until it ends or is asked to stop. A channel does its work in this future.
    /// Other members are called by the host, so for them there is only the request to wait for.
    async fn watch(&self, restarts: &mut Restarts) -> Next {
        let cancellation = CancellationSource::new();
        let mut running: Running<'_> = match &self.member.work {
            Work::Channel { adapter, inbound } => {
                let (inbound, cancelled) = (Arc::clone(inbound), cancellation.token());
                calling(adapter, move |it| it.start(inbound, cancelled))
            }
            Work::Other { .. } => Box::pin(pending()),
        };
        let since = self.clock.now();
        loop {
            let ended = async { Err(running.as_mut().await) };
            // Requests come first: a channel that ends while a stop is requested has stopped in order.
            match or(async { Ok(self.control.next().await) }, ended).await {
                Ok(Some(Control::Start { done })) => self.answer(done, Ok(())),
                Ok(Some(Control::Stop { done })) => {
                    let result = self.stop(&cancellation, running).await;
                    self.answer(done, result);
                    return Next::Wait;
                }
                // The host has removed it: it ends as if it had been asked to stop.
                Ok(None) => {
                    let _ = self.stop(&cancellation, running).await;
                    return Next::End;
                }
                Err(Ok(())) => {
                    self.report(LifecycleState::Stopped { reason: ENDED.into() }).await;
                    return Next::Wait;
                }
                Err(Err(error)) => {
                    let ran = self.clock.now().saturating_duration_since(since);
                    return self.failed(&error, ran, restarts).await;
                }
            }
        }
    }

    /// Stops the member within its time limit. A channel is cancelled and gets the time to end by
    /// itself; other members have a function for it. Work that is not done by then is dropped, and
    /// the member has failed.
    async fn stop(
        &self,
        cancellation: &CancellationSource,
        running: Running<'_>,
    ) -> Result<(), LifecycleError> {
        self.report(LifecycleState::Stopping).await;
        cancellation.cancel();
        let stopping = match &self.member.work {
            Work::Channel { .. } => running,
            Work::Other { service, .. } => calling(service, |it| it.stop()),
        };
        let result = self.within("stop", self.options.stop_limit, stopping).await;
        let state = match &result {
            Ok(()) => LifecycleState::Stopped { reason: ASKED.into() },
            Err(error) => LifecycleState::Failed { reason: error.to_string(), restart_ms: None },
        };
        self.report(state).await;
        result
    }

    /// Reports a failure. Only channels are started again: other members would fail again.
    async fn failed(&self, error: &LifecycleError, ran: Duration, restarts: &mut Restarts) -> Next {
        let wait = match self.member.work {
            Work::Channel { .. } => Some(restarts.after_running(ran)),
            Work::Other { .. } => None,
        };
        let reason = error.to_string();
        self.report(LifecycleState::Failed { reason, restart_ms: wait }).await;
        wait.map_or(Next::Wait, Next::Restart)
    }

    /// Waits before a restart. A request to start ends the wait, and is not counted as a restart.
    async fn wait_for_restart(&self, wait: Duration) -> Next {
        let waited = async {
            self.clock.sleep(wait).await;
            None
        };
        match or(async { Some(self.control.next().await) }, waited).await {
            None => {
                self.reports
                    .send(SupervisorMessage::Changed(self.number, MemberChange::Restarted))
                    .await;
                Next::Start(None)
            }
            Some(Some(Control::Start { done })) => Next::Start(Some(done)),
            Some(Some(Control::Stop { done })) => {
                self.report(LifecycleState::Stopped { reason: ASKED.into() }).await;
                self.answer(done, Ok(()));
                Next::Wait
            }
            Some(None) => Next::End,
        }
    }

    /// Runs `work` within `limit`, and drops it when the time is over.
    async fn within(
        &self,
        doing: &'static str,
        limit: Duration,
        work: Running<'_>,
    ) -> Result<(), LifecycleError> {
        let worked = within(&*self.clock, limit, work).await;
        worked.unwrap_or(Err(LifecycleError::TimedOut { doing, limit }))
    }

    /// Reports a state, and waits until the report is in the supervisor's mailbox. The future is
    /// boxed because many callers await it.
    fn report(&self, state: LifecycleState) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // Without a supervisor nobody reads states any more.
            self.reports
                .send(SupervisorMessage::Changed(self.number, MemberChange::State(state)))
                .await;
        })
    }

    /// Sends an outcome to the one who asked, if that one still waits.
    fn answer(&self, done: ReplySender<MemberOutcome>, result: Result<(), LifecycleError>) {
        let kind = self.member.object().kind();
        done.send(MemberOutcome { name: self.member.name.clone(), kind, result });
    }
}

/// Calls a member's function. A panic, in the call or in its future, is a failure of the member.
fn calling<M: ?Sized + Send + Sync + 'static>(
    member: &Arc<M>,
    call: impl FnOnce(&M) -> BoxFuture<'_, Result<(), PluginError>> + Send + 'static,
) -> Running<'static> {
    let member = Arc::clone(member);
    Box::pin(async move {
        match contained(Box::pin(async move { call(&member).await })).await {
            Ok(result) => result.map_err(LifecycleError::Plugin),
            Err(message) => Err(LifecycleError::Panicked { message }),
        }
    })
}
