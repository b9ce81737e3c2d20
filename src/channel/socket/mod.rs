//! The socket: JSON lines for other programs on the board, over a Unix socket or over TCP with a
//! token.
//!
//! # The protocol
//!
//! Each line is one JSON object with a `type`. The channel greets with `hello`; over TCP the client
//! has to send `{"type": "hello", "token": "..."}` as its first line, within ten seconds.
//!
//! | from the client | |
//! | --- | --- |
//! | `message` | `id` and `text`, and if wanted `chat` (conversations are apart; default `main`), `thread`, `sender`, `progress: true`, `parts: true`, `attachments: [{"mime": ..., "bytes": <base64>}]`, `metadata: {...}` |
//! | `cancel` | `id` of a message, and its `chat` where that isn't `main` |
//!
//! | from the channel | |
//! | --- | --- |
//! | `hello` | `protocol` (1), `version` of the program |
//! | `taken` | `id`: the work begins; only for messages with `progress` |
//! | `progress` | `id`, `note`: what happens now |
//! | `part` | `id`, the message's `thread` if it had one, `text`: what follows the parts before it, of an answer that is not finished; only for messages with `parts` |
//! | `answer` | `id`, the message's `thread` if it had one, and one of `text`, `value` (any JSON), `attachment: {"mime": ..., "bytes": ...}`; `part` and `parts` where there are several |
//! | `failure` | `id`, `code`, `message`, `next_step`, and what the kind of failure has besides |
//! | `refused` | the same: the message was not accepted |
//! | `message` | `chat` and content as in `answer`: something that answers nothing |
//! | `error` | `code`, `message`: a line that can't be understood |
//!
//! | code | of what | |
//! | --- | --- | --- |
//! | `bad_line`, `line_too_long` | `error` | the line is not of the protocol, or longer than it may be |
//! | `no_token`, `wrong_token` | `error` | the first line over TCP did not come in time, or had no token that counts |
//! | `too_many_clients` | `error` | nobody else may connect now |
//! | `no_room` | `error`, `refused`, `failure` | the socket holds as much as it may for all its clients: send it again later |
//! | `busy`, `duplicate_id`, `too_many_chats` | `refused` | too many messages are in flight, one of this id is, or there are too many conversations |
//! | `invalid`, `refused` | `refused` | an `id`, `chat`, `sender` or `metadata` that can't be, or a sender who may not talk here |
//! | `cancelled`, `timed_out` | `failure` | it was cancelled, or took too long |
//! | `stopping`, `panicked` | `failure` | the program stops, or went wrong |
//!
//! Any other `failure` has the code of the command or call that failed.
//!
//! A client is a sender: over a Unix socket the kernel says which, over TCP whoever has the token is the
//! owner. The owner's programs may speak for somebody else, whom they name as the message's `sender`: it
//! is then as if that one wrote, so the allow-list has to name them, and what only the owner may do is
//! refused. They should have a `chat` of their own. Nobody can be named `owner` or `uid:...` in this way.
//!
//! The answer comes whole after its parts, and counts: a failure may come instead, and a value or another text than the
//! parts said. There are no parts of an answer that a later stage may change, and none after 256 KB.
//!
//! Every message gets exactly one final frame: the last part of an `answer`, a `failure` or a
//! `refused`. A client that closes its sending side still gets them; if it is gone altogether its
//! work is cancelled. An `id` may be used again after the final frame of its message. Large answers
//! wait up to five seconds for room.
//!
//! A silent client need not send anything. One over TCP whose machine or network is gone without
//! a word is noticed by the kernel's own probes, after about two minutes. To one over TCP that has closed
//! its sending side, a space is sent every second before the next line: if it is gone altogether, its
//! machine says so to that.

mod address;
mod channel;
mod connection;
mod frames;
mod options;
mod protocol;
mod token;
pub use channel::SocketChannel;
pub use options::{SocketAddress, SocketOptions, TokenSource};
