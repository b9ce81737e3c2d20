//! The gateway: takes messages from every channel and sees that each is answered, or that its sender
//! gets an error.
//!
//! It is an actor. The messages of one chat are worked on one after another, those of different
//! chats beside each other. What all chats of a channel hold together is bounded: large messages wait
//! for memory before they are accepted, and so do large answers before they are sent.

use std::sync::Arc;
use std::time::Duration;

use smol::{Executor, Task};

use super::chat::{Acceptance, Chat, ChatKey, CurrentMessage, WaitingMessage};
use super::inbound::Inbound;
use super::job::{COPIES, Job, JobContext};
use super::observers::Observers;
use super::options::{ChannelRules, GatewayOptions};
use super::outbound::Outbound;
use super::run::Pipeline;
use super::state::MessageState;
use super::weight;
use crate::command::Commands;
use crate::contract::limits::KB;
use crate::contract::{
    BoxFuture, ByteBudget, CancellationSource, ChannelHost, ChatId, InboundMessage, PluginError,
    SortedMap,
};
use crate::task::{Inbox, Mailbox, ReplySender, Tasks, WeakMailbox, mailbox, spawn_boxed};

/// Messages that wait for the actor before their senders do.
const MAILBOX: usize = 16;
/// Chats that are remembered at most; the one that was silent longest is forgotten first.
const CHATS: usize = 10_000;
/// What each message counts at least, with its chat and the task that works on it.
const LEAST_BYTES: usize = 5 * KB;

/// Takes messages from channels and has them answered. Dropping it ends the work at once;
/// [`stop`](Self::stop) ends it in order.
///
/// The gateway answers through the channel of the message's name that is a member of the host. So a channel
/// can be replaced while its messages are worked on.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use weft_lite::Runtime;
/// use weft_lite::channel::{ChatId, ConsoleChannel, ConsoleStyle, InboundMessage, OWNER};
/// use weft_lite::actor::Member;
/// use weft_lite::pipeline::ChannelRules;
///
/// let runtime = Runtime::builder().without_bundled().build();
/// let rules = [("console".to_owned(), ChannelRules::owner_only())].into();
/// let gateway = runtime.gateway(runtime.commands(), rules);
/// runtime.block_on(async {
///     let console = Arc::new(ConsoleChannel::stdout(ConsoleStyle::Plain));
///     runtime.host().register(Member::channel(console, gateway.inbox())).await.unwrap();
///     let chat = ChatId::new("console", "console");
///     let message = InboundMessage::text(chat, OWNER, "/help");
///     gateway.inbox().deliver_inbound(message).await.unwrap();
///     gateway.stop(Duration::from_secs(5)).await;
/// });
/// ```
pub struct Gateway {
    inbox: Arc<ChannelSide>,
    _actor: Task<()>,
}

/// The gateway as channels see it.
struct ChannelSide {
    mailbox: Mailbox<GatewayEvent>,
    /// The rules of each channel, and what it may hold.
    channels: SortedMap<String, (ChannelRules, ByteBudget)>,
}

/// What the actor is sent: requests of channels, and ends of its own tasks.
enum GatewayEvent {
    /// A message of a sender who is allowed, with its room.
    Take { inbound: Box<Inbound>, taken: Acceptance },
    /// Cancels a message, or everything that a chat is busy with.
    Cancel { chat: ChatId, id: Option<String>, reply: ReplySender<bool> },
    /// Nobody reads answers of these chats any more.
    ChatEnded {
        channel: String,
        /// `None` for every one of the channel.
        chat: Option<String>,
        reply: ReplySender<()>,
    },
    /// A job has ended. Its answer was sent, or its sender got an error.
    Done { key: ChatKey, state: Box<MessageState> },
    /// Accept nothing more, and end within `grace`.
    Stop { grace: Duration, reply: ReplySender<()> },
    /// The grace is over: whoever still waits for an answer gets an error.
    GiveUp,
    /// The observers have seen what they were given, or had their time.
    Observed,
}

impl Gateway {
    /// Starts a gateway whose tasks run on `executor`. Its messages go through the built-in stages
    /// with these commands, and through the stages of the commands' host.
    #[must_use]
    pub fn start(
        executor: &Arc<Executor<'static>>,
        commands: Arc<Commands>,
        options: &GatewayOptions,
    ) -> Self {
        let host = commands.host().clone();
        let clock = host.clock();
        let tasks = Tasks::of(executor);
        let memory = options.memory_bytes;
        let channels: SortedMap<String, _> = options
            .rules
            .iter()
            .map(|(name, rules)| {
                let budget = ByteBudget::new(format!("channel {name}"), memory);
                (name.clone(), (rules.clone(), budget))
            })
            .collect();
        let (mailbox, messages) = mailbox(MAILBOX);
        let outbound =
            Outbound { host: host.clone(), clock: Arc::clone(&clock), limit: options.send_limit };
        let shared = Arc::new(JobContext {
            pipeline: Pipeline::new(commands, options.soul.as_deref()),
            outbound,
            clock,
            message_limit: options.message_limit,
        });
        let actor = Actor {
            observers: Observers::new(host, tasks.clone(), memory),
            tasks: tasks.clone(),
            shared,
            mailbox: mailbox.downgrade(),
            room: options.waiting_per_chat,
            chats: SortedMap::new(),
            number: 0,
            stop: CancellationSource::new(),
            observer_limit: options.observer_limit,
            stopping: None,
        };
        let actor = spawn_boxed(executor, Box::pin(actor.run(messages)));
        Self { inbox: Arc::new(ChannelSide { mailbox, channels }), _actor: actor }
    }

