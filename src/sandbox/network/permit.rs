//! The right to send one request to checked addresses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures_rustls::TlsConnector;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, Uri};

use super::RequestError;
use super::dialer::Dialer;
use super::url::{Host, Url};
use crate::sandbox::redact::Redactor;

/// The checked addresses of a request, in the order in which they are tried.
pub(super) struct Route {
    pub(super) addresses: Vec<SocketAddr>,
    /// Whether all addresses are local ones that the operator allowed.
    pub(super) local: bool,
}

/// The right to send one request. Only [`NetworkGate::permit`](super::NetworkGate::permit) makes one. It holds
/// everything that the effect needs, so that no name is looked up again.
///
/// Not `Debug`: its headers can hold secrets.
pub(in crate::sandbox) struct HttpPermit {
    addresses: Vec<SocketAddr>,
    host: Host,
    /// Present for `https` and `wss`.
    tls: Option<TlsConnector>,
    request: Request<Full<Bytes>>,
    dialer: Arc<dyn Dialer>,
    deadline: Instant,
    redactor: Arc<Redactor>,
}

/// The right to open one WebSocket. Only
/// [`NetworkGate::websocket_permit`](super::NetworkGate::websocket_permit) makes one.
#[cfg(feature = "websocket")]
pub(in crate::sandbox) struct WebSocketPermit(pub(super) HttpPermit);

/// A request that has passed every check.
pub(super) struct CheckedRequest {
    pub(super) url: Url,
    pub(super) route: Route,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
    pub(super) user_agent: HeaderValue,
}

/// The means of sending a request.
pub(super) struct RequestTransport {
    pub(super) tls: Option<TlsConnector>,
    pub(super) dialer: Arc<dyn Dialer>,
    pub(super) deadline: Instant,
    pub(super) redactor: Arc<Redactor>,
}

impl HttpPermit {
    /// Puts the request together. Headers that are the host's to set replace any of the guest's.
    ///
    /// # Errors
    ///
    /// [`RequestError::InvalidUrl`] if host or path can't stand in a request.
    pub(super) fn new(
        checked: CheckedRequest,
        transport: RequestTransport,
    ) -> Result<Self, RequestError> {
        let CheckedRequest { url, route, method, headers, body, user_agent } = checked;
        let host_header =
            HeaderValue::from_str(&url.host_header()).map_err(|_| RequestError::InvalidUrl)?;
        // RFC 9110, section 8.6: methods that anticipate content send its length even if it is empty.
        let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
        let sends_body = expects_body || body.is_some();
        let body = body.unwrap_or_default();
        let length = body.len();
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = Uri::try_from(url.path).map_err(|_| RequestError::InvalidUrl)?;
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.insert(HOST, host_header);
        headers.insert(USER_AGENT, user_agent);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if sends_body {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let RequestTransport { tls, dialer, deadline, redactor } = transport;
        Ok(Self {
            addresses: route.addresses,
            host: url.host,
            tls,
            request,
            dialer,
            deadline,
            redactor,
        })
    }

    /// The addresses to try, in this order.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The host for the check of the server's certificate, and for errors.
    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    /// The TLS connector, if the URL is `https` or `wss`.
    pub(super) fn tls(&self) -> Option<&TlsConnector> {
        self.tls.as_ref()
    }

    /// The dialer that opens the connection.
    pub(super) fn dialer(&self) -> &dyn Dialer {
        &*self.dialer
    }

    /// The end of the request's time.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends the permit: the message to send, and the redactor for the answer.
    pub(super) fn into_request(self) -> (Request<Full<Bytes>>, Arc<Redactor>) {
        (self.request, self.redactor)
    }
}
