//! The life of what the host owns: started and stopped together, each on its own, in virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use smol::Executor;
use weft_lite::actor::Member;
use weft_lite::channel::InboundMessage;
use weft_lite::errors::{ActionableError, CallError, LifecycleError, PluginError};
use weft_lite::sandbox::{Clock, ManualClock, SandboxOptions};
use weft_lite::{
    BoxFuture, CallerInput, Cancellation, ChannelAdapter, ChannelHost, InputRequired,
    LifecycleState, MessagePayload, PipelineStage, PipelineStageType, PluginCapability, PluginHost,
    PluginHostOptions, Secret, SecretSource, Service, Tool, ToolContext,
};

const STEP: Duration = Duration::from_millis(100);

/// A host whose time only moves when everyone sleeps.
struct World {
    executor: Arc<Executor<'static>>,
    clock: Arc<ManualClock>,
    host: PluginHost,
    begun: Instant,
}

impl World {
    fn new() -> Self {
        Self::with_secrets(Arc::new(weft_lite::NoSecrets))
    }

    fn with_secrets(secrets: Arc<dyn SecretSource>) -> Self {
        let executor = Arc::new(Executor::new());
        let clock = Arc::new(ManualClock::new());
        let mut sandbox = SandboxOptions::new("/nowhere");
        sandbox.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        sandbox.secrets = secrets;
        let host = PluginHost::start(&executor, PluginHostOptions::new(sandbox));
        Self { begun: clock.now(), executor, clock, host }
    }

    /// Runs to the end of `work`; the clock moves on whenever nothing else can.
    #[track_caller]
    fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let task = self.executor.spawn(work);
        loop {
            while self.executor.try_tick() {}
            if task.is_finished() {
                return smol::block_on(task);
            }
            assert!(self.clock.advance_to_next_sleeper().is_some(), "nothing will ever happen");
        }
    }

    fn register(&self, member: Member) {
        let host = self.host.clone();
        self.run(async move { host.register(member).await }).unwrap();
    }

    fn elapsed(&self) -> Duration {
        self.clock.now() - self.begun
    }

    /// The state of a member in words.
    #[track_caller]
    fn state(&self, name: &str) -> String {
        while self.executor.try_tick() {}
        let members = self.host.members();
        members.iter().find(|member| member.name == name).unwrap().state.to_string()
    }
}

/// What a channel or a service does.
#[derive(Clone, Copy)]
enum Way {
    Takes(Duration),
    Fails,
    Panics,
    Hangs,
}

async fn go(way: Way, clock: &dyn Clock) -> Result<(), PluginError> {
    match way {
        Way::Takes(time) => clock.sleep(time).await,
        Way::Fails => {
            return Err(PluginError::Io { doing: "connecting".into(), problem: "no route".into() });
        }
        Way::Panics => panic!("a bug"),
        Way::Hangs => pending().await,
    }
    Ok(())
}

/// A channel that opens and stops in given ways, and writes down when it is told to stop.
struct Line {
    name: String,
    clock: Arc<ManualClock>,
    open: Way,
    stop: Way,
    told: Arc<Mutex<Vec<(String, Duration)>>>,
    begun: Instant,
}

impl Line {
    fn new(world: &World, name: &str, open: Way, stop: Way) -> Self {
        let (clock, begun) = (Arc::clone(&world.clock), world.begun);
        Self { name: name.to_owned(), clock, open, stop, told: Arc::default(), begun }
    }
}

impl ChannelAdapter for Line {
    fn name(&self) -> &str {
        &self.name
    }

    fn display_name(&self) -> &str {
        &self.name
    }

    fn supports_threads(&self) -> bool {
        false
    }

    fn supports_media(&self) -> bool {
        false
    }

    fn open(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(go(self.open, &*self.clock))
    }

