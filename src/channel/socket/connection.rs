//! One client: reading its lines, writing to it, and what it waits for.

use std::io::ErrorKind;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future::{or, pending, yield_now};
use smol::Timer;

use super::address::{Peer, Stream, USER};
use super::frames::{Frame, Frames};
use super::protocol::{ErrorCode, FromClient, MAIN, NO_ROOM_MESSAGE, SOCKET, ToClient};
use super::token::is_token;
use crate::contract::{
    Attachment, ByteBudget, ChannelHost, ChatId, Failure, HeldBytes, InboundMessage, OWNER,
    PluginError, Secret, SortedMap,
};
use crate::task::{AsyncLock, Held, Lock, SystemClock, within};

/// Bytes of a line of a client that has not shown its token.
const HELLO_BYTES: usize = 4 * 1024;
/// Characters of an id and of a chat's name.
const NAME_CHARS: usize = 128;
/// How often a message that is worked on is in memory, and an answer that waits to be written.
const MESSAGE_COPIES: usize = 2;
/// How often an answer is in memory while it is written.
const ANSWER_COPIES: usize = 3;
/// How long an answer may wait for room: less than sending it may take.
const ROOM_PATIENCE: Duration = Duration::from_secs(5);
/// How often a client that says no more is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How many looks at a client that says no more are between two questions whether it is there.
const LOOKS_BETWEEN: u32 = 10;
/// What asks. Before a line of JSON it means nothing.
const QUESTION: &[u8] = b" ";
/// Conversations of one connection.
const CHATS: usize = 64;

pub(super) struct Limits {
    /// Bytes of one line.
    pub(super) line_bytes: usize,
    /// Messages without their last word.
    pub(super) in_flight: usize,
    /// How long a client may take to show its token.
    pub(super) hello: Duration,
}

/// One client, for as long as its connection lasts. Its reading and its writing side run beside each other.
pub(super) struct ClientConnection {
    /// The number of the connection: the chats of two clients never have the same id.
    pub(super) number: u64,
    /// Both directions of the connection.
    stream: Stream,
    /// Held while one line is written.
    writing: AsyncLock<()>,
    /// What the reading and the writing side share.
    state: Lock<ConnectionState>,
    /// What all connections may hold together.
    budget: ByteBudget,
}

/// What the reading and the writing side share.
#[derive(Default)]
struct ConnectionState {
    /// Messages without their last word.
    in_flight: SortedMap<String, InFlight>,
    /// Last words that are being written.
    last_words: usize,
    /// Its client sends nothing more.
    read_closed: bool,
    /// The names of its conversations.
    chats: Vec<String>,
}

/// A message whose last word was not written yet.
struct InFlight {
    /// Whether its client wants to hear of progress.
    progress: bool,
    /// Whether its client shows the answer as it comes.
    parts: bool,
    _held: HeldBytes,
}

/// A message that waits for the gateway.
struct QueuedMessage {
    id: String,
    message: InboundMessage,
}

impl ClientConnection {
    pub(super) fn new(number: u64, stream: Stream, budget: ByteBudget) -> Self {
        Self { number, stream, writing: AsyncLock::new(()), state: Lock::default(), budget }
    }

    /// Its conversations, as the host knows them.
    pub(super) fn chats(&self) -> Vec<ChatId> {
        self.state().chats.iter().map(|chat| self.chat(chat)).collect()
    }

    /// The chat of this name. The connection's number keeps it apart from those of other connections.
    fn chat(&self, name: &str) -> ChatId {
        ChatId::new(SOCKET, format!("{}/{name}", self.number))
    }

    pub(super) fn wants_progress(&self, id: &str) -> bool {
        self.state().in_flight.get(id).is_some_and(|message| message.progress)
    }

    pub(super) fn wants_parts(&self, id: &str) -> bool {
        self.state().in_flight.get(id).is_some_and(|message| message.parts)
    }

    /// Writes the last word on a message. Its id is free before the client can know of it.
    pub(super) async fn final_frame(
        &self,
        id: &str,
        frame: &ToClient<'_>,
    ) -> Result<(), PluginError> {
        {
            let mut state = self.state();
            state.in_flight.remove(id);
            state.last_words += 1;
        }
        let _written = FinalFrame(self);
        self.write(frame).await
    }

