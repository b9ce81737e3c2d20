//! The effect of a permit: one connection, one request, one answer.
//!
//! Everything belongs to the future, and later to the answer: dropping it closes the socket, and no task goes on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use futures_lite::future::or;
use futures_rustls::pki_types::ServerName;
use futures_rustls::rustls::{self, CertificateError};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::Builder;
use smol_hyper::rt::FuturesIo;

use super::RequestError;
use super::answer::{AnswerBody, OpenConnection, ReceivedAnswer};
use super::dialer::NetworkStream;
use super::error::{CA_FILE, NO_TLS};
use super::fair::{FairStream, MOST_BYTES};
use super::permit::HttpPermit;
use super::response::{self, ResponseHead};
use super::searchable;
use super::stream::BodyStream;
use super::url::Host;
use crate::contract::BoxFuture;
use crate::contract::limits::{self, KB};
use crate::sandbox::WebResponse;
use crate::sandbox::redact::Redactor;
use crate::task::{Clock, SystemClock, by_deadline, within};

/// Status line and headers of an answer. hyper accepts 100 headers.
const MAX_RESPONSE_HEAD_BYTES: usize = 64 * KB;

/// Sends the request to the first address that accepts the connection. Returns the body of a successful
/// answer, as text.
///
/// # Errors
///
/// Those of [`fetch`], `HTTP <status>` and `response is not valid UTF-8`.
pub(in crate::sandbox) async fn send(permit: HttpPermit) -> Result<String, RequestError> {
    let deadline = permit.deadline();
    let text = async { response::text(exchange(permit).await?).await };
    in_time(deadline, Box::pin(text)).await
}

/// Sends the request to the first address that accepts the connection. Returns the answer, whatever its status,
/// with its body cut past [`limits::HTTP_RESPONSE_BODY_BYTES`].
///
/// # Errors
///
/// `connection failed`, `TLS failed`, `request failed`, `response can't be searched for secrets`, and
/// `request timed out` at the permit's deadline.
pub(in crate::sandbox) async fn fetch(permit: HttpPermit) -> Result<WebResponse, RequestError> {
    let deadline = permit.deadline();
    let whole = async { response::whole(exchange(permit).await?).await };
    in_time(deadline, Box::pin(whole)).await
}

/// Sends the request to the first address that accepts the connection. Returns the head of the answer, and its
/// body to be read bit by bit. The permit's deadline is for the connection alone. A server may work on its answer
/// before it sends the head, so the head has [`limits::HTTP_STREAM_IDLE_TIME`] like each part of the body.
///
/// # Errors
///
/// Those of [`fetch`].
pub(super) async fn open(
    permit: HttpPermit,
    clock: &dyn Clock,
) -> Result<(ResponseHead, BodyStream), RequestError> {
    let stream =
        in_time(permit.deadline(), Box::pin(connect_securely(&permit, MOST_BYTES))).await?;
    let (request, redactor) = permit.into_request();
    let answer: BoxFuture<'_, _> = Box::pin(ask(request, redactor, stream));
    let answer = within(clock, limits::HTTP_STREAM_IDLE_TIME, answer).await;
    Ok(response::streamed(answer.ok_or(RequestError::TimedOut)??))
}

/// The output of `work`, unless the deadline comes first. In a box, because otherwise the future of every call of
/// every plugin would be as large.
pub(super) async fn in_time<T>(
    deadline: Instant,
    work: BoxFuture<'_, Result<T, RequestError>>,
) -> Result<T, RequestError> {
    by_deadline(deadline, work).await.unwrap_or(Err(RequestError::TimedOut))
}

/// Connects, and reads the head of one answer.
async fn exchange(permit: HttpPermit) -> Result<ReceivedAnswer, RequestError> {
    let stream = connect_securely(&permit, MOST_BYTES).await?;
    let (request, redactor) = permit.into_request();
    ask(request, redactor, stream).await
}