    fn start<'a>(
        &'a self,
        _host: Arc<dyn ChannelHost>,
        cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            cancellation.cancelled().await;
            let now = self.clock.now() - self.begun;
            self.told.lock().unwrap().push((self.name.clone(), now));
            go(self.stop, &*self.clock).await
        })
    }

    fn send<'a>(
        &'a self,
        _target: &'a str,
        _payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async { Err(PluginError::Unsupported { what: "sending".into() }) })
    }
}

/// A channel that breaks each time after it has run for as long as the list says.
struct Breaking {
    clock: Arc<ManualClock>,
    runs: Mutex<Vec<Duration>>,
    opened: Arc<Mutex<Vec<Duration>>>,
    begun: Instant,
}

impl ChannelAdapter for Breaking {
    fn name(&self) -> &str {
        "breaking"
    }

    fn display_name(&self) -> &str {
        "Breaking"
    }

    fn supports_threads(&self) -> bool {
        false
    }

    fn supports_media(&self) -> bool {
        false
    }

    fn open(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        self.opened.lock().unwrap().push(self.clock.now() - self.begun);
        Box::pin(async { Ok(()) })
    }

    fn start<'a>(
        &'a self,
        _host: Arc<dyn ChannelHost>,
        _cancellation: Cancellation,
    ) -> BoxFuture<'a, Result<(), PluginError>> {
        Box::pin(async move {
            let run = self.runs.lock().unwrap().pop();
            match run {
                Some(time) => self.clock.sleep(time).await,
                None => pending().await,
            }
            Err(PluginError::Io { doing: "reading".into(), problem: "reset".into() })
        })
    }

    fn send<'a>(
        &'a self,
        _target: &'a str,
        _payload: &'a MessagePayload,
    ) -> BoxFuture<'a, Result<String, PluginError>> {
        Box::pin(async { Err(PluginError::Unsupported { what: "sending".into() }) })
    }
}

/// A host that takes no message.
struct Deaf;

impl ChannelHost for Deaf {
    fn deliver_inbound(&self, _message: InboundMessage) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async { Err(PluginError::Cancelled) })
    }
}

fn channel(adapter: impl ChannelAdapter + 'static) -> Member {
    Member::channel(Arc::new(adapter), Arc::new(Deaf))
}

/// Starts and stops in given ways.
struct Slow {
    clock: Arc<ManualClock>,
    start: Way,
    stop: Way,
}

impl Service for Slow {
    fn start(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(go(self.start, &*self.clock))
    }

    fn stop(&self) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(go(self.stop, &*self.clock))
    }
}

struct Nothing(&'static str);

impl PipelineStage for Nothing {
    fn name(&self) -> &str {
        self.0
    }

    fn stage_type(&self) -> PipelineStageType {
        PipelineStageType::Observer
    }

    fn process<'a>(&'a self, state: Value) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(state) })
    }
}

impl Tool for Nothing {
    fn name(&self) -> &str {
        self.0
    }

    fn description(&self) -> &str {
        "Counts its calls"
    }

    fn parameters_schema(&self) -> Value {
        serde_json::json!({ "type": "object" })
    }

    fn execute<'a>(
        &'a self,
        params: Value,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move {
            if params["panic"] == true {
                panic!("a bug in a tool");
            }
            if params["ask"] == true && context.input.responses.is_none() {
                let roots = serde_json::json!({ "roots": { "method": "roots/list" } });
                let requests = roots.as_object().cloned().unwrap_or_default();
                let asked = InputRequired::new(requests, Some("asked".into()));
                return Err(CallError::InputRequired(Box::new(asked.unwrap())).into());
            }
            if let Some(state) = &context.input.state {
                return Ok(state.as_str().into());
            }
            let store = &context.key_value_store;
            let before = store.get("calls").await?.unwrap_or_default();
            store.set("calls", [&before[..], b"+"].concat()).await?;
            let calls = store.get("calls").await?.unwrap_or_default();
            Ok(Value::from(String::from_utf8_lossy(&calls)))
        })
    }
}