    /// What channels hand their messages to.
    #[must_use]
    pub fn inbox(&self) -> Arc<dyn ChannelHost> {
        Arc::clone(&self.inbox) as Arc<dyn ChannelHost>
    }

    /// Accepts no more messages, waits this long for accepted ones to be answered, and then reports
    /// to the senders of all others that theirs were not. Then observers may see what waits for them,
    /// within their own limit. Channels have to be able to send until it resolves.
    pub async fn stop(&self, grace: Duration) {
        self.inbox.ask(|reply| GatewayEvent::Stop { grace, reply }).await;
    }
}

impl ChannelSide {
    /// The actor's reply; `None` once the gateway is gone.
    async fn ask<T>(&self, message: impl FnOnce(ReplySender<T>) -> GatewayEvent) -> Option<T> {
        self.mailbox.ask(message).await
    }

    /// Ends one chat of a channel, or all of them.
    async fn end_chats(&self, channel: &str, chat: Option<&str>) {
        let (channel, chat) = (channel.to_owned(), chat.map(str::to_owned));
        self.ask(|reply| GatewayEvent::ChatEnded { channel, chat, reply }).await;
    }
}

impl ChannelHost for ChannelSide {
    fn deliver_inbound(&self, message: InboundMessage) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async move {
            let (channel, sender) = (&message.chat.channel, &message.sender);
            let known = self.channels.get(channel).filter(|(rules, _)| rules.allows(sender));
            let Some((rules, budget)) = known else {
                log::info!(
                    "channel {channel}: a message of a sender who is not allowed was refused"
                );
                return Err(PluginError::Refused {
                    what: format!("a message over `{channel}`"),
                    rule: "the sender is not in the channel's allow-list".into(),
                });
            };
            let is_owner = rules.is_owner(sender);
            let mut inbound = Box::new(Inbound::new(message));
            inbound.state.is_owner = is_owner;
            let bytes = (COPIES * weight::of_message(&inbound.state)).max(LEAST_BYTES);
            inbound.held = Some(budget.hold_when_free(bytes).await);
            let taken = self.ask(|taken| GatewayEvent::Take { inbound, taken }).await;
            taken.unwrap_or(Err(PluginError::Cancelled))
        })
    }

    fn cancel<'a>(&'a self, chat: &'a ChatId, id: Option<&'a str>) -> BoxFuture<'a, bool> {
        let (chat, id) = (chat.clone(), id.map(str::to_owned));
        Box::pin(async move {
            let asked = self.ask(|reply| GatewayEvent::Cancel { chat, id, reply });
            asked.await.unwrap_or(false)
        })
    }

    fn chat_ended<'a>(&'a self, chat: &'a ChatId) -> BoxFuture<'a, ()> {
        Box::pin(self.end_chats(&chat.channel, Some(&chat.chat)))
    }

    fn channel_ended<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(self.end_chats(channel, None))
    }
}

/// The actor's state. It alone touches the chats, so they need no lock.
struct Actor {
    observers: Observers,
    tasks: Tasks,
    shared: Arc<JobContext>,
    mailbox: WeakMailbox<GatewayEvent>,
    /// Messages of one chat that are accepted and wait.
    room: usize,
    /// Chats with something to do or to remember.
    chats: SortedMap<ChatKey, Chat>,
    /// The number of the last message. It orders messages in the log, and chats by age.
    number: u64,
    /// Fires when what is still worked on is given up.
    stop: CancellationSource,
    /// How long observers may take at the end.
    observer_limit: Duration,
    /// Set when no more messages are accepted.
    stopping: Option<StopProgress>,
}

/// Progress of stopping.
#[derive(Default)]
struct StopProgress {
    /// Whom to tell when all is done.
    waiting: Vec<ReplySender<()>>,
    observers: ObserverDrain,
}

/// Whether the observers have received their last copies.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum ObserverDrain {
    /// Messages are still worked on.
    #[default]
    Later,
    Now,
    Over,
}

impl Actor {
    /// Handles events until the gateway is dropped.
    async fn run(mut self, messages: Inbox<GatewayEvent>) {
        while let Some(message) = messages.next().await {
            self.handle(message);
            self.end();
        }
    }

