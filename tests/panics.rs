//! Panics in a program that can't unwind: each costs its call, and what wears the program out has it start
//! anew, with everything answered and every pipe and listening socket kept.
//!
//! The faults are in a program that `.ci/panics` builds, and that `WEFT_PROGRAM` names. Without one these tests
//! are skipped; `containment` shows the same within a process, in every run.

#![cfg(all(feature = "cli", feature = "socket", feature = "serve"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says so by failing"
)]

#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::{Value, json};
use support::{Dir, Running, probe};

/// Where faults are, each in a plugin of its own name, and the tool that gets there.
const PLACES: [(&str, &str, &str); 7] = [
    ("driver", "count", "{}"),
    ("interpreter", "env", r#"{"name": "HOME"}"#),
    ("http-request", "http", r#"{"url": "http://127.0.0.1:9/"}"#),
    ("read-file", "read", r#"{"path": "$WORKSPACE/a"}"#),
    ("write-file", "write", r#"{"path": "$WORKSPACE/a", "content": ""}"#),
    ("get-env", "env", r#"{"name": "HOME"}"#),
    ("log", "log", r#"{"level": 1, "message": "words"}"#),
];

/// Iterations of a call that is still in flight when another one panics.
const LONG: &str = r#"{"iterations": 30000000}"#;

fn has_faults() -> bool {
    let named = std::env::var_os("WEFT_PROGRAM").is_some();
    if !named {
        eprintln!("skipped: WEFT_PROGRAM names no program with faults");
    }
    named
}

/// A folder with a plugin for each fault, with one whose fault comes with something locked, one that waits
/// until that is lost and then needs it, and one without.
fn folder(mode: &str) -> Dir {
    let dir = Dir::new();
    let more = json!({
        "instance": mode,
        "permissions": {
            "network": ["127.0.0.1"], "filesystem": ["$WORKSPACE"], "env_vars": ["HOME"],
        },
        "resources": { "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 },
    });
    for (place, ..) in PLACES {
        dir.plugin(place, &probe(), &more);
    }
    dir.plugin("lock", &probe(), &more);
    dir.plugin("needs-lock", &probe(), &more);
    dir.plugin("sound", &probe(), &more);
    dir
}

struct Program {
    running: Running,
    said: Receiver<String>,
}

impl Program {
    fn start(dir: &Dir, arguments: &[&str]) -> Self {
        let mut faults: Vec<String> = Vec::new();
        for place in PLACES.iter().map(|it| it.0).chain(["lock", "needs-lock"]) {
            faults.push(format!("{place}:{place}"));
        }
        let mut command = dir.command(arguments);
        command.args(["--approve", "env"]).env("WEFT_FAULT", faults.join(","));
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        let said = lines(child.stderr.take().unwrap());
        Self { running: Running { child, stdin, stdout }, said }
    }

    /// Over MCP: call 1 still runs when call 2 panics with something locked.
    fn worn_out_with_a_call_in_flight(dir: &Dir) -> Self {
        let mut program = Self::start(dir, &["mcp"]);
        program.running.type_line(&call(1, "sound__burn", LONG));
        program.running.type_line(&call(2, "lock__count", "{}"));
        program
    }

    /// Waits until this is said.
    #[track_caller]
    fn says(&self, words: &str) -> String {
        let mut before = String::new();
        loop {
            let line = self.said.recv().unwrap_or_else(|_| panic!("{words:?} is not in {before}"));
            if line.contains(words) {
                return line;
            }
            before += &line;
        }
    }

    fn ask(&mut self, line: &str) -> Value {
        self.running.type_line(line);
        self.answer()
    }

    /// The answer of the new start. What the one before has read by its end, it still answers.
    fn ask_anew(&mut self, line: &str) -> Value {
        loop {
            let answer = self.ask(line);
            if self.kept() {
                return answer;
            }
        }
    }

    fn answer(&mut self) -> Value {
        let line = self.running.next_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn kept(&self) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", self.running.child.id())).unwrap();
        String::from_utf8_lossy(&environment).contains("WEFT_KEPT=")
    }
}

fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines() {
            let Ok(line) = line else { return };
            if sender.send(line + "\n").is_err() {
                return;
            }
        }
    });
    receiver
}

/// The answer to a call over the console has this code, or is right.
#[track_caller]
fn is(answer: &Value, code: Option<&str>) {
    match code {
        None => assert_eq!(answer["ok"], true, "{answer}"),
        Some(code) => assert_eq!(answer["error"]["code"], code, "{answer}"),
    }
}

fn call(id: u64, tool: &str, arguments: &str) -> String {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}"#;
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments},{meta}}}}}"#
    )
}

