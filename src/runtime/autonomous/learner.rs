//! The actor that observes calls.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use async_channel::{Receiver, Sender};
use futures_lite::future::or;
use serde_json::Value;
use smol::Executor;

use super::guard::{CALL_LOST, CONFIDENTIAL_LOST, CallPlace, Guard, NONE_LOST};
use super::trial::{self, Trial};
use crate::actor::PluginHost;
use crate::autonomous::{
    CallObserver, CallOrigin, Finder, OBSERVED_BYTES, Observations, ObservedCall, SeenCall,
    WorkPattern,
};
use crate::contract::{
    BoxFuture, MessagePayload, SecretSource, Sha256, SortedMap, SortedSet, StoreSource,
};
use crate::package::{Proposals, ReadLimits, SkillUse};
use crate::store::DurableStore;
use crate::task::{Clock, Tasks, off_executor};

/// Calls that wait for the actor. Further ones are not observed.
const MAILBOX: usize = 64;
/// How long calls are in memory alone: a kill costs at most so much of what was observed.
const FLUSH: Duration = Duration::from_secs(2);
/// How often chats are looked at in which nothing more came.
const SETTLE: Duration = Duration::from_secs(30);
/// How often skills are looked for that nobody uses.
const DUTY: Duration = Duration::from_secs(24 * 60 * 60);
/// When they are looked for the first time.
const FIRST_DUTY: Duration = Duration::from_secs(60);
/// Chats that can be told of a proposal.
const CHATS: usize = 64;
/// The channel that stands for all clients.
const CLIENTS: &str = "mcp";
/// The namespace of observations in `$WEFT_HOME/autonomous`.
const OBSERVATIONS: &str = "observations";

/// What the actor works with.
pub(in crate::runtime) struct LearnerParts {
    pub(in crate::runtime) weft_home: PathBuf,
    pub(in crate::runtime) threshold: usize,
    pub(in crate::runtime) secrets: Arc<dyn SecretSource>,
    pub(in crate::runtime) clock: Arc<dyn Clock>,
    pub(in crate::runtime) limits: ReadLimits,
}

/// The handle to the actor.
#[derive(Clone)]
pub(in crate::runtime) struct Learner {
    inbox: Sender<LearnerMessage>,
    /// Which calls were lost.
    lost: Arc<AtomicU8>,
}

enum LearnerMessage {
    Call(Box<ObservedCall>),
    Stop(Sender<()>),
}

impl CallObserver for Learner {
    fn observe(&self, call: ObservedCall) {
        let loss = if call.is_confidential { CONFIDENTIAL_LOST } else { CALL_LOST };
        if self.inbox.try_send(LearnerMessage::Call(Box::new(call))).is_err() {
            self.lost.fetch_max(loss, Ordering::Relaxed);
            log::debug!("autonomous skills: a call was not observed, for too many wait");
        }
    }
}

impl Learner {
    /// A handle, and what its actor receives.
    pub(in crate::runtime) fn new() -> (Self, LearnerInbox) {
        let (sender, receiver) = async_channel::bounded(MAILBOX);
        let lost = Arc::new(AtomicU8::new(NONE_LOST));
        (Self { inbox: sender, lost: Arc::clone(&lost) }, LearnerInbox(receiver, lost))
    }

    /// Writes down what was observed, and ends the actor.
    pub(in crate::runtime) async fn stop(&self) {
        let (done, ended) = async_channel::bounded(1);
        if self.inbox.send(LearnerMessage::Stop(done)).await.is_ok() {
            let _ = ended.recv().await;
        }
    }
}

/// The messages to an actor that is not started yet.
pub(in crate::runtime) struct LearnerInbox(Receiver<LearnerMessage>, Arc<AtomicU8>);

