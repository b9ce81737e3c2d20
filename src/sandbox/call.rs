//! Host calls and their replies as plain values: the interpreter's imports lift a call, the sandbox serves it,
//! the driver lowers the reply.

use crate::contract::Denied;

/// One call of a host function, with its arguments copied out of the guest's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostCall {
    /// `http-request`
    HttpRequest {
        /// The method as the guest wrote it.
        method: String,
        /// The URL as the guest wrote it.
        url: String,
        /// Names and values in the guest's order.
        headers: Vec<(String, String)>,
        /// The request's body.
        body: Option<String>,
    },
    /// `read-file`
    ReadFile {
        /// The path as the guest wrote it.
        path: String,
    },
    /// `write-file`
    WriteFile {
        /// The path as the guest wrote it.
        path: String,
        /// The whole new content.
        content: String,
    },
    /// `get-env`
    GetEnv {
        /// The variable's name.
        name: String,
    },
    /// `log`
    Log {
        /// 0 error, 1 warn, 2 info, 3 debug, 4 and more trace.
        level: u8,
        /// The text as the guest wrote it.
        message: String,
    },
    /// `settings.get`
    Settings,
    /// `store.get`
    StoreGet {
        /// The key.
        key: String,
    },
    /// `store.set`
    StoreSet {
        /// The key.
        key: String,
        /// The new value.
        value: Vec<u8>,
    },
    /// `store.delete`
    StoreDelete {
        /// The key.
        key: String,
    },
    /// `store.list-keys`
    StoreKeys {
        /// The beginning of the keys.
        prefix: String,
    },
    /// `tools.list`
    ToolList,
    /// `tools.call`
    ToolCall(ToolRequest),
    /// `tools.call-all`
    ToolCallAll(Vec<ToolRequest>),
    /// `http.request`
    HttpFetch(WebRequest),
    /// `http.open`
    HttpOpen(WebRequest),
    /// `http.read`
    HttpRead {
        /// The handle from `open`.
        stream: u32,
    },
    /// `http.close`
    HttpClose {
        /// The handle from `open`.
        stream: u32,
    },
    /// A call of the door `websocket`.
    #[cfg(feature = "websocket")]
    WebSocket(WebSocketCall),
    /// `conversation.current`
    Current,
    /// `conversation.say`
    Say {
        /// A part of the answer.
        text: String,
    },
    /// `conversation.note`
    Note {
        /// What happens now.
        text: String,
    },
    /// `conversation.cancelled`
    Cancelled,
}

/// A call of a tool by a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolRequest {
    /// The tool's full name.
    pub name: String,
    /// Its parameters as JSON text.
    pub params: String,
}

/// An HTTP request of the door `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// The method as the guest wrote it.
    pub method: String,
    /// The URL as the guest wrote it.
    pub url: String,
    /// Names and values in the guest's order.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<Vec<u8>>,
}

/// An HTTP response of the door `http`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebResponse {
    /// The status.
    pub status: u16,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The head of an HTTP response whose body is read bit by bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebHead {
    /// The handle for `read` and `close`.
    pub stream: u32,
    /// The status.
    pub status: u16,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
}

/// A call of the door `websocket`.
#[cfg(feature = "websocket")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketCall {
    /// `websocket.open`
    Open {
        /// The URL as the guest wrote it.
        url: String,
        /// Names and values in the guest's order.
        headers: Vec<(String, String)>,
    },
    /// `websocket.send`
    Send {
        /// The handle from `open`.
        socket: u32,
        /// What is sent.
        message: WebSocketMessage,
    },
    /// `websocket.receive`
    Receive {
        /// The handle from `open`.
        socket: u32,
        /// For how long it waits.
        timeout_ms: u32,
    },
    /// `websocket.close`
    Close {
        /// The handle from `open`.
        socket: u32,
    },
}

/// A message of a WebSocket.
#[cfg(feature = "websocket")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// A WebSocket that was opened.
#[cfg(feature = "websocket")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedWebSocket {
    /// The handle for the other functions.
    pub socket: u32,
    /// The subprotocol that the server chose; empty if it chose none.
    pub protocol: String,
}

/// What a WebSocket received.
#[cfg(feature = "websocket")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketReceived {
    /// A whole message.
    Message(WebSocketMessage),
    /// No message in time.
    Nothing,
    /// The server has closed it.
    Closed {
        /// The code of RFC 6455; 1005 if the server gave none.
        code: u16,
        /// The reason as the server wrote it.
        reason: String,
    },
}

#[cfg(feature = "websocket")]
impl WebSocketMessage {
    /// The length of its text or bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// The answer to a [`HostCall`], in the shape of the function's result type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostReply {
    /// `result<string, string>`: `http-request`, `read-file`, `tools.list`, `tools.call`
    Text(Result<String, String>),
    /// `result<_, string>`: `write-file`, `store.set`, `websocket.send`
    Done(Result<(), String>),
    /// `option<string>`: `get-env`, `conversation.current`
    Value(Option<String>),
    /// `string`: `settings.get`
    Plain(String),
    /// `result<option<list<u8>>, string>`: `store.get`, `http.read`
    Bytes(Result<Option<Vec<u8>>, String>),
    /// `result<bool, string>`: `store.delete`
    Flag(Result<bool, String>),
    /// `result<list<string>, string>`: `store.list-keys`
    Texts(Result<Vec<String>, String>),
    /// `list<result<string, string>>`: `tools.call-all`
    Results(Vec<Result<String, String>>),
    /// `result<response, string>`: `http.request`
    Response(Result<WebResponse, String>),
    /// `result<head, string>`: `http.open`
    Head(Result<WebHead, String>),
    /// `result<opened, string>`: `websocket.open`
    #[cfg(feature = "websocket")]
    Opened(Result<OpenedWebSocket, String>),
    /// `result<received, string>`: `websocket.receive`
    #[cfg(feature = "websocket")]
    Received(Result<WebSocketReceived, String>),
    /// `bool`: `conversation.cancelled`
    Bool(bool),
    /// No result: `log`, `http.close`, `websocket.close`, `conversation.say`, `conversation.note`
    Nothing,
}

/// A served host call: the answer for the guest, and the refusal if it was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The reply for the guest.
    pub reply: HostReply,
    /// The sandbox's refusal, if it refused the call.
    pub denied: Option<Denied>,
    /// The filesystem grant, as the manifest spells it, because of which the call failed: its path did not exist
    /// when the plugin was loaded, and it is not optional.
    pub missing_grant: Option<String>,
}

impl Served {
    /// An answer that is no refusal.
    #[must_use]
    pub fn plain(reply: HostReply) -> Self {
        Self { reply, denied: None, missing_grant: None }
    }
}
