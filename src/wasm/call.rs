//! Calls to guests and their results, for all kinds of plugins.

use std::fmt;
use std::time::Duration;

use super::signature::export;
use crate::contract::{Audio, CallError, MemoryHit, limits};
#[cfg(feature = "serve")]
use crate::sandbox::WebResponse;

/// One call of a function that a guest exports. The guest parses the texts named `..._json`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum GuestCall {
    /// `plugin#execute-tool`
    Tool {
        /// The bare name of the tool.
        tool: String,
        /// Its parameters as JSON text.
        params: String,
    },
    /// `channel#poll`
    Poll,
    /// `channel#send`
    Send {
        /// The recipient, in the channel's own terms.
        target: String,
        /// The payload as JSON text.
        payload_json: String,
    },
    /// `receipts#acknowledge`
    Acknowledge {
        /// The id of a message that the host has accepted or refused.
        message_id: String,
    },
    /// `answered#answered`
    Answered {
        /// The id of a message that the host has accepted.
        message_id: String,
        /// What became of it.
        outcome: AnswerOutcome,
    },
    /// `drafts#draft`
    Draft {
        /// The recipient, as for `send`.
        target: String,
        /// The beginning of an answer, as JSON text.
        payload_json: String,
    },
    /// `drafts#revise`
    Revise {
        /// The recipient, as for `send`.
        target: String,
        /// The id of the draft.
        id: String,
        /// What replaces it, as JSON text.
        payload_json: String,
    },
    /// `webhook#handle`
    #[cfg(feature = "serve")]
    Webhook(HookRequest),
    /// `stage#stage-type`
    StageType,
    /// `stage#process`
    Process {
        /// The message's state as JSON text.
        state_json: String,
    },
    /// `skill#instructions`
    Instructions,
    /// `skill#variables`
    Variables,
    /// `memory#store`
    Store {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The namespace; the default one if there is none.
        namespace: Option<String>,
        /// The time after which it expires; never if there is none. A part of a second counts as a whole one.
        ttl: Option<Duration>,
        /// Words to find it by.
        tags: Vec<String>,
    },
    /// `memory#retrieve`
    Retrieve {
        /// The key.
        key: String,
        /// The namespace; the default one if there is none.
        namespace: Option<String>,
    },
    /// `memory#search`
    Search {
        /// The text to search for.
        query: String,
        /// The namespace; the default one if there is none.
        namespace: Option<String>,
        /// The most entries to return.
        limit: u32,
    },
    /// `memory#delete`
    Delete {
        /// The key.
        key: String,
        /// The namespace; the default one if there is none.
        namespace: Option<String>,
    },
    /// `voice#process-audio`
    ProcessAudio(Audio),
    /// `voice#synthesize`
    Synthesize {
        /// The text to speak.
        text: String,
    },
}

/// What became of a message that a channel has delivered (`enum outcome`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// The whole answer was sent.
    Answered = 0,
    /// A failure was sent instead.
    Failed = 1,
    /// Neither could be sent.
    Unsent = 2,
}

/// The result of a guest's function.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GuestValue {
    /// No value: the function has succeeded.
    Unit,
    /// A text: a tool's result, an id, a state, instructions, or a transcript.
    Text(String),
    /// A text or none.
    OptionalText(Option<String>),
    /// Yes or no.
    Bool(bool),
    /// Names with their values.
    Pairs(Vec<(String, String)>),
    /// The entries that a search found.
    Hits(Vec<MemoryHit>),
    /// The messages that a channel received.
    Inbound(Vec<GuestInbound>),
    /// Sound.
    Audio(Audio),
    /// The answer to an HTTP request.
    #[cfg(feature = "serve")]
    Response(WebResponse),
}

/// An HTTP request for a plugin's webhook (`record request`).
#[cfg(feature = "serve")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRequest {
    /// The method.
    pub method: String,
    /// The part of the path that is the plugin's.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// Names and values in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A message that a guest's channel received (`record inbound`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestInbound {
    /// The sender, in the channel's own terms.
    pub sender: String,
    /// The chat for an answer: the target of `send`.
    pub chat: String,
    /// The payload as JSON text, not yet checked.
    pub payload_json: String,
    /// A JSON object with any further data, not yet checked; empty if there is none.
    pub metadata_json: String,
    /// The thread to which it belongs.
    pub thread: Option<String>,
    /// The id for `acknowledge`.
    pub message_id: Option<String>,
}

