//! Proposals in chats: at the console, over a plugin's channel, and never over MCP; and approved ones as commands.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use weft_lite::package::{NewProposal, Proposals};

use crate::drafts::{STATS, draft};
use crate::support::{Dir, Ran, guest};

fn add(dir: &Dir, draft: NewProposal) -> String {
    Proposals::of_home(&dir.path("home/.weft")).add(draft).unwrap().digest
}

/// Runs the program with its bundled plugins.
#[track_caller]
fn run_bare(dir: &Dir, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = dir.bare_command(arguments).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The console of the program with its bundled plugins.
#[track_caller]
fn console(dir: &Dir, lines: &str) -> Ran {
    run_bare(dir, &["run"], lines.as_bytes())
}

#[test]
fn the_owner_decides_at_the_console() {
    let dir = Dir::new();
    let digest = add(&dir, draft("count"));
    let short = &digest[..8];
    let ran = console(&dir, "/approve\n/count one two\n");
    let line = format!(
        "count  is a proposed skill, and calls {STATS}\n  try: `/approve count` to look at it, or `/reject count`\n"
    );
    assert!(ran.stdout.starts_with(&line), "{ran:#?}");
    assert!(ran.stdout.contains("there is no command `/count`"), "{ran:#?}");

    let ran = console(&dir, "/approve count\n/approve count 00000000\n/approve count everything\n");
    assert!(ran.stdout.starts_with("count 1.0.0: a new skill\n"), "{ran:#?}");
    assert!(ran.stdout.contains(&format!("yes: `/approve count {short}`")), "{ran:#?}");
    assert_eq!(ran.stdout.matches("this is not the digest of").count(), 2, "{ran:#?}");
    assert!(!dir.path("home/.weft/skills").exists());

    let lines =
        format!("/approve count {short}\n/count one two three\n/approve\n/tools count__count\n");
    let ran = console(&dir, &lines);
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(said[0], "`count` 1.0.0 is installed: it is a tool and a command, `/count`");
    assert_eq!(said[1..3], ["3 words", "nothing waits for approval"], "{ran:#?}");
    assert_eq!(said[3], "count__count");
}

#[test]
fn a_no_at_the_console_lasts() {
    let dir = Dir::new();
    add(&dir, draft("count"));
    let ran = console(&dir, "/reject count\n/approve\n/reject count\n");
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(said[..2], ["`count` is not proposed again", "nothing waits for approval"]);
    assert_eq!(said[2], "error: nothing that is installed is named `count`");
    assert!(Proposals::of_home(&dir.path("home/.weft")).add(draft("count")).is_err());
}

/// MCP has no commands, and nothing that waits is among its tools, prompts and resources.
#[test]
fn nothing_of_it_is_reachable_over_mcp() {
    let dir = Dir::new();
    let digest = add(&dir, draft("count"));
    let request = |id: u64, method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
    };
    let call = |id, tool: &str| {
        let text = format!("count {}", &digest[..8]);
        let arguments = json!({ "text": text, "command": text, "name": "count", "digest": digest });
        request(id, "tools/call", json!({ "name": tool, "arguments": arguments }))
    };
    let client = json!({ "name": "test", "version": "1" });
    let begin =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let lines = [
        request(1, "initialize", begin),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string(),
        request(2, "tools/list", json!({})),
        request(3, "prompts/list", json!({})),
        request(4, "resources/list", json!({})),
        call(5, "count__count"),
        call(6, "approve"),
        call(7, "/approve"),
        call(8, "reject"),
        request(9, "prompts/get", json!({ "name": "count" })),
        request(
            10,
            "prompts/get",
            json!({ "name": "approve", "arguments": { "ARGUMENTS": "count" } }),
        ),
    ];
    let ran = run_bare(&dir, &["mcp"], (lines.join("\n") + "\n").as_bytes()).exits(0);
    let answers: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: u64| answers.iter().find(|it| it["id"] == id).unwrap();
    assert!(of(2)["result"]["tools"].as_array().is_some_and(|tools| !tools.is_empty()));
    for id in 2..=4 {
        let text = of(id)["result"].to_string();
        assert!(
            !text.contains("count__count")
                && !text.contains("\"name\":\"count\"")
                && !text.contains("/approve"),
            "{id}: {text}"
        );
    }
    for id in 5..=10 {
        let answer = of(id);
        let refused = !answer["error"].is_null() || answer["result"]["isError"] == true;
        assert!(refused, "{id}: {answer}");
    }
    let proposals = Proposals::of_home(&dir.path("home/.weft"));
    assert!(proposals.is_pending("count"));
    assert!(!dir.path("home/.weft/skills").exists());
    // Approved, it is a tool there as well.
    let limits = weft_lite::package::ReadLimits::default();
    let check = |it: &weft_lite::package::Proposal| weft_lite::check_proposal(it, limits);
    proposals.approve("count", &digest, &check, limits, crate::drafts::NOW).unwrap();
    let ran = run_bare(&dir, &["mcp"], (lines.join("\n") + "\n").as_bytes()).exits(0);
    assert!(ran.stdout.contains("\"count__count\""), "{ran:#?}");
}

