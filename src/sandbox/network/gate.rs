//! The rules for requests, in their order.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use hyper::header::HeaderValue;
use smol::lock::Semaphore;

use super::RequestError;
use super::address::{AddressClass, class_of};
use super::allowlist::Allowlist;
use super::headers::{headers, method};
use super::options::NetworkOptions;
#[cfg(feature = "websocket")]
use super::permit::WebSocketPermit;
use super::permit::{CheckedRequest, HttpPermit, RequestTransport, Route};
use super::resolver::LookupPlace;
use super::secrets::SecretGate;
use super::settings::SettingValues;
use super::slots::StreamSlots;
use super::url::{Host, Scheme, Url};
use crate::contract::{
    PLUGIN_AGENT, PRIVATE_ADDRESS, PluginPermissions, PluginResourceConfig, limits,
};
use crate::sandbox::rate::SlidingWindow;
use crate::sandbox::redact::PluginSecrets;
use crate::sandbox::{PluginIdentity, SandboxOptions, WebRequest};
use crate::task::{Lock, by_deadline};

/// The `network` and `secrets` permissions of one plugin, and its rate.
pub(in crate::sandbox) struct NetworkGate {
    user_agent: HeaderValue,
    allowlist: Allowlist,
    rate: Lock<SlidingWindow>,
    secrets: SecretGate,
    streams: StreamSlots,
    /// The places for lookups of names.
    lookups: Arc<Semaphore>,
    options: NetworkOptions,
}

impl NetworkGate {
    /// The gate, and a warning for each permission that opens nothing.
    pub(in crate::sandbox) fn new(
        plugin: &PluginIdentity,
        permissions: &PluginPermissions,
        resources: &PluginResourceConfig,
        options: &SandboxOptions,
        redacted: Arc<PluginSecrets>,
    ) -> (Self, Vec<String>) {
        let values = options.settings.of(&plugin.id);
        let settings = SettingValues { id: &plugin.id, values: values.as_ref() };
        let (allowlist, mut warnings) = Allowlist::new(&permissions.network, &settings);
        let user_agent = format!("{PLUGIN_AGENT}/{}/{}", plugin.id, plugin.version);
        let source = Arc::clone(&options.secrets);
        let (secrets, closed) = SecretGate::new(&permissions.secrets, &settings, source, redacted);
        warnings.extend(closed);
        let gate = Self {
            // A manifest's id and version can stand in a header; an embedder's may not.
            user_agent: HeaderValue::from_str(&user_agent)
                .unwrap_or(HeaderValue::from_static(PLUGIN_AGENT)),
            allowlist,
            rate: Lock::new(SlidingWindow::new(resources.max_http_requests_per_minute)),
            secrets,
            streams: StreamSlots::default(),
            lookups: Arc::new(Semaphore::new(limits::HTTP_LOOKUPS)),
            options: options.network.clone(),
        };
        (gate, warnings)
    }

    /// A permit for the request as the guest wrote it. Its time begins here.
    ///
    /// # Errors
    ///
    /// The first of these rules that the request breaks: the URL's form, its scheme (T03, T04), the allowlist
    /// (T02, T09, T13), the body's size (T11), the rate (T10), every address of the host (T05 to T08), method
    /// and headers, and the rules for secrets. A request that is refused before the rate doesn't count in it,
    /// and no name is looked up before it.
    pub(in crate::sandbox) async fn permit(
        &self,
        request: WebRequest,
        now: Instant,
    ) -> Result<HttpPermit, RequestError> {
        self.permit_scheme(request, Scheme::HTTP, now).await
    }

    /// A permit to open a WebSocket. The rules are those of [`permit`](Self::permit), in the same order, with
    /// `wss` and `ws` as schemes. After the addresses comes one more: `ws` is for private hosts alone.
    ///
    /// # Errors
    ///
    /// Those of [`permit`](Self::permit), and `ws is for private hosts`.
    #[cfg(feature = "websocket")]
    pub(in crate::sandbox) async fn websocket_permit(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        now: Instant,
    ) -> Result<WebSocketPermit, RequestError> {
        let request = WebRequest { method: "GET".to_owned(), url, headers, body: None };
        self.permit_scheme(request, Scheme::WEBSOCKET, now).await.map(WebSocketPermit)
    }

