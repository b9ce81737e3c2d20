//! The program behind `weft-lite mcp`: what is on its standard output, and how it ends.

use std::io::{Read, Write};

use serde_json::{Value, json};
use weft_lite::limits;

use crate::service::wait_until;
use crate::session::{LEGACY, initialize, meta};
use crate::support::{Dir, Running};

fn modern(id: u64, method: &str, mut params: Value) -> Value {
    params["_meta"] = meta();
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[track_caller]
fn next(running: &mut Running) -> Value {
    let line = running.next_line();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
}

#[test]
fn only_messages_are_on_standard_output() {
    let dir = Dir::with_probe();
    let call = |tool: &str| {
        let arguments = json!({ "level": 1, "message": "from the guest" });
        json!({ "name": tool, "arguments": arguments })
    };
    let messages = [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize(LEGACY[0]) }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call("probe__log") }),
        modern(3, "tools/call", call("probe__echo")),
    ];
    let input: String = messages.iter().map(|message| format!("{message}\r\n\n")).collect();
    let ran = dir.run_with_input(&["mcp"], input.as_bytes()).exits(0).says("from the guest");
    let mut ids: Vec<i64> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3]);
    assert!(ran.stderr.contains("1 plugin"), "what is loaded is said on standard error");
    // The longer name of the same.
    let same = dir.run_with_input(&["run", "--mcp", "stdio"], input.as_bytes()).exits(0);
    assert_eq!(same.stdout.lines().count(), 3);
}

#[test]
fn a_too_long_line_is_refused_alone() {
    let dir = Dir::with_probe();
    let mut running = dir.start(&["mcp"]);
    let filler = "x".repeat(limits::MESSAGE_BYTES);
    running.type_line(&modern(1, "tools/call", json!({ "name": filler })).to_string());
    let refused = next(&mut running);
    assert_eq!(refused["error"]["code"], -32600);
    assert_eq!(refused["id"], 1, "the id stands near the beginning");
    let nameless = format!(r#"{{"params":{{"id":1,"a":"{filler}"}},"id":9,"jsonrpc":"2.0"}}"#);
    running.type_line(&nameless);
    assert_eq!(next(&mut running).get("id"), None);
    // One that is as long as may be, with arguments that are as long as may be.
    let text = "x".repeat(limits::PARAMS_BYTES - r#"{"a":""}"#.len());
    let call = json!({ "name": "probe__echo", "arguments": { "a": text } });
    let mut message = modern(2, "tools/call", call).to_string();
    message.push_str(&" ".repeat(limits::MESSAGE_BYTES - message.len()));
    running.type_line(&message);
    let answer = next(&mut running);
    assert_eq!(answer["result"]["structuredContent"]["a"].as_str().unwrap().len(), text.len());
}

#[test]
fn many_requests_are_in_flight_on_one_pipe() {
    let dir = Dir::with_probe();
    let mut running = dir.start(&["mcp"]);
    let mut input = String::new();
    for id in 0..500 {
        let call = json!({ "name": "probe__echo", "arguments": { "id": id } });
        input.push_str(&format!("{}\n", modern(id, "tools/call", call)));
    }
    running.stdin.write_all(input.as_bytes()).unwrap();
    let mut ids: Vec<u64> = (0..500)
        .map(|_| {
            let answer = next(&mut running);
            assert_eq!(answer["result"]["structuredContent"]["id"], answer["id"]);
            answer["id"].as_u64().unwrap()
        })
        .collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..500));
}

#[test]
fn a_signal_ends_it_after_open_calls() {
    let dir = Dir::with_probe();
    let mut running = dir.start(&["mcp"]);
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    running.type_line(&modern(1, "subscriptions/listen", filter).to_string());
    let first = next(&mut running);
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    running.type_line(&modern(2, "tools/call", json!({ "name": "probe__spin" })).to_string());
    running.type_line(&modern(3, "server/discover", json!({})).to_string());
    assert_eq!(next(&mut running)["id"], 3);
    running.signal("TERM");
    let mut last = [next(&mut running), next(&mut running)];
    last.sort_by_key(|message| message["id"].as_i64());
    assert_eq!(last[0]["id"], 1, "{last:?}");
    assert_eq!(last[0]["result"]["resultType"], "complete");
    assert_eq!(last[1]["result"]["isError"], true);
    let (status, rest) = running.end();
    assert_eq!((status, rest.as_str()), (Some(0), ""));
}

#[test]
fn it_ends_when_nobody_reads_its_answers() {
    let dir = Dir::with_probe();
    let mut running = dir.start_without_output(&["mcp"]);
    running.type_line(&modern(1, "tools/list", json!({})).to_string());
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
}

