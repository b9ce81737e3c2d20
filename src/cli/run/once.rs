//! Answers one message, or prints the prompt of messages.

use std::cell::Cell;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use weft_lite::actor::{Member, WantedChannels};
use weft_lite::channel::{ChatId, ConsoleChannel, InboundMessage, OWNER};
use weft_lite::command::{Conversation, ProgressNotes};
use weft_lite::pipeline::{ChannelRules, MessageState, Pipeline};
use weft_lite::text::json_line;
use weft_lite::{PluginCapability, Runtime};

use super::channels::{self, CONSOLE};
use super::startup;
use crate::cli::flags::Options;
use crate::cli::interrupts::{self, Interrupts};
use crate::cli::{CommandFailure, Status, output};

/// Longer than any message may take.
const GRACE: Duration = Duration::from_secs(3_600);

/// Answers one message as the console would.
pub(super) fn answer(
    runtime: &Runtime,
    message: &str,
    options: &Options,
    interrupts: &mut Interrupts,
) -> Result<Status, CommandFailure> {
    if is_plain(runtime, message) && !options.json {
        startup::report_unanswered(runtime);
    }
    let rules = [(CONSOLE.to_owned(), ChannelRules::owner_only())].into();
    let commands = runtime.commands();
    let gateway = runtime.gateway(commands, rules);
    let style = channels::style(options);
    let console = Arc::new(ConsoleChannel::stdout(style));
    let inbox = gateway.inbox();
    let chat = ChatId::new(CONSOLE, CONSOLE);
    let is_taken = Cell::new(false);
    let answering = async {
        start_guests(runtime, &inbox).await;
        let member = Member::channel(Arc::clone(&console) as _, Arc::clone(&inbox));
        runtime.host().register(member).await?;
        let accepted =
            inbox.deliver_inbound(InboundMessage::text(chat.clone(), OWNER, message)).await;
        is_taken.set(true);
        gateway.stop(GRACE).await;
        runtime.stop().await;
        Ok(accepted?)
    };
    let status = runtime.block_on(async {
        let mut answering = pin!(answering);
        if let Some(answered) = interrupts.unless(answering.as_mut()).await {
            return answered.map(|()| Status::Done);
        }
        if !inbox.cancel(&chat, None).await && !is_taken.get() {
            interrupts::with_grace(runtime.stop()).await;
            // The message was not accepted.
            return Err(CommandFailure::interrupted());
        }
        // The sender gets an error, unless a second signal comes.
        let answered = interrupts.unless(answering).await;
        let is_late = answered.is_some() && console.failures() == 0;
        Ok(if is_late { Status::Done } else { Status::Interrupted })
    })?;
    if let Some(fault) = console.fault() {
        return Err(CommandFailure::of(fault));
    }
    if console.is_closed() {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe).into());
    }
    Ok(if status == Status::Done && console.failures() > 0 { Status::Failed } else { status })
}

/// Whether a message is plain text: neither a command nor the call of a tool.
fn is_plain(runtime: &Runtime, message: &str) -> bool {
    let first = message.split_whitespace().next().unwrap_or_default();
    !first.starts_with('/') && runtime.host().registry().find_tool(first).is_err()
}

/// Prints the prompt of a new conversation, or the one that `message` got.
pub(super) fn show_prompt(
    runtime: &Runtime,
    message: Option<&str>,
    options: &Options,
    interrupts: &mut Interrupts,
) -> Result<Status, CommandFailure> {
    let pipeline = Pipeline::new(runtime.commands(), runtime.trusted_workspace());
    let prompt = async {
        let Some(message) = message else { return Some(pipeline.assembler().prompt(&[])) };
        let state = MessageState {
            channel: CONSOLE.into(),
            chat: CONSOLE.into(),
            sender: OWNER.into(),
            is_owner: true,
            text: message.to_owned(),
            ..MessageState::default()
        };
        let conversation = Arc::new(Conversation::default());
        let outcome = pipeline.run(state, &conversation, &ProgressNotes::default()).await;
        if let Some(failure) = &outcome.state.failure {
            output::problem(&failure.message, &failure.next_step);
        }
        outcome.state.prompt
    };
    let prompt = runtime.block_on(interrupts.unless(prompt));
    runtime.block_on(interrupts::with_grace(runtime.stop()));
    match prompt.ok_or_else(CommandFailure::interrupted)? {
        Some(prompt) => {
            match options.json {
                true => output::data(&json_line(&output::object(&[("prompt", &prompt)])))?,
                false => output::guest_text(prompt.as_str())?,
            }
            Ok(Status::Done)
        }
        None => Ok(Status::Failed),
    }
}

/// Starts all members except channels.
async fn start_guests(runtime: &Runtime, inbox: &Arc<dyn weft_lite::ChannelHost>) {
    let none: WantedChannels = Arc::new(|_| false);
    let host = runtime.host();
    host.adopt_guests(inbox, &none).await;
    for kind in PluginCapability::ALL {
        host.start_kind(kind).await;
    }
}
