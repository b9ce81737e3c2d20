//! Channels that are built in: the console and the socket.
//!
//! A plugin can be a channel as well; the [plugin host](crate::PluginHost) runs it.
//!
//! # Who may send
//!
//! - Without `allow` only the owner may send. The owner is the person at the console, the same user at the Unix
//!   socket, the holder of the token over TCP, and `owner` in the configuration of a plugin's channel.
//! - Other users of the machine are `uid:NUMBER`.
//! - The owner's programs may name a `sender` with a message. `allow` must list that sender, who is never the owner.
//!
//! # The protocol of the socket
//!
//! Each line is one JSON object with a `type`:
//!
//! ```text
//! <- {"type":"hello","protocol":1,"version":"0.1.0"}
//! -> {"type":"message","id":"1","text":"text_stats {\"text\":\"one two\"}","progress":true}
//! <- {"type":"taken","id":"1"}
//! <- {"type":"progress","id":"1","note":"calling text_stats"}
//! <- {"type":"answer","id":"1","value":{"characters":7,"words":2}}
//! -> {"type":"message","id":"2","text":"/nothing"}
//! <- {"type":"failure","id":"2","code":"unknown_command","message":"there is no command `/nothing`","next_step":"`/help` lists the commands","similar":[]}
//! -> {"type":"cancel","id":"3"}
//! ```
//!
//! - Over TCP the client begins with `{"type":"hello","token":"..."}`.
//! - A message may have `chat` (default `main`; each chat is a conversation of its own), `thread`, `sender`, `metadata` and
//!   `attachments: [{"mime":"image/png","bytes":"<base64>"}]`.
//! - A message with `"parts":true` gets lines like `{"type":"part","id":"1","text":"one "}` while its answer comes. The answer
//!   follows whole.
//! - An answer has one of `text`, `value` and `attachment`, the `thread` of its message, and `part` and `parts` if there are several.
//! - Every message ends with one frame: the last part of an `answer`, a `failure`, or `refused` if it was not accepted.
//! - A line that is not understood is answered with an `error`.
//! - A line has at most 4.5 MB, a client at most 64 messages in flight.
//! - A client may be silent for any time. When it disconnects, its work is cancelled: at once over a Unix socket,
//!   within two seconds over TCP.
//! - A client that closes only its sending side still gets its answers. Over TCP a space precedes lines then, once a second,
//!   which tests the connection.
//! - A peer that loses power is noticed after about two minutes, by keep-alive probes after 60 seconds of silence.
//!
//! # Memory
//!
//! Each channel holds about `limits.surface_memory_mb` of messages and answers for all its clients together. The socket
//! refuses a message without room at once (`no_room`), and gives an answer five seconds to find room before it
//! disconnects a client that does not read.

mod console;
#[cfg(any(feature = "socket", feature = "mcp"))]
mod hang_up;
mod lines;
#[cfg(feature = "socket")]
mod socket;
pub(crate) mod standard;
mod threaded;

pub use crate::contract::{Attachment, ChatId, InboundMessage, OWNER};
#[cfg(feature = "console")]
pub use console::AboveLine;
pub use console::{Complete, ConsoleChannel, ConsoleEditing, ConsoleStyle};
#[cfg(feature = "serve")]
pub(crate) use hang_up::{LOOK, is_read_to_its_end};
#[cfg(feature = "mcp")]
pub(crate) use lines::{Line, Lines};
#[cfg(feature = "socket")]
pub use socket::{SocketAddress, SocketChannel, SocketOptions, TokenSource};
