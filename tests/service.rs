//! The program as a service manager runs it: no terminal, nothing on its standard input, ended by
//! signals.

#![cfg(all(feature = "cli", feature = "socket"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/hangup.rs"]
mod hangup;
#[path = "support/service.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod service;
#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use hangup::hangup;
use serde_json::{Value, json};
use service::{LIMIT, Service, wait_until};
use support::Dir;

fn with_config(config: &str) -> Dir {
    let dir = Dir::new();
    fs::create_dir(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", config);
    dir
}

/// Asks for `/status` over the socket, and checks that it is answered.
#[track_caller]
fn is_served(socket: &Path) {
    let mut client = UnixStream::connect(socket).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    let message = json!({ "type": "message", "id": "1", "text": "/status" });
    writeln!(client, "{message}").unwrap();
    let lines = BufReader::new(client).lines().map(|line| line.unwrap());
    let mut frames = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    assert!(frames.any(|frame| frame["type"] == "answer" && frame["id"] == "1"));
}

#[test]
fn a_socket_outlives_an_empty_input() {
    for signal in ["TERM", hangup()] {
        let dir = with_config("channels: { socket: {} }");
        let mut service = Service::start(dir.command(&["run"]));
        service.says("note: the console has ended; still serving: socket");
        let socket = dir.path("home/.weft/weft.sock");
        is_served(&socket);
        service.signal(signal);
        assert_eq!(service.ends(), Some(0), "{signal}");
        assert!(!socket.exists(), "{signal}: the socket is left behind");
    }
}

#[test]
fn piped_lines_are_answered_and_the_socket_stays() {
    let dir = with_config("channels: { socket: {} }");
    let mut command = dir.command(&["run"]);
    let input = dir.write("input", "/status\n");
    command.stdin(fs::File::open(input).unwrap());
    let mut service = Service::start_with_input(command);
    service.says("note: the console has ended; still serving: socket");
    is_served(&dir.path("home/.weft/weft.sock"));
    service.signal("TERM");
    assert_eq!(service.ends(), Some(0));
}

#[test]
fn a_plugins_channel_outlives_an_empty_input() {
    let dir = with_config("channels: { mailbox: { owner: ann } }");
    let more = json!({
        "capabilities": ["channel"], "channel": { "poll_seconds": 0.1, "threads": true },
        "permissions": { "filesystem": ["$WORKSPACE/mailbox"] },
    });
    fs::create_dir(dir.path("mailbox")).unwrap();
    dir.plugin("mailbox", &support::guest("mailbox"), &more);
    let mut service = Service::start(dir.command(&["run"]));
    service.says("note: the console has ended; still serving: mailbox");
    let message = json!({ "from": "ann", "room": "home", "text": "/status" });
    // Only a whole line is taken.
    dir.write("inbox.new", format!("{message}\n"));
    fs::rename(dir.path("inbox.new"), dir.path("mailbox/inbox.jsonl")).unwrap();
    wait_until("the mailbox is answered", || dir.path("mailbox/outbox/1.json").exists());
    service.signal(hangup());
    assert_eq!(service.ends(), Some(0));
}

#[test]
fn a_removed_channel_releases_its_waiters() {
    let dir = with_config("channels: { mailbox: { owner: ann } }");
    let patience = json!({ "max_fuel": 100_000_000_000_u64, "max_execution_seconds": 300 });
    dir.plugin("probe", &support::probe(), &json!({ "resources": patience }));
    let more = json!({
        "capabilities": ["channel"], "channel": { "poll_seconds": 0.1, "threads": true },
        "permissions": { "filesystem": ["$WORKSPACE/mailbox"] },
    });
    fs::create_dir(dir.path("mailbox")).unwrap();
    let plugin = dir.plugin("mailbox", &support::guest("mailbox"), &more);
    let mut service = Service::start(dir.command(&["run", "--channel", "mailbox"]));
    service.says("2 plugins");
    let calls = json!({ "calls": [
        { "tool": "log", "params": { "level": 2, "message": "begun" } }, { "tool": "spin" },
    ] });
    // The second one waits behind the first.
    let text = format!("probe__many {calls}");
    let message = json!({ "from": "ann", "room": "home", "text": text });
    dir.write("inbox.new", format!("{message}\n{message}\n"));
    fs::rename(dir.path("inbox.new"), dir.path("mailbox/inbox.jsonl")).unwrap();
    service.says("[PLUGIN:probe] begun");
    fs::remove_dir_all(plugin).unwrap();
    service.says("- plugin mailbox");
    service.rests();
    service.signal("TERM");
    assert_eq!(service.ends(), Some(0));
    let said = service.everything();
    assert_eq!(said.matches("[PLUGIN:probe] begun").count(), 1, "{said}");
}

#[cfg(feature = "serve")]
#[test]
fn an_address_is_served_without_input() {
    for signal in ["TERM", hangup()] {
        let dir = Dir::new();
        let mut service = Service::start(dir.command(&["run", "--mcp", "127.0.0.1:0"]));
        service.says("serving MCP at http://127.0.0.1:");
        service.says("0 plugins, 0 tools");
        service.signal(signal);
        assert_eq!(service.ends(), Some(0), "{signal}");
    }
}

#[test]
fn without_anything_to_serve_it_says_so() {
    let dir = Dir::new();
    let mut service = Service::start(dir.command(&["run"]));
    service.says("note: the console's input was empty, and nothing else is served");
    service.says("  try: configure `channels` in config.yaml, or serve AI clients with `--mcp`");
    assert_eq!(service.ends(), Some(0));
}

#[test]
fn a_hangup_that_is_ignored_stays_ignored() {
    let dir = with_config("channels: { socket: {} }");
    let program = dir.command(&["run"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]);
    command.arg(program.get_program()).args(program.get_args());
    command.current_dir(dir.path("")).env("HOME", dir.path("home")).env_remove("WEFT_HOME");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut service = Service::start(command);
    service.says("still serving: socket");
    service.signal("HUP");
    is_served(&dir.path("home/.weft/weft.sock"));
    service.signal("TERM");
    assert_eq!(service.ends(), Some(0));
}
