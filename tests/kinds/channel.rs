//! The mailbox: threads, media, receipts, and what happens when something fails in between.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_channel::{Receiver, Sender};
use futures_lite::future::zip;
use serde_json::json;
use weft_lite::channel::{ChatId, InboundMessage};
use weft_lite::errors::{CallError, PluginError};
use weft_lite::{BoxFuture, Cancellation, CancellationSource, ChannelHost, MessagePayload, Reply};

use crate::guest::Guest;
use crate::hostile::{answering, area, kind_guest};
use crate::support::{World, guest_error};
use crate::warnings;

/// A host that hands on what it is given, and takes only as much as it was told.
pub(crate) struct Host {
    delivered: Sender<InboundMessage>,
    takes: AtomicUsize,
}

impl Host {
    pub(crate) fn taking(messages: usize) -> (Arc<Self>, Receiver<InboundMessage>) {
        let (delivered, receiver) = async_channel::unbounded();
        (Arc::new(Self { delivered, takes: AtomicUsize::new(messages) }), receiver)
    }
}

impl ChannelHost for Host {
    fn deliver_inbound(&self, message: InboundMessage) -> BoxFuture<'_, Result<(), PluginError>> {
        Box::pin(async move {
            let left = self.takes.load(Ordering::Relaxed);
            if left == 0 {
                return Err(PluginError::Cancelled);
            }
            self.takes.store(left - 1, Ordering::Relaxed);
            self.delivered.send(message).await.map_err(|_| PluginError::Cancelled)
        })
    }
}

const INBOX: &str = r#"{"from": "ann", "room": "kitchen", "text": "Is there tea?"}
{"from": "bob", "room": "kitchen", "thread": "tea", "json": {"cups": 2.50}}
{"from": "ann", "room": "hall", "mime": "image/png", "bytes": "iVBORw=="}
"#;