    /// A permit for a request whose URL has one of these schemes.
    async fn permit_scheme(
        &self,
        request: WebRequest,
        schemes: &[Scheme],
        now: Instant,
    ) -> Result<HttpPermit, RequestError> {
        let WebRequest { method: asked_method, url, headers: asked_headers, body } = request;
        let deadline = Instant::now() + self.options.request_time;
        let url = Url::parse(&url, schemes)?;
        self.allowlist.check(&url)?;
        if body.as_ref().is_some_and(|body| body.len() > limits::HTTP_REQUEST_BODY_BYTES) {
            return Err(RequestError::BodyTooLarge);
        }
        if !self.rate.lock().accept(now) {
            return Err(RequestError::RateLimited);
        }
        let reached = async {
            let route = self.route(&url).await?;
            #[cfg(feature = "websocket")]
            if url.scheme == Scheme::Ws && !route.local {
                let host = url.host.to_string();
                let rule = format!("ws is for private hosts, so use wss: {host}");
                return Err(RequestError::network(host, rule));
            }
            let method = method(&asked_method)?;
            let headers = self.secrets.fill(headers(asked_headers)?, &url, &route).await?;
            let redactor = self.secrets.redactor(&url.host).await;
            Ok((route, method, headers, redactor))
        };
        let (route, method, headers, redactor) =
            by_deadline(deadline, reached).await.unwrap_or(Err(RequestError::TimedOut))?;
        let user_agent = self.user_agent.clone();
        let transport = RequestTransport {
            tls: url.scheme.is_secure().then(|| self.options.trust.connector()),
            dialer: Arc::clone(&self.options.dialer),
            deadline,
            redactor,
        };
        HttpPermit::new(CheckedRequest { url, route, method, headers, body, user_agent }, transport)
    }

    /// The secrets of the hosts, for what sockets bring.
    #[cfg(feature = "websocket")]
    pub(in crate::sandbox) fn secrets(&self) -> &SecretGate {
        &self.secrets
    }

    /// The places for the plugin's streams and sockets.
    pub(in crate::sandbox) fn stream_slots(&self) -> &StreamSlots {
        &self.streams
    }

    /// The route to the URL's host, all addresses of which may be reached. There is one lookup, and the
    /// connection goes to the addresses that it returned, so that no second answer can differ.
    async fn route(&self, url: &Url) -> Result<Route, RequestError> {
        let found = match &url.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.look_up(name, url.port).await?,
        };
        let allowed = self.options.private_hosts.iter().any(|host| host.covers(url));
        for &address in &found {
            match class_of(address) {
                AddressClass::Public => {}
                AddressClass::Local if allowed => {}
                AddressClass::Local | AddressClass::Never => {
                    let rule = format!("{PRIVATE_ADDRESS}: {address}");
                    let setting = (class_of(address) == AddressClass::Local)
                        .then(|| format!("network: {{ allow_private_hosts: [\"{}\"] }}", url.host));
                    return Err(
                        RequestError::network(url.host.to_string(), rule).allowed_by(setting)
                    );
                }
            }
        }
        Ok(Route {
            local: found.iter().all(|&address| class_of(address) == AddressClass::Local),
            addresses: found.into_iter().map(|ip| SocketAddr::new(ip, url.port)).collect(),
        })
    }

    /// The addresses of a name. The resolver is asked once, and only after the rate has counted the request. If
    /// [`limits::HTTP_LOOKUPS`] are under way, the request waits for one to end.
    async fn look_up(&self, name: &str, port: u16) -> Result<Vec<IpAddr>, RequestError> {
        let failed = |problem| RequestError::Lookup { host: name.to_owned(), problem };
        let place = LookupPlace { _place: self.lookups.acquire_arc().await };
        let found = self.options.resolver.resolve(name, port, place).await;
        match found.map_err(|error| failed(error.to_string()))? {
            none if none.is_empty() => Err(failed("it has no address".to_owned())),
            found => Ok(found),
        }
    }
}
