//! The program with somebody at its terminal, and with none: lines, history, completion, pasting,
//! ctrl-c and ctrl-d, and the one message that is answered.
#![cfg(all(feature = "cli", feature = "console"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/session.rs"]
#[allow(dead_code, reason = "it is shared with tests that need all of it")]
mod session;
#[allow(dead_code, reason = "it is shared with tests that need all of it")]
mod support;

use std::fs;
#[cfg(feature = "socket")]
use std::io::Read;
use std::io::{BufRead, BufReader, Write};
#[cfg(feature = "socket")]
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
#[cfg(feature = "socket")]
use std::os::unix::net::UnixStream;

use rustix::termios::LocalModes;
#[cfg(feature = "socket")]
use serde_json::Value;
use serde_json::json;
use session::Session;
use support::{Dir, guest, probe};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

/// The program at a terminal that can do what most can.
fn at_terminal(dir: &Dir, arguments: &[&str]) -> Session {
    let mut command = dir.command(arguments);
    command.env("TERM", "xterm");
    Session::start(command)
}

/// A folder with a probe that may compute for a long time.
fn patient() -> Dir {
    let dir = Dir::new();
    let resources = json!({
        "max_fuel": 10_000_000_000_u64, "max_execution_seconds": 300, "max_host_calls": 1_000_000
    });
    dir.plugin("probe", &probe(), &json!({ "resources": resources }));
    dir
}

/// Adds a managed skill.
fn add_skill(dir: &Dir, name: &str, text: &str) {
    let folder = dir.path("home/.weft/skills").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), text).unwrap();
}

/// Waits for the prompt and ends the conversation there.
#[track_caller]
fn leaves(mut session: Session) {
    session.shows("> ");
    session.type_in(CTRL_D);
    assert_eq!(session.ends().0, 0);
}

#[test]
fn lines_are_edited_and_ctrl_d_ends() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("ctrl-d ends");
    session.shows("> ");
    // Typed wrongly, and mended with the arrow keys and backspace.
    session.type_in(
        "probe__eho {\"a\":1}\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Dc\r",
    );
    session.shows("\"a\": 1");
    session.shows("> ");
    session.type_in(CTRL_C);
    session.shows("ctrl-d ends");
    leaves(session);
}

#[test]
fn history_is_kept_for_its_owner_alone() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("/clear\r");
    session.shows("there was nothing to forget");
    session.shows("> ");
    session.type_in(" /skills\r");
    session.shows("there are no skills");
    leaves(session);
    let history = dir.path("home/.weft/history");
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = fs::read_to_string(&history).unwrap();
    assert!(kept.contains("/clear") && !kept.contains("/skills"), "{kept}");

    // It is there again next time, also where somebody had opened the file for all.
    fs::set_permissions(&history, fs::Permissions::from_mode(0o644)).unwrap();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("\x1b[A\r");
    session.shows("there was nothing to forget");
    leaves(session);
    assert_eq!(fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_tabulator_completes_commands_skills_and_tools() {
    let dir = Dir::with_probe();
    add_skill(&dir, "weather", "---\nname: weather\ndescription: Tells the weather\n---\nRain.\n");
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("/use wea\t\r");
    session.shows("`weather` is in use");
    session.shows("> ");
    session.type_in("/cle\t\r");
    session.shows("forgot one skill");
    session.shows("> ");
    session.type_in("probe__ech\t{\"b\":2}\r");
    session.shows("\"b\": 2");
    session.shows("> ");
    session.type_in("/weat\t\r");
    session.shows("Rain.");
    session.shows("> ");
    session.type_in("/qui\t\r");
    session.shows("goodbye");
    assert_eq!(session.ends().0, 0);
}

#[test]
fn pasted_lines_are_one_message() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("\x1b[200~probe__echo {\"lines\":\n[1,\n2]}\x1b[201~");
    session.type_in("\r");
    session.shows("\"lines\": [");
    leaves(session);
}