    /// Never held over a wait.
    fn state(&self) -> Held<'_, ConnectionState> {
        self.state.lock()
    }

    /// Reads until the client ends the connection. Messages are handed over in their order, beside
    /// the reading, so that a cancellation is never kept waiting.
    pub(super) async fn serve(
        &self,
        peer: &Peer,
        token: Option<&Secret>,
        limits: Limits,
        host: &dyn ChannelHost,
    ) -> Result<(), PluginError> {
        let mut frames = Frames::default();
        let mut lines = Vec::new();
        let sender = match peer {
            Peer::User { sender } => sender.clone(),
            Peer::Network => {
                let known = self.authenticate(token, &mut frames, &mut lines);
                let known = within(&SystemClock, limits.hello, known).await.unwrap_or_else(|| {
                    Err(ToClient::error(ErrorCode::NoToken, "no token was shown in time"))
                });
                if let Err(error) = known {
                    let said = self.write(&error).await;
                    self.close();
                    return said;
                }
                OWNER.to_owned()
            }
        };
        self.write(&ToClient::Hello).await?;
        let (ready, waiting) = async_channel::unbounded();
        let reading = async {
            // Dropped at the end, so that the handing over ends as well.
            let ready = ready;
            self.read(frames, lines, &limits, &sender, host, &ready).await
        };
        // Messages that wait for room don't keep anybody from noticing that their client has left.
        let served = async {
            reading.await?;
            self.wait_for_answers().await;
            Ok(())
        };
        let handing_over = async {
            self.hand_over(waiting, host).await?;
            pending().await
        };
        or(served, handing_over).await
    }

    /// A client that says no more still gets its answers, as long as it is there.
    async fn wait_for_answers(&self) {
        self.state().read_closed = true;
        let mut looks = 0;
        while !self.is_done() && !self.stream.is_hung_up() {
            if looks % LOOKS_BETWEEN == 0 && self.stream.hides_disconnect() {
                self.ask().await;
            }
            looks += 1;
            Timer::after(LOOK).await;
        }
        self.close();
    }

    /// Has the client's machine say whether the client is there. One that closed only its sending side
    /// takes no notice.
    async fn ask(&self) {
        // Whoever is written to anyway needs no question.
        if let Some(_turn) = self.writing.try_lock()
            && self.stream.write_all(QUESTION).await.is_err()
        {
            self.close();
        }
    }

    /// Whether the client says no more and waits for nothing.
    fn is_done(&self) -> bool {
        let state = self.state();
        state.read_closed && state.in_flight.is_empty() && state.last_words == 0
    }

    /// Waits for the line with the token. What comes behind it stays for later.
    async fn authenticate(
        &self,
        token: Option<&Secret>,
        frames: &mut Frames,
        lines: &mut Vec<Frame>,
    ) -> Result<(), ToClient<'static>> {
        let wrong =
            || ToClient::error(ErrorCode::WrongToken, "the first line has to show the token");
        while lines.is_empty() {
            let mut take = |piece: &[u8]| frames.push(piece, HELLO_BYTES, lines);
            if self.stream.read(&mut take).await.map_err(|_| wrong())? == 0 {
                return Err(wrong());
            }
        }
        let Frame::Line(line) = lines.remove(0) else { return Err(wrong()) };
        let Ok(FromClient::Hello { token: shown }) = FromClient::read(&line) else {
            return Err(wrong());
        };
        if token.is_some_and(|token| is_token(token, &shown)) { Ok(()) } else { Err(wrong()) }
    }

    /// Reads lines until the client ends its side. A line that outgrows the memory of all connections ends it too.
    async fn read(
        &self,
        mut frames: Frames,
        mut lines: Vec<Frame>,
        limits: &Limits,
        client: &str,
        host: &dyn ChannelHost,
        ready: &Sender<QueuedMessage>,
    ) -> Result<(), PluginError> {
        let mut held = self.budget.nothing();
        loop {
            for line in std::mem::take(&mut lines) {
                self.line(line, limits, client, host, ready).await?;
                // A client that sends without a pause never waits, so that nobody else had a turn.
                yield_now().await;
            }
            yield_now().await;
            let mut take = |piece: &[u8]| frames.push(piece, limits.line_bytes, &mut lines);
            match self.stream.read(&mut take).await {
                Ok(0) => return Ok(()),
                Ok(_) if held.resize(frames.unfinished_bytes()) => {}
                Ok(_) => {
                    drop((frames, held));
                    for line in lines {
                        self.line(line, limits, client, host, ready).await?;
                    }
                    return self.write(&ToClient::error(ErrorCode::NoRoom, NO_ROOM_MESSAGE)).await;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(PluginError::io("reading from the socket", &error)),
            }
        }
    }

    /// Handles one line. A line that is wrong is answered with an error, and the next one is read.
    async fn line(
        &self,
        line: Frame,
        limits: &Limits,
        client: &str,
        host: &dyn ChannelHost,
        ready: &Sender<QueuedMessage>,
    ) -> Result<(), PluginError> {
        let line = match line {
            Frame::Line(line) if line.trim_ascii().is_empty() => return Ok(()),
            Frame::Line(line) => line,
            Frame::TooLong => {
                let problem = format!("the line is over {} bytes", limits.line_bytes);
                return self.write(&ToClient::error(ErrorCode::LineTooLong, problem)).await;
            }
        };
        match FromClient::read(&line) {
            // A Unix client may greet too.
            Ok(FromClient::Hello { .. }) => Ok(()),
            Ok(FromClient::Cancel { id, chat }) => {
                host.cancel(&self.chat(&chat), Some(&id)).await;
                Ok(())
            }
            Ok(FromClient::Message {
                id,
                text,
                chat,
                thread,
                sender,
                progress,
                parts,
                attachments,
                metadata,
            }) => {
                let begun = speaker(client, sender).and_then(|sender| {
                    let held = self.begin(&id, &chat, limits, line.len())?;
                    let message = InFlight { progress, parts, _held: held };
                    self.state().in_flight.insert(id.clone(), message);
                    Ok(sender)
                });
                let sender = match begun {
                    Ok(sender) => sender,
                    Err(failure) => return self.write(&ToClient::Refused { id, failure }).await,
                };
                // Decoded within the message's room, which the last word gives back.
                let attachments = match Attachment::list(attachments).map_err(unusable) {
                    Ok(attachments) => attachments,
                    Err(failure) => {
                        let refused = ToClient::Refused { id: id.clone(), failure };
                        return self.final_frame(&id, &refused).await;
                    }
                };
                let message = InboundMessage {
                    id: Some(id.clone()),
                    thread,
                    attachments,
                    progress,
                    metadata,
                    ..InboundMessage::text(self.chat(&chat), sender, text)
                };
                // Its reader lives as long as this one.
                let _ = ready.try_send(QueuedMessage { id, message });
                Ok(())
            }
            Err(error) => {
                let problem = format!("not a line of the protocol: {error}");
                self.write(&ToClient::error(ErrorCode::BadLine, problem)).await
            }
        }
    }

    /// Notes the chat of a message, and returns the room that the message takes until its last word.
    fn begin(
        &self,
        id: &str,
        chat: &str,
        limits: &Limits,
        bytes: usize,
    ) -> Result<HeldBytes, Failure> {
        let refused =
            |code: ErrorCode, message: String, step: &str| Err(code.failure(message, step));
        if !is_name(id) || !is_name(chat) {
            let message = format!("`id` and `chat` have 1 to {NAME_CHARS} characters");
            return refused(ErrorCode::Invalid, message, "give it a short id");
        }
        let mut state = self.state();
        if state.in_flight.contains_key(id) {
            let message = format!("a message with the id `{id}` is in flight");
            return refused(ErrorCode::DuplicateId, message, "give each message its own id");
        }
        if state.in_flight.len() >= limits.in_flight {
            let message = format!("{} messages are in flight", limits.in_flight);
            return refused(ErrorCode::Busy, message, "wait for an answer");
        }
        if !state.chats.iter().any(|known| known == chat) {
            if state.chats.len() >= CHATS {
                let message = format!("there are {CHATS} conversations on this connection");
                return refused(
                    ErrorCode::TooManyChats,
                    message,
                    "use another connection, or `main`",
                );
            }
            state.chats.push(if chat == MAIN { MAIN.into() } else { chat.to_owned() });
        }
        match self.budget.hold(MESSAGE_COPIES * bytes) {
            Some(held) => Ok(held),
            None => refused(ErrorCode::NoRoom, NO_ROOM_MESSAGE.into(), "send it again later"),
        }
    }

    /// Hands messages to the gateway in their order. A chat without room makes the next ones wait.
    async fn hand_over(
        &self,
        waiting: Receiver<QueuedMessage>,
        host: &dyn ChannelHost,
    ) -> Result<(), PluginError> {
        while let Ok(QueuedMessage { id, message }) = waiting.recv().await {
            if let Err(error) = host.deliver_inbound(message).await {
                let failure = Failure::of(&error);
                self.final_frame(&id, &ToClient::Refused { id: id.clone(), failure }).await?;
            }
        }
        Ok(())
    }

    /// Writes one line. If it is given up in the middle the connection ends, since what came after
    /// half a line could not be understood.
    pub(super) async fn write(&self, frame: &ToClient<'_>) -> Result<(), PluginError> {
        let mut line = frame.line();
        let room = self.budget.hold_while_waiting(ANSWER_COPIES * line.len());
        let held = within(&SystemClock, ROOM_PATIENCE, room).await.flatten();
        if held.is_none() {
            // A client that reads what it gets hears of it; one that doesn't is let go, and what
            // waits for it with it.
            let reads = self.writing.try_lock().is_some();
            let Some(instead) = frame.without_room().filter(|_| reads) else {
                self.close();
                return Err(PluginError::Cancelled);
            };
            line = instead.line();
        }
        let _held = held;
        let _turn = self.writing.lock().await;
        let unfinished = PartialLine(&self.stream);
        let written = self.stream.write_all(line.as_bytes()).await;
        if written.is_ok() {
            std::mem::forget(unfinished);
        }
        written.map_err(|error| match error.kind() {
            // Nobody is there who could hear it.
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => PluginError::Cancelled,
            _ => PluginError::io("writing to the socket", &error),
        })
    }

    /// Ends both directions. What waits to be written is lost.
    pub(super) fn close(&self) {
        self.stream.close();
    }
}