/// Runs a channel until `messages` have come, then stops it.
fn receive(
    world: &World,
    id: &str,
    messages: usize,
) -> (Result<(), PluginError>, Vec<InboundMessage>) {
    let (host, delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel(id).unwrap();
    let stop = CancellationSource::new();
    let running = channel.start(host, stop.token());
    let collecting = async {
        let mut all = Vec::new();
        for _ in 0..messages {
            all.push(delivered.recv().await.unwrap());
        }
        stop.cancel();
        all
    };
    world.block_on(zip(running, collecting))
}

#[test]
fn inbox_files_are_delivered_with_threads_and_media() {
    let world = World::with_example("mailbox");
    world.write("mailbox/inbox.jsonl", INBOX);
    let (ended, messages) = receive(&world, "mailbox", 3);
    assert_eq!(ended, Ok(()));
    let message = |number: &str, sender: &str, chat: &str, room: &str, payload| InboundMessage {
        id: Some(number.into()),
        metadata: [("room".to_owned(), json!(room))].into(),
        ..InboundMessage::new(ChatId::new("mailbox", chat), sender, payload)
    };
    let cups = MessagePayload::Json { value: json!({ "cups": 2.5 }) };
    let picture = vec![0x89, b'P', b'N', b'G'];
    let picture = MessagePayload::Binary { mime: "image/png".into(), bytes: picture };
    let tea = MessagePayload::text("Is there tea?");
    let second = message("2", "bob", "kitchen/tea", "kitchen", cups);
    assert_eq!(
        messages,
        [
            message("1", "ann", "kitchen", "kitchen", tea),
            InboundMessage { thread: Some("tea".into()), ..second },
            message("3", "ann", "hall", "hall", picture),
        ]
    );
    assert_eq!(world.read("mailbox/inbox.taken"), "3", "what was delivered was acknowledged");
}

#[test]
fn what_comes_while_it_runs_is_delivered_too() {
    let world = World::with_example("mailbox");
    let (host, delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel("mailbox").unwrap();
    let stop = CancellationSource::new();
    let writing = async {
        world.write("mailbox/inbox.jsonl", INBOX);
        assert_eq!(delivered.recv().await.unwrap().sender, "ann");
        assert_eq!(delivered.recv().await.unwrap().sender, "bob");
        assert_eq!(delivered.recv().await.unwrap().chat.chat, "hall");
        // The end of this line is not there yet, so it is no message.
        let more = format!("{INBOX}{}", r#"{"from": "cat", "room": "r", "text": "#);
        world.write("mailbox/inbox.jsonl", &more);
        world.write("mailbox/inbox.jsonl", &format!("{more}\"meow\"}}\n"));
        assert_eq!(delivered.recv().await.unwrap().sender, "cat");
        stop.cancel();
    };
    let (ended, ()) = world.block_on(zip(channel.start(host, stop.token()), writing));
    assert_eq!(ended, Ok(()));
}

#[test]
fn a_message_the_host_declined_comes_again() {
    let world = World::with_example("mailbox");
    world.write("mailbox/inbox.jsonl", INBOX);
    let (host, delivered) = Host::taking(1);
    let channel = world.host().channel("mailbox").unwrap();
    let stop = CancellationSource::new();
    let ended = world.block_on(channel.start(host, stop.token()));
    assert_eq!(ended, Err(PluginError::Cancelled));
    assert_eq!(delivered.len(), 1);
    assert_eq!(world.read("mailbox/inbox.taken"), "1");
    // Also after the program was started again.
    let world = world.started_again("mailbox");
    let (ended, messages) = receive(&world, "mailbox", 2);
    assert_eq!(ended, Ok(()));
    assert_eq!(messages[0].sender, "bob");
}

#[test]
fn sent_messages_are_stored_under_their_ids() {
    let world = World::with_example("mailbox");
    let channel = world.host().channel("mailbox").unwrap();
    assert_eq!((channel.name(), channel.display_name()), ("mailbox", "Mailbox"));
    assert!(channel.supports_threads() && channel.supports_media());
    let picture = MessagePayload::Binary { mime: "image/png".into(), bytes: vec![0, 255, 16] };
    world.block_on(async {
        let text = MessagePayload::text("Yes: \"green\"");
        assert_eq!(channel.send("kitchen/tea", &text).await.as_deref(), Ok("1"));
        assert_eq!(channel.send("hall", &picture).await.as_deref(), Ok("2"));
        let refused = channel.send("kitchen/", &text).await;
        assert_eq!(guest_error(refused), "`kitchen/` is no room and no thread in a room");
    });
    let first = json!({
        "id": "1", "room": "kitchen", "thread": "tea",
        "payload": { "type": "text", "text": "Yes: \"green\"" },
    });
    assert_eq!(world.read_json("mailbox/outbox/1.json"), first);
    let second = json!({
        "id": "2", "room": "hall",
        "payload": { "type": "binary", "mime": "image/png", "bytes": "AP8Q" },
    });
    assert_eq!(world.read_json("mailbox/outbox/2.json"), second);
    let world = world.started_again("mailbox");
    let channel = world.host().channel("mailbox").unwrap();
    let third = world.block_on(channel.send("hall", &picture));
    assert_eq!(third.as_deref(), Ok("3"), "no id is given twice");
}

#[test]
fn answers_carry_threads_where_supported() {
    let reply = |thread: Option<&str>| Reply {
        chat: "kitchen".into(),
        thread: thread.map(str::to_owned),
        reply_to: None,
        payload: MessagePayload::text("Yes"),
        failure: None,
        part: 0,
        parts: 1,
        said_bytes: 0,
    };
    let world = World::with_example("mailbox");
    let channel = world.host().channel("mailbox").unwrap();
    world.block_on(async {
        assert_eq!(channel.reply(&reply(Some("tea"))).await.as_deref(), Ok("1"));
        assert_eq!(channel.reply(&reply(None)).await.as_deref(), Ok("2"));
    });
    let sent = |number| world.read_json(&format!("mailbox/outbox/{number}.json"))["payload"].take();
    assert_eq!(sent(1), json!({ "type": "text", "text": "Yes", "thread": "tea" }));
    assert_eq!(sent(2), json!({ "type": "text", "text": "Yes" }));

    // A guest that gives back what it is to send, and whose manifest has no threads.
    let echo = "(i32.store (i32.const 500) (i32.const 0)) (i32.store (i32.const 504) (local.get 2))
        (i32.store (i32.const 508) (local.get 3)) (i32.const 500)";
    let world = World::with_guest(&kind_guest("channel#send", echo), &["tool", "channel"]);
    let channel = world.host().channel("test").unwrap();
    let sent = world.block_on(channel.reply(&reply(Some("tea"))));
    assert_eq!(sent.as_deref(), Ok(r#"{"type":"text","text":"Yes"}"#));
}

#[test]
fn an_invalid_line_does_not_block_later_ones() {
    let world = World::with_example("mailbox");
    world.write(
        "mailbox/inbox.jsonl",
        "nonsense\n{\"from\": \"ann\"}\n\n{\"from\": \"ann\", \"room\": \"a/b\", \"text\": \"\"}\n\
         {\"from\": \"bob\", \"room\": \"hall\", \"text\": \"\"}\n",
    );
    let (ended, messages) = receive(&world, "mailbox", 1);
    assert_eq!(ended, Ok(()));
    assert_eq!((&*messages[0].sender, messages[0].id.as_deref()), ("bob", Some("5")));
    assert_eq!(world.read("mailbox/inbox.taken"), "5");
}

#[test]
fn a_recreated_inbox_is_read_from_its_start() {
    let world = World::with_example("mailbox");
    world.write("mailbox/inbox.jsonl", INBOX);
    assert_eq!(receive(&world, "mailbox", 3).1.len(), 3);
    world.write("mailbox/inbox.jsonl", INBOX.lines().next().unwrap());
    fs::OpenOptions::new()
        .append(true)
        .open(world.path("mailbox/inbox.jsonl"))
        .and_then(|mut file| std::io::Write::write_all(&mut file, b"\n"))
        .unwrap();
    assert_eq!(receive(&world, "mailbox", 1).1[0].sender, "ann");
}

#[test]
fn a_channel_stopped_before_start_ends_in_order() {
    let world = World::with_example("mailbox");
    world.write("mailbox/inbox.jsonl", INBOX);
    let (ended, messages) = receive(&world, "mailbox", 0);
    assert_eq!((ended, messages.len()), (Ok(()), 0));
}

#[test]
fn a_channel_of_a_stopped_plugin_reports_why() {
    let world = World::with_example("mailbox");
    let (host, _delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel("mailbox").unwrap();
    let stop = CancellationSource::new();
    let unloading = world.host().unload("mailbox");
    let (ended, gone) = world.block_on(zip(channel.start(host, stop.token()), unloading));
    assert!(gone);
    let reason = ended.unwrap_err();
    assert!(
        matches!(&reason, PluginError::Call(CallError::NotReady { .. }) | PluginError::Cancelled),
        "{reason:?}"
    );
}

/// A guest whose `poll` runs `body`, as channel `test`.
fn polling(body: &str) -> World {
    World::with_guest(&kind_guest("channel#poll", body), &["tool", "channel"])
}

fn run(world: &World) -> (Result<(), PluginError>, usize) {
    let (host, delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel("test").unwrap();
    let never = CancellationSource::new();
    (world.block_on(channel.start(host, never.token())), delivered.len())
}

#[test]
fn a_channel_ends_with_its_first_error() {
    let failing = polling(&answering(1, "the line is dead"));
    assert_eq!(guest_error(run(&failing).0), "the line is dead");
    let (ended, _) = run(&polling("(unreachable)"));
    assert!(matches!(ended, Err(PluginError::Call(CallError::Trap { .. }))), "{ended:?}");
}

/// A record at 600 whose fields are all empty but the payload, `text`, and the metadata.
fn one_message(payload: &str, metadata: &str) -> String {
    let store = |at: usize, text: &str| {
        let bytes: String = text
            .bytes()
            .enumerate()
            .map(|(index, byte)| {
                format!("(i32.store8 (i32.const {}) (i32.const {byte}))", at + index)
            })
            .collect();
        bytes
    };
    format!(
        "{} {} (i32.store (i32.const 616) (i32.const 1000)) (i32.store (i32.const 620) (i32.const {}))
         (i32.store (i32.const 624) (i32.const 2000)) (i32.store (i32.const 628) (i32.const {})) {}",
        store(1000, payload),
        store(2000, metadata),
        payload.len(),
        metadata.len(),
        area(0, 600, 1)
    )
}

/// What a stranger puts into the metadata must not end the channel.
#[test]
fn metadata_of_the_wrong_type_costs_one_message() {
    for metadata in [r#"{"thread":1}"#, r#"{"attachments":[{"mime":"a/b","bytes":"?"}]}"#] {
        let message = one_message(r#"{"type":"text","text":"a"}"#, metadata);
        let done = answering(1, "done");
        let (ended, delivered) = run(&polling(&format!(
            "(i32.load (i32.const 500)) (i32.store (i32.const 500) (i32.const 1))
             (if (result i32) (then {done}) (else {message}))"
        )));
        assert_eq!((&*guest_error(ended), delivered), ("done", 0), "{metadata}");
    }
}

/// A guest that returns an unreadable message, whose id begins with `bad.`, then a readable one `good`,
/// until it has their two receipts; then polling fails with their first letters.
fn two_messages(id: &str, payload: &str, metadata: &str) -> World {
    let text = |at: usize, text: &str| {
        let bytes: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        format!("(data (i32.const {at}) \"{bytes}\")")
    };
    let span = |at: usize, pointer: usize, length: usize| {
        format!(
            "(i32.store (i32.const {at}) (i32.const {pointer})) (i32.store (i32.const {}) (i32.const {length}))",
            at + 4
        )
    };
    let good = r#"{"type":"text","text":"a"}"#;
    let poll = format!(
        "(if (result i32) (i32.ge_u (global.get $receipts) (i32.const 8))
            (then {}) (else {} {} (i32.store8 (i32.const 644) (i32.const 1)) {}
                {} (i32.store8 (i32.const 700) (i32.const 1)) {} {}))",
        area(1, 2600, 8),
        span(616, 1000, payload.len()),
        span(624, 1500, metadata.len()),
        span(648, 3000, id.len()),
        span(672, 2000, good.len()),
        span(704, 2500, 4),
        area(0, 600, 2),
    );
    let acknowledge = format!(
        "(global $receipts (mut i32) (i32.const 0))
         (func (export \"receipts#acknowledge\") (param i32 i32) (result i32)
            (i32.store (i32.add (i32.const 2600) (global.get $receipts)) (i32.load (local.get 0)))
            (global.set $receipts (i32.add (global.get $receipts) (i32.const 4)))
            {})
         {} {} {} {} {}",
        area(0, 0, 0),
        text(1000, payload),
        text(1500, metadata),
        text(2000, good),
        text(2500, "good"),
        text(3000, id),
    );
    World::with_guest(&kind_guest("channel#poll", &poll).with(&acknowledge), &["tool", "channel"])
}

#[test]
fn an_unreadable_message_costs_no_other() {
    let text = r#"{"type":"text","text":"a"}"#;
    let long = format!("bad.{}", "x".repeat(1_021));
    for (id, payload, metadata, words) in [
        (&*long, text, "", "its id has 1025 bytes, of at most 1024"),
        ("bad.", "{", "", "its payload can't be read"),
        ("bad.", r#"{"type":"smoke\nerror: fire"}"#, "", r"unknown variant `smoke\nerror: fire`"),
        (
            "bad.",
            r#"{"type":"binary","mime":"a/b","bytes":"iVA"}"#,
            "",
            "is not base64 with padding",
        ),
        ("bad.", r#"{"type":"binary","mime":"a/b","bytes":[1,2]}"#, "", "invalid type"),
        ("bad.", text, "[]", "its metadata can't be read"),
        ("bad.", text, "{", "its metadata can't be read"),
    ] {
        let world = two_messages(id, payload, metadata);
        let said = warnings::during(|| {
            let (ended, delivered) = run(&world);
            // Without a receipt it would come back for ever.
            assert_eq!((&*guest_error(ended), delivered), ("bad.good", 1), "{payload} {metadata}");
        });
        assert!(said[0].starts_with("channel test: a message is left out, because "), "{said:?}");
        assert!(said[0].contains(words) && said[0].contains("; report this to "), "{said:?}");
    }
}

#[test]
fn a_message_is_delivered_once_despite_failed_receipts() {
    // Message 1 is given until it is acknowledged, which fails the first time; then polling ends.
    let text = r#"{"type":"text","text":"a"}"#;
    let record = format!(
        "(i32.store8 (i32.const 644) (i32.const 1)) (i32.store (i32.const 648) (i32.const 700))
         (i32.store (i32.const 652) (i32.const 4)) {}",
        one_message(text, "")
    );
    let done = answering(1, "done");
    let poll = format!(
        "(if (result i32) (i32.ge_u (global.get $asked) (i32.const 2)) (then {done}) (else {record}))"
    );
    let fails = area(1, 700, 9);
    let acknowledge = format!(
        "(global $asked (mut i32) (i32.const 0))
         (func (export \"receipts#acknowledge\") (param i32 i32) (result i32)
            (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
            (if (result i32) (i32.eq (global.get $asked) (i32.const 1)) (then {fails}) (else {})))",
        area(0, 0, 0)
    );
    let guest: Guest = kind_guest("channel#poll", &poll).with(&acknowledge);
    let world = World::with_guest(&guest, &["tool", "channel"]);
    let (host, delivered) = Host::taking(usize::MAX);
    let channel = world.host().channel("test").unwrap();
    let never = CancellationSource::new();
    let start = |token: Cancellation| world.block_on(channel.start(host.clone(), token));
    assert_eq!(guest_error(start(never.token())), "some text");
    assert_eq!(delivered.len(), 1);
    assert_eq!(guest_error(start(never.token())), "done");
    assert_eq!(delivered.len(), 1, "the host has it already");
}

#[test]
fn a_channel_without_media_refuses_them_early() {
    let world =
        World::with_guest(&kind_guest("channel#send", "(unreachable)"), &["tool", "channel"]);
    let channel = world.host().channel("test").unwrap();
    assert!(!channel.supports_media() && !channel.supports_threads());
    let picture = MessagePayload::Binary { mime: "image/png".into(), bytes: Vec::new() };
    let refused = world.block_on(channel.send("room", &picture)).unwrap_err();
    assert_eq!(refused.to_string(), "image/png on channel `test` is not supported");
}