#[test]
fn changes_are_shown_above_the_typed_line() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("probe__echo {\"whole\":");
    session.shows("{\"whole\":");
    add_skill(&dir, "weather", "---\nname: weather\ndescription: Tells the weather\n---\nRain.\n");
    // The line is taken away, the message stands in its place, and the line comes back below it.
    session.shows("\r\x1b[K+ skill weather (managed)\r\n");
    session.shows("> probe__echo {\"whole\":");
    // What is logged does the same: the name of a built-in command is taken.
    add_skill(&dir, "help", "---\nname: help\ndescription: Tells the weather\n---\nRain.\n");
    session.shows("\x1b[Kwarn: `/help` is a built-in command");
    session.shows("> probe__echo {\"whole\":");
    session.type_in("1}\r");
    session.shows("\"whole\": 1");
    leaves(session);
}

#[test]
fn an_invalid_utf8_key_drops_only_its_line() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    // The second line came with the first, and the editor had not read it yet.
    let pasted = [b"caf\xe9\r/clear ".as_slice(), &[b'x'; 2000], b"\r"].concat();
    session.type_in(pasted);
    session.shows("error: the line is not UTF-8 text\r\n  try: send it as UTF-8\r\n");
    session.shows("> ");
    session.type_in("probe__echo {\"after\":1}\r");
    session.shows("\"after\": 1");
    leaves(session);
}

/// What the program says, and its status, where its output goes to a device without room.
#[cfg(target_os = "linux")]
fn with_no_room(dir: &Dir, arguments: &[&str], input: &[u8]) -> (String, Option<i32>) {
    let mut command = dir.command(arguments);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command.stdout(full).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let ended = child.wait_with_output().unwrap();
    (String::from_utf8(ended.stderr).unwrap(), ended.status.code())
}

#[test]
#[cfg(target_os = "linux")]
fn an_unwritable_answer_ends_the_program_with_failure() {
    let dir = Dir::with_probe();
    for (arguments, input) in [
        (["run", "--message", "/help"].as_slice(), ""),
        (&["run", "--json", "--message", "/help"], ""),
        (&["run"], "/clear\n"),
        (&["run", "--json"], "probe__echo 1\nprobe__echo 2\n"),
    ] {
        let (said, status) = with_no_room(&dir, arguments, input.as_bytes());
        // As JSON the error itself has nowhere to go.
        let errors = ["writing to the console", "the output can't be written"];
        let is_error = |words: &&str| said.contains(&format!("error: {words}: No space left"));
        assert!(errors.iter().any(is_error), "{said}");
        assert_eq!(status, Some(1), "{arguments:?}");
    }
}

#[test]
fn an_unreadable_input_ends_the_program_with_failure() {
    let dir = Dir::with_probe();
    let mut command = dir.command(&["run"]);
    // A folder can be opened, but not read.
    let ended = command.stdin(fs::File::open(dir.path("home")).unwrap()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("error: reading from the console: "), "{said}");
    assert!(!said.contains("starts again"), "{said}");
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn ctrl_c_cancels_the_call_only() {
    let dir = patient();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("probe__log {\"level\":2,\"message\":\"here\"}\r");
    session.shows("> ");
    session.type_in("probe__spin\r");
    session.shows("probe__spin");
    // The terminal is no longer edited: the call is in flight or about to be.
    while !is_cooked(&session) {
        std::thread::yield_now();
    }
    session.signal("INT");
    session.shows("error: cancelled");
    session.shows("> ");
    session.type_in("probe__echo {\"after\":1}\r");
    session.shows("\"after\": 1");
    leaves(session);
}

/// Whether the terminal itself turns ctrl-c into a signal, as it does while nobody edits.
fn is_cooked(session: &Session) -> bool {
    session.has_mode(LocalModes::ISIG)
}

#[test]
fn ctrl_d_during_a_call_awaits_the_answer() {
    let dir = patient();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    let calls = json!({ "calls": [
        { "tool": "log", "params": { "level": 2, "message": "begun" } },
        { "tool": "log", "params": { "level": 4, "message": "on", "count": 20_000 } },
        { "tool": "echo", "params": "answered" },
    ] });
    session.type_in(format!("probe__many {calls}\r"));
    session.shows("[PLUGIN:probe] begun");
    session.type_in(CTRL_D);
    let (status, shown) = session.ends();
    assert_eq!(status, 0, "{shown}");
    let (_, after) = shown.rsplit_once("answered").unwrap_or_else(|| panic!("{shown:?}"));
    assert!(after.contains("> "), "the answer comes before the end: {shown:?}");
}

#[test]
fn lines_typed_ahead_are_answered_in_order() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in(format!("probe__echo 11\rprobe__echo 22\rprobe__echo 33\r{CTRL_D}"));
    for answer in ["\n11\r\n", "\n22\r\n", "\n33\r\n"] {
        session.shows(answer);
    }
    assert_eq!(session.ends().0, 0);
}

