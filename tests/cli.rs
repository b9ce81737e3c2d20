//! The program as whoever runs it sees it: what it prints, where, and with which status it ends.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::fs;
use std::io::{Read, Write};

use serde_json::{Value, json};

use support::{Dir, guest, probe};
use weft_lite::limits;

/// The code of the error that `call --json` gives.
#[track_caller]
fn code(dir: &Dir, arguments: &[&str]) -> String {
    let ran = dir.run(&[&["call", "--json"], arguments].concat()).exits(1);
    let answer = ran.json();
    assert_eq!(answer["ok"], json!(false));
    let error = &answer["error"];
    for text in ["message", "next_step"] {
        assert!(error[text].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    }
    assert!(answer["usage"]["fuel"].is_u64(), "{answer}");
    error["code"].as_str().unwrap().to_owned()
}

// Calls that succeed.

#[test]
fn only_the_result_is_on_standard_output() {
    let dir = Dir::with_probe();
    let ran = dir.run(&["call", "probe__echo", r#"{"b": 1, "a": [1.50]}"#]);
    // As the guest wrote it, spaces and all.
    let ran = ran.exits(0).prints("{\"b\": 1, \"a\": [1.50]}\n");
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_bare_name_and_no_parameters_are_enough() {
    Dir::with_probe().run(&["call", "echo"]).exits(0).prints("{}\n");
}

#[test]
fn parameters_come_from_input_or_begin_with_dash() {
    let dir = Dir::with_probe();
    dir.run_with_input(&["call", "echo", "-"], b"[1]").exits(0).prints("[1]\n");
    dir.run(&["call", "echo", "-5"]).exits(0).prints("-5\n");
    dir.run(&["call", "--", "echo", "-5"]).exits(2).says("unrecognized argument: --no-bundled");
}

#[test]
fn the_largest_parameters_fit_input_and_line() {
    let dir = Dir::with_probe();
    let text = "x".repeat(limits::PARAMS_BYTES - r#"{"a":""}"#.len());
    let params = format!(r#"{{"a":"{text}"}}"#);
    // The end of a line does not count, whatever wrote it.
    let input = format!("{params}\r\n");
    dir.run_with_input(&["call", "echo", "-"], input.as_bytes())
        .exits(0)
        .prints(&format!("{params}\n"));
    let ran = dir.run_with_input(&["run"], format!("probe__echo {params}\n").as_bytes()).exits(0);
    assert!(ran.stdout.contains(&text), "{} bytes", ran.stdout.len());
}

#[test]
fn a_tool_that_needs_input_says_so() {
    let dir = Dir::new();
    dir.plugin("asker", &guest("asker"), &json!({}));
    let request = json!({ "method": "elicitation/create", "params": {
        "message": "How many seats?",
        "requestedSchema": { "type": "object", "properties": { "count": { "type": "integer" } } },
    } });
    let asks = json!({ "result": { "weft:input": { "requests": { "seats": request } } } });
    let ran = dir.run(&["call", "ask", &asks.to_string()]).exits(1);
    let ran = ran.says("the tool needs input from its caller");
    let ran = ran.says("`seats` (elicitation/create) asker asks: How many seats?");
    ran.says("call it from an MCP client of revision 2026-07-28");
    assert_eq!(code(&dir, &["ask", &asks.to_string()]), "input_required");
    // Nobody says the host's word in its place.
    let forged = json!({ "weft:input": { "responses": {} } }).to_string();
    assert_eq!(code(&dir, &["ask", &forged]), "invalid_params");
}

#[test]
fn a_call_as_json_has_its_usage() {
    let dir = Dir::with_probe();
    let answer = dir.run(&["call", "echo", "{\"a\":1}", "--json"]).exits(0).json();
    assert_eq!(answer["ok"], json!(true));
    assert_eq!(answer["result"], json!({ "a": 1 }));
    for key in ["fuel", "duration_us", "peak_memory_bytes", "host_calls"] {
        assert!(answer["usage"][key].is_u64(), "{answer}");
    }
}

#[test]
fn options_stand_anywhere() {
    let dir = Dir::with_probe();
    let plugins = format!("--plugins={}", dir.path("plugins").display());
    for arguments in [
        [&plugins, "--no-bundled", "call", "echo", "1"],
        ["call", &plugins, "--no-bundled", "echo", "1"],
        ["call", "echo", "1", &plugins, "--no-bundled"],
    ] {
        let output = dir.bare_command(&arguments).output().unwrap();
        assert_eq!(output.stdout, b"1\n", "{arguments:?}");
    }
}

#[test]
fn variables_come_from_the_command_line() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "permissions": { "env_vars": ["CITY"] } }));
    let arguments =
        ["call", "env", r#"{"name":"CITY"}"#, "--approve", "env", "--env", "CITY=-Ulm=1"];
    dir.run(&arguments).exits(0).prints("{\"value\":\"-Ulm=1\"}\n");
}

// Every typed error of a call.

#[test]
fn an_unknown_tool() {
    let dir = Dir::with_probe();
    assert_eq!(code(&dir, &["ecko_nothing"]), "unknown_tool");
    dir.run(&["call", "probe__ech"])
        .exits(1)
        .prints("")
        .says("error: no tool is named `probe__ech`\n  try: did you mean `probe__echo`");
}

#[test]
fn an_ambiguous_tool() {
    let dir = Dir::with_probe();
    dir.plugin("second", &probe(), &json!({}));
    assert_eq!(code(&dir, &["echo"]), "ambiguous_tool");
    dir.run(&["call", "echo"]).exits(1).says("call one of `probe__echo`, `second__echo`");
    dir.run(&["call", "second__echo"]).exits(0);
}

#[test]
fn invalid_parameters() {
    let dir = Dir::with_probe();
    assert_eq!(code(&dir, &["echo", "{\"a\":"]), "invalid_params");
    dir.run(&["call", "echo", "{\n]"]).exits(1).says("at line 2 column 1");
    dir.run_with_input(&["call", "echo", "-"], b"\xff").exits(1).says("not UTF-8");
    let long = format!("[{}]", " ".repeat(limits::PARAMS_BYTES - 1)).into_bytes();
    dir.run_with_input(&["call", "echo", "-"], &long)
        .exits(1)
        .says("more than 4194304 bytes\n  try: pass less at once");
}

#[test]
fn a_refusal_of_the_sandbox() {
    let dir = Dir::with_probe();
    assert_eq!(code(&dir, &["read", r#"{"path":"/etc/hostname"}"#]), "denied");
    dir.run(&["call", "read", r#"{"path":"/etc/hostname"}"#])
        .exits(1)
        .says("error: denied: ")
        .says("\n  try: ");
}

#[test]
fn a_missing_granted_folder_is_named_as_cause() {
    let dir = Dir::new();
    let permissions = json!({ "filesystem": ["$WORKSPACE/notes"] });
    dir.plugin("probe", &probe(), &json!({ "permissions": permissions }));
    let read = ["call", "read", r#"{"path":"today.md"}"#];
    dir.run(&read)
        .exits(1)
        .says("warning: probe: the filesystem grant `$WORKSPACE/notes` stays closed: it does not exist; create it and say `/reload`, or start again")
        .says("error: the tool failed: file not found: today.md\n  try: create `$WORKSPACE/notes`, which");
    assert_eq!(code(&dir, &read[1..]), "missing_grant");
    fs::create_dir(dir.path("notes")).unwrap();
    dir.write("notes/today.md", "rain");
    let ran = dir.run(&read).exits(0).prints("{\"content\":\"rain\"}\n");
    assert_eq!(ran.stderr, "");
}

/// What each of them reads may be missing on a machine, as a thermal sensor is in many.
#[cfg(all(feature = "bundled", target_os = "linux"))]
#[test]
fn bundled_plugins_cause_no_warning() {
    let dir = Dir::new();
    let ran = dir.bare_command(&["run", "--message", "/plugins"]).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(String::from_utf8(ran.stdout).unwrap().contains("device-health"), "{said}");
    assert!(!said.contains("warning") && !said.contains("stays closed"), "{said}");
}

#[test]
fn a_plugin_that_waits_for_approval() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "permissions": { "env_vars": ["CITY"] } }));
    assert_eq!(code(&dir, &["probe__echo"]), "denied");
    dir.run(&["call", "probe__echo"]).exits(1).says("needs approval for env: CITY");
    dir.run(&["call", "probe__echo", "--approve", "env"]).exits(0);
}

#[test]
fn a_plugin_that_did_not_load() {
    let dir = Dir::new();
    dir.plugin("broken", b"not wasm", &json!({}));
    assert_eq!(code(&dir, &["broken__echo"]), "not_ready");
    dir.run(&["call", "broken__echo"]).exits(1).says("the module is not a WebAssembly file");
    // A slip in its name is told of it as well, though another plugin has such a tool.
    dir.plugin("probe", &probe(), &json!({}));
    dir.run(&["call", "brokn__echo"]).exits(1).says("the module is not a WebAssembly file");
    dir.run(&["call", "probe__ech"]).exits(1).says("did you mean `probe__echo`");
    dir.plugin("nameless", b"", &json!({ "wasm_module": null }));
    dir.run(&["call", "nameless__echo"]).exits(1).says("\n  try: correct it in the manifest");
    dir.run(&["call", "prob__echo"]).exits(1).says("\n  try: did you mean `probe__echo`");
}

#[test]
fn an_error_of_the_guest() {
    let dir = Dir::with_probe();
    assert_eq!(code(&dir, &["fail", r#"{"message":"no luck"}"#]), "guest_error");
    dir.run(&["call", "fail", r#"{"message":"no luck"}"#])
        .exits(1)
        .says("error: the tool failed: no luck\n  try: ");
}

#[test]
fn a_guest_cannot_control_terminals_or_forge_lines() {
    let dir = Dir::with_probe();
    let ran = dir.run(&["call", "fail", r#"{"message":"a\u001b[31m\nerror: b"}"#]).exits(1);
    assert!(ran.stderr.contains("a\\u{1b}[31m\n    error: b\n"), "{ran:#?}");
}

#[test]
fn a_trap() {
    let dir = Dir::with_probe();
    assert_eq!(code(&dir, &["trap", r#"{"kind":"unreachable"}"#]), "trap");
    dir.run(&["call", "trap", r#"{"kind":"divide"}"#]).exits(1).says("integer divide by zero");
}

#[test]
fn an_end_of_the_guests_program() {
    let dir = Dir::new();
    dir.plugin("wasip1", &guest("wasip1"), &json!({}));
    assert_eq!(code(&dir, &["exit", r#"{"status":3}"#]), "exited");
}

#[test]
fn every_exhausted_resource() {
    let dir = Dir::new();
    let resources = json!({ "max_fuel": 1_000_000_000, "max_memory_mb": 2, "max_host_calls": 5 });
    dir.plugin("probe", &probe(), &json!({ "resources": resources }));
    let patient = json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 1 });
    dir.plugin("patient", &probe(), &json!({ "resources": patient }));
    let exhausted = |arguments: &[&str]| -> Value {
        let ran = dir.run(&[&["call", "--json"], arguments].concat()).exits(1);
        assert_eq!(ran.json()["error"]["code"], "exhausted", "{ran:#?}");
        ran.json()["error"]["exhausted"]["resource"].clone()
    };
    let fuel = json!({ "max_fuel": 20_000_000 });
    dir.plugin("short", &probe(), &json!({ "resources": fuel }));
    assert_eq!(exhausted(&["short__spin"]), "fuel");
    assert_eq!(exhausted(&["patient__spin"]), "time");
    assert_eq!(exhausted(&["probe__allocate", r#"{"mb":8}"#]), "memory");
    let budget = ["patient__allocate", r#"{"mb":8}"#, "--memory-budget-mb", "4"];
    assert_eq!(exhausted(&budget), "memory_budget");
    assert_eq!(exhausted(&["probe__call_many", r#"{"count":6}"#]), "host_calls");
    assert_eq!(exhausted(&["patient__big_result", r#"{"size":5000000}"#]), "output");
}

// What there is.

#[test]
fn tools_with_their_schemas() {
    let dir = Dir::new();
    dir.plugin("echo", &guest("echo"), &json!({}));
    let tools = dir.run(&["tools", "--json"]).exits(0).json();
    let echo = tools.as_array().unwrap().iter().find(|tool| tool["name"] == "echo__echo").unwrap();
    assert_eq!(echo["plugin"], "echo");
    assert_eq!(echo["tool"], "echo");
    assert!(echo["input_schema"].is_object());
    assert!(echo["read_only"].is_boolean());
    let ran = dir.run(&["tools"]).exits(0);
    assert!(ran.stdout.starts_with("echo__echo\t"), "{ran:#?}");
}

#[test]
fn the_program_alone_has_something_to_show() {
    let output = Dir::new().bare_command(&["tools"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("text-stats__text_stats\t"), "{text}");
}

#[test]
fn plugins_with_their_states() {
    let dir = Dir::with_probe();
    dir.plugin("broken", b"\0asm", &json!({}));
    dir.plugin("asking", &probe(), &json!({ "permissions": { "secrets": ["KEY"] } }));
    fs::write(dir.plugin("odd", b"", &json!({})).join("weft.plugin.json"), "{").unwrap();
    let list = dir.run(&["plugin", "list", "--json"]).exits(0).json();
    let states: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|plugin| (plugin["id"].as_str(), plugin["state"].as_str().unwrap()))
        .collect();
    let expected = [
        (Some("probe"), "active"),
        (Some("asking"), "pending"),
        (Some("broken"), "refused"),
        (None, "refused"),
    ];
    assert_eq!(states, expected);
    for refused in &list.as_array().unwrap()[1..] {
        assert!(refused["reason"].is_string() && refused["next_step"].is_string(), "{refused}");
    }
    let ran = dir.run(&["plugin", "list"]).exits(0);
    assert_eq!(ran.stdout.lines().count(), 4, "{ran:#?}");
}

// `run`

#[test]
fn the_console_answers_line_by_line() {
    let dir = Dir::with_probe();
    let input = b"echo {\"a\": 1}\n\n  probe__count  \nbig_result {\"size\":4}\nread_length {\"path\":\"x\"}";
    let ran =
        dir.run_with_input(&["run"], input).exits(1).says("1 plugin, ").says(" tools (probe)\n");
    assert!(
        ran.stdout.starts_with("{\"a\":1}\n{\"count\":1}\n\"xx\"\nerror: denied: "),
        "{ran:#?}"
    );
}

#[test]
fn the_console_ends_well_when_every_call_did() {
    Dir::with_probe().run_with_input(&["run"], b"echo 1\nhelp").exits(0);
    Dir::with_probe().run_with_input(&["run"], b"").exits(0).prints("");
}

#[test]
fn the_console_as_json_lines() {
    let dir = Dir::with_probe();
    let ran = dir.run_with_input(&["run", "--json"], b"echo 1\nnone {}\necho {]\n").exits(1);
    let answers: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0], json!({ "ok": true, "result": 1 }));
    assert_eq!(answers[1]["error"]["code"], "unknown_tool");
    assert_eq!(answers[2]["error"]["code"], "invalid_params");
}

#[test]
fn a_too_long_line_is_refused_alone() {
    let dir = Dir::with_probe();
    let mut input = vec![b'x'; 5_000_000];
    input.extend_from_slice(b"\n\xff\necho 2\n");
    let ran = dir.run_with_input(&["run"], &input).exits(1);
    assert!(ran.stdout.starts_with("error: the line is over 4718592 bytes\n"), "{ran:#?}");
    assert!(ran.stdout.contains("error: the line is not UTF-8 text\n"), "{ran:#?}");
    assert!(ran.stdout.ends_with("\n2\n"), "{ran:#?}");
}

#[test]
fn the_start_reports_unloaded_plugins_and_grants() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "permissions": { "network": ["api.example.com"] } }));
    dir.plugin("broken", b"", &json!({}));
    dir.run(&["run"])
        .exits(0)
        .says("1 plugin, ")
        .says(" tools (probe)")
        .says("plain text is answered only with commands that match it")
        .says("probe: network: api.example.com (approved by --plugins)")
        .says("not loaded: broken (")
        .says("): the module is not a WebAssembly file\n  try: give a .wasm file");
}

#[test]
fn what_plugins_log_is_seen_while_they_run() {
    let dir = Dir::with_probe();
    let line = br#"log {"level": 2, "message": "good\nmorning"}"#;
    dir.run_with_input(&["run"], line).exits(0).says("info: [PLUGIN:probe] good\\nmorning\n");
    let call = ["call", "log", r#"{"level": 2, "message": "good"}"#];
    assert_eq!(dir.run(&call).exits(0).stderr, "");
    dir.run(&[&call[..], &["-v"]].concat()).exits(0).says("info: [PLUGIN:probe] good\n");
}

/// A console with an endless call in flight, an answered one before it and one that waits.
fn endless() -> (Dir, support::Running) {
    let dir = Dir::new();
    let resources = json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 });
    dir.plugin("probe", &probe(), &json!({ "resources": resources }));
    let mut running = dir.start(&["run"]);
    running.type_line("echo 1\nspin\necho 2");
    assert_eq!(running.next_line(), "1");
    (dir, running)
}

#[test]
fn signals_cancel_calls_and_end_the_program_cleanly() {
    for signal in ["INT", "TERM"] {
        let (_dir, running) = endless();
        running.signal(signal);
        let (status, rest) = running.end();
        let told = "error: the program is stopping, and the message was not answered\n  \
            try: send it again when the program runs again\n";
        assert_eq!((status, rest), (Some(0), told.repeat(2)));
    }
}

#[test]
fn a_signalled_call_keeps_its_audit_records() {
    for (signal, format) in [("INT", None), ("TERM", Some("--json"))] {
        let dir = Dir::new();
        let resources = json!({ "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300 });
        let permissions = json!({ "filesystem": ["$WORKSPACE"] });
        let more = json!({ "resources": resources, "permissions": permissions });
        dir.plugin("probe", &probe(), &more);
        let calls = json!({ "calls": [
            { "tool": "env", "params": { "name": "CITY" } },
            { "tool": "write", "params": { "path": "begun", "content": "x" } },
            { "tool": "spin" },
        ] });
        let arguments = ["call", "many", &calls.to_string()];
        let mut running = dir.start(&[&arguments[..], format.as_slice()].concat());
        while !dir.path("begun").exists() {
            assert!(running.child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        running.signal(signal);
        let mut said = String::new();
        running.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let (status, printed) = running.end();
        assert_eq!(status, Some(130), "{said}");
        match format {
            None => assert_eq!(said, "error: cancelled\n  try: call again\n"),
            Some(_) => {
                let answer: Value = serde_json::from_str(&printed).unwrap();
                assert_eq!(answer["error"]["code"], "cancelled");
            }
        }
        let audit = fs::read_to_string(dir.path("home/.weft/audit.jsonl")).unwrap();
        assert_eq!(audit.lines().count(), 2, "{audit}");
    }
}

#[test]
fn a_call_reports_permissions_only_when_verbose() {
    let dir = Dir::new();
    dir.plugin("probe", &probe(), &json!({ "permissions": { "network": ["api.example.com"] } }));
    let granted = "probe: network: api.example.com (approved by --plugins)";
    for arguments in [&["call", "echo"][..], &["tools"]] {
        assert_eq!(dir.run(arguments).exits(0).stderr, "");
        dir.run(&[arguments, &["-v"]].concat()).exits(0).says(granted);
    }
}

#[test]
fn a_signal_ends_a_waiting_console() {
    let dir = Dir::with_probe();
    let mut running = dir.start(&["run"]);
    running.type_line("echo 1");
    assert_eq!(running.next_line(), "1");
    running.signal("INT");
    assert_eq!(running.end(), (Some(0), String::new()));
}

#[test]
fn an_unwritable_console_ends_despite_open_input() {
    let dir = Dir::with_probe();
    let mut closed = dir.start_without_output(&["run"]);
    closed.type_line("echo 1");
    assert_eq!(closed.child.wait().unwrap().code(), Some(0));
}

// The command line.

#[test]
fn a_closed_pipe_is_success() {
    let dir = Dir::with_probe();
    for arguments in [&["tools"][..], &["call", "echo"], &["plugin", "list", "--json"], &["run"]] {
        let mut child = dir.command(arguments).spawn().unwrap();
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(b"echo 1\necho 2\n").ok();
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}: {said}");
        assert!(!said.contains("error"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_wrong_command_line_is_explained_on_stderr() {
    let dir = Dir::new();
    for (arguments, words) in [
        (&["fly"][..], "there is no command `fly`"),
        (&["tools", "--loud"], "unrecognized argument: --loud"),
        (&["call"], "`call` needs TOOL\n  try: see `weft-lite call --help`"),
        (&["plugin"], "`plugin` needs a command: list, inspect, "),
        (&["tools", "--plugins", "missing"], "missing is not a folder"),
        (&["tools", "--approve", "everything"], "none of network, env, secrets, tools"),
        (&["tools", "--env", "CITY"], "NAME=VALUE"),
        (&["tools", "--memory-budget-mb", "0"], "--memory-budget-mb"),
        (&["tools", "--plugins"], "`--plugins` needs a value"),
        (&[], "there is no command"),
    ] {
        let output = dir.bare_command(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        assert!(said.contains(words) && said.contains("\n  try: "), "{arguments:?}: {said}");
    }
}

#[test]
fn a_mistyped_command_gets_a_suggestion() {
    let dir = Dir::new();
    for (line, said) in [
        ("tols", "`tols`\n  try: did you mean `weft-lite tools`?"),
        ("mpc", "`mpc`\n  try: did you mean `weft-lite mcp`?"),
        ("plugins", "`plugins`\n  try: did you mean `weft-lite plugin list`?"),
        (
            "doctor",
            "`doctor`\n  try: did you mean `weft-lite plugin list` or `weft-lite skill list`?",
        ),
        ("plugin ls", "`plugin ls`\n  try: did you mean `weft-lite plugin list`?"),
        ("skill ls", "`skill ls`\n  try: did you mean `weft-lite skill list`?"),
        ("skill rm notes", "`skill rm`\n  try: did you mean `weft-lite skill remove`?"),
        ("skill instal", "`skill instal`\n  try: did you mean `weft-lite skill install`?"),
        ("--plugins . secret st", "`secret st`\n  try: did you mean `weft-lite secret "),
        ("version", "`version`\n  try: did you mean `weft-lite --version`?"),
        ("skill frobnicate", "`skill frobnicate`\n  try: `weft-lite skill --help` lists"),
        ("frobnicate", "`frobnicate`\n  try: `weft-lite --help` lists"),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = dir.bare_command(&arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}: {stderr}");
        assert!(stderr.contains(&format!("there is no command {said}")), "{line}: {stderr}");
    }
    // What is wrong with a command that is there is said as before.
    dir.run(&["skill", "list", "--loud"]).exits(2).says("unrecognized argument: --loud");
    dir.run(&["tools", "--josn"])
        .exits(2)
        .says("unrecognized argument: --josn\n  try: did you mean `--json`?");
    // Options of one command are known as well, and only there.
    let channel = "try: did you mean `--channel`?";
    dir.run(&["run", "--chanel", "socket"]).exits(2).says(channel);
    dir.run(&["plugin", "list", "--chanel"]).exits(2).says("see `weft-lite plugin list --help`");
    let registry = "try: did you mean `--registry`?";
    dir.run(&["plugin", "install", "x", "--regstry", "y"]).exits(2).says(registry);
    for wrong in ["0", "x", "-1"] {
        dir.run(&["--memory-budget-mb", wrong, "tools"]).exits(2).says(&format!(
            "error: `--memory-budget-mb` does not take `{wrong}`: it must be a whole number of MB"
        ));
    }
}

#[test]
fn a_mistyped_skill_gets_a_suggestion() {
    let dir = Dir::new();
    for name in ["weather", "weekly"] {
        let folder = dir.path("home/.weft/skills").join(name);
        fs::create_dir_all(&folder).unwrap();
        let text = format!("---\nname: {name}\ndescription: Does it\n---\nText\n");
        fs::write(folder.join("SKILL.md"), text).unwrap();
    }
    dir.run(&["skill", "show", "wether"])
        .exits(1)
        .says("there is no skill `wether`\n  try: did you mean `weather`?");
    dir.run(&["skill", "show", "zzz"]).exits(1).says("try: see `weft-lite skill list`");
}

#[test]
fn help_has_an_example_for_every_command() {
    let dir = Dir::new();
    for command in [&[][..], &["run"], &["call"], &["tools"], &["plugin"], &["plugin", "list"]] {
        for help in ["--help", "-h"] {
            let output = dir.bare_command(&[command, &[help]].concat()).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{command:?}");
            assert!(text.contains("Examples:") && !text.contains("{{"), "{text}");
        }
    }
    let output = dir.bare_command(&["--version"]).output().unwrap();
    assert_eq!(output.stdout, concat!("weft-lite ", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
}

#[test]
fn a_folder_without_plugins_is_mentioned() {
    Dir::new().run(&["tools"]).exits(0).prints("").says("warning: there is no plugin in ");
}

/// Whoever works in their home folder is not asked to trust what they installed themselves.
#[test]
fn what_is_the_operators_own_needs_no_trust() {
    let dir = Dir::new();
    let skill = dir.path("home/.weft/skills/alpha");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: alpha\ndescription: d\n---\nhello\n").unwrap();
    dir.write("home/.weft/config.yaml", "limits: {}\n");
    let told = dir.run(&["trust", "--workspace", "home", "--json"]).exits(0).json();
    assert_eq!((&told["own"], &told["covers"]), (&json!([]), &json!([])), "{told}");
    let ran = dir.run(&["run", "--workspace", "home"]).exits(0);
    assert!(!ran.stderr.contains("left alone"), "{}", ran.stderr);
    // What lies beside is a workspace's all the same.
    dir.write("home/SOUL.md", "Be brief.\n");
    dir.run(&["run", "--workspace", "home"])
        .exits(0)
        .says("SOUL.md in the workspace is left alone");
}