#[test]
fn ten_slow_members_start_and_stop_concurrently() {
    let world = World::new();
    let takes = Way::Takes(STEP);
    for number in 0..5 {
        let name = format!("line {number}");
        world.register(channel(Line::new(&world, &name, takes, takes)));
    }
    for name in ["one", "two", "three", "four", "five"] {
        let service = Slow { clock: Arc::clone(&world.clock), start: takes, stop: takes };
        world.register(Member::stage(Arc::new(Nothing(name))).with_service(Arc::new(service)));
    }
    let host = world.host.clone();
    let started = world.run(async move { host.start_all().await });
    assert_eq!(world.elapsed(), STEP);
    assert_eq!(started.len(), 10);
    assert!(started.iter().all(|outcome| outcome.result.is_ok()), "{started:?}");
    assert!(world.host.members().iter().all(weft_lite::actor::MemberStatus::is_running));

    let host = world.host.clone();
    let stopped = world.run(async move { host.stop_all().await });
    assert_eq!(world.elapsed(), 2 * STEP);
    assert!(stopped.iter().all(|outcome| outcome.result.is_ok()), "{stopped:?}");
    assert_eq!(world.state("line 3"), "stopped: it was told to");
    assert_eq!(world.state("five"), "stopped: it was told to");
}

#[test]
fn all_members_are_asked_to_stop_before_waiting() {
    let world = World::new();
    let told: Arc<Mutex<Vec<(String, Duration)>>> = Arc::default();
    for (name, stop) in [("hangs", Way::Hangs), ("quick", Way::Takes(Duration::ZERO))] {
        let line = Line::new(&world, name, Way::Takes(Duration::ZERO), stop);
        world.register(channel(Line { told: Arc::clone(&told), ..line }));
    }
    let host = world.host.clone();
    let stopped = world.run(async move {
        host.start_all().await;
        host.stop_all().await
    });
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|(_, when)| *when == Duration::ZERO), "{told:?}");
    // The one that hangs has its time, and the other one does not wait for it.
    let limit = Duration::from_secs(5);
    assert_eq!(stopped[0].result, Err(LifecycleError::TimedOut { doing: "stop", limit }));
    assert_eq!(stopped[1].result, Ok(()));
    assert_eq!(world.elapsed(), limit);
    assert_eq!(world.state("hangs"), "failed: did not stop within 5 s");
}

#[test]
fn a_failing_member_affects_no_other() {
    let world = World::new();
    let at_once = Way::Takes(Duration::ZERO);
    for (name, start, stop) in [
        ("fails", Way::Fails, at_once),
        ("panics", Way::Panics, at_once),
        ("hangs", Way::Hangs, at_once),
        ("panics at the end", at_once, Way::Panics),
        ("works", at_once, at_once),
    ] {
        let service = Slow { clock: Arc::clone(&world.clock), start, stop };
        world.register(Member::stage(Arc::new(Nothing(name))).with_service(Arc::new(service)));
    }
    let host = world.host.clone();
    let started = world.run(async move { host.start_all().await });
    let result =
        |name: &str| started.iter().find(|outcome| outcome.name == name).unwrap().result.clone();
    assert!(matches!(result("fails"), Err(LifecycleError::Plugin(PluginError::Io { .. }))));
    let message = "a bug".to_owned();
    assert_eq!(result("panics"), Err(LifecycleError::Panicked { message: message.clone() }));
    let limit = Duration::from_secs(30);
    assert_eq!(result("hangs"), Err(LifecycleError::TimedOut { doing: "start", limit }));
    assert_eq!(result("works"), Ok(()));
    assert_eq!(world.state("works"), "running");
    assert_eq!(world.state("fails"), "failed: connecting: no route");
    assert_eq!(world.state("panics"), "failed: panicked: a bug");

    let host = world.host.clone();
    let stopped = world.run(async move { host.stop_all().await });
    let failed: Vec<_> = stopped.iter().filter(|outcome| outcome.result.is_err()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].name, "panics at the end");
    assert_eq!(failed[0].result, Err(LifecycleError::Panicked { message }));
}

