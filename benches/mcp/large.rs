//! Large messages: a tool that gives back a long text, beside a server of the official Python SDK that does
//! the same, where that is installed. Both are asked in turns, so that a busy moment meets each.
//!
//! `.ci/mcp-clients` installs the SDK, in `target/mcp`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Folder, Pipe};
use crate::guest::Guest;
use crate::support::Report;

/// Bytes of the text, what they are called, and how often each is asked for it.
const TEXTS: [(usize, &str, usize); 2] = [(100_000, "100 KB", 200), (1_000_000, "1 MB", 60)];

/// What they are made of: the second has what JSON has to escape, twice where it is a text in a text.
const LINES: [(&str, &str); 2] = [
    ("Words as they stand in many a file. ", "plain text"),
    (
        "A line as it stands in many a file, with \"quotes\" and some more words in it.\n",
        "quotes, lines",
    ),
];

/// What our tool takes and says of itself, like the one of the SDK.
const DESCRIPTION: &str = r#"{"name":"said","version":"0.1.0","tools":[{"name":"echo","description":"Gives the text back.","input_schema":{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}}]}"#;

pub(crate) fn measure(report: &mut Report) {
    let folder = Folder::with_modules([module("")]);
    let mut ours = Server::new(folder.serve(), "echo-0__echo");
    let mut peer = python().map(|program| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/mcp/peer.py");
        Server::new(Pipe::new(Command::new(program).arg(script)), "echo")
    });
    let all = TEXTS.iter().flat_map(|text| LINES.iter().map(move |line| (text, line)));
    for ((bytes, called, rounds), (line, kind)) in all {
        let text: String = line.chars().cycle().take(*bytes).collect();
        for _ in 0..*rounds {
            for server in [Some(&mut ours), peer.as_mut()].into_iter().flatten() {
                server.echo(&text);
            }
        }
        let p50 = report_times(report, &format!("{called} of {kind} there and back"), &mut ours);
        match &mut peer {
            Some(peer) => {
                let other = report_times(report, "  a server of the Python SDK", peer);
                report.bounded("  ours, as a part of that", p50 / other, "x", 1.0);
            }
            None => println!("  no Python SDK in target/mcp: run .ci/mcp-clients to install it"),
        }
    }
}

fn report_times(report: &Report, what: &str, server: &mut Server) -> f64 {
    let mut times = std::mem::take(&mut server.times);
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    let median = ms(times.get(times.len() / 2));
    report.figure(&format!("{what}, best"), ms(times.first()), "ms");
    report.figure("    median", median, "ms");
    // What else the machine does changes this least.
    let least = std::mem::take(&mut server.worked).into_iter().min();
    report.figure("    processor time of the server, least", ms(least.as_ref()), "ms");
    median
}

/// The Python that has the SDK.
fn python() -> Option<String> {
    let target = Path::new(env!("CARGO_BIN_EXE_weft-lite")).ancestors().nth(2)?;
    let program = target.join("mcp/handshake/bin/python");
    let has_sdk = Command::new(&program).args(["-c", "import mcp.server.fastmcp"]).output().ok()?;
    has_sdk.status.success().then(|| program.to_string_lossy().into_owned())
}

/// A guest that gives its parameters back and frees them, with further functions in it.
pub(crate) fn module(more: &str) -> Vec<u8> {
    let mut guest = Guest::default();
    guest.describe = guest
        .describe
        .replace(&crate::guest::DESCRIPTION.len().to_string(), &DESCRIPTION.len().to_string());
    guest.more = format!(
        "(data (i32.const 64) \"{}\")
         (func (export \"cabi_post_plugin#execute-tool\") (param i32)
            (global.set $next (i32.const 4096)))
         {more}",
        DESCRIPTION.replace('"', "\\\"")
    );
    guest.wasm()
}

/// A server that was shaken hands with.
struct Server {
    pipe: Pipe,
    tool: &'static str,
    times: Vec<Duration>,
    worked: Vec<Duration>,
}

impl Server {
    fn new(mut pipe: Pipe, tool: &'static str) -> Self {
        let params = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "bench", "version": "1" },
        });
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        pipe.ask("initialize", &format!("{hello}\n"));
        pipe.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
        Self { pipe, tool, times: Vec::new(), worked: Vec::new() }
    }

    /// Has the text echoed, and notes how long that took.
    fn echo(&mut self, text: &str) {
        let params = json!({ "name": self.tool, "arguments": { "text": text } });
        let request =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let request = format!("{request}\n");
        let worked = self.pipe.worked();
        let started = Instant::now();
        self.pipe.say(&request);
        self.pipe.hear();
        self.times.push(started.elapsed());
        self.worked.push(self.pipe.worked().saturating_sub(worked));
        let answer = self.pipe.heard();
        let answer: Value = serde_json::from_slice(answer).expect("the answer is JSON");
        // Ours is an object and the SDK's a text; both stand in the answer twice.
        let structured = &answer["result"]["structuredContent"];
        assert!(structured["text"] == text || structured["result"] == text, "another text came");
    }
}