impl LearnerInbox {
    /// Starts the actor.
    pub(in crate::runtime) fn start(
        self,
        executor: &Arc<Executor<'static>>,
        host: PluginHost,
        parts: LearnerParts,
    ) {
        let store = DurableStore::new(parts.weft_home.join("autonomous"));
        let store = store.namespace(OBSERVATIONS, 2 * OBSERVED_BYTES);
        let mut token = [0; 8];
        // Two processes with one token would at worst write over each other's batches.
        let _ = getrandom::fill(&mut token);
        let process = format!("{:016x}", u64::from_be_bytes(token));
        let actor = LearnerActor {
            inbox: self.0,
            tasks: Tasks::of(executor),
            executor: Arc::downgrade(executor),
            host,
            finder: Finder::new(parts.threshold),
            observations: Observations::new(store, process.clone()),
            process,
            is_loaded: false,
            calls: 0,
            unwritten: Vec::new(),
            uses: Vec::new(),
            guard: Guard::new(Arc::clone(&parts.secrets), self.1),
            chats: SortedMap::new(),
            notices: Vec::new(),
            told: SortedSet::new(),
            parts,
        };
        actor.tasks.clone().detach(actor.run());
    }
}

struct LearnerActor {
    inbox: Receiver<LearnerMessage>,
    tasks: Tasks,
    executor: std::sync::Weak<Executor<'static>>,
    host: PluginHost,
    parts: LearnerParts,
    finder: Finder,
    observations: Observations,
    /// What tells this process from others.
    process: String,
    /// Whether earlier observations were read, which is done for the first call.
    is_loaded: bool,
    /// Calls that were observed.
    calls: u64,
    unwritten: Vec<SeenCall>,
    uses: Vec<SkillUse>,
    guard: Guard,
    /// Where the chats are, by their numbers.
    chats: SortedMap<u64, CallOrigin>,
    /// What is said in a chat when nothing more comes: the work that led to it may have no answer yet.
    notices: Vec<(CallOrigin, String)>,
    /// The reasons that were logged.
    told: SortedSet<String>,
}