#[test]
fn failed_channels_restart_with_growing_capped_delays() {
    let world = World::new();
    let opened: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let long = Duration::from_secs(60);
    // From the last: eight failures at once, one after a long run, and then it holds.
    let mut runs = vec![Duration::ZERO; 10];
    runs[1] = long;
    world.register(channel(Breaking {
        clock: Arc::clone(&world.clock),
        runs: Mutex::new(runs),
        opened: Arc::clone(&opened),
        begun: world.begun,
    }));
    let host = world.host.clone();
    world.run(async move { host.start_all().await });
    while opened.lock().unwrap().len() < 11 {
        while world.executor.try_tick() {}
        world.clock.advance_to_next_sleeper();
    }
    let opened = opened.lock().unwrap().clone();
    let waits: Vec<_> = opened.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect();
    // The ninth ran for a minute, so the wait after it is the first one again.
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60 + 1, 2]);
    assert_eq!(world.state("breaking"), "running");
    assert_eq!(world.host.members()[0].restarts, 10);
}

#[test]
fn a_channel_that_cannot_open_is_retried() {
    let world = World::new();
    let line = Line::new(&world, "far", Way::Fails, Way::Takes(Duration::ZERO));
    world.register(channel(line));
    let host = world.host.clone();
    let started = world.run(async move { host.start_all().await });
    assert!(started[0].result.is_err());
    assert_eq!(world.state("far"), "failed: connecting: no route; starts again after 1 s");
    world.clock.advance_to_next_sleeper();
    assert_eq!(world.state("far"), "failed: connecting: no route; starts again after 2 s");
    let host = world.host.clone();
    let stopped = world.run(async move { host.stop_all().await });
    assert_eq!(stopped[0].result, Ok(()));
    assert_eq!(world.state("far"), "stopped: it was told to");
}

#[test]
fn a_member_stopped_while_starting_never_runs() {
    let world = World::new();
    world.register(channel(Line::new(&world, "slow", Way::Hangs, Way::Takes(STEP))));
    let (starting, stopping) = (world.host.clone(), world.host.clone());
    let starting = world.executor.spawn(async move { starting.start_all().await });
    while world.executor.try_tick() {}
    assert_eq!(world.state("slow"), "starting");
    let stopped = world.run(async move { stopping.stop_all().await });
    assert_eq!(stopped[0].result, Ok(()));
    assert_eq!(world.run(starting)[0].result, Err(LifecycleError::Stopped));
    assert_eq!(world.state("slow"), "stopped: it was told to");
    assert_eq!(world.elapsed(), Duration::ZERO);
}

#[test]
fn a_slow_member_is_stopping_until_it_stopped() {
    let world = World::new();
    world.register(channel(Line::new(
        &world,
        "slow",
        Way::Takes(Duration::ZERO),
        Way::Takes(STEP),
    )));
    let (starting, stopping) = (world.host.clone(), world.host.clone());
    world.run(async move { starting.start_all().await });
    let stopping = world.executor.spawn(async move { stopping.stop_all().await });
    assert_eq!(world.state("slow"), "stopping");
    assert_eq!(world.run(stopping)[0].result, Ok(()));
    assert_eq!(world.state("slow"), "stopped: it was told to");
}

#[test]
fn members_have_unique_names_and_can_be_removed() {
    let world = World::new();
    world.register(Member::stage(Arc::new(Nothing("same"))));
    assert_eq!(world.state("same"), "registered");
    // A tool may have the name of a stage.
    world.register(Member::tool(Arc::new(Nothing("same"))));
    let host = world.host.clone();
    let again =
        world.run(async move { host.register(Member::stage(Arc::new(Nothing("same")))).await });
    assert_eq!(again, Err(LifecycleError::Taken));
    let host = world.host.clone();
    world.run(async move {
        let stage = PluginCapability::PipelineStage;
        host.remove(stage, "same").await.unwrap();
        assert_eq!(host.remove(stage, "same").await, Err(LifecycleError::Unknown));
        host.start_all().await;
    });
    let members = world.host.members();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].state, LifecycleState::Running);
}

