//! One client at the other end of a pair of streams: the requests that run for it.
//!
//! It is made of what comes in; what goes out waits in a bounded outbox, which whoever owns the
//! other stream empties. A client that does not read what it is sent is not read from either. What all
//! connections hold together is bounded: large requests wait for room, and so do large answers.
//!
//! Requests run side by side, and answers go out in the order in which they end. Reading and taking a
//! message is one sequence, so a cancellation finds the request that was sent before it. Dropping a
//! [`Connection`] cancels all of its requests: each is a task that the table holds.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use smol::Task;
use smol::lock::Semaphore;

use super::client::{ClientHandle, HeldText, ROOM_PATIENCE};
use super::discovery;
use super::message::{Incoming, Malformed, Params, Request, RequestId, RpcError, members_of};
use super::notices::Log;
use super::object::Object;
use super::request_context::{Meta, RequestContext, request_context};
use super::result::success;
use super::revision::Revision;
use super::server::McpServer;
use crate::contract::{CancellationSource, HeldBytes};
use crate::task::{Lock, Mark, Marked, SystemClock, within};

/// Requests of one client that run at once; what comes after them waits in the stream.
const RUNNING: usize = 256;
/// Requests in the table from which on those that have ended are swept out.
const SWEPT_AT_LEAST: usize = 16;
/// Subscriptions of one client. They don't end by themselves, so they are refused beyond.
const SUBSCRIPTIONS: usize = 32;
/// Messages that wait to be written.
const OUTBOX: usize = 512;
/// How often a request that runs is in memory: as the message that came, and as what is made of it for
/// the guest.
const COPIES: usize = 2;
/// How long requests may go on after the client's last word.
const GRACE: Duration = Duration::from_secs(5);

/// The state of one client's connection, and its running requests.
pub(super) struct Connection {
    server: McpServer,
    client: ClientHandle,
    /// What `initialize` has settled on.
    agreed: Option<Revision>,
    /// The requests that are not answered yet, subscriptions included.
    running: RunningRequests,
    /// One permit for each of [`RUNNING`]. Waiting for one stops reading, so the pipe slows down its
    /// client.
    room: Arc<Semaphore>,
    /// One permit for each of [`SUBSCRIPTIONS`].
    subscriptions: Arc<Semaphore>,
    /// Tells a legacy client of changes.
    telling: Option<Task<()>>,
    /// What a legacy client has set with `logging/setLevel`.
    log: Log,
    /// Fires when the client has sent its last message; subscriptions then end with a result.
    ends: CancellationSource,
    /// Whether it is the one over standard input.
    is_standard: bool,
}

impl Connection {
    /// A new connection, and the receiver of what is to be written to it.
    ///
    /// Whoever has the receiver has to empty it: once it is full, answers wait and reading stops.
    pub(super) fn new(server: McpServer) -> (Self, Receiver<HeldText>) {
        let (outbox, written) = async_channel::bounded(OUTBOX);
        let ends = CancellationSource::new();
        let connection = Self {
            client: ClientHandle {
                outbox,
                budget: server.budget().clone(),
                ends: ends.token(),
                caller: server.new_caller(),
            },
            agreed: None,
            running: RunningRequests::default(),
            room: Arc::new(Semaphore::new(RUNNING)),
            subscriptions: Arc::new(Semaphore::new(SUBSCRIPTIONS)),
            telling: None,
            log: Log::of(None),
            ends,
            is_standard: false,
            server,
        };
        (connection, written)
    }

    /// From now on this is the client over standard input: it may have agreed on a revision before.
    pub(super) fn resume(&mut self) {
        self.is_standard = true;
        if let Some((agreed, log)) = &*self.server.agreement().lock() {
            (self.agreed, self.log) = (Some(*agreed), log.clone());
        }
        self.notify_lists();
    }