impl GuestCall {
    /// The name of the exported function at the core level.
    #[must_use]
    pub fn export(&self) -> &'static str {
        match self {
            Self::Tool { .. } => export::EXECUTE_TOOL,
            Self::Poll => export::POLL,
            Self::Send { .. } => export::SEND,
            Self::Acknowledge { .. } => export::ACKNOWLEDGE,
            Self::Answered { .. } => export::ANSWERED,
            Self::Draft { .. } => export::DRAFT,
            Self::Revise { .. } => export::REVISE,
            #[cfg(feature = "serve")]
            Self::Webhook(_) => export::HANDLE,
            Self::StageType => export::STAGE_TYPE,
            Self::Process { .. } => export::PROCESS,
            Self::Instructions => export::INSTRUCTIONS,
            Self::Variables => export::VARIABLES,
            Self::Store { .. } => export::STORE,
            Self::Retrieve { .. } => export::RETRIEVE,
            Self::Search { .. } => export::SEARCH,
            Self::Delete { .. } => export::DELETE,
            Self::ProcessAudio(_) => export::PROCESS_AUDIO,
            Self::Synthesize { .. } => export::SYNTHESIZE,
        }
    }

    /// Refuses arguments that are too large, before any of them reaches the guest. Those of a tool are checked
    /// where it is run.
    pub(super) fn check(&self) -> Result<(), CallError> {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let (bytes, limit) = match self {
            Self::Tool { .. }
            | Self::Poll
            | Self::StageType
            | Self::Instructions
            | Self::Variables => return Ok(()),
            Self::Store { key, value, namespace, tags, .. } => {
                if tags.len() > limits::TAGS {
                    return Err(too_much(tags.len(), "tags", limits::TAGS));
                }
                let texts = key.len() + value.len() + optional(namespace);
                (texts + tags.iter().map(String::len).sum::<usize>(), limits::ARGUMENTS_BYTES)
            }
            Self::Send { target: one, payload_json: other }
            | Self::Draft { target: one, payload_json: other } => {
                (one.len() + other.len(), limits::ARGUMENTS_BYTES)
            }
            #[cfg(feature = "serve")]
            Self::Webhook(HookRequest { method, path, query, headers, body }) => {
                let pairs: usize =
                    headers.iter().map(|(name, value)| name.len() + value.len()).sum();
                let texts = method.len() + path.len() + query.len() + pairs;
                (texts + body.len(), limits::ARGUMENTS_BYTES)
            }
            Self::Revise { target, id, payload_json } => {
                (target.len() + id.len() + payload_json.len(), limits::ARGUMENTS_BYTES)
            }
            Self::Retrieve { key: text, namespace }
            | Self::Delete { key: text, namespace }
            | Self::Search { query: text, namespace, .. } => {
                (text.len() + optional(namespace), limits::ARGUMENTS_BYTES)
            }
            // A message whose id is too long gets a receipt too.
            Self::Acknowledge { message_id: text }
            | Self::Answered { message_id: text, .. }
            | Self::Process { state_json: text }
            | Self::Synthesize { text } => (text.len(), limits::ARGUMENTS_BYTES),
            Self::ProcessAudio(Audio { bytes, mime }) => {
                (bytes.len() + mime.len(), limits::ARGUMENTS_BYTES)
            }
        };
        if bytes > limit { Err(too_much(bytes, "bytes", limit)) } else { Ok(()) }
    }
}

/// The error for arguments beyond a limit.
pub(super) fn too_much(count: usize, what: &str, limit: usize) -> CallError {
    CallError::InvalidParams { problem: format!("{count} {what}, of at most {limit}") }
}

macro_rules! into {
    ($($(#[$attribute:meta])* $name:ident: $variant:ident => $ty:ty;)*) => {
        impl GuestValue {
            $($(#[$attribute])*
            #[must_use]
            pub fn $name(self) -> Option<$ty> {
                match self {
                    Self::$variant(value) => Some(value),
                    _ => None,
                }
            })*
        }
    };
}

into! {
    /// The text, if the value is one.
    into_text: Text => String;
    /// The optional text, if the value is one.
    into_optional_text: OptionalText => Option<String>;
    /// The boolean, if the value is one.
    into_bool: Bool => bool;
    /// The pairs, if the value is a list of pairs.
    into_pairs: Pairs => Vec<(String, String)>;
    /// The hits, if the value is the result of a search.
    into_hits: Hits => Vec<MemoryHit>;
    /// The messages, if the value is a list of messages.
    into_inbound: Inbound => Vec<GuestInbound>;
    /// The sound, if the value is sound.
    into_audio: Audio => Audio;
    /// The answer, if the value is the answer to an HTTP request.
    #[cfg(feature = "serve")]
    into_response: Response => WebResponse;
}

/// Shows the function alone, because an argument may be a secret.
impl fmt::Debug for GuestCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.export())
    }
}