#[test]
fn what_is_taken_out_ends_in_order_first() {
    let world = World::new();
    let line = Line::new(&world, "slow", Way::Takes(Duration::ZERO), Way::Takes(STEP));
    let told = Arc::clone(&line.told);
    world.register(channel(line));
    let host = world.host.clone();
    let removed = world.run(async move {
        host.start_all().await;
        host.remove(PluginCapability::Channel, "slow").await
    });
    assert_eq!(removed, Ok(()));
    assert_eq!((told.lock().unwrap().len(), world.elapsed()), (1, STEP));
    assert!(world.host.members().is_empty());
}

#[test]
fn a_native_tool_is_called_and_keeps_state() {
    let world = World::new();
    world.register(Member::tool(Arc::new(Nothing("counts"))));
    let host = world.host.clone();
    world.run(async move {
        let before = host.call("counts", "{}".into()).await;
        assert!(before.result.is_err(), "it has not been started");
        host.start_all().await;
        assert_eq!(host.call("counts", "{}".into()).await.result.unwrap(), r#""+""#);
        assert_eq!(host.call("counts", "{}".into()).await.result.unwrap(), r#""++""#);
        let panicked = host.call("counts", r#"{"panic":true}"#.into()).await.result;
        assert_eq!(panicked.unwrap_err().code(), "panicked");
        assert_eq!(host.tool("counts").unwrap().description(), "Counts its calls");
        host.stop_all().await;
        assert!(host.call("counts", "{}".into()).await.result.is_err(), "it was stopped");
    });
}

#[test]
fn dropping_the_host_ends_its_members() {
    struct Ends(Arc<AtomicUsize>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    impl Service for Ends {}
    let world = World::new();
    let ended = Arc::new(AtomicUsize::new(0));
    let service = Arc::new(Ends(Arc::clone(&ended)));
    world.register(Member::stage(Arc::new(Nothing("held"))).with_service(service));
    let host = world.host.clone();
    world.run(async move { host.start_all().await });
    let World { executor, host, .. } = world;
    drop(host);
    while executor.try_tick() {}
    assert_eq!(ended.load(Ordering::Relaxed), 1);
}

#[test]
fn channels_and_stages_get_secrets_from_the_host() {
    struct One;
    impl SecretSource for One {
        fn secret(&self, name: &str) -> Option<Secret> {
            (name == "BOT").then(|| Secret {
                value: "hush".into(),
                hosts: Vec::new(),
                allow_http: false,
            })
        }

        fn all(&self) -> Vec<Secret> {
            self.secret("BOT").into_iter().collect()
        }
    }
    let world = World::with_secrets(Arc::new(One));
    assert_eq!(world.host.resolve_secret("BOT").unwrap().value, "hush");
    assert!(world.host.resolve_secret("OTHER").is_none());
}

#[test]
fn a_native_tool_asks_its_caller() {
    let world = World::new();
    world.register(Member::tool(Arc::new(Nothing("counts"))));
    let host = world.host.clone();
    world.run(async move { host.start_all().await });
    let host = world.host.clone();
    let answer = world.run(async move {
        let params = r#"{"ask":true}"#;
        let asked = host.call("counts", params.into()).await.result.unwrap_err();
        let CallError::InputRequired(asked) = asked else { panic!("{asked}") };
        let input = CallerInput {
            responses: Some(asked.requests().clone()),
            state: asked.state().map(str::to_owned),
            ..CallerInput::default()
        };
        host.call_with_input("counts", params.into(), &input, None).await.result
    });
    assert_eq!(answer.unwrap(), r#""asked""#);
}