#[test]
fn a_terminal_is_given_back_as_it_was() {
    let modes = LocalModes::ISIG | LocalModes::ICANON | LocalModes::ECHO;
    let dir = patient();
    // While a line is edited.
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    while is_cooked(&session) {
        std::thread::yield_now();
    }
    session.signal("TERM");
    session.shown_until_the_end();
    assert!(session.has_mode(modes));
    assert_eq!(session.ends().0, 0);
    // While a call is in flight, also for somebody who does not wait.
    for signals in [["TERM"].as_slice(), &["TERM", "TERM"]] {
        let mut session = at_terminal(&dir, &["run"]);
        session.shows("> ");
        session.type_in("probe__spin\r");
        while !is_cooked(&session) {
            std::thread::yield_now();
        }
        signals.iter().for_each(|signal| session.signal(signal));
        session.shown_until_the_end();
        assert!(session.has_mode(modes));
    }
    // At the end.
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("/quit\r");
    session.shown_until_the_end();
    assert!(session.has_mode(modes));
    assert_eq!(session.ends().0, 0);
}

#[test]
fn guests_control_characters_never_reach_the_terminal() {
    let dir = Dir::with_probe();
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("> ");
    session.type_in("probe__echo \"\\u001b[2J\"\r");
    session.shows("\\u{1b}[2J");
    leaves(session);
}

// One message.

#[test]
fn one_message_is_answered_with_an_exit_status() {
    let dir = Dir::with_probe();
    dir.run(&["run", "--message", "echo {\"a\": 1}"]).exits(0).prints("{\"a\":1}\n");
    dir.run(&["run", "--message", "/clear"]).exits(0).prints("there was nothing to forget\n");
    let failed = dir.run(&["run", "--message=/nothing", "--json"]).exits(1).json();
    assert_eq!(failed["error"]["code"], "unknown_command");
    let text = dir.run(&["run", "--json", "--message", "two\nlines"]).exits(0).json();
    assert_eq!(text["ok"], json!(true));
}

#[test]
fn on_a_pipe_lines_go_in_and_out() {
    let dir = Dir::with_probe();
    let lines = b"/clear\n\necho 1\n/quit\necho 2\n";
    let ran = dir.run_with_input(&["run"], lines).exits(0);
    assert!(ran.stdout.starts_with("there was nothing to forget\n1\ngoodbye\n"), "{ran:#?}");
    dir.run_with_input(&["run"], b"/nothing\n/clear\n").exits(1);
    assert!(!dir.path("home/.weft/history").exists(), "a pipe leaves no history");
}

#[test]
fn one_message_has_the_usual_time_and_stages() {
    let dir = patient();
    // A call of many host calls, which goes on for a while after the message was taken.
    let call = r#"probe__log {"level": 4, "message": "on", "count": 2000}"#;
    dir.run(&["run", "--message", call]).exits(0);
    let stage = json!({ "capabilities": ["pipeline_stage"] });
    dir.plugin("redact", &guest("redact"), &stage);
    let ran = dir.run(&["run", "--message", "/status"]).exits(0);
    assert!(ran.stdout.contains("\npipeline_stage redact (plugin redact)  running\n"), "{ran:#?}");
}

#[test]
fn an_empty_message_is_a_wrong_command_line() {
    let dir = Dir::with_probe();
    for arguments in [["run", "--message", ""].as_slice(), &["run", "--show-prompt", "--message= "]]
    {
        dir.run(arguments).exits(2).prints("").says(
            "error: the message of `--message` is empty\n  try: give it a text, `/help` for instance\n",
        );
    }
}

