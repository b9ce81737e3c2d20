//! Notifications of changes: `subscriptions/listen` of the modern era, and those that legacy clients get
//! without asking.
//!
//! A listener compares the catalog that it last reported with the newest one, so several changes reach
//! a slow client as one, and nothing is queued for it.
//!
//! Catalogs are reported by the host, files only by looking: the files of skills may be changed by
//! anybody, and nobody tells of them. A change of the registry reaches a listener at once, one of a
//! file within two seconds. Rules of `subscriptions/listen` are in revision 2026-07-28, Subscriptions.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::or;
use smol::Timer;

use super::catalog::Catalog;
use super::client::ClientHandle;
use super::files::ResourceIndex;
use super::message::{Request, RpcError, notification, required};
use super::notices::{Log, LogLevel};
use super::object::Object;
use super::result::begin;
use super::revision::Revision;
use super::server::McpServer;
use crate::contract::{BoxFuture, ObjectReader};
use crate::task::until;

/// Resources that one subscription may name. Each is compared at every look.
const RESOURCES: usize = 1_000;
/// The time between two looks at the files of skills, as long as somebody listens.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The notifications that a client asked for.
#[derive(Debug)]
struct Filter {
    tools_list_changed: bool,
    prompts_list_changed: bool,
    resources_list_changed: bool,
    resource_subscriptions: Vec<String>,
}

impl Filter {
    /// What a client wrote.
    ///
    /// Members that are missing are not wanted; the error is a sentence for the client.
    fn read(json: &str) -> Result<Self, String> {
        let filter = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut filter = ObjectReader::new(filter)?;
        Ok(Self {
            tools_list_changed: filter.flag("toolsListChanged")?,
            prompts_list_changed: filter.flag("promptsListChanged")?,
            resources_list_changed: filter.flag("resourcesListChanged")?,
            resource_subscriptions: filter.texts("resourceSubscriptions")?,
        })
    }

    /// The filter as JSON, for the acknowledgement.
    fn json(&self) -> String {
        let lists = [
            ("toolsListChanged", self.tools_list_changed),
            ("promptsListChanged", self.prompts_list_changed),
            ("resourcesListChanged", self.resources_list_changed),
        ];
        let mut json = Object::new();
        for (name, _) in lists.into_iter().filter(|(_, wanted)| *wanted) {
            json.raw(name, "true");
        }
        if !self.resource_subscriptions.is_empty() {
            json.member("resourceSubscriptions", &self.resource_subscriptions);
        }
        json.end()
    }

    /// What every legacy client gets: `initialize` announces `listChanged` for the three lists.
    fn lists() -> Self {
        Self {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            resource_subscriptions: Vec::new(),
        }
    }

    /// Whether somebody has to look at the files of skills for it. Looking costs a walk through every
    /// folder.
    fn needs_files(&self) -> bool {
        self.resources_list_changed || !self.resource_subscriptions.is_empty()
    }
}

impl McpServer {
    /// Notifies of changes until the connection or the server ends, then returns the final result.
    ///
    /// # Errors
    ///
    /// -32602 for a filter that isn't one.
    ///
    /// Each message has the subscription's id, which is that of the request (Subscriptions, Receiving
    /// Notifications). Dropping the future ends the subscription without a result.
    pub(super) async fn listen(
        &self,
        request: &Request,
        client: &ClientHandle,
    ) -> Result<Object, RpcError> {
        let [filter] = request.members(["notifications"])?;
        let filter = Filter::read(required("notifications", filter)?);
        let filter = filter.map_err(RpcError::invalid_params)?;
        if filter.resource_subscriptions.len() > RESOURCES {
            let message = format!("`resourceSubscriptions` names more than {RESOURCES} resources");
            return Err(RpcError::invalid_params(message));
        }
        let mut id = Object::new();
        id.member("io.modelcontextprotocol/subscriptionId", &request.id);
        let id = id.end();
        // Later changes are reported, so the state is read before the client is notified.
        let seen = self.look(&filter).await;
        let mut acknowledged = Object::new();
        acknowledged.raw("_meta", &id).raw("notifications", &filter.json());
        let acknowledged = acknowledged.end();
        /// The first message of a subscription, with the filter that is in force.
        const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
        client.send(notification(ACKNOWLEDGED, Some(&acknowledged))).await;
        self.notify_changes(&filter, seen, Some(&id), None, client).await;
        // The final result has the subscription's id beside the members of every `_meta`.
        let meta = id.trim_start_matches('{').trim_end_matches('}');
        Ok(begin(Revision::July2026, &format!(",{meta}")))
    }

