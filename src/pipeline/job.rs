//! The work on one message: through the pipeline, and its answer to the channel.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::{or, zip};

use super::drafts;
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::reply::replies;
use super::requester::{MessageRequester, Parts, PartsWay};
use super::run::{Pipeline, PipelineOutcome};
use super::state::MessageState;
use super::weight;
use crate::command::{Answer, Conversation, ProgressNotes};
use crate::contract::{
    Acknowledgement, AnswerPart, ByteBudget, Cancellation, ChannelAdapter, Failure, HeldBytes,
    PluginError, Progress,
};
use crate::task::{Clock, Lock, contained, within};

/// How often a message that is worked on is in memory, and an answer that waits to be sent.
pub(super) const COPIES: usize = 2;
/// How long an answer may wait for room.
const ROOM_PATIENCE: Duration = Duration::from_secs(30);
/// How often a channel that asked gets a progress note.
const TICK: Duration = Duration::from_secs(1);
/// Progress notes that wait for a slow channel; further ones are lost.
const NOTES: usize = 16;
/// Parts of an answer that wait for a slow channel; then the stage waits.
const PARTS: usize = 16;

/// What all messages share.
pub(super) struct JobContext {
    /// The stages.
    pub(super) pipeline: Pipeline,
    /// The way to the channels.
    pub(super) outbound: Outbound,
    pub(super) clock: Arc<dyn Clock>,
    /// How long the stages may work on one message.
    pub(super) message_limit: Duration,
}

/// What a channel has shown of an answer before it is there.
#[derive(Default)]
struct WhatWasShown {
    /// The text of its parts.
    said: String,
    /// The message that the answer replaces.
    draft: Option<String>,
}

/// One message that is worked on.
pub(super) struct Job {
    /// The same for every job of a gateway.
    pub(super) shared: Arc<JobContext>,
    /// What the chat remembers: the skills in use.
    pub(super) conversation: Arc<Conversation>,
    /// Fires when the sender cancels the message.
    pub(super) cancelled: Cancellation,
    /// Fires when the chat has ended: no room is waited for then.
    pub(super) unheard: Cancellation,
    /// Fires when the program gives up what is still worked on.
    pub(super) stopped: Cancellation,
    /// The message, with its room among what the channel may hold.
    pub(super) inbound: Inbound,
}

impl Job {
    /// Works on it, sends what it comes to, and gives the state that observers see.
    pub(super) async fn run(mut self) -> MessageState {
        let held = self.inbound.held.take();
        let state = &self.inbound.state;
        let Some(channel) = self.shared.outbound.channel(&state.channel) else {
            log::warn!("channel {} was taken out with a message unanswered", state.channel);
            return state.clone();
        };
        let channel = &*channel;
        let (outbound, id) = (&self.shared.outbound, self.inbound.id.as_deref());
        let acknowledge = |how_far| outbound.acknowledge(channel, &state.chat, id, how_far);
        let taken = acknowledge(Acknowledgement::Taken);
        let ((), (outcome, shown)) = zip(taken, self.work_while_showing(channel)).await;
        let PipelineOutcome { state: mut worked, leaves } = outcome;
        if self.unheard.is_cancelled() {
            return worked;
        }
        let budget = held.as_ref().map(HeldBytes::budget);
        // Its room is its answer's, so that no answer waits for what waits for it.
        drop(held);
        let _held = match self.room(budget, &worked).await {
            Ok(held) => held,
            Err(failure) => {
                (worked.answer, worked.failure) = (None, Some(failure));
                None
            }
        };
        let nothing = Answer::default();
        let result = match (&worked.answer, &worked.failure) {
            (Some(answer), None) => Ok(answer),
            (_, Some(failure)) => Err(failure),
            (None, None) => Ok(&nothing),
        };
        let WhatWasShown { said, draft } = shown;
        let replies = replies(&self.inbound, result, &said, channel);
        let sent = outbound.reply(channel, &replies, draft).await;
        let how_far = match (&sent, result) {
            (Ok(()), Ok(_)) => Acknowledgement::Answered,
            (Ok(()), Err(_)) => Acknowledgement::Failed,
            (Err(_), _) => Acknowledgement::Unsent,
        };
        match &sent {
            Ok(()) => {}
            Err(PluginError::Cancelled) => {
                log::debug!("channel {}: the sender has left", channel.name());
            }
            Err(error) => {
                let (name, number) = (channel.name(), state.number);
                log::warn!("channel {name}: the answer to message {number} can't be sent: {error}");
            }
        }
        acknowledge(how_far).await;
        if leaves && let Err(error) = channel.leave(&state.chat).await {
            log::warn!("channel {}: {error}", channel.name());
        }
        worked
    }

    /// The room for what it comes to; a failure where there is none in time.
    async fn room(
        &self,
        budget: Option<ByteBudget>,
        worked: &MessageState,
    ) -> Result<Option<HeldBytes>, Failure> {
        let (Some(budget), Some(answer)) = (budget, &worked.answer) else { return Ok(None) };
        let bytes = weight::of_answer(answer) + weight::of_message(&self.inbound.state);
        let clock = &*self.shared.clock;
        let room = within(clock, ROOM_PATIENCE, budget.hold_while_waiting(COPIES * bytes));
        let unheard = async {
            self.unheard.cancelled().await;
            None
        };
        match or(room, unheard).await.flatten() {
            Some(held) => Ok(Some(held)),
            None => {
                let code = "no_room";
                let message = "the channel holds as much as it may for all its chats";
                Err(Failure::new(code, message, "send it again later"))
            }
        }
    }