    /// Takes one message as soon as there is room for it; one that waits too long is refused. It returns
    /// when there is room for the next one.
    pub(super) async fn receive(&mut self, message: Cow<'_, [u8]>) {
        let room = async {
            self.client.budget.calm().await;
            self.client.budget.hold_when_free(COPIES * message.len()).await
        };
        match within(&SystemClock, ROOM_PATIENCE, room).await {
            Some(held) => self.take(message, held).await,
            None => {
                let id = RequestId::near_start(&message);
                self.client.send(RpcError::no_room().answer(id.as_ref())).await;
            }
        }
    }

    /// Handles a message that has its room. Notifications of unknown methods are ignored, as JSON-RPC
    /// has no answer to them.
    async fn take(&mut self, message: Cow<'_, [u8]>, held: HeldBytes) {
        match Incoming::read(message) {
            Ok(Incoming::Request(request)) => self.request(request, held).await,
            Ok(Incoming::Notification { method, params }) => match &*method {
                "notifications/cancelled" => {
                    self.cancel(params.as_ref().map_or("{}", Params::get));
                }
                "notifications/initialized" => self.notify_lists(),
                _ => {}
            },
            Ok(Incoming::Response) => log::debug!("mcp: an answer to no question came in"),
            Err(Malformed { id, error }) => self.client.send(error.answer(id.as_ref())).await,
        }
    }

    /// Answers a message that was too long to be read, which starts with `begin`.
    pub(super) async fn refuse(&self, problem: &str, begin: &[u8]) {
        let id = RequestId::near_start(begin);
        self.client.send(RpcError::invalid_request(problem).answer(id.as_ref())).await;
    }

    /// Ends the subscriptions and waits up to [`GRACE`] for other requests. What has not ended then is
    /// cancelled. If another process goes on with the client, each of those gets an error, so that the
    /// client can send it again.
    pub(super) async fn end(mut self) {
        self.ends.cancel();
        let mut running = self.running.take();
        let all = async {
            for (_, task) in &mut running {
                task.await;
            }
        };
        within(&SystemClock, GRACE, all).await;
        running.retain(|(_, task)| !task.is_finished());
        if self.server.finishing().is_cancelled() {
            for (id, task) in running {
                drop(task);
                self.client.send(RpcError::given_up().answer(Some(&id))).await;
            }
        }
    }

    /// Answers `initialize` at once and starts everything else.
    async fn request(&mut self, request: Request, held: HeldBytes) {
        // Two answers with one id could not be told apart (2026-07-28, Overview, Requests).
        if self.running.contains(&request.id) {
            let error = RpcError::invalid_request("a request of this id is running");
            self.client.send(error.answer(Some(&request.id))).await;
            return;
        }
        if &*request.method == "initialize" {
            let answer = match discovery::agree(&request) {
                Ok(agreed) => {
                    self.agreed = Some(agreed);
                    if self.is_standard {
                        *self.server.agreement().lock() = Some((agreed, self.log.clone()));
                    }
                    let mut result = Object::new();
                    discovery::initialize(&mut result, agreed);
                    success(&request, result)
                }
                Err(error) => error.answer(Some(&request.id)),
            };
            self.client.send(answer).await;
            return;
        }
        // A ping asks whether anybody is there, also before anything is agreed on.
        let agreed = match &*request.method {
            "ping" => self.agreed.or(Some(Revision::NEWEST_LEGACY)),
            _ => self.agreed,
        };
        let meta = Meta::of(&request);
        match meta.and_then(|meta| request_context(&request, meta, agreed)) {
            Ok(request_context) => {
                if &*request.method == "logging/setLevel" && !request_context.revision.is_modern() {
                    // One that can't be set is refused when it is answered.
                    let _ = self.log.set(&request);
                }
                self.start(request, held, request_context).await;
            }
            Err(error) => self.client.send(error.answer(Some(&request.id))).await,
        }
    }