#[test]
fn conflicting_options_are_a_wrong_command_line() {
    let dir = Dir::with_probe();
    for arguments in [
        ["--message=hi", "--channel=socket"].as_slice(),
        &["--show-prompt", "--channel=console"],
        &["--message=hi", "--json-events"],
        &["--show-prompt", "--json-events"],
        #[cfg(feature = "mcp")]
        &["--mcp=stdio", "--message=hi"],
        #[cfg(feature = "mcp")]
        &["--mcp=stdio", "--channel=console"],
        #[cfg(feature = "mcp")]
        &["--mcp=stdio", "--show-prompt"],
    ] {
        dir.run(&[&["run"], arguments].concat()).exits(2).says("leave out one of them");
    }
}

#[test]
#[cfg(feature = "serve")]
fn a_useless_option_is_a_wrong_command_line() {
    let dir = Dir::with_probe();
    for (arguments, option, needed) in [
        (["--token-file=none"].as_slice(), "--token-file", "--mcp HOST:PORT"),
        (&["--token-file=none", "--mcp=stdio"], "--token-file", "--mcp HOST:PORT"),
        (&["--tool-names=bare"], "--tool-names", "--mcp"),
        (&["--tool-names=bare", "--message=hi"], "--tool-names", "--mcp"),
    ] {
        let said = format!(
            "error: `{option}` serves no purpose without `{needed}`\n  \
            try: add `{needed}`, or leave out `{option}`\n"
        );
        dir.run(&[&["run"], arguments].concat()).exits(2).prints("").says(&said);
    }
}

#[test]
fn commands_show_what_is_loaded_and_happened() {
    let dir = Dir::with_probe();
    dir.plugin("broken", b"no module", &json!({}));
    let nameless = dir.plugin("nameless", b"", &json!({ "wasm_module": null }));
    let lines =
        b"/plugins\n/tools\nprobe__read {\"path\": \"/one\"}\nprobe__read {\"path\": \"/two\"}\n\
        /audit 1\n/audit\n";
    let ran = dir.run_with_input(&["run"], lines).exits(1);
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert!(said[0].starts_with("probe 1.0.0  tool, "), "{ran:#?}");
    let broken = dir.path("plugins/broken").display().to_string();
    assert!(said[1].starts_with(&format!("broken ({broken})  not loaded: ")), "{ran:#?}");
    assert!(said[2].starts_with("  try: ") && !said[2].contains(&broken), "{ran:#?}");
    // Of one whose manifest can't be read there is only the place, and it is said once.
    let refused = format!("{}  not loaded: invalid manifest: `wasm_module`: ", nameless.display());
    assert!(said[3].starts_with(&refused), "{ran:#?}");
    assert_eq!(said[4], "  try: correct it in the manifest");
    assert_eq!(
        said[5],
        "probe__allocate  Allocates and touches that many megabytes: {pages} of memory"
    );
    let count = |line: &str| said.iter().filter(|it| it.ends_with(line)).count();
    // The one that was asked for is the last; then there are both.
    let denied = "denied: filesystem access not permitted";
    assert_eq!(count(&format!("  probe  read-file /one  {denied}")), 1, "{ran:#?}");
    assert_eq!(count(&format!("  probe  read-file /two  {denied}")), 2, "{ran:#?}");
}

#[test]
fn a_skill_with_a_used_name_fails() {
    let dir = Dir::with_probe();
    let text = |name: &str| format!("---\nname: {name}\ndescription: Mine\n---\nMine.\n");
    let told = |name: &str| {
        format!(
            "`/{name}` is a built-in command, so the skill `{name}` ({}) is not a command; give the skill \
             another `name` in",
            dir.path("home/.weft/skills").join(name).join("SKILL.md").display()
        )
    };
    add_skill(&dir, "help", &text("help"));
    let mut running = dir.start(&["run"]);
    let mut heard = BufReader::new(running.child.stderr.take().unwrap()).lines();
    let mut hears =
        |words: &str| heard.find(|line| line.as_ref().unwrap().contains(words)).unwrap();
    hears(&told("help")).unwrap();
    // Nobody has to say anything for it.
    add_skill(&dir, "status", &text("status"));
    hears(&told("status")).unwrap();
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
}

// What commands change.