#[test]
fn over_the_console_ten_panics_restart_the_program() {
    if !has_faults() {
        return;
    }
    for mode in ["resident", "per-call"] {
        let dir = folder(mode);
        let mut program = Program::start(&dir, &["run", "--json"]);
        for (place, tool, arguments) in PLACES {
            is(&program.ask(&format!("{place}__{tool} {arguments}")), Some("panicked"));
            is(&program.ask("sound__count {}"), None);
        }
        // Two of them were on another thread, and took that alone.
        for _ in PLACES.len()..9 {
            is(&program.ask("driver__count {}"), Some("panicked"));
            is(&program.ask("sound__count {}"), None);
        }
        assert!(!program.kept(), "nine are too few");
        is(&program.ask("driver__count {}"), Some("panicked"));
        program.says("program restarts");
        is(&program.ask_anew("sound__count {}"), None);
    }
}

#[test]
fn before_a_restart_calls_in_flight_are_answered() {
    if !has_faults() {
        return;
    }
    let dir = folder("per-call");
    let mut program = Program::worn_out_with_a_call_in_flight(&dir);
    let panicked = program.answer();
    assert_eq!(panicked["id"], 2, "{panicked}");
    assert!(panicked["result"]["isError"] == true, "{panicked}");
    let in_flight = program.answer();
    assert_eq!((&in_flight["id"], in_flight["error"].is_null()), (&json!(1), true), "{in_flight}");
    program.says("program restarts");
    let after = program.ask_anew(&call(3, "sound__count", "{}"));
    assert_eq!((&after["id"], after["error"].is_null()), (&json!(3), true), "{after}");
}

#[test]
fn calls_needing_a_lost_lock_get_an_error() {
    if !has_faults() {
        return;
    }
    for mode in ["resident", "per-call"] {
        let dir = folder(mode);
        let mut program = Program::start(&dir, &["mcp"]);
        program.running.type_line(&call(1, "needs-lock__count", "{}"));
        program.running.type_line(&call(2, "lock__count", "{}"));
        program.says("program restarts");
        // Read by the next one alone.
        program.running.type_line(&call(3, "sound__count", "{}"));
        let mut answers = vec![program.answer()];
        while answers.last().is_some_and(|answer| answer["id"] != 3) {
            answers.push(program.answer());
        }
        let after = answers.pop().unwrap();
        assert_eq!(after["result"]["structuredContent"]["count"], 1, "{after}");
        answers.sort_by_key(|answer| answer["id"].as_u64());
        assert_eq!(answers.len(), 2, "{answers:?}");
        for (id, answer) in [1, 2].into_iter().zip(&answers) {
            assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(id), &json!(true)));
            assert!(answer.to_string().contains("internal error"), "{answer}");
        }
        assert!(program.kept());
    }
}