#[test]
fn a_compiled_recipe_takes_parameters_by_name() {
    let dir = Dir::new();
    fs::create_dir(dir.path("word-report")).unwrap();
    for file in ["SKILL.md", "recipe.yaml"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/word-report").join(file);
        fs::copy(from, dir.path("word-report").join(file)).unwrap();
    }
    run_bare(&dir, &["skill", "compile", "word-report"], b"").exits(0);
    run_bare(&dir, &["skill", "install", "word-report", "--yes"], b"").exits(0);
    let line = ".a: 2 words, 3 characters";
    for (typed, answer) in [
        ("/word-report {\"document\": {\"a\": \"b c\"}, \"path\": \".a\"}", line),
        ("/word-report path=.a document='{\"a\":\"b c\"}'", line),
        ("/word-report document='{\"a\": \"b c\"}' path=.a", line),
        ("/word-report document={\"a\": \"b c\"} path='.a'", line),
        ("/word-report \"path=.a\" document={\"a\":\"b c\"}", line),
        ("/word-report path=.a", "error: wrong parameters for `/word-report`: missing: document"),
        ("/word-report", "error: wrong parameters for `/word-report`: missing: document, path"),
        (
            "/word-report path=.a document=none",
            "error: wrong parameters for `/word-report`: document needs an object, as JSON",
        ),
        (
            "/word-report path=.a document={} and more",
            "error: wrong parameters for `/word-report`: and sets no parameter",
        ),
        (
            "/word-report {\"document\": {}, \"path\": \".a\", \"mode\": 1}",
            "error: wrong parameters for `/word-report`: there is no parameter mode",
        ),
        (
            "/word-report {\"document\": ",
            "error: wrong parameters for `/word-report`: this is not JSON",
        ),
    ] {
        let ran = console(&dir, &format!("{typed}\n"));
        assert_eq!(ran.stdout.lines().next(), Some(answer), "{typed}: {ran:#?}");
    }
    let ran = console(&dir, "/word-report\n/help word-report\n");
    let usage = "type `/word-report document=JSON path=TEXT`";
    assert!(ran.stdout.contains(usage), "{ran:#?}");
    assert!(
        ran.stdout
            .contains("  path=TEXT  Where the text is, in the language of json-query, required")
    );
    assert!(ran.stdout.contains("\n/word-report document=JSON path=TEXT\n"), "{ran:#?}");
}

/// There the plugin itself can write any text as the owner.
#[test]
fn nothing_is_decided_over_a_plugin_channel() {
    let dir = Dir::new();
    let digest = add(&dir, draft("count"));
    dir.write("home/.weft/config.yaml", "channels: {mailbox: {owner: ann}}\n");
    let manifest = json!({
        "capabilities": ["channel"], "permissions": { "filesystem": ["$WORKSPACE/mailbox"] },
        "channel": { "poll_seconds": 0.1, "threads": true, "max_message_chars": 1_000 },
    });
    dir.plugin("mailbox", &guest("mailbox"), &manifest);
    fs::create_dir(dir.path("mailbox")).unwrap();
    let short = &digest[..8];
    let lines =
        ["/approve count".to_owned(), format!("/approve count {short}"), "/reject count".into()];
    let running = dir.start(&["run"]);
    for (number, line) in (1..).zip(&lines) {
        let message = json!({ "from": "ann", "room": "den", "text": line });
        let inbox = dir.path("mailbox/inbox.jsonl");
        let before = fs::read_to_string(&inbox).unwrap_or_default();
        fs::write(&inbox, format!("{before}{message}\n")).unwrap();
        let path = dir.path("mailbox/outbox").join(format!("{number}.json"));
        let posted = loop {
            let text = fs::read_to_string(&path).unwrap_or_default();
            if let Ok(message) = serde_json::from_str::<Value>(&text) {
                break message["payload"]["text"].as_str().unwrap().to_owned();
            }
            sleep(Duration::from_millis(5));
        };
        assert!(posted.contains("is not allowed over the channel of a plugin"), "{line}: {posted}");
        assert!(!posted.contains(STATS), "{line}: {posted}");
    }
    running.signal("TERM");
    running.end();
    let proposals = Proposals::of_home(&dir.path("home/.weft"));
    assert!(proposals.is_pending("count") && proposals.state().unwrap().rejected.is_empty());
}