#[test]
fn queued_calls_end_when_the_reader_leaves() {
    let dir = Dir::new();
    let patience = json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 });
    dir.plugin("probe", &crate::support::probe(), &json!({ "resources": patience }));
    let mut running = dir.start(&["mcp"]);
    for id in 0..600 {
        let call = modern(id, "tools/call", json!({ "name": "probe__spin" }));
        running.type_line(&call.to_string());
    }
    running.stdout = None;
    let mut status = None;
    wait_until("it ends", || {
        status = running.child.try_wait().unwrap();
        status.is_some()
    });
    assert_eq!(status.unwrap().code(), Some(0));
}

#[test]
fn a_scripts_calls_are_answered_after_input_ends() {
    let dir = Dir::with_probe();
    let call = |id| modern(id, "tools/call", json!({ "name": "probe__echo" }));
    let input: String = (0..1_000).map(|id| format!("{}\n", call(id))).collect();
    let ran = dir.run_with_input(&["mcp"], input.as_bytes()).exits(0);
    assert_eq!(ran.stdout.lines().count(), 1_000);
}

#[test]
fn a_pipe_that_others_share_stays_blocking() {
    use std::process::Stdio;
    let dir = Dir::with_probe();
    // Both programs read from one pipe: the second needs it as it was.
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut first = dir.command(&["mcp"]);
    let mut first = first.stdin(Stdio::from(reader.try_clone().unwrap())).spawn().unwrap();
    let mut answers = std::io::BufReader::new(first.stdout.take().unwrap());
    writeln!(writer, "{}", modern(1, "server/discover", json!({}))).unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut answers, &mut line).unwrap();
    assert!(line.contains("resultType"), "{line}");
    first.kill().unwrap();
    first.wait().unwrap();
    let reading = std::thread::spawn(move || {
        let mut byte = [0];
        let mut reader = reader;
        reader.read(&mut byte).map(|_| byte[0])
    });
    writer.write_all(b"!").unwrap();
    assert_eq!(reading.join().unwrap().unwrap(), b'!', "it waited instead of failing");
}

#[test]
fn options_override_configured_tool_names() {
    let dir = Dir::with_probe();
    let list = format!("{}\n", modern(1, "tools/list", json!({})));
    let names = |arguments: &[&str]| {
        let ran = dir.run_with_input(arguments, list.as_bytes()).exits(0);
        ran.json()["result"]["tools"][0]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(names(&["mcp"]), "probe__allocate");
    assert_eq!(names(&["mcp", "--tool-names", "bare"]), "allocate");
    std::fs::create_dir(dir.path("home/.weft")).unwrap();
    dir.write("home/.weft/config.yaml", "mcp:\n  tool_names: bare\n");
    assert_eq!(names(&["mcp"]), "allocate");
    assert_eq!(names(&["mcp", "--tool-names=qualified"]), "probe__allocate");
    // A trusted workspace's own goes over it, as for every other key.
    std::fs::create_dir(dir.path(".weft")).unwrap();
    dir.write(".weft/config.yaml", "mcp:\n  tool_names: qualified\n");
    assert_eq!(names(&["mcp"]), "allocate");
    assert_eq!(names(&["mcp", "--trust"]), "probe__allocate");
    dir.run(&["mcp", "--tool-names", "short"]).exits(2).says("neither `qualified` nor `bare`");
    dir.run(&["run", "--mcp", "nowhere"]).exits(2).says("neither `stdio` nor an address");
}

#[test]
fn a_new_skill_reaches_connected_clients() {
    let dir = Dir::new();
    let mut running = dir.start(&["mcp"]);
    let hello = initialize(LEGACY[0]);
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello });
    running.type_line(&message.to_string());
    next(&mut running);
    running.type_line(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    running.type_line(&modern(2, "tools/list", json!({})).to_string());
    assert_eq!(next(&mut running)["result"]["tools"], json!([]));
    let folder = dir.path("home/.weft/skills/greet");
    std::fs::create_dir_all(&folder).unwrap();
    let text = "---\nname: greet\ndescription: Greets\n---\nSay hello.\n";
    std::fs::write(folder.join("SKILL.md"), text).unwrap();
    let mut told: Vec<Value> = (0..3).map(|_| next(&mut running)["method"].clone()).collect();
    told.sort_by_key(Value::to_string);
    assert_eq!(
        told,
        [
            "notifications/prompts/list_changed",
            "notifications/resources/list_changed",
            "notifications/tools/list_changed",
        ]
    );
    running.type_line(&modern(3, "prompts/get", json!({ "name": "greet" })).to_string());
    let prompt = next(&mut running)["result"].clone();
    assert_eq!(prompt["messages"][0]["content"]["text"], "Say hello.\n");
}