    /// Works on it. Meanwhile it gives a channel that shows it the answer as it comes: in parts, or as a draft.
    async fn work_while_showing(
        &self,
        channel: &dyn ChannelAdapter,
    ) -> (PipelineOutcome, WhatWasShown) {
        let said = Arc::new(Lock::new(String::new()));
        if channel.shows_drafts() {
            let (sender, more) = async_channel::bounded(1);
            let way = PartsWay::Newest(sender.clone());
            let work = self.work_saying(channel, Parts { way, said: Arc::clone(&said) });
            let outbound = &self.shared.outbound;
            let show = drafts::show(outbound, channel, &self.inbound, &said, (sender, more));
            let (outcome, draft) = zip(work, show).await;
            return (outcome, WhatWasShown { draft, ..WhatWasShown::default() });
        }
        if !channel.shows_parts() {
            return (self.work_with_progress(channel, None).await, WhatWasShown::default());
        }
        let (sender, coming) = async_channel::bounded(PARTS);
        let tell = async {
            while let Ok(text) = coming.recv().await {
                let (chat, thread, reply_to) = self.address();
                let part = AnswerPart { chat, thread, reply_to, text };
                self.shared.outbound.part(channel, &part).await;
            }
        };
        let parts = Parts { way: PartsWay::Each(sender), said: Arc::clone(&said) };
        let (outcome, ()) = zip(self.work_saying(channel, parts), tell).await;
        let said = std::mem::take(&mut *said.lock());
        (outcome, WhatWasShown { said, draft: None })
    }

    /// Works on it; what is said on the way goes by `parts`, until the work has ended.
    async fn work_saying(&self, channel: &dyn ChannelAdapter, parts: Parts) -> PipelineOutcome {
        let closing = parts.way.clone();
        let worked = self.work_with_progress(channel, Some(parts)).await;
        closing.close();
        worked
    }

    /// Where what it leads to goes: its chat, its thread and its own id.
    fn address(&self) -> (String, Option<String>, Option<String>) {
        let state = &self.inbound.state;
        (state.chat.clone(), state.thread.clone(), self.inbound.id.clone())
    }

    /// Works on it, and tells a channel that asked how it goes on.
    async fn work_with_progress(
        &self,
        channel: &dyn ChannelAdapter,
        parts: Option<Parts>,
    ) -> PipelineOutcome {
        if !self.inbound.progress {
            return self.work(ProgressNotes::default(), parts).await;
        }
        let (notes, noted) = async_channel::bounded(NOTES);
        let tell = async {
            while let Ok(note) = noted.recv().await {
                let (chat, thread, reply_to) = self.address();
                let progress = Progress { chat, thread, reply_to, note };
                self.shared.outbound.progress(channel, &progress).await;
            }
        };
        // Pending notes go out before the answer.
        let closing = notes.clone();
        let work = async {
            let worked = self.work(ProgressNotes::to(notes), parts).await;
            // Work that was given up or has panicked may still have a hand on them.
            closing.close();
            worked
        };
        zip(work, tell).await.0
    }

    /// Runs the stages, until the first of: an answer, a cancellation, the end of the program, the time limit.
    /// A panic in a stage is a failure of this message only.
    async fn work(&self, notes: ProgressNotes, parts: Option<Parts>) -> PipelineOutcome {
        let JobContext { clock, message_limit, .. } = &*self.shared;
        let state = self.inbound.state.clone();
        let (shared, conversation) = (Arc::clone(&self.shared), Arc::clone(&self.conversation));
        let noted = notes.clone();
        let cancelled = Some(self.cancelled.clone());
        let requester = MessageRequester::new(&state, &conversation, &noted, parts, cancelled);
        let running = contained(Box::pin(async move {
            shared.pipeline.run_for(state, &conversation, &noted, Arc::new(requester)).await
        }));
        // `contained` runs the stages as a task of their own, so that a panic ends there.
        let running = async {
            running.await.unwrap_or_else(|_| {
                self.failed("panicked", "the message made this program panic", "report it")
            })
        };
        let given_up = or(
            async {
                self.cancelled.cancelled().await;
                self.failed("cancelled", "cancelled", "send it again")
            },
            async {
                self.stopped.cancelled().await;
                let message = "the program is stopping, and the message was not answered";
                self.failed("stopping", message, "send it again when the program runs again")
            },
        );
        let too_long = async {
            clock.sleep(*message_limit).await;
            let message = format!("there was no answer within {} s", message_limit.as_secs());
            self.failed("timed_out", &message, "ask for less at once")
        };
        let ticks = async {
            let mut waited = Duration::ZERO;
            loop {
                clock.sleep(TICK).await;
                waited += TICK;
                notes.note(|| format!("working for {} s", waited.as_secs()));
            }
        };
        // What was given up while it waited must not begin.
        or(given_up, or(running, or(too_long, ticks))).await
    }

    /// The message as it came, with a failure. What stages changed before is dropped.
    fn failed(&self, code: &str, message: &str, next_step: &str) -> PipelineOutcome {
        let failure = Failure::new(code, message, next_step);
        let state = MessageState { failure: Some(failure), ..self.inbound.state.clone() };
        PipelineOutcome { state, leaves: false }
    }
}