    /// Goes on with stopping, if that is what there is to do: when every message has had its answer
    /// the observers have their time, and then the waiting callers are released.
    fn end(&mut self) {
        let Some(StopProgress { waiting, observers }) = &mut self.stopping else { return };
        match observers {
            ObserverDrain::Later if self.chats.values().all(Chat::is_idle) => {
                *observers = ObserverDrain::Now;
                let (clock, mailbox) = (Arc::clone(&self.shared.clock), self.mailbox.clone());
                let finish = self.observers.finish(clock, self.observer_limit);
                self.tasks.detach(async move {
                    finish.await;
                    mailbox.send(GatewayEvent::Observed).await;
                });
            }
            ObserverDrain::Later | ObserverDrain::Now => {}
            ObserverDrain::Over => waiting.drain(..).for_each(|reply| {
                reply.send(());
            }),
        }
    }

    /// One event. Nothing here waits, so that a slow message keeps no other chat waiting.
    fn handle(&mut self, message: GatewayEvent) {
        match message {
            GatewayEvent::Take { taken, .. } if self.stopping.is_some() => {
                taken.send(Err(PluginError::Cancelled));
            }
            GatewayEvent::Take { inbound, taken } => self.take(*inbound, taken),
            GatewayEvent::Cancel { chat, id, reply } => {
                let matching = self.chats_of(&chat.channel, Some(&chat.chat));
                let cancelled = matching.map(|(_, chat)| chat.cancel(id.as_deref()));
                // Every thread of the chat, so that none is left out.
                let cancelled = cancelled.fold(false, |any, one| any | one);
                reply.send(cancelled);
            }
            GatewayEvent::ChatEnded { channel, chat, reply } => {
                self.chats_of(&channel, chat.as_deref()).for_each(|(_, chat)| chat.end());
                self.chats.retain(|_, chat| !chat.is_idle() || !chat.conversation.is_empty());
                reply.send(());
            }
            GatewayEvent::Done { key, state } => {
                self.observers.see(&state);
                self.next(&key);
            }
            GatewayEvent::Stop { grace, reply } => self.begin_to_stop(grace, reply),
            GatewayEvent::GiveUp => self.stop.cancel(),
            GatewayEvent::Observed => {
                self.stopping.get_or_insert_default().observers = ObserverDrain::Over;
            }
        }
    }

    /// Every thread of a chat, or of all chats of the channel.
    fn chats_of<'a>(
        &'a mut self,
        channel: &'a str,
        chat: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a ChatKey, &'a mut Chat)> {
        self.chats.iter_mut().filter(move |(key, _)| {
            key.id.channel == channel && chat.is_none_or(|chat| key.id.chat == chat)
        })
    }

    /// Queues a message in its chat, and begins it if the chat is idle.
    fn take(&mut self, mut inbound: Inbound, taken: Acceptance) {
        self.number += 1;
        inbound.state.number = self.number;
        let key = ChatKey::of(&inbound);
        if !self.chats.contains_key(&key) {
            self.forget_oldest();
        }
        let chat = self.chats.entry(key.clone()).or_default();
        chat.used = self.number;
        let room = self.room;
        chat.push(inbound, taken, room);
        if chat.current.is_none() {
            self.next(&key);
        }
    }

    /// Begins the next message of a chat, or forgets a chat of which nothing has to be remembered.
    fn next(&mut self, key: &ChatKey) {
        let Some(chat) = self.chats.get_mut(key) else { return };
        chat.current = None;
        let Some(WaitingMessage { inbound, cancelled, .. }) = chat.pop(self.room) else {
            if chat.conversation.is_empty() {
                self.chats.remove(key);
            }
            return;
        };
        let current = CurrentMessage {
            id: inbound.id.clone(),
            cancel: CancellationSource::new(),
            unheard: CancellationSource::new(),
        };
        if cancelled {
            current.cancel.cancel();
        }
        let job = Job {
            shared: Arc::clone(&self.shared),
            conversation: Arc::clone(&chat.conversation),
            cancelled: current.cancel.token(),
            unheard: current.unheard.token(),
            stopped: self.stop.token(),
            inbound,
        };
        chat.current = Some(current);
        let (mailbox, key) = (self.mailbox.clone(), key.clone());
        let work = async move {
            let state = Box::new(job.run().await);
            mailbox.send(GatewayEvent::Done { key, state }).await;
        };
        self.tasks.detach(work);
    }

    /// Makes room for a chat: strangers must not fill the memory by opening many. A busy chat stays.
    fn forget_oldest(&mut self) {
        if self.chats.len() >= CHATS {
            let idle = self.chats.iter().filter(|(_, chat)| chat.is_idle());
            let oldest = idle.min_by_key(|(_, chat)| chat.used).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.chats.remove(&key);
            }
        }
    }

    /// Refuses what no channel was notified of yet, and starts the clock of the grace.
    fn begin_to_stop(&mut self, grace: Duration, reply: ReplySender<()>) {
        self.chats.values_mut().for_each(Chat::refuse_unaccepted);
        self.stopping.get_or_insert_default().waiting.push(reply);
        let (clock, mailbox) = (Arc::clone(&self.shared.clock), self.mailbox.clone());
        let give_up = async move {
            clock.sleep(grace).await;
            mailbox.send(GatewayEvent::GiveUp).await;
        };
        self.tasks.detach(give_up);
    }
}
