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
}

/// The answer to a [`HostCall`], in the shape of the function's result type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostReply {
    /// `result<string, string>`: `http-request`, `read-file`
    Text(Result<String, String>),
    /// `result<_, string>`: `write-file`
    Done(Result<(), String>),
    /// `option<string>`: `get-env`
    Value(Option<String>),
    /// No result: `log`
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
