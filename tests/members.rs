//! Plugins that are channels and stages as members of a running program: who of them is wanted, and what
//! becomes of them when their plugins come, change and go.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[allow(dead_code, reason = "it is shared with tests that need all of it")]
mod support;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Dir, Running, guest};
use weft_lite::Runtime;
use weft_lite::actor::WantedChannels;

/// Adds the mailbox under an id, with a limit of characters in a message.
fn mailbox(dir: &Dir, id: &str, version: &str, max_message_chars: usize) {
    let manifest = json!({
        "capabilities": ["channel"],
        "version": version,
        "permissions": { "filesystem": ["$WORKSPACE/mailbox"] },
        "channel": { "poll_seconds": 0.1, "threads": true, "max_message_chars": max_message_chars },
    });
    let _ = fs::remove_dir_all(dir.path("plugins").join(id));
    dir.plugin(id, &guest("mailbox"), &manifest);
    fs::create_dir_all(dir.path("mailbox")).unwrap();
}

fn redact(dir: &Dir) {
    dir.plugin("redact", &guest("redact"), &json!({ "capabilities": ["pipeline_stage"] }));
}

fn configure(dir: &Dir, config: &str) {
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", config);
}

/// Waits for the first message out of the mailbox and gives its text.
fn posted(dir: &Dir) -> String {
    let path = dir.path("mailbox/outbox/1.json");
    loop {
        if let Ok(text) = fs::read_to_string(&path)
            && let Ok(message) = serde_json::from_str::<Value>(&text)
        {
            return message["payload"]["text"].as_str().unwrap().to_owned();
        }
        sleep(Duration::from_millis(5));
    }
}

/// Asks for the state of everything until it is as wanted.
#[track_caller]
fn until(running: &mut Running, wanted: impl Fn(&str) -> bool) {
    loop {
        running.type_line("/status");
        let answer: Value = serde_json::from_str(&running.next_line()).unwrap();
        if wanted(answer["result"].as_str().unwrap()) {
            return;
        }
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_plugin_channel_serves_its_configured_owner() {
    let dir = Dir::new();
    mailbox(&dir, "mailbox", "1.0.0", 1_000);
    configure(&dir, "channels: {mailbox: {owner: ann}}\n");
    let mut running = dir.start(&["run", "--json"]);
    until(&mut running, |status| status.contains("channel mailbox (plugin mailbox)  running"));
    let lines = [
        json!({ "from": "bob", "room": "den", "text": "/status" }),
        json!({ "from": "ann", "room": "den", "text": "/audit 1" }),
    ];
    dir.write("mailbox/inbox.jsonl", lines.map(|line| format!("{line}\n")).concat());
    // Nobody answers bob, and ann is the owner.
    assert!(posted(&dir).contains("  mailbox  "));
}

#[test]
fn only_the_channels_that_are_named_are_served() {
    let dir = Dir::new();
    mailbox(&dir, "mailbox", "1.0.0", 1_000);
    redact(&dir);
    dir.run(&["run"])
        .exits(0)
        .says("warning: nobody may talk over the channel mailbox")
        .says("set `channels: {mailbox: {owner: NAME}}` in config.yaml");
    configure(&dir, "channels: {mailbox: {owner: ann}}\n");
    let ran = dir.run_with_input(&["run", "--channel", "console"], b"/status\n").exits(0);
    assert!(!ran.stdout.contains("channel mailbox"), "{ran:#?}");
    assert!(ran.stdout.contains("pipeline_stage redact (plugin redact)  running"), "{ran:#?}");
    assert!(!ran.stderr.contains("nobody may talk"), "{ran:#?}");
}

#[test]
fn members_follow_plugins_that_come_and_go() {
    let dir = Dir::new();
    let mut running = dir.start(&["run", "--json"]);
    let state = "pipeline_stage redact (plugin redact)  running";
    until(&mut running, |status| !status.contains("redact"));
    redact(&dir);
    until(&mut running, |status| status.contains(state));
    fs::remove_dir_all(dir.path("plugins/redact")).unwrap();
    until(&mut running, |status| !status.contains("redact"));
}

/// A runtime on the plugins of a folder.
fn runtime(dir: &Dir) -> Runtime {
    let plugins: &Path = &dir.path("plugins");
    let workspace = dir.path("");
    Runtime::builder().without_bundled().workspace(workspace).plugins(plugins).build()
}

#[test]
fn no_plugin_replaces_a_built_in_channel() {
    let dir = Dir::new();
    for id in ["console", "socket", "mailbox"] {
        mailbox(&dir, id, "1.0.0", 1_000);
    }
    let runtime = runtime(&dir);
    let gateway = runtime.gateway(runtime.commands(), [].into());
    let all: WantedChannels = std::sync::Arc::new(|_| true);
    runtime.block_on(async {
        runtime.load().await;
        runtime.host().adopt_guests(&gateway.inbox(), &all).await;
        let members = runtime.host().members();
        let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["mailbox"]);
        runtime.stop().await;
    });
}

#[test]
fn a_new_plugin_version_is_a_new_member() {
    let dir = Dir::new();
    mailbox(&dir, "mailbox", "1.0.0", 1_000);
    let runtime = runtime(&dir);
    let gateway = runtime.gateway(runtime.commands(), [].into());
    let all: WantedChannels = std::sync::Arc::new(|_| true);
    let host = runtime.host().clone();
    let limit = || {
        let channel = host.running_channel("mailbox")?;
        channel.format().max_message_chars.map(std::num::NonZeroUsize::get)
    };
    let inbox = gateway.inbox();
    let follows = host.clone();
    let following =
        runtime.executor().spawn(async move { follows.follow_guests(inbox, all).await });
    runtime.block_on(async {
        runtime.load().await;
        while limit() != Some(1_000) {
            smol::future::yield_now().await;
        }
        mailbox(&dir, "mailbox", "1.0.1", 77);
        runtime.load().await;
        while limit() != Some(77) {
            smol::future::yield_now().await;
        }
        assert_eq!(host.members().len(), 1);
        following.cancel().await;
        runtime.stop().await;
    });
}

#[test]
fn following_guests_ends_with_the_runtime() {
    let dir = Dir::new();
    mailbox(&dir, "mailbox", "1.0.0", 1_000);
    let runtime = runtime(&dir);
    let gateway = runtime.gateway(runtime.commands(), [].into());
    let all: WantedChannels = std::sync::Arc::new(|_| true);
    let (host, follows, inbox) = (runtime.host(), runtime.host().clone(), gateway.inbox());
    let following =
        runtime.executor().spawn(async move { follows.follow_guests(inbox, all).await });
    runtime.block_on(async {
        runtime.load().await;
        while host.running_channel("mailbox").is_none() {
            smol::future::yield_now().await;
        }
        runtime.stop().await;
    });
    while runtime.executor().try_tick() {}
    assert!(following.is_finished());
    assert!(host.members().is_empty());
}