    /// Notifies a legacy client of lists that changed since `known`, until the connection or the
    /// server ends.
    ///
    /// A change of the catalog between `known` and now is reported too, so none is lost between the
    /// handshake and this call.
    pub(super) async fn notify_lists(
        &self,
        known: Option<Arc<Catalog>>,
        log: Option<&Log>,
        client: &ClientHandle,
    ) {
        self.loaded().await;
        let filter = Filter::lists();
        let catalog = known.unwrap_or_else(|| self.catalog());
        let seen = ListedState { files: self.files(&catalog).await, catalog };
        self.notify_changes(&filter, seen, None, log, client).await;
    }

    /// Notifies of changes until the connection or the server ends. `meta` goes with every message, and
    /// `log` is the connection's, where it has one.
    fn notify_changes<'a>(
        &'a self,
        filter: &'a Filter,
        mut seen: ListedState,
        meta: Option<&'a str>,
        log: Option<&'a Log>,
        client: &'a ClientHandle,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let stopping = self.stopping();
            loop {
                let ended = or(client.ends.cancelled(), stopping.cancelled());
                if until(ended, seen.may_be_old(filter)).await.is_none() {
                    return;
                }
                // All messages of this turn come from one state, and the next turn compares with it.
                let newest = self.look(filter).await;
                let params = meta.map(|meta| format!("{{\"_meta\":{meta}}}"));
                let others = [
                    ("tools", filter.tools_list_changed && newest.lists_other_tools(&seen)),
                    ("prompts", filter.prompts_list_changed && newest.lists_other_prompts(&seen)),
                    (
                        "resources",
                        filter.resources_list_changed && newest.files.lists_others(&seen.files),
                    ),
                ];
                for (list, _) in others.into_iter().filter(|(_, differs)| *differs) {
                    let method = format!("notifications/{list}/list_changed");
                    client.send(notification(&method, params.as_deref())).await;
                }
                for uri in &filter.resource_subscriptions {
                    if newest.files.differs(&seen.files, uri) {
                        let mut params = Object::new();
                        if let Some(meta) = meta {
                            params.raw("_meta", meta);
                        }
                        params.member("uri", uri);
                        /// A resource that the client named has changed, or is gone.
                        const UPDATED: &str = "notifications/resources/updated";
                        client.send(notification(UPDATED, Some(&params.end()))).await;
                    }
                }
                if let Some(log) = log {
                    for refused in newest.refused.iter().filter(|it| !seen.refused.contains(it)) {
                        log.tell(LogLevel::Warning, refused, client).await;
                    }
                }
                seen = newest;
            }
        })
    }

    /// The state to report now.
    async fn look(&self, filter: &Filter) -> ListedState {
        let catalog = self.catalog();
        let files = match filter.needs_files() {
            true => self.files(&catalog).await,
            false => Arc::default(),
        };
        ListedState { catalog, files }
    }
}

/// A state of the catalog and the files to compare: the one that a listener was last notified of, or the newest.
struct ListedState {
    /// The lists, by the generation they were made from.
    catalog: Arc<Catalog>,
    /// The files of its skills; empty for a filter that needs none.
    files: Arc<ResourceIndex>,
}

impl ListedState {
    /// Resolves when there may be something new. No event reports a change of the files beside
    /// `SKILL.md`, so they are read again after a while.
    async fn may_be_old(&self, filter: &Filter) {
        let looking = async {
            if !filter.needs_files() || !self.catalog.has_folders() {
                std::future::pending::<()>().await;
            }
            Timer::after(LOOK_INTERVAL).await;
        };
        or(self.catalog.replaced(), looking).await;
    }
}

impl Deref for ListedState {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        &self.catalog
    }
}
