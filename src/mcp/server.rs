//! The core, apart from transports: takes a request and a client, and returns the answer.
//!
//! Transports call [`McpServer::answer`] for a request and [`McpServer::notify_lists`] for a legacy
//! client that listens. What belongs to one connection (a revision, a log level, running requests) is
//! theirs; here is what all of them share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use smol::Executor;

use super::catalog::{Catalog, CatalogEntry, Page, entries};
use super::client::ClientHandle;
use super::discovery;
use super::files::ResourceIndex;
use super::message::{Request, RpcError};
use super::metrics::Metrics;
use super::notices::{self, Log};
use super::object::Object;
use super::options::McpOptions;
use super::prompts;
use super::request_context::RequestContext;
use super::result::{begin, success, write_freshness};
use super::revision::Revision;
use super::seal::Seal;
use crate::actor::PluginHost;
use crate::contract::{ByteBudget, Cancellation, CancellationSource};
use crate::task::{AsyncLock, Lock, Tasks};

/// How long other requests share one scan of the files of skills.
const LOOK_SHARED: Duration = Duration::from_millis(500);

/// A server for everything that a [`PluginHost`] has in service. Clones are the same server.
///
/// Each transport is a method that serves one client or a whole address:
/// [`connect`](Self::connect) within the process and [`serve_stream`](Self::serve_stream) over a pipe.
///
/// [`serve_stdio`](Self::serve_stdio) serves the program's own standard input and output, and
/// `serve_http` with the feature `serve` an address. All of them can run at the same time. Dropping the
/// future of `serve_stream` or `serve_stdio` cancels what runs for its client.
///
/// ```
/// use weft_lite::Runtime;
/// use weft_lite::mcp::{McpOptions, McpServer};
///
/// let runtime = Runtime::builder().without_bundled().build();
/// let server = McpServer::new(runtime.host().clone(), runtime.executor(), McpOptions::default());
/// let request = concat!(
///     r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"#,
///     r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
///     r#""io.modelcontextprotocol/clientCapabilities":{}}}}"#,
///     "\n",
/// );
/// let mut output = Vec::new();
/// runtime.block_on(server.serve_stream(request.as_bytes(), &mut output))?;
/// assert!(String::from_utf8(output)?.contains(r#""tools":[]"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct McpServer {
    shared: Arc<ServerState>,
}

/// What all clones and transports of one server share. Tasks that outlive the server hold it weakly.
struct ServerState {
    host: PluginHost,
    /// Where connections and requests run.
    tasks: Tasks,
    options: McpOptions,
    /// The newest catalog. The lock is held only to read or replace the pointer.
    catalog: Lock<Arc<Catalog>>,
    /// Fires when there is something to offer.
    loaded: Cancellation,
    /// Fires when subscriptions have to end.
    stop: CancellationSource,
    /// Fires when nothing more is to be read from streams.
    finish: CancellationSource,
    /// The revision and log level that the client over standard input has agreed on.
    agreed: Lock<Option<Agreement>>,
    metrics: Metrics,
    /// The newest scan of the files. The lock is held during a scan, so that others wait for its result.
    looked: AsyncLock<Option<FileSnapshot>>,
    /// What clients over streams and within the process may hold together.
    budget: ByteBudget,
    /// Connections that there ever were, apart from those over HTTP.
    connections: AtomicU64,
    /// Signs what clients keep for tools that ask. Its key is made at the start, so a restart ends open
    /// questions.
    seal: Seal,
}

/// A legacy client's revision and log level.
type Agreement = (Revision, Log);

/// The newest scan of the files of skills.
struct FileSnapshot {
    /// When the scan began.
    when: Instant,
    /// Whose skills they are.
    catalog: Arc<Catalog>,
    files: Arc<ResourceIndex>,
}

/// Keeps requests that ask what is offered waiting, until it is dropped.
///
/// Loading may take seconds, and a client that starts this program waits for the answer to its first
/// message. Lists and calls wait instead of being answered from an empty catalog.
#[derive(Debug)]
#[must_use = "what is dropped at once keeps nothing waiting"]
pub struct Loading {
    _loaded: CancellationSource,
}

/// Reads what [`McpServer::agreed`] returned in another process; `None` for anything else.
fn agreement(text: &str) -> Option<Agreement> {
    let (revision, level) = text.split_once(',').unwrap_or((text, ""));
    Some((Revision::named(revision)?, Log::of(level.parse().ok())))
}

impl McpServer {
    /// A server for what `host` has in service now and later, whose tasks run on `executor`. It does
    /// not keep the executor: once that is dropped, the server has ended.
    #[must_use]
    pub fn new(host: PluginHost, executor: &Arc<Executor<'static>>, options: McpOptions) -> Self {
        Self::loading(host, executor, options).0
    }

