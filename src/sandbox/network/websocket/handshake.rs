//! The handshake of RFC 6455, section 4: a request that asks for the other protocol, and the check of the answer.

use base64ct::{Base64, Encoding};
use hyper::StatusCode;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::super::RequestError;
use super::super::answer::ReceivedAnswer;
use super::super::permit::WebSocketPermit;
use super::super::response::failure;
use super::super::send::{ask, connect_securely, in_time};
use super::connection::WebSocketConnection;

/// What a server adds to the key before it makes the digest.
const ACCEPT_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Opens the WebSocket of a permit. Also returns the subprotocol that the server chose, without secrets; it is
/// empty if there is none.
///
/// # Errors
///
/// `connection failed`, `TLS failed`, `request failed`, `HTTP <status>` for an answer that is not 101,
/// `websocket failed` for one that breaks a rule, and `request timed out` at the permit's deadline.
pub(super) async fn handshake(
    WebSocketPermit(permit): WebSocketPermit,
) -> Result<(WebSocketConnection, String), RequestError> {
    let deadline = permit.deadline();
    let opened = async {
        // Each message has a limit, and the guest reads as many as it wants.
        let stream = connect_securely(&permit, u64::MAX).await?;
        let (mut request, redactor) = permit.into_request();
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|_| RequestError::websocket("no random bytes"))?;
        let key = Base64::encode_string(&key);
        let headers = request.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let value = HeaderValue::from_str(&key).map_err(|_| RequestError::InvalidUrl)?;
        headers.insert(SEC_WEBSOCKET_KEY, value);
        let offered = members(headers, &SEC_WEBSOCKET_PROTOCOL);
        let answer = ask(request, redactor, stream).await?;
        if answer.head.status != StatusCode::SWITCHING_PROTOCOLS {
            return Err(failure(answer).await);
        }
        let protocol = check(&answer.head.headers, &key, &offered)?;
        let ReceivedAnswer { body, redactor, .. } = answer;
        let protocol = redactor.redact(&protocol).into_owned();
        let (stream, read_already) = body.into_stream().await;
        Ok((WebSocketConnection::new(stream, read_already.into()), protocol))
    };
    in_time(deadline, Box::pin(opened)).await
}

/// Checks the head of an answer. Returns the subprotocol that it names.
fn check(headers: &HeaderMap, key: &str, offered: &[String]) -> Result<String, RequestError> {
    let wrong = |problem| Err(RequestError::websocket(problem));
    let has = |name: &HeaderName, word: &str| {
        members(headers, name).iter().any(|member| member.eq_ignore_ascii_case(word))
    };
    if !has(&UPGRADE, "websocket") || !has(&CONNECTION, "upgrade") {
        return wrong("the server switches to no WebSocket");
    }
    let accept = Base64::encode_string(
        digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, ACCEPT_SUFFIX].concat().as_bytes()).as_ref(),
    );
    if members(headers, &SEC_WEBSOCKET_ACCEPT) != [accept] {
        return wrong("`sec-websocket-accept` does not fit the key");
    }
    if !members(headers, &SEC_WEBSOCKET_EXTENSIONS).is_empty() {
        return wrong("the server uses an extension that was not offered");
    }
    let mut chosen = members(headers, &SEC_WEBSOCKET_PROTOCOL);
    if chosen.len() > 1 || chosen.iter().any(|protocol| !offered.contains(protocol)) {
        return wrong("the server chose a subprotocol that was not offered");
    }
    Ok(chosen.pop().unwrap_or_default())
}

/// The members of a list header.
fn members(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let members = values.flat_map(|value| value.split(',')).map(str::trim);
    members.filter(|member| !member.is_empty()).map(str::to_owned).collect()
}
