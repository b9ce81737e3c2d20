//! Drafts: an answer is shown as it comes, by a message that is replaced.
//!
//! One call of the channel is under way at a time, and the next one follows after a while with the newest text. So a slow
//! channel piles up nothing, and delays nobody who says more.

use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future::or;

use super::inbound::Inbound;
use super::outbound::Outbound;
use super::reply::replies;
use crate::command::Answer;
use crate::contract::{ChannelAdapter, Reply};
use crate::task::Lock;

/// How long a draft stays as it is, at least.
const STAYS: Duration = Duration::from_secs(1);

/// The message that is shown as a draft.
struct ShownDraft {
    id: String,
    reply: Reply,
}

/// Shows what was said for `inbound` until no more comes. Returns the id of the draft, if there is one.
///
/// A draft that can't be sent or replaced is the last one: the answer comes anyway.
pub(super) async fn show(
    outbound: &Outbound,
    channel: &dyn ChannelAdapter,
    inbound: &Inbound,
    said: &Lock<String>,
    (ended, more): (Sender<()>, Receiver<()>),
) -> Option<String> {
    let mut shown: Option<ShownDraft> = None;
    // What is left at the end comes with the answer.
    while more.recv().await.is_ok() && !more.is_closed() {
        let text = said.lock().clone();
        // As much as one message takes.
        let beginning = replies(inbound, Ok(&Answer::text(text.trim_end())), "", channel);
        let Some(reply) = beginning.into_iter().next().map(|reply| Reply { parts: 1, ..reply })
        else {
            continue;
        };
        let is_same = |shown: &ShownDraft| shown.reply.payload == reply.payload;
        if text.trim().is_empty() || shown.as_ref().is_some_and(is_same) {
            continue;
        }
        let sent = match &shown {
            None => outbound.draft(channel, &reply).await,
            Some(ShownDraft { id, .. }) => {
                outbound.revise(channel, id, &reply).await.map(|()| id.clone())
            }
        };
        match sent {
            Ok(id) => shown = Some(ShownDraft { id, reply }),
            Err(error) => {
                log::debug!("channel {}: draft not shown: {error}", channel.name());
                break;
            }
        }
        or(outbound.clock.sleep(STAYS), ended.closed()).await;
    }
    shown.map(|shown| shown.id)
}