#[test]
fn what_waits_is_approved_and_rejected_by_commands() {
    let dir = Dir::new();
    let manifest = json!({ "permissions": { "env_vars": ["CITY"], "network": ["a.example"] } });
    let folder = dir.plugin("probe", &probe(), &manifest);
    let installed = dir.path("home/.weft/plugins");
    fs::create_dir_all(&installed).unwrap();
    fs::rename(folder, installed.join("probe")).unwrap();
    let lines = b"/approve\n/approve probe\n/approve probe env\nprobe__echo 1\n/approve\n\
        /reject probe\nprobe__echo 2\n/approve nothing\n/reload\n/audit\n";
    let ran = dir.run_with_input(&["run"], lines).exits(1);
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(said[0], "probe  asks for network: a.example, env: CITY");
    assert_eq!(said[2], "`probe` does not run before this is approved: env: CITY");
    assert_eq!(said[4..7], ["`probe` is in service", "1", "nothing waits for approval"]);
    assert_eq!(said[7], "`probe` was rejected and is out of service");
    assert!(said[8].starts_with("error: denied: plugin `probe` needs approval"), "{ran:#?}");
    assert_eq!(said[10], "error: nothing that is installed is named `nothing`");
    assert_eq!(said[12], "nothing is different");
    assert_eq!(said[13], "no plugin has asked the host for anything");
}

#[test]
fn approvals_of_named_folders_are_not_stored() {
    let dir = Dir::with_probe();
    for line in ["/approve probe", "/reject probe"] {
        let ran = dir.run(&["run", "--message", line]).exits(1);
        let said = "error: nothing that is installed is named `probe`\n  try: ";
        assert!(ran.stdout.starts_with(said), "{ran:#?}");
    }
    assert!(!dir.path("home/.weft/approvals.json").exists());
}