    /// Starts a request as a task of its own, once there is a permit for it. Its room in the budget is
    /// held while it runs.
    ///
    /// A panic is answered with -32603 and gives back the permit and the room; other requests go on.
    async fn start(&mut self, request: Request, held: HeldBytes, request_context: RequestContext) {
        // Subscriptions have permits of their own, so that they never keep calls waiting.
        let room = if &*request.method == "subscriptions/listen" {
            let Some(room) = self.subscriptions.try_acquire_arc() else {
                let message = format!("there are {SUBSCRIPTIONS} subscriptions; cancel one first");
                let error = RpcError::invalid_request(message);
                self.client.send(error.answer(Some(&request.id))).await;
                return;
            };
            room
        } else {
            self.room.acquire_arc().await
        };
        let id = request.id.clone();
        let (server, client) = (self.server.clone(), self.client.clone());
        // What a panic must not keep.
        let kept = Arc::new(Lock::new(Some((held, room))));
        let mark = Mark::new({
            let (kept, id) = (Arc::clone(&kept), request.id.clone());
            let (tasks, client) = (self.server.tasks().clone(), self.client.clone());
            move |_| {
                drop(kept.lock().take());
                let (client, answer) = (client.clone(), RpcError::panicked().answer(Some(&id)));
                tasks.detach(async move { client.send(answer).await });
            }
        });
        let work = Box::pin(async move {
            let (id, answers) = (request.id.clone(), client.clone());
            let answer = server.answer(request, request_context, client).await;
            // The request is gone, so that no answer waits for what waits for it.
            let (held, room) = kept.lock().take().unzip();
            drop(held);
            answers.send_answer(&id, answer).await;
            drop(room);
        });
        if let Some(task) = self.server.tasks().spawn(Marked::new(mark, work)) {
            self.running.add(id, task);
        }
    }

    /// Stops a request: its guest within the slice it is in. Nothing more is sent for it.
    fn cancel(&mut self, params: &str) {
        // A cancellation that isn't one, or of a request that has ended, is ignored.
        if let Ok([Some(id)]) = members_of(params, ["requestId"])
            && let Ok(id) = serde_json::from_str::<RequestId>(id)
        {
            self.running.remove(&id);
        }
    }

    /// Begins to notify a legacy client of changed lists, once: when it has agreed on a revision and
    /// says so, or at once if it had agreed with an earlier process.
    fn notify_lists(&mut self) {
        if self.agreed.is_some() && self.telling.is_none() {
            let (server, client) = (self.server.clone(), self.client.clone());
            let (log, known) = (self.log.clone(), self.server.offered());
            let telling = async move { server.notify_lists(known, Some(&log), &client).await };
            self.telling = self.server.tasks().spawn(telling);
        }
    }
}

/// The table of requests. Those that have ended are swept out when it has doubled, so that ending
/// one needs no access to it.
#[derive(Default)]
struct RunningRequests {
    tasks: Vec<(RequestId, Task<()>)>,
    sweep_at: usize,
}

impl RunningRequests {
    /// Whether a request of this id still runs. An id may be used again when its request has been
    /// answered.
    fn contains(&self, id: &RequestId) -> bool {
        self.tasks.iter().any(|(other, task)| other == id && !task.is_finished())
    }

    /// Adds a request. The table grows to at most twice what runs, so sweeping costs each request a
    /// constant.
    fn add(&mut self, id: RequestId, task: Task<()>) {
        if self.tasks.len() >= self.sweep_at {
            self.tasks.retain(|(_, task)| !task.is_finished());
            self.sweep_at = 2 * self.tasks.len().max(SWEPT_AT_LEAST);
        }
        self.tasks.push((id, task));
    }

    /// Forgets a request. Dropping its task cancels it.
    fn remove(&mut self, id: &RequestId) {
        self.tasks.retain(|(other, _)| other != id);
    }

    /// Takes out all requests, to be awaited or dropped.
    fn take(&mut self) -> Vec<(RequestId, Task<()>)> {
        std::mem::take(&mut self.tasks)
    }
}