    /// A server for a host that is still being loaded. It answers at once who it is and what it can do;
    /// every other request waits until [`Loading`] is dropped.
    ///
    /// Dropping [`Loading`] can't be undone. The catalog may be reloaded afterwards as often as needed:
    /// its listeners are notified.
    pub fn loading(
        host: PluginHost,
        executor: &Arc<Executor<'static>>,
        options: McpOptions,
    ) -> (Self, Loading) {
        let loading = CancellationSource::new();
        let shared = Arc::new(ServerState {
            catalog: Lock::default(),
            loaded: loading.token(),
            stop: CancellationSource::new(),
            finish: CancellationSource::new(),
            agreed: Lock::new(options.agreed.as_deref().and_then(agreement)),
            metrics: Metrics::default(),
            looked: AsyncLock::new(None),
            budget: ByteBudget::new("mcp", options.memory_bytes),
            connections: AtomicU64::new(0),
            seal: Seal::new(host.clock()),
            host,
            tasks: Tasks::of(executor),
            options,
        });
        shared.tasks.detach(follow(Arc::downgrade(&shared)));
        (Self { shared }, Loading { _loaded: loading })
    }

    /// Ends every subscription in good order, now and for those that come later.
    ///
    /// It returns at once. The futures of the transports end when the last results are written or have
    /// taken too long.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }

    /// Reads nothing more from streams: what was read is answered, with an error if it takes too long.
    /// What was not stays in the stream for another process.
    ///
    /// For a program that replaces itself: together with [`agreed`](Self::agreed), the client of a pipe
    /// doesn't notice.
    pub fn finish(&self) {
        self.shared.finish.cancel();
    }

    /// The revision that the client over standard input has agreed on, with the level of its log: what
    /// another process, which is to go on with it, has to be given as [`McpOptions::agreed`].
    ///
    /// `None` where nobody has agreed on one: modern clients never do.
    #[must_use]
    pub fn agreed(&self) -> Option<String> {
        let agreed = self.shared.agreed.lock();
        agreed.as_ref().map(|(revision, log)| format!("{},{}", revision.name(), log.number()))
    }

    /// Where the agreement is kept.
    pub(super) fn agreement(&self) -> &Lock<Option<Agreement>> {
        &self.shared.agreed
    }

    /// The host whose plugins and skills are offered.
    pub(super) fn host(&self) -> &PluginHost {
        &self.shared.host
    }

    /// The room for messages of clients over streams and within the process. HTTP has a budget of its
    /// own.
    pub(super) fn budget(&self) -> &ByteBudget {
        &self.shared.budget
    }

    /// Where to start what runs for a client.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    /// The seal for what clients keep.
    pub(super) fn seal(&self) -> &Seal {
        &self.shared.seal
    }

    /// A number for a connection that no other one of this server has.
    pub(super) fn new_caller(&self) -> u64 {
        self.shared.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The counters of calls.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Fires when nothing more is to be read from streams.
    pub(super) fn finishing(&self) -> Cancellation {
        self.shared.finish.token()
    }

    /// Fires when the server stops.
    pub(super) fn stopping(&self) -> Cancellation {
        self.shared.stop.token()
    }

    /// Resolves when there is something to offer.
    pub(super) async fn loaded(&self) {
        self.shared.loaded.cancelled().await;
    }

    /// What is offered now, if there is anything to offer yet.
    pub(super) fn offered(&self) -> Option<Arc<Catalog>> {
        self.shared.loaded.is_cancelled().then(|| self.catalog())
    }

    /// What is offered now.
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog()
    }

    /// The files of the skills in `catalog`. Requests at about the same time share one scan.
    ///
    /// The snapshot is at most [`LOOK_SHARED`] old, and only of the same catalog.
    pub(super) async fn files(&self, catalog: &Arc<Catalog>) -> Arc<ResourceIndex> {
        let mut newest = self.shared.looked.lock().await;
        if let Some(FileSnapshot { when, catalog: of, files }) = &*newest
            && Arc::ptr_eq(of, catalog)
            && when.elapsed() < LOOK_SHARED
        {
            return Arc::clone(files);
        }
        let when = Instant::now();
        let files = ResourceIndex::look(Arc::clone(&catalog.skills)).await;
        let files = match &*newest {
            // Equal files are kept once.
            Some(known) if *known.files == files => Arc::clone(&known.files),
            _ => Arc::new(files),
        };
        let catalog = Arc::clone(catalog);
        *newest = Some(FileSnapshot { when, catalog, files: Arc::clone(&files) });
        files
    }

