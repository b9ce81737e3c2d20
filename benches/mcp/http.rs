//! What idle subscriptions over HTTP hold.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::client::{Folder, resident_kb};
use crate::support::Report;

const SUBSCRIPTIONS: usize = 1_000;

const LISTEN: &str = r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}},"notifications":{"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true}}}"#;

/// The program, which is ended with this value.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn measure(report: &mut Report) {
    let folder = Folder::with_plugins(1);
    let mut command = folder.command();
    command.args(["run", "--mcp", "127.0.0.1:0"]).stdin(Stdio::null()).stderr(Stdio::piped());
    let mut program = Program(command.spawn().expect("the program can be started"));
    let mut said = BufReader::new(program.0.stderr.take().expect("it is a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("the program says where it serves");
    let address = line.trim().trim_start_matches("serving MCP at http://").trim_end_matches("/mcp");
    // One that has come and gone has made what all of them share.
    drop(subscribe(address));
    let before = resident_kb(program.0.id());
    let streams: Vec<TcpStream> = (0..SUBSCRIPTIONS).map(|_| subscribe(address)).collect();
    let held = (resident_kb(program.0.id()) - before) * 1024.0 / 1e6;
    report.bounded("1,000 idle subscriptions over HTTP", held, "MB", 20.0);
    drop(streams);
}

/// Opens a subscription and waits for its acknowledgement.
fn subscribe(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("it serves");
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\nContent-Length: {}\r\n\r\n{LISTEN}",
        LISTEN.len()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.windows(12).any(|bytes| bytes == b"acknowledged") {
        let read = stream.read(&mut part).expect("it answers");
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..read]);
    }
    stream
}