#[test]
fn a_signal_after_end_of_input_cancels_calls() {
    let dir = patient();
    let mut child = dir.command(&["run"]).spawn().unwrap();
    let calls = json!({ "calls": [
        { "tool": "log", "params": { "level": 2, "message": "begun" } }, { "tool": "spin", "params": {} },
    ] });
    writeln!(child.stdin.take().unwrap(), "probe__many {calls}").unwrap();
    let mut heard = BufReader::new(child.stderr.take().unwrap()).lines();
    heard.find(|line| line.as_ref().unwrap().contains("[PLUGIN:probe] begun")).unwrap().unwrap();
    let process = child.id().to_string();
    assert!(std::process::Command::new("kill").arg(&process).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(
        said.starts_with("error: the program is stopping, and the message was not answered\n"),
        "{said}"
    );
    // Whether the end of input or the signal was seen first decides between 1 and 0.
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{:?}", ended.status);
}

// The prompt.

#[test]
fn the_prompt_can_be_looked_at() {
    let dir = Dir::with_probe();
    dir.write("SOUL.md", "You are calm.\n");
    add_skill(&dir, "weather", "---\nname: weather\ndescription: Tells the weather\n---\nRain.\n");
    let ran = dir.run(&["run", "--show-prompt", "--trust"]).exits(0);
    let prompt = &ran.stdout;
    assert!(
        prompt.starts_with("You are calm.\n\n# Skills\n\n- weather: Tells the weather\n"),
        "{prompt}"
    );
    assert!(prompt.contains("# Tools\n\n- probe__"), "{prompt}");
    assert!(!prompt.contains("Rain."), "{prompt}");
    let weather = ["run", "--show-prompt", "--trust", "--message", "/weather"];
    let ran = dir.run(&weather).exits(0);
    assert!(ran.stdout.ends_with("# Skill in use: weather\n\nRain.\n"), "{ran:#?}");
    let json = dir.run(&["run", "--show-prompt", "--trust", "--json"]).exits(0).json();
    assert_eq!(json["prompt"].as_str().unwrap(), prompt.trim_end());
    dir.run(&["run", "--show-prompt", "--message", "/nothing"])
        .exits(1)
        .prints("")
        .says("error: there is no command `/nothing`");
}

#[test]
fn workspace_text_is_read_only_when_trusted() {
    for place in ["SOUL.md", ".weft/SOUL.md"] {
        let dir = Dir::with_probe();
        let ran = dir.run(&["run", "--show-prompt"]).exits(0);
        assert!(!ran.stderr.contains("SOUL.md"), "there is none: {ran:#?}");
        fs::create_dir_all(dir.path(".weft")).unwrap();
        dir.write(place, "\u{feff}You are calm.\n");
        let left =
            format!("warning: {place} in the workspace is left alone\n  try: if you trust it");
        for arguments in [&["run", "--show-prompt"][..], &["run", "--message", "/quit"], &["run"]] {
            let ran = dir.run(arguments).exits(0).says(&left);
            assert!(!ran.stdout.contains("calm"), "{ran:#?}");
        }
        let ran = dir.run(&["run", "--show-prompt", "--trust"]).exits(0);
        assert!(ran.stdout.starts_with("You are calm.\n\n# "), "{ran:#?}");
        assert!(!ran.stderr.contains("SOUL.md"), "{ran:#?}");
    }
}

#[test]
fn a_lower_case_soul_is_warned_about_once() {
    let dir = Dir::with_probe();
    dir.write("soul.md", "You are calm.\n");
    let ran = dir.run(&["run", "--trust", "--message", "/quit"]).exits(0);
    let said = ran.stderr.matches("soul.md is not read: rename it to SOUL.md").count();
    assert_eq!(said, 1, "{ran:#?}");
}

// Channels.

#[test]
fn an_unknown_channel_is_a_wrong_command_line() {
    let dir = Dir::with_probe();
    dir.run(&["run", "--channel", "telegram"])
        .exits(2)
        .says("there is no channel `telegram`\n  try: name one of console, socket");
}

#[cfg(feature = "socket")]
#[test]
fn the_socket_alone_serves_until_a_signal_comes() {
    let dir = Dir::with_probe();
    let running = dir.start(&["run", "--channel", "socket"]);
    let path = dir.path("home/.weft/weft.sock");
    let mut stream = loop {
        if let Ok(stream) = UnixStream::connect(&path) {
            break stream;
        }
        std::thread::yield_now();
    };
    let line = json!({ "type": "message", "id": "1", "text": "/status" });
    writeln!(stream, "{line}").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let answer: Value = serde_json::from_str(said.lines().nth(1).unwrap()).unwrap();
    assert!(
        answer["text"].as_str().unwrap().contains("channel socket (native)  running"),
        "{answer}"
    );
    assert!(!answer["text"].as_str().unwrap().contains("channel console"), "{answer}");
    running.signal("TERM");
    assert_eq!(running.end().0, Some(0));
    assert!(!path.exists());
}

#[cfg(feature = "socket")]
#[test]
fn wrong_channel_configuration_is_reported() {
    let dir = Dir::with_probe();
    let home = dir.path("home/.weft");
    fs::create_dir_all(&home).unwrap();
    let configure = |text: &str| fs::write(home.join("config.yaml"), text).unwrap();
    configure("channels:\n  socket: {tcp: \"127.0.0.1:0\"}\n");
    dir.run(&["run"]).exits(1).says("channels.socket.token_secret");
    configure("channels:\n  socket: {path: /a, tcp: nowhere, token_secret: T}\n  Odd Name: {}\n");
    dir.run(&["run"]).exits(1).says("channels.socket.tcp").says("Odd Name");
    configure("channels:\n  mailbox: {owner: ann, alow: [bob]}\n");
    dir.run(&["run"]).exits(0).says("did you mean `allow`?");
    configure("channels:\n  mailbux: {owner: ann}\n");
    let ran = dir.run(&["run"]).exits(0).says("there is no channel `mailbux`");
    ran.says("name one of console, socket");
    let place = dir.path("own.sock");
    configure(&format!("channels: {{socket: {{path: \"{}\"}}}}\n", place.display()));
    let mut running = dir.start(&["run"]);
    running.type_line("/status");
    assert!(running.next_line().starts_with("generation"));
    let mode = || fs::metadata(&place).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    running.signal("TERM");
    running.child.wait().unwrap();
    assert!(!place.exists());
    // Whoever may talk has to be able to connect.
    configure(&format!(
        "channels: {{socket: {{path: \"{}\", allow: [\"uid:4242\"]}}}}\n",
        place.display()
    ));
    let mut running = dir.start(&["run"]);
    running.type_line("/status");
    assert!(running.next_line().starts_with("generation"));
    assert_eq!(mode(), 0o666);
    running.signal("TERM");
    running.child.wait().unwrap();
}

#[cfg(feature = "socket")]
#[test]
fn a_channel_that_cannot_open_is_retried() {
    let dir = Dir::with_probe();
    dir.write("notes.txt", "mine");
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    let place = dir.path("notes.txt");
    let config = format!("channels: {{socket: {{path: \"{}\"}}}}\n", place.display());
    dir.write("home/.weft/config.yaml", config);
    let problem =
        format!("failed: opening the socket: {} is there and is not a socket", place.display());
    let mut running = dir.start(&["run"]);
    running.type_line("/status");
    while !running.next_line().contains(&format!("channel socket (native)  {problem}")) {}
    running.signal("TERM");
    let mut said = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(running.end().0, Some(0), "{said}");
    assert!(said.contains(&format!("channel socket: {problem}; starts again after")), "{said}");
    assert!(!said.contains("the socket listens"), "{said}");
}

#[cfg(feature = "socket")]
#[test]
fn a_tcp_socket_reports_address_and_checks_tokens() {
    let dir = Dir::with_probe();
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    dir.write(
        "home/.weft/config.yaml",
        "channels: {socket: {tcp: \"127.0.0.1:0\", token_secret: BOARD}}\n",
    );
    dir.run(&["run", "--message", "/clear"]).exits(0);
    let mut running = dir.start(&["run"]);
    let mut said = String::new();
    let mut lines = BufReader::new(running.child.stderr.take().unwrap());
    while !said.contains("a TCP socket needs a secret as its token") {
        assert!(lines.read_line(&mut said).unwrap() > 0, "{said}");
    }
    running.signal("TERM");
    lines.read_to_string(&mut said).unwrap();
    assert_eq!(running.end().0, Some(0), "{said}");
    assert!(!said.contains("the socket listens"), "{said}");
    dir.run_with_input(&["secret", "set", "BOARD", "--host", "127.0.0.1"], b"hush-hush\n").exits(0);

    let mut running = dir.start(&["run", "-v", "--channel", "socket"]);
    let mut heard = String::new();
    let mut lines = BufReader::new(running.child.stderr.take().unwrap());
    let address = loop {
        assert!(lines.read_line(&mut heard).unwrap() > 0, "{heard}");
        if let Some((_, address)) = heard.rsplit_once("the socket listens at ") {
            break address.trim().to_owned();
        }
    };
    let says = |token: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        writeln!(stream, "{}", json!({ "type": "hello", "token": token })).unwrap();
        let mut first = String::new();
        BufReader::new(stream).read_line(&mut first).unwrap();
        serde_json::from_str::<Value>(&first).unwrap()["type"].clone()
    };
    assert_eq!(says("hush-hush"), "hello");
    assert_eq!(says("hush"), "error");
    running.signal("TERM");
    lines.read_to_string(&mut heard).unwrap();
    assert!(!heard.contains("hush"), "{heard}");
}