/// Whether a text is short enough to name a speaker.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_CHARS
}

/// Whose message it is: the client's own, or that of the sender for whom it speaks.
///
/// Only the owner's own programs may speak for others. What they say for somebody is never the
/// owner's, nor that of another user of the machine: whoever is called so elsewhere has no right here.
fn speaker(client: &str, named: Option<String>) -> Result<String, Failure> {
    let Some(named) = named else { return Ok(client.to_owned()) };
    let refused = |code: ErrorCode, message: &str, step: &str| Err(code.failure(message, step));
    if client != OWNER {
        let message = "only the owner's programs may speak for another `sender`";
        return refused(ErrorCode::Refused, message, "leave `sender` out");
    }
    if named == OWNER || named.starts_with(USER) {
        let message = "`owner` and the users of this machine are not spoken for";
        return refused(ErrorCode::Refused, message, "leave `sender` out to speak for yourself");
    }
    match is_name(&named) {
        true => Ok(named),
        false => {
            let message = format!("`sender` has 1 to {NAME_CHARS} characters");
            refused(ErrorCode::Invalid, &message, "give it a short name")
        }
    }
}

/// The refusal of attachments that can't be read.
fn unusable(problem: String) -> Failure {
    Failure::of(&PluginError::Invalid { what: "`attachments`".into(), problem })
}

/// A final frame that is being written: closes the connection after it if nothing more can happen on
/// it.
struct FinalFrame<'c>(&'c ClientConnection);

impl Drop for FinalFrame<'_> {
    fn drop(&mut self) {
        self.0.state().last_words -= 1;
        if self.0.is_done() {
            self.0.close();
        }
    }
}

/// A line that is being written: closes the stream if it is dropped half-written.
struct PartialLine<'s>(&'s Stream);

impl Drop for PartialLine<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_user_speaks_only_for_itself() {
        let code = |said: Result<String, Failure>| said.unwrap_err().code;
        assert_eq!(speaker("uid:7", None).as_deref(), Ok("uid:7"));
        for name in ["ann", OWNER, "uid:7", "uid:0"] {
            assert_eq!(code(speaker("uid:7", Some(name.into()))), "refused", "{name}");
        }
    }
}
