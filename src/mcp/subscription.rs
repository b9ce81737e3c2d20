//! Hearing of changes: `subscriptions/listen` of the modern era, and the notifications that legacy
//! clients get unasked.
//!
//! A listener compares the catalog it last told of with the newest one, so a slow client hears of
//! several changes as one, and nothing is queued for it.

use std::sync::Arc;

use futures_lite::future::or;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, List};
use super::message::{Request, RpcError, notification};
use super::object::Object;
use super::revision::Revision;
use super::server::{Context, McpServer, begin};

/// Resources that one subscription may name.
const RESOURCES: usize = 1_000;

/// What a client wants to hear of.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Filter {
    #[serde(skip_serializing_if = "is_false")]
    tools_list_changed: bool,
    #[serde(skip_serializing_if = "is_false")]
    prompts_list_changed: bool,
    #[serde(skip_serializing_if = "is_false")]
    resources_list_changed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_subscriptions: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Filter {
    /// Everything that legacy clients were promised.
    fn lists() -> Self {
        Self {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            resource_subscriptions: Vec::new(),
        }
    }

    fn needs_files(&self) -> bool {
        self.resources_list_changed || !self.resource_subscriptions.is_empty()
    }

    fn wants(&self, list: List) -> bool {
        match list {
            List::Tools => self.tools_list_changed,
            List::Prompts => self.prompts_list_changed,
            List::Resources => self.resources_list_changed,
        }
    }
}

#[derive(Deserialize)]
struct ListenParams {
    notifications: Filter,
}

impl McpServer {
    /// Tells of changes until the connection or the server ends; then gives the last result.
    ///
    /// # Errors
    ///
    /// -32602 for a filter that isn't one.
    pub(super) async fn listen(
        &self,
        request: &Request,
        context: &Context,
    ) -> Result<Object, RpcError> {
        let ListenParams { notifications: filter } = request.params()?;
        if filter.resource_subscriptions.len() > RESOURCES {
            let message = format!("`resourceSubscriptions` names more than {RESOURCES} resources");
            return Err(RpcError::invalid_params(message));
        }
        let mut id = Object::new();
        id.member("io.modelcontextprotocol/subscriptionId", &request.id);
        let id = id.end();
        // What changes after this moment is told, so it is looked at before the client hears of it.
        let catalog = self.catalog();
        if filter.needs_files() {
            catalog.files().await;
        }
        let mut acknowledged = Object::new();
        acknowledged.raw("_meta", &id).member("notifications", &filter);
        let acknowledged = acknowledged.end();
        const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
        context.send(notification(ACKNOWLEDGED, Some(&acknowledged))).await;
        self.tell_changes(&filter, catalog, Some(&id), context).await;
        let meta = id.trim_start_matches('{').trim_end_matches('}');
        Ok(begin(Revision::July2026, &format!(",{meta}")))
    }

    /// Tells a legacy client which lists have changed, until the connection or the server ends.
    pub(super) async fn tell_lists(&self, context: &Context) {
        self.loaded().await;
        let catalog = self.catalog();
        catalog.files().await;
        self.tell_changes(&Filter::lists(), catalog, None, context).await;
    }

    async fn tell_changes(
        &self,
        filter: &Filter,
        mut told: Arc<Catalog>,
        meta: Option<&str>,
        context: &Context,
    ) {
        let stopping = self.stopping();
        loop {
            let ended = or(context.ends.cancelled(), stopping.cancelled());
            let changed = async {
                told.replaced().await;
                true
            };
            let ended = async {
                ended.await;
                false
            };
            if !or(ended, changed).await {
                return;
            }
            let newest = self.catalog();
            for list in List::ALL.into_iter().filter(|list| filter.wants(*list)) {
                if newest.list_differs(&told, list).await {
                    let params = meta.map(|meta| format!("{{\"_meta\":{meta}}}"));
                    context.send(notification(list.changed(), params.as_deref())).await;
                }
            }
            for uri in &filter.resource_subscriptions {
                if newest.resource_differs(&told, uri).await {
                    let mut params = Object::new();
                    if let Some(meta) = meta {
                        params.raw("_meta", meta);
                    }
                    params.member("uri", uri);
                    const UPDATED: &str = "notifications/resources/updated";
                    context.send(notification(UPDATED, Some(&params.end()))).await;
                }
            }
            told = newest;
        }
    }
}
