//! The actor that observes calls.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use async_channel::{Receiver, Sender};
use futures_lite::future::or;
use serde_json::Value;
use smol::Executor;

use super::trial::{self, Trial};
use crate::actor::PluginHost;
use crate::autonomous::{
    CallObserver, CallOrigin, Confidential, Finder, OBSERVED_BYTES, Observations, ObservedCall,
    SeenCall, WorkPattern,
};
use crate::contract::{
    MessagePayload, PluginError, SecretSource, Sha256, SortedMap, SortedSet, StoreSource,
};
use crate::package::{Proposals, ReadLimits, SkillUse};
use crate::store::DurableStore;
use crate::task::{Clock, Tasks, off_executor};

/// Calls that wait for the actor. Further ones are not observed.
const MAILBOX: usize = 64;
/// How long calls are in memory alone: a kill costs at most so much of what was observed.
const FLUSH: Duration = Duration::from_secs(2);
/// How often a program that observes nothing looks for skills that nobody uses.
const DUTY: Duration = Duration::from_secs(24 * 60 * 60);
/// When it looks for the first time.
const FIRST_DUTY: Duration = Duration::from_secs(60);
/// For how long the operator's secrets are remembered.
const SECRETS_AGE: Duration = Duration::from_secs(2);
/// Chats that can be told of a proposal.
const CHATS: usize = 64;
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
pub(in crate::runtime) struct Learner(Sender<LearnerMessage>);

enum LearnerMessage {
    Call(Box<ObservedCall>),
    Stop(Sender<()>),
}

impl CallObserver for Learner {
    fn observe(&self, call: ObservedCall) {
        if self.0.try_send(LearnerMessage::Call(Box::new(call))).is_err() {
            log::debug!("autonomous skills: a call was not observed, for too many wait");
        }
    }
}

impl Learner {
    /// A handle, and what its actor receives.
    pub(in crate::runtime) fn new() -> (Self, LearnerInbox) {
        let (sender, receiver) = async_channel::bounded(MAILBOX);
        (Self(sender), LearnerInbox(receiver))
    }

    /// Writes down what was observed, and ends the actor.
    pub(in crate::runtime) async fn stop(&self) {
        let (done, ended) = async_channel::bounded(1);
        if self.0.send(LearnerMessage::Stop(done)).await.is_ok() {
            let _ = ended.recv().await;
        }
    }
}

/// The messages to an actor that is not started yet.
pub(in crate::runtime) struct LearnerInbox(Receiver<LearnerMessage>);

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
            confidential: Confidential::default(),
            secrets: (None, Vec::new()),
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
    confidential: Confidential,
    /// The operator's secrets, and when they were read.
    secrets: (Option<Instant>, Vec<String>),
    /// Where the chats are, by their numbers.
    chats: SortedMap<u64, CallOrigin>,
    /// What is said in a chat when nothing more comes: the work that led to it may have no answer yet.
    notices: Vec<(CallOrigin, String)>,
    /// The reasons that were logged.
    told: SortedSet<String>,
}

impl LearnerActor {
    async fn run(mut self) {
        let mut duty = FIRST_DUTY;
        loop {
            let is_busy = !self.unwritten.is_empty()
                || !self.uses.is_empty()
                || !self.notices.is_empty()
                || self.finder.is_waiting();
            let pause = if is_busy { FLUSH } else { duty };
            let message = async { self.inbox.recv().await.map(Some) };
            let tick = async {
                self.parts.clock.sleep(pause).await;
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
                    self.write().await;
                    for (origin, text) in std::mem::take(&mut self.notices) {
                        self.tell(&origin, &text).await;
                    }
                    let patterns = self.finder.settle(self.now());
                    self.propose(patterns).await;
                    if !is_busy {
                        duty = DUTY;
                        self.find_unused().await;
                    }
                }
                Err(_) => return,
            }
        }
    }

    fn now(&self) -> u64 {
        self.parts.clock.wall().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }

    async fn observe(&mut self, call: ObservedCall) {
        let ObservedCall { origin, plugin, tool, content, confidential, failed } = call;
        let at_seconds = self.now();
        let Some(origin) = origin else {
            self.uses.push(SkillUse { name: plugin, at_seconds, failed });
            // Three failures in a row count at once.
            if failed {
                self.write_uses().await;
            }
            return;
        };
        if let Some((params, result)) = confidential {
            self.confidential.add(&read(&params));
            self.confidential.add(&read(&result));
        }
        let Some((params, result)) = content else { return };
        let (params, result) = (read(&params), read(&result));
        self.read_secrets().await;
        if self.confidential.covers(&params, &result, &self.secrets.1)
            || origin.text.as_deref().is_some_and(|text| passes_on(&params, text))
        {
            return;
        }
        self.load(at_seconds).await;
        self.calls += 1;
        let chat = number(&[&origin.channel, &origin.chat]);
        let message = match origin.message {
            Some(message) => {
                number(&[&self.process, &origin.channel, &origin.chat, &message.to_string()])
            }
            None => number(&[&self.process, &self.calls.to_string()]),
        };
        if self.chats.len() >= CHATS {
            self.chats.clear();
        }
        self.chats.insert(chat, CallOrigin { text: None, ..origin });
        let call = SeenCall { chat, message, at_seconds, tool, params, result };
        self.unwritten.push(call.clone());
        let patterns = self.finder.see(call);
        self.propose(patterns).await;
    }

    async fn read_secrets(&mut self) {
        let now = self.parts.clock.now();
        if self.secrets.0.is_some_and(|read| now.duration_since(read) < SECRETS_AGE) {
            return;
        }
        let source = Arc::clone(&self.parts.secrets);
        let all = off_executor(move || source.all()).await;
        self.secrets = (Some(now), all.into_iter().map(|secret| secret.value).collect());
    }

    /// Reads what was observed before, at the first call.
    async fn load(&mut self, now_seconds: u64) {
        if std::mem::replace(&mut self.is_loaded, true) {
            return;
        }
        match self.observations.read(now_seconds).await {
            Ok(calls) => calls.into_iter().for_each(|call| self.finder.recall(call)),
            Err(error) => self.warn("what was observed before can't be read", &error),
        }
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
            Ok(false) => {
                self.finder.forget();
                self.is_loaded = false;
                self.load(self.now()).await;
            }
            Err(error) => self.warn("what was observed can't be written", &error),
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
                secrets: &self.secrets.1,
                now_seconds: self.now(),
            };
            match trial::propose(&trial, &pattern).await {
                Ok(name) => {
                    let times = pattern.runs.len() + 1;
                    let text = format!(
                        "a new skill is proposed for what was done {times} times: `{name}`. `/approve {name}` shows it and asks; `/reject {name}` drops it"
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
    fn warn(&mut self, what: &str, error: &PluginError) {
        let text = format!("autonomous skills: {what}: {error}");
        if self.told.insert(text.clone()) {
            log::warn!("{text}");
        }
    }
}

/// Whether parameters have the whole of a message in them, unless that is a single word.
fn passes_on(params: &Value, message: &str) -> bool {
    let is_text = message.contains(char::is_whitespace);
    is_text
        && match params {
            Value::String(text) => text.contains(message),
            Value::Array(items) => items.iter().any(|item| passes_on(item, message)),
            Value::Object(members) => members.values().any(|value| passes_on(value, message)),
            _ => false,
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