impl LearnerActor {
    async fn run(mut self) {
        let start = self.parts.clock.now();
        let (mut duty_at, mut tick_at) = (start + FIRST_DUTY, start + FIRST_DUTY);
        // One timer for all calls before it.
        let mut timer: Option<(Instant, BoxFuture<'static, ()>)> = None;
        loop {
            let deadline = tick_at.min(duty_at);
            timer = timer.filter(|(at, _)| *at == deadline);
            let clock = &self.parts.clock;
            let (_, sleep) = timer.get_or_insert_with(|| {
                (deadline, clock.sleep(deadline.saturating_duration_since(clock.now())))
            });
            let message = async { self.inbox.recv().await.map(Some) };
            let tick = async {
                sleep.await;
                Ok(None)
            };
            match or(message, tick).await {
                Ok(Some(LearnerMessage::Call(call))) => self.observe(*call).await,
                Ok(Some(LearnerMessage::Stop(done))) => {
                    self.write().await;
                    let _ = done.try_send(());
                    return;
                }
                Ok(None) => {
                    timer = None;
                    self.tick().await;
                    if self.parts.clock.now() >= duty_at {
                        duty_at = self.parts.clock.now() + DUTY;
                        self.find_unused().await;
                    }
                    tick_at = duty_at;
                }
                Err(_) => return,
            }
            // Calls without a pause between them don't put it off.
            if let Some(pause) = self.pause() {
                tick_at = tick_at.min(self.parts.clock.now() + pause);
            }
        }
    }

    /// How long what there is to do can wait.
    fn pause(&self) -> Option<Duration> {
        let is_urgent =
            !self.unwritten.is_empty() || !self.uses.is_empty() || !self.notices.is_empty();
        match is_urgent {
            true => Some(FLUSH),
            false => self.finder.is_waiting().then_some(SETTLE),
        }
    }

    async fn tick(&mut self) {
        self.write().await;
        for (origin, text) in std::mem::take(&mut self.notices) {
            self.tell(&origin, &text).await;
        }
        self.read_secrets().await;
        let patterns = self.finder.settle(self.now());
        self.propose(patterns).await;
    }

    fn now(&self) -> u64 {
        self.parts.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    async fn observe(&mut self, call: ObservedCall) {
        let ObservedCall { origin, plugin, tool, content, is_confidential, failed } = call;
        let at_seconds = self.now();
        let Some(origin) = origin else {
            self.uses.push(SkillUse { name: plugin, at_seconds, failed });
            // Three failures in a row count at once.
            if failed {
                self.write_uses().await;
            }
            return;
        };
        self.calls += 1;
        let chat = number(&[&origin.channel, &origin.chat]) & !SeenCall::OF_CLIENT;
        let chat = if origin.channel == CLIENTS { chat | SeenCall::OF_CLIENT } else { chat };
        let message = match origin.message {
            Some(message) => {
                number(&[&self.process, &origin.channel, &origin.chat, &message.to_string()])
            }
            None => number(&[&self.process, &self.calls.to_string()]),
        };
        let place = CallPlace { chat, message, at_seconds };
        let content = content.map(|(params, result)| (read(&params), read(&result)));
        if is_confidential {
            self.guard.see_confidential(place, content);
            return;
        }
        let Some((params, result)) = content else {
            if !failed {
                self.guard.see_large(place);
            }
            return;
        };
        self.read_secrets().await;
        if !self.guard.admits(place, &params, &result, origin.text.as_deref()) {
            return;
        }
        if !self.is_loaded {
            self.load().await;
        }
        if self.chats.len() >= CHATS {
            self.chats.clear();
        }
        self.chats.insert(chat, CallOrigin { text: None, ..origin });
        let call = SeenCall { chat, message, at_seconds, tool, params, result };
        self.unwritten.push(call.clone());
        let patterns = self.finder.see(call);
        self.propose(patterns).await;
    }

    /// Reads the operator's secrets. What was kept before one of them was known as such is erased.
    async fn read_secrets(&mut self) {
        if !self.guard.refresh(self.parts.clock.now()).await {
            return;
        }
        self.load().await;
        let home = self.parts.weft_home.clone();
        let search = Arc::clone(self.guard.search());
        let withdrawn =
            off_executor(move || Proposals::of_home(&home).withdraw(&|text| search.finds(text)));
        match withdrawn.await {
            Ok(names) => names.iter().for_each(|name| {
                log::warn!("the proposed skill `{name}` is gone, since it has a secret in it");
            }),
            Err(error) => log::warn!("proposals can't be searched for secrets: {error}"),
        }
    }

    /// Reads what was observed before: at the first call, and again when it may have changed. Calls with a secret in
    /// them are erased.
    async fn load(&mut self) {
        let now_seconds = self.now();
        self.is_loaded = true;
        self.finder.forget();
        let read = self.observations.read(now_seconds).await;
        let calls = read.unwrap_or_else(|error| {
            self.warn("what was observed before can't be read", &error.to_string());
            Vec::new()
        });
        let guard = &self.guard;
        let known = calls.len();
        let kept: Vec<SeenCall> =
            calls.into_iter().filter(|call| !guard.has_secret(call)).collect();
        self.unwritten.retain(|call| !guard.has_secret(call));
        if kept.len() < known {
            // Removing them from the file would leave their bytes in it.
            let home = self.parts.weft_home.clone();
            let forgotten = off_executor(move || Proposals::of_home(&home).forget_calls()).await;
            if let Err(error) = forgotten {
                self.warn("a secret among what was observed can't be erased", &error.to_string());
            }
            if let Err(error) = self.observations.put_back(&kept, now_seconds).await {
                self.warn("what was observed can't be written", &error.to_string());
            }
        }
        let all = kept.into_iter().chain(self.unwritten.iter().cloned());
        all.for_each(|call| self.finder.recall(call));
    }

    async fn write(&mut self) {
        self.write_uses().await;
        if self.unwritten.is_empty() {
            return;
        }
        let calls = std::mem::take(&mut self.unwritten);
        match self.observations.add(&calls, self.now()).await {
            Ok(true) => {}
            // Somebody has it forgotten.
            Ok(false) => self.load().await,
            Err(error) => self.warn("what was observed can't be written", &error.to_string()),
        }
    }

    async fn write_uses(&mut self) {
        if self.uses.is_empty() {
            return;
        }
        let (uses, home) = (std::mem::take(&mut self.uses), self.parts.weft_home.clone());
        let noted = off_executor(move || Proposals::of_home(&home).note_uses(&uses)).await;
        match noted {
            Ok(off) => {
                for name in off {
                    let text = format!(
                        "the skill `{name}` has failed three times in a row and is switched off; `weft-lite skill enable {name}` switches it on again"
                    );
                    log::warn!("{text}");
                    self.tell_all(&text).await;
                }
            }
            Err(error) => log::warn!("the uses of skills can't be written down: {error}"),
        }
    }

    async fn find_unused(&mut self) {
        let (home, now) = (self.parts.weft_home.clone(), self.now());
        let found = off_executor(move || Proposals::of_home(&home).propose_removals(now)).await;
        match found {
            Ok(names) => names.iter().for_each(|name| {
                log::warn!(
                    "the skill `{name}` was not used for 60 days; `/approve {name}` removes it, and `/reject {name}` keeps it"
                );
            }),
            Err(error) => log::warn!("unused skills can't be looked for: {error}"),
        }
    }

    async fn propose(&mut self, patterns: Vec<WorkPattern>) {
        for pattern in patterns {
            let chat = pattern.held_out.0.first().map(|call| call.chat);
            let trial = Trial {
                host: &self.host,
                executor: &self.executor,
                home: &self.parts.weft_home,
                limits: self.parts.limits,
                secrets: Arc::clone(self.guard.search()),
                now_seconds: self.now(),
            };
            match trial::propose(&trial, &pattern).await {
                Ok(name) => {
                    let times = pattern.runs.len() + 1;
                    let is_of_client = pattern.held_out.0.iter().any(|call| call.is_of_client());
                    let by = if is_of_client { " by a client" } else { "" };
                    let text = format!(
                        "a new skill is proposed for what was done {times} times{by}: `{name}`. `/approve {name}` shows it and asks; `/reject {name}` drops it"
                    );
                    log::info!("{text}");
                    let origin = chat.and_then(|chat| self.chats.get(&chat));
                    self.notices.extend(origin.map(|origin| (origin.clone(), text)));
                }
                Err(reason) => {
                    let tools = pattern.draft.tools().collect::<Vec<_>>().join(", ");
                    log::info!("autonomous skills: no proposal for {tools}: {reason}");
                }
            }
        }
    }

    async fn tell_all(&self, text: &str) {
        for origin in self.chats.values() {
            self.tell(origin, text).await;
        }
    }

    /// Says something in a chat, if its channel can. An MCP client is told nothing: it can't decide.
    async fn tell(&self, origin: &CallOrigin, text: &str) {
        let Some(channel) = self.host.running_channel(&origin.channel) else { return };
        let payload = MessagePayload::text(text);
        if let Err(error) = channel.send(&origin.chat, &payload).await {
            log::debug!("channel {}: {error}", origin.channel);
        }
    }

    /// Logs a problem once.
    fn warn(&mut self, what: &str, error: &str) {
        let text = format!("autonomous skills: {what}: {error}");
        if self.told.insert(text.clone()) {
            log::warn!("{text}");
        }
    }
}

/// A text as JSON; a text that is none is a text.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A number that stands for these texts, and from which they can't be read.
fn number(texts: &[&str]) -> u64 {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update(&[0]);
    }
    digest.finish()[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