#[test]
fn a_legacy_client_need_not_begin_again() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    let mut program = Program::start(&dir, &["mcp"]);
    let begin = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    assert_eq!(program.ask(begin)["result"]["protocolVersion"], "2025-06-18");
    let call = |id: u64, tool: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{}}}}}}"#
        )
    };
    let warnings =
        r#"{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"warning"}}"#;
    assert_eq!(program.ask(warnings)["result"], json!({}));
    assert_eq!(program.ask(&call(3, "lock__count"))["result"]["isError"], true);
    program.says("program restarts");
    let after = program.ask_anew(&call(4, "sound__count"));
    assert_eq!(after["result"]["structuredContent"]["count"], 1, "{after}");
    // It still hears what it wanted to, before it hears of a tool that came later.
    dir.plugin("broken", b"no module", &json!({}));
    program.says("plugin broken");
    dir.plugin("later", &probe(), &json!({}));
    let mut told = vec![program.answer()];
    while told.last().is_some_and(|it| it["method"] != "notifications/tools/list_changed") {
        told.push(program.answer());
    }
    program.running.type_line(r#"{"jsonrpc":"2.0","id":5,"method":"ping"}"#);
    while told.last().is_some_and(|it| it["id"] != 5) {
        told.push(program.answer());
    }
    let is_warning = |it: &&Value| it["params"]["level"] == "warning";
    let warning = told.iter().find(is_warning).unwrap_or_else(|| panic!("{told:?}"));
    assert!(warning.to_string().contains("plugin broken is not in service"), "{warning}");
}

#[test]
fn listening_sockets_are_never_closed() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "channels:\n  socket: {}\n");
    let program = Program::start(&dir, &["run", "--channel", "socket"]);
    program.says("the socket listens");
    let path = dir.path("home/.weft/weft.sock");
    // Whoever can connect is answered, or sees the end because the program restarts.
    let ask = |tool: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        let message = json!({ "type": "message", "id": "1", "text": format!("{tool} {{}}") });
        writeln!(stream, "{message}").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = String::new();
        let _ = stream.read_to_string(&mut all);
        all
    };
    assert!(ask("lock__count").contains("panicked"));
    while !program.kept() {
        ask("sound__count");
    }
    let answer = ask("sound__count");
    assert!(answer.contains("\"answer\""), "{answer}");
}

#[test]
fn clients_over_http_can_always_connect() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    let program = Program::start(&dir, &["run", "--mcp", "127.0.0.1:0"]);
    let line = program.says("serving MCP at http://");
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let ask = |tool: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let body = call(1, tool, "{}");
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
             Mcp-Method: tools/call\r\nMcp-Name: {tool}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut all = String::new();
        let _ = stream.read_to_string(&mut all);
        all
    };
    let panicked = ask("lock__count");
    assert!(panicked.contains("internal error"), "{panicked}");
    while !program.kept() {
        ask("sound__count");
    }
    let answer = ask("sound__count");
    assert!(answer.contains("\"count\":"), "{answer}");
}

#[test]
fn a_signal_ends_a_worn_out_program() {
    if !has_faults() {
        return;
    }
    let dir = folder("per-call");
    let program = Program::worn_out_with_a_call_in_flight(&dir);
    program.says("program restarts");
    program.running.signal("TERM");
    let (status, printed) = program.running.end();
    assert_eq!(status, Some(0), "{printed}");
    assert!(!program.said.iter().any(|line| line.contains("10 plugins")), "it started anew");
}

#[test]
fn lost_guest_memory_causes_a_restart() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    let mut program = Program::start(&dir, &["run", "--json", "--memory-budget-mb", "20"]);
    is(&program.ask(r#"get-env__allocate {"mb": 8}"#), None);
    assert!(!program.kept());
    is(&program.ask(r#"get-env__env {"name": "HOME"}"#), Some("panicked"));
    program.says("program restarts");
    is(&program.ask_anew("sound__count {}"), None);
}

#[test]
fn a_program_that_keeps_restarting_ends() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    let mut program = Program::start(&dir, &["run", "--json"]);
    for _ in 0..5 {
        is(&program.ask("lock__count {}"), Some("panicked"));
        program.says("program restarts");
        is(&program.ask("sound__count {}"), None);
    }
    is(&program.ask("lock__count {}"), Some("panicked"));
    let last = program.answer();
    assert_eq!(last["error"]["message"], "the program has ended after too many panics", "{last}");
    assert_eq!(program.running.end().0, Some(1));
}

#[test]
fn a_single_command_ends_with_its_answer() {
    if !has_faults() {
        return;
    }
    let dir = folder("resident");
    let mut command = dir.command(&["call", "lock__count", "{}"]);
    let output = command.env("WEFT_FAULT", "lock:lock").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("internal error: a fault in lock"), "{said}");
}