#[test]
fn ctrl_d_at_the_trust_question_answers_nothing() {
    let dir = Dir::with_probe();
    let folder = dir.path(".weft/skills/ours");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("SKILL.md"), "---\nname: ours\ndescription: Ours\n---\nDo.\n").unwrap();
    let kept = dir.path("home/.weft/trusted-workspaces.json");
    let mut session = at_terminal(&dir, &["run"]);
    session.shows("do you trust them? [y/N] ");
    session.type_in(CTRL_D);
    session.shows(".weft/skills in the workspace is left alone");
    leaves(session);
    assert!(!kept.exists());
    // An answer is kept, and nobody is asked again.
    let mut session = at_terminal(&dir, &["run"]);
    session.answers("do you trust them? [y/N] ", "n");
    leaves(session);
    assert!(kept.exists());
}

#[test]
fn an_answer_in_parts_is_printed_once() {
    let dir = Dir::new();
    let doors = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/doors");
    let run = |more: &[&str]| dir.run(&[&["run", "--plugins", doors], more].concat());
    run(&["--message", "one two three"]).exits(0).prints("one two three\n");
    run(&["--message", "lie to me"]).exits(0).prints("lie to me\nthe truth\n");
    let json = "{\"ok\":true,\"result\":\"one two three\"}\n";
    run(&["--json", "--message", "one two three"]).exits(0).prints(json);
}
