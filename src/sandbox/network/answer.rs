//! An answer whose head has arrived, and the connection that brings its body.

use std::sync::Arc;

use futures_lite::future::{or, pending};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::{Connection, SendRequest};
use hyper::http::response::Parts;
use smol_hyper::rt::FuturesIo;

use super::RequestError;
use super::dialer::NetworkStream;
use crate::sandbox::redact::Redactor;

/// An answer. Dropping it closes the connection.
pub(super) struct ReceivedAnswer {
    pub(super) head: Parts,
    pub(super) body: AnswerBody,
    pub(super) redactor: Arc<Redactor>,
}

/// The body, which makes progress only while it is read.
pub(super) struct AnswerBody {
    body: Incoming,
    connection: OpenConnection,
    /// Kept, because dropping it would ask the connection to end.
    _sender: SendRequest<Full<Bytes>>,
}

type HttpConnection = Connection<FuturesIo<Box<dyn NetworkStream>>, Full<Bytes>>;

/// A connection under way.
pub(super) struct OpenConnection {
    connection: Box<HttpConnection>,
    /// Once it has ended, it may not be polled again.
    has_ended: bool,
}

impl OpenConnection {
    pub(super) fn new(connection: HttpConnection) -> Self {
        Self { connection: Box::new(connection), has_ended: false }
    }

    /// Sends and receives as long as the future is polled. It never ends.
    pub(super) async fn drive<T>(&mut self) -> T {
        self.finish().await;
        pending().await
    }

    /// Sends and receives until the connection has ended, or has switched to another protocol.
    async fn finish(&mut self) {
        if !self.has_ended {
            // The reader of the body gets the connection's error.
            let _ = (&mut *self.connection).await;
            self.has_ended = true;
        }
    }
}

impl AnswerBody {
    pub(super) fn new(
        body: Incoming,
        connection: OpenConnection,
        sender: SendRequest<Full<Bytes>>,
    ) -> Self {
        Self { body, connection, _sender: sender }
    }

    /// The stream under a connection that has switched to another protocol, and the bytes that were read
    /// from it already.
    #[cfg(feature = "websocket")]
    pub(super) async fn into_stream(self) -> (Box<dyn NetworkStream>, Bytes) {
        let Self { mut connection, .. } = self;
        connection.finish().await;
        let parts = connection.connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    }

    /// The length that the answer's head announces, at least.
    pub(super) fn announced_bytes(&self) -> u64 {
        self.body.size_hint().lower()
    }

    /// The next bytes, as they come; `None` at the end. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// `request failed` if the connection breaks, or if the body is malformed.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, RequestError> {
        let Self { body, connection, .. } = self;
        let data = async {
            while let Some(frame) = body.frame().await {
                // A frame without data is a trailer.
                match frame?.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data)),
                    _ => {}
                }
            }
            Ok(None)
        };
        or(data, connection.drive()).await
    }
}