/// A connection, under TLS if the URL asks for it. The server may send so many bytes in all.
pub(super) async fn connect_securely(
    permit: &HttpPermit,
    most_bytes: u64,
) -> Result<Box<dyn NetworkStream>, RequestError> {
    let stream = FairStream::new(connect(permit).await?, most_bytes);
    secure(permit, Box::new(stream)).await
}

/// Sends the request, and reads the head of one answer. Redirects are not followed: their target would be an
/// unchecked host. If there are secrets to redact, the answer must have a form in which they are recognized.
pub(super) async fn ask(
    request: Request<Full<Bytes>>,
    redactor: Arc<Redactor>,
    stream: Box<dyn NetworkStream>,
) -> Result<ReceivedAnswer, RequestError> {
    let (mut sender, connection) = Builder::new()
        .max_buf_size(MAX_RESPONSE_HEAD_BYTES)
        .max_header_size(MAX_RESPONSE_HEAD_BYTES)
        .handshake(FuturesIo::new(stream))
        .await?;
    let mut connection = OpenConnection::new(connection);
    let response = or(sender.send_request(request), connection.drive()).await?;
    let (head, body) = response.into_parts();
    if !redactor.is_empty() {
        searchable::check(&head)?;
    }
    Ok(ReceivedAnswer { head, body: AnswerBody::new(body, connection, sender), redactor })
}

/// A connection to the first of the permit's addresses that accepts one.
async fn connect(permit: &HttpPermit) -> Result<Box<dyn NetworkStream>, RequestError> {
    let mut problem = "it has no address".to_owned();
    let mut left = u32::try_from(permit.addresses().len()).unwrap_or(u32::MAX);
    for &address in permit.addresses() {
        match dial(permit, address, left).await {
            Ok(stream) => return Ok(stream),
            Err(error) => problem = error.to_string(),
        }
        left = left.saturating_sub(1);
    }
    Err(RequestError::Connect { host: permit.host().to_string(), problem })
}

/// One attempt, in its share of the time: `left` addresses remain with this one, and a silent one must leave
/// time for the others.
async fn dial(
    permit: &HttpPermit,
    address: SocketAddr,
    left: u32,
) -> io::Result<Box<dyn NetworkStream>> {
    let share = permit.deadline().saturating_duration_since(Instant::now()) / left.max(1);
    let dialed = within(&SystemClock, share, permit.dialer().dial(address)).await;
    dialed.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
}

/// The connection under TLS if the URL is `https`, else the connection itself.
async fn secure(
    permit: &HttpPermit,
    stream: Box<dyn NetworkStream>,
) -> Result<Box<dyn NetworkStream>, RequestError> {
    let Some(tls) = permit.tls() else { return Ok(stream) };
    let failed = |problem| RequestError::Tls { host: permit.host().to_string(), problem };
    let server = match permit.host() {
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|error| failed(error.to_string()))?
        }
        Host::Address(address) => ServerName::from(*address),
    };
    match tls.connect(server, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(failed(tls_problem(&error))),
    }
}

/// The problem, with the next step if the operator can solve it.
fn tls_problem(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let reason = match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => reason,
        Some(rustls::Error::InvalidMessage(_)) => return NO_TLS.into(),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            return "the server ended the connection before TLS was set up".into();
        }
        _ => return error.to_string(),
    };
    match reason {
        CertificateError::UnknownIssuer => format!(
            "the certificate's issuer is not known; if it is yours, name its certificate in \
             `{CA_FILE}` in `config.yaml`"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired; if it has not, set this machine's clock".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet; set this machine's clock".into()
        }
        // rustls has no variant for this error, so only its text shows the kind.
        CertificateError::Other(reason) if reason.to_string().contains("CaUsedAsEndEntity") => {
            format!(
                "the certificate is an authority's own; give the server one that is signed with it, \
                 and name the authority's in `{CA_FILE}` in `config.yaml`"
            )
        }
        _ => error.to_string(),
    }
}