    /// Answers a request. Dropping the future cancels it, and nothing more is sent for it.
    ///
    /// Whatever happens it is a whole message, with a result or an error. Everything but
    /// `server/discover`, `ping` and `logging/setLevel` waits until something is loaded.
    pub(super) async fn answer(
        &self,
        mut request: Request,
        request_context: RequestContext,
        client: ClientHandle,
    ) -> String {
        if &*request.method == "subscriptions/listen" && request_context.revision.is_modern() {
            return self.subscribe(request, client).await;
        }
        if !matches!(&*request.method, "server/discover" | "ping" | "logging/setLevel") {
            self.loaded().await;
        }
        let mut result = begin(request_context.revision, "");
        let done = match &*request.method {
            "tools/call" => {
                self.call_tool(&mut request, &request_context, &client, &mut result).await
            }
            "completion/complete" => self.complete(&request, &mut result).await,
            _ => match self.look_up_files(&request, request_context.revision, &mut result).await {
                Some(done) => done,
                None => self.look_up(&request, &request_context, &mut result),
            },
        };
        match done {
            Ok(()) => success(&request, result),
            Err(error) => error.answer(Some(&request.id)),
        }
    }

    /// Answers `subscriptions/listen`, when the subscription ends.
    pub(super) async fn subscribe(&self, request: Request, client: ClientHandle) -> String {
        self.loaded().await;
        match self.listen(&request, &client).await {
            Ok(result) => success(&request, result),
            Err(error) => error.answer(Some(&request.id)),
        }
    }

    /// Writes the result of a request that waits for nothing.
    ///
    /// # Errors
    ///
    /// -32601 for a method that the revision does not have, and those of the method.
    fn look_up(
        &self,
        request: &Request,
        request_context: &RequestContext,
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let revision = request_context.revision;
        match (&*request.method, revision.is_modern()) {
            ("server/discover", true) => discovery::discover(result),
            ("ping", false) => {}
            // Setting it is the connection's; over HTTP there is none, and so no messages either.
            ("logging/setLevel", false) => {
                notices::level(request)?;
            }
            ("tools/list", _) => {
                let catalog = self.catalog();
                self.list(request, revision, "tools", &entries(&catalog.tools.listed), result)?;
            }
            ("prompts/list", _) => {
                let catalog = self.catalog();
                self.list(request, revision, "prompts", &entries(&catalog.prompts), result)?;
            }
            ("prompts/get", _) => prompts::get(request, request_context, &self.catalog(), result)?,
            (method, _) => return Err(RpcError::method_not_found(method)),
        }
        Ok(())
    }

    /// Entries of a list that are given at once.
    pub(super) fn page_entries(&self) -> usize {
        self.shared.options.page_entries
    }

    /// Writes one part of a list.
    ///
    /// The entries come in the order of their keys, so every connection and every restart lists the
    /// same (2026-07-28, Tools, Capabilities).
    ///
    /// # Errors
    ///
    /// -32602 for a cursor that no list gave out.
    pub(super) fn list(
        &self,
        request: &Request,
        revision: Revision,
        name: &str,
        sorted: &[&dyn CatalogEntry],
        result: &mut Object,
    ) -> Result<(), RpcError> {
        let [cursor] = request.texts(["cursor"])?;
        let (size, written) = (self.page_entries(), (name, &mut *result));
        Page::write(sorted, cursor.as_deref(), size, revision, written)?;
        write_freshness(result, revision);
        Ok(())
    }
}

impl ServerState {
    /// The catalog of the newest snapshot, made now if nobody has made it. Two callers may make it at
    /// once; the first to finish wins, so that `replace` fires once for each catalog.
    fn catalog(&self) -> Arc<Catalog> {
        let snapshot = self.host.snapshot();
        loop {
            let known = Arc::clone(&self.catalog.lock());
            if known.generation >= snapshot.generation {
                return known;
            }
            // What plugins say is read under no lock.
            let newer = Arc::new(Catalog::new(&snapshot, &self.options, &known));
            let mut now = self.catalog.lock();
            // Another caller may have been faster; then the loop takes its catalog.
            if Arc::ptr_eq(&now, &known) {
                *now = Arc::clone(&newer);
                drop(now);
                known.replace();
                return newer;
            }
        }
    }
}

/// Makes a catalog of every generation, and wakes its listeners. It ends with the host or
/// the server.
async fn follow(shared: Weak<ServerState>) {
    let Some(mut changes) = shared.upgrade().map(|shared| shared.host.subscribe()) else { return };
    while changes.next().await.is_some() {
        match shared.upgrade() {
            Some(shared) => drop(shared.catalog()),
            None => return,
        }
    }
}
