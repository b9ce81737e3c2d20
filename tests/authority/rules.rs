//! The rules of authority, on the built program; those that are about installing are in `tests/install`.

use std::fs;
#[cfg(feature = "serve")]
use std::io::{BufRead, BufReader, Read, Write};
#[cfg(feature = "serve")]
use std::net::TcpStream;

use serde_json::json;

use crate::program::Machine;
use crate::world::{AUTHORITY, KERNEL, OWN};

const SETTINGS: &str = "filesystem access denied: settings and prompts of other programs are read-only where the manifest does not name them";

#[test]
fn rule_1_paths_named_by_the_configuration_are_places() {
    let machine = Machine::new();
    let pem = include_str!("../network/certificates/authority.pem");
    let authority = machine.write("home/work/own-ca.pem", pem);
    let socket = machine.path("home/work/weft.sock");
    let config = json!({
        "network": { "ca_file": authority }, "channels": { "socket": { "path": socket } },
    });
    machine.write("home/.weft/config.yaml", config.to_string());
    let value = machine.write("home/work/value.txt", "hush");
    let value = value.to_str().unwrap();
    machine.done(&["secret", "set", "API", "--host", "a.example.com", "--in-file", value]);
    let mut running = machine.granting(&json!(["$WORKSPACE", "~"]));
    for place in ["own-ca.pem", "weft.sock", "value.txt"] {
        running.denied(place);
    }
    // One that is set while it runs.
    machine.write("home/work/later.txt", "hush");
    assert_eq!(running.read("later.txt"), Ok("hush".into()));
    machine.done(&[
        "secret",
        "set",
        "B",
        "--host",
        "b.example.com",
        "--in-file",
        "home/work/later.txt",
    ]);
    running.types("/reload").unwrap();
    running.denied("later.txt");
    running.end();
    assert_eq!(machine.text("home/work/own-ca.pem"), pem);
}

#[test]
fn rule_1_the_program_itself_is_a_place() {
    let machine = Machine::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_weft-lite"));
    let mut running = machine.granting(&json!([program.parent().unwrap()]));
    running.denied(program);
    running.end();
}

#[test]
fn rule_1_settings_of_other_programs_are_read_only() {
    let machine = Machine::new();
    machine.write("home/work/.git/config", "[core]");
    machine.write("home/work/AGENTS.md", "as a person wrote it");
    std::os::unix::fs::symlink(".git", machine.path("home/work/linked")).unwrap();
    let grants =
        json!(["$WORKSPACE", "$WORKSPACE/.github/notes", "$WORKSPACE/GEMINI.md", "$PLUGIN_DATA"]);
    fs::create_dir_all(machine.path("home/work/.github/notes")).unwrap();
    machine.write("home/work/GEMINI.md", "");
    let mut running = machine.granting(&grants);
    let work = machine.path("home/work");
    for path in [
        ".git/config",
        ".git/hooks/pre-commit",
        "linked/hooks/pre-commit",
        "new/folder/.git/hooks/pre-commit",
        ".mcp.json",
        ".claude/settings.json",
        ".vscode/tasks.json",
        ".cursor/mcp.json",
        ".github/copilot-instructions.md",
        ".bashrc",
        ".envrc",
        // So a file system of DOS may call `.git`, `CLAUDE.local.md` and `weft.plugin.json`.
        "GIT~1/hooks/pre-commit",
        "claude~1.MD",
        "neighbour/WEFTPL~1.JSO",
        "AGENTS.md",
        "below/agents.md",
        "CLAUDE.md",
        "a/../Claude.MD",
        // A plugin that somebody names at a later start, which approves its files and hosts.
        "neighbour/weft.plugin.json",
        "neighbour/Clawft.plugin.yml",
        "neighbour/plugin.wasm",
    ] {
        running.not_written(work.join(path), SETTINGS);
    }
    assert_eq!(running.read(work.join(".git/config")), Ok("[core]".into()));
    assert_eq!(running.read(work.join("AGENTS.md")), Ok("as a person wrote it".into()));
    assert_eq!(running.read(work.join("linked/config")), Ok("[core]".into()));
    let deep = machine.path("home/.hidden/work/a.txt");
    assert!(running.write(deep, "").unwrap_err().ends_with("path outside sandbox"));
    let none = ["new", "below", "neighbour"];
    assert!(none.iter().all(|folder| !work.join(folder).exists()));
    // What the manifest names is meant, and nobody else reads the plugin's own data.
    assert_eq!(running.write(work.join(".github/notes/a.md"), "mine"), Ok(()));
    assert_eq!(running.write(work.join("GEMINI.md"), "mine"), Ok(()));
    let data = fs::read_dir(machine.path("home/.weft/data/folders")).unwrap().next().unwrap();
    assert_eq!(running.write(data.unwrap().path().join(".state/AGENTS.md"), "mine"), Ok(()));
    running.end();
}

#[test]
fn rule_2_only_kernel_files_of_no_process_open() {
    let machine = Machine::new();
    let asks =
        json!({ "filesystem": ["/proc/uptime", "/proc/self/environ", "/proc", "/dev/null"] });
    let folder = machine.probe("plugins/probe", "0.1.0", &asks);
    let report = machine.json(&["plugin", "inspect", folder.to_str().unwrap(), "--json"]);
    let warnings = report["warnings"].as_array().unwrap();
    let said = |grant: &str| warnings.iter().any(|it| it.as_str().unwrap().contains(grant));
    assert!(said("`/proc/self/environ` stays closed: it shows a single process"), "{warnings:?}");
    assert!(said("`/proc` stays closed: the kernel's files are opened one by one"), "{warnings:?}");
    let mut running = machine.start("plugins", &[]);
    assert!(running.read("/proc/uptime").is_ok());
    assert!(running.read("/proc/self/environ").is_err());
    assert!(running.write("/proc/uptime", "0").is_err());
    running.end();
}

#[test]
fn rule_3_what_cant_be_told_is_denied() {
    let machine = Machine::new();
    let note = machine.write("home/work/note.txt", "mine");
    fs::hard_link(note, machine.path("home/work/same.txt")).unwrap();
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    assert_eq!(running.read("same.txt"), Ok("mine".into()));
    // Another name of a place's file? There is too much in the places to know.
    machine.write("home/.weft/history-of-years/0", "");
    for number in 0..=50_000 {
        fs::File::create(machine.path("home/.weft/history-of-years").join(number.to_string()))
            .unwrap();
    }
    let rule = "filesystem access denied: weft-lite cannot determine whether it is open";
    assert_eq!(running.read("same.txt"), Err(rule.into()));
    running.not_written("same.txt", rule);
    running.end();
}

/// What a plugin may reach on this machine is not what its neighbours may do.
#[cfg(feature = "serve")]
#[test]
fn rule_1_a_plugin_is_no_client_of_its_host() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "network: {allow_private_hosts: [127.0.0.1]}\n");
    machine.probe("plugins/probe", "0.1.0", &json!({ "network": ["127.0.0.1"] }));
    let mut server = machine.command(&["run", "--mcp", "127.0.0.1:0"]).spawn().unwrap();
    let mut said = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = said.by_ref().find(|line| line.starts_with("serving MCP at ")).unwrap();
    let url = line.trim_start_matches("serving MCP at ");
    let address = url.trim_start_matches("http://").trim_end_matches("/mcp");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let headers = [["Content-Type", "application/json"], ["Accept", "application/json"]];
    let call = json!({ "url": url, "method": "POST", "body": ping, "headers": headers });
    let mut running = machine.start("plugins", &[]);
    let refused = running.types(&format!("probe__http {call}")).unwrap_err();
    assert!(
        refused.contains("HTTP 403") && refused.contains("plugins are served only"),
        "{refused}"
    );
    running.end();
    // Everybody else is served.
    let mut stream = TcpStream::connect(address).unwrap();
    let head: String = headers.iter().map(|[name, value]| format!("{name}: {value}\r\n")).collect();
    let length = ping.len();
    let start = format!("POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n");
    write!(stream, "{start}Connection: close\r\n{head}\r\n{ping}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn rule_4_a_named_folder_is_approved_as_started() {
    let machine = Machine::new();
    let asks = json!({ "filesystem": ["$WORKSPACE"] });
    let mut running = machine.granting(&asks["filesystem"]);
    machine.probe("plugins/probe", "0.1.1", &asks);
    running.types("/reload").unwrap();
    assert_eq!(running.types("probe__echo 1"), Ok(json!(1)));
    machine.probe("plugins/probe", "0.1.2", &json!({ "filesystem": ["$WORKSPACE", "/"] }));
    running.types("/reload").unwrap();
    let error = running.types("probe__echo 1").unwrap_err();
    assert!(error.contains("it did not ask for filesystem: / at the start"), "{error}");
    machine.probe("plugins/probe", "0.1.3", &asks);
    running.types("/reload").unwrap();
    assert_eq!(running.types("probe__echo 1"), Ok(json!(1)));
    running.end();
}

/// What a trusted workspace says beside what tightens is left alone, section by section, and said.
#[test]
fn rule_7_a_trusted_workspace_loosens_nothing() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "limits: {plugin_data_mb: 1}\n");
    machine.probe(
        "plugins/probe",
        "0.1.0",
        &json!({ "filesystem": ["$PLUGIN_DATA"], "env_vars": ["CITY"] }),
    );
    let socket = machine.path("home/socket");
    let loosens = json!({
        "limits": { "plugin_data_mb": 9, "module_kb": 2000 },
        "channels": { "socket": { "path": socket } },
        "audit": { "rotate_mb": 1 },
        "mcp": { "allowed_hosts": ["evil.example"] },
        "network": { "ca_file": "/none.pem" },
        "env": { "never": ["CITY"] },
    });
    machine.write("home/work/.weft/config.yaml", loosens.to_string());
    let plugins = machine.path("plugins");
    let run = ["--trust", "--approve", "env", "--env", "CITY=Ulm", "--plugins"];
    let (_, said) = machine.run(&[&["tools"][..], &run, &[plugins.to_str().unwrap()]].concat());
    for key in [
        "limits.plugin_data_mb",
        "limits.module_kb",
        "channels.socket",
        "audit.rotate_mb",
        "mcp.allowed_hosts",
        "network.ca_file",
    ] {
        let words = format!("`{key}` in ");
        assert!(
            said.contains(&words) && said.contains("a workspace can't loosen"),
            "{key}: {said}"
        );
    }
    let mut running = machine.start("plugins", &run[..5]);
    assert_eq!(running.types("probe__env {\"name\":\"CITY\"}"), Ok(json!({ "value": null })));
    let two = "x".repeat(600 << 10);
    assert_eq!(running.write("a", &two), Ok(()));
    assert!(running.write("b", &two).unwrap_err().contains("at most 1 MB"));
    assert!(!socket.exists());
    running.end();
}

#[test]
fn rule_8_each_refusal_is_recorded_and_announced() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "channels: {socket: {path: ~/work/weft.sock}}\n");
    let grants = json!([
        "$WORKSPACE",
        "~/.weft",
        "$WORKSPACE/.weft/skills",
        "$WORKSPACE/SOUL.md",
        "$WORKSPACE/weft.sock",
        "/proc",
    ]);
    let folder = machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": grants }));
    let report = machine.json(&["plugin", "inspect", folder.to_str().unwrap(), "--json"]);
    let warnings: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    for (grant, warning) in grants.as_array().unwrap().iter().skip(1).zip(&warnings) {
        let start = format!("the filesystem grant `{}` stays closed: ", grant.as_str().unwrap());
        assert!(warning.starts_with(&start), "{warnings:?}");
    }
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    let mut running = machine.start("plugins", &[]);
    let mut denials = Vec::new();
    for (path, rule) in [(".weft/config.yaml", AUTHORITY), (".git/config", SETTINGS)] {
        running.not_written(path, rule);
        denials.push(rule);
    }
    let own = machine.path("plugins/probe/new");
    assert!(running.write(own, "").unwrap_err().ends_with("path outside sandbox"));
    running.end();
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["/"] }));
    let mut running = machine.start("plugins", &[]);
    running.not_written(machine.path("plugins/probe/new"), OWN);
    assert_eq!(running.read("/proc/self/environ"), Err(KERNEL.into()));
    running.end();
    let recorded = machine.run(&["audit", "--json", "--denied", "--plugin", "probe"]).0;
    for rule in denials.into_iter().chain([OWN, KERNEL]) {
        assert!(recorded.lines().any(|line| line.contains(rule)), "{rule}: {recorded}");
    }
}

#[test]
fn rule_1_data_of_a_plugin_is_bounded() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "limits: {plugin_data_mb: 1}\n");
    let full = "no space left: a plugin's data is at most 1 MB; raise `limits.plugin_data_mb` in config.yaml for more";
    let is_full = |answer: Result<(), String>| {
        assert!(answer.clone().is_err_and(|it| it.ends_with(full)), "{answer:?}");
    };
    let mut running = machine.granting(&json!(["$PLUGIN_DATA", "$WORKSPACE"]));
    let part = "x".repeat(300 << 10);
    for name in ["a", "b/c/d", "e"] {
        assert_eq!(running.write(name, &part), Ok(()));
    }
    is_full(running.write("f", &part));
    is_full(running.write("g/h", &part));
    // What was there is there, and makes room when it gets smaller.
    assert_eq!(running.read("a"), Ok(part.clone()));
    assert_eq!(running.write("a", &part), Ok(()));
    assert_eq!(running.write("a", "less"), Ok(()));
    assert_eq!(running.write("f", &part), Ok(()));
    is_full(running.write("h", &part));
    // Other folders are the operator's own.
    assert_eq!(running.write(machine.path("home/work/g"), &part), Ok(()));
    running.end();
    // It counts what is there from before, and empty files as well.
    let mut running = machine.start("plugins", &[]);
    is_full(running.write("h", &part));
    let made = (0..100).take_while(|it| running.write(format!("empty/{it}"), "").is_ok()).count();
    assert!(made < 30, "{made}");
    running.end();
}

#[test]
fn rule_1_concurrent_programs_share_the_data_quota() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "limits: {plugin_data_mb: 1}\n");
    let mut one = machine.granting(&json!(["$PLUGIN_DATA"]));
    let mut other = machine.start("plugins", &[]);
    // Both have counted what is there.
    assert_eq!((one.write("a", ""), other.write("b", "")), (Ok(()), Ok(())));
    let part = "x".repeat(300 << 10);
    assert_eq!((one.write("c", &part), one.write("d", &part)), (Ok(()), Ok(())));
    assert_eq!(other.write("e", &part), Ok(()));
    for (program, name) in [(&mut one, "f"), (&mut other, "g")] {
        let error = program.write(name, &part).unwrap_err();
        assert!(error.contains("no space left: a plugin's data is at most 1 MB"), "{error}");
    }
    one.end();
    other.end();
}

#[test]
fn rule_8_refusal_floods_hide_no_record() {
    let machine = Machine::new();
    machine.write("home/.weft/config.yaml", "audit: {rotate_mb: 1}\n");
    machine.plugin("neighbour", "plugins/neighbour", "0.1.0", &json!({}));
    let mut running = machine.granting(&json!(["$WORKSPACE"]));
    running.types("neighbour__log {\"level\":2,\"message\":\"hello\"}").unwrap();
    assert_eq!(running.write("loot.txt", "mine"), Ok(()));
    running.denied(".weft/config.yaml");
    // More than both files hold.
    for _ in 0..2 {
        running.types("probe__call_many {\"count\":9000}").unwrap();
    }
    running.end();
    let recorded = machine.run(&["audit"]).0;
    for there in
        ["neighbour  log ", "write-file loot.txt  ok", "read-file .weft/config.yaml  denied"]
    {
        assert!(recorded.contains(there), "{there}: {} lines", recorded.lines().count());
    }
    assert!(recorded.contains(" older records of this kind are left out"));
    assert!(recorded.lines().count() < 17_000, "{}", recorded.lines().count());
}

/// Whoever reads the token may do what its holder may, also by another name of the file.
#[cfg(feature = "serve")]
#[test]
fn rule_1_the_token_file_is_closed() {
    use std::os::unix::fs::symlink;

    let machine = Machine::new();
    let token = machine.write("home/work/deep/token", "0123456789abcdef");
    fs::hard_link(&token, machine.path("home/work/same")).unwrap();
    symlink("deep/token", machine.path("home/work/link")).unwrap();
    // It is named by a link of its own, in a folder that is granted as well.
    symlink("work/deep/token", machine.path("home/named")).unwrap();
    machine.probe("plugins/probe", "0.1.0", &json!({ "filesystem": ["~", token] }));
    let plugins = machine.path("plugins");
    let named = machine.path("home/named");
    let run = ["run", "--mcp", "127.0.0.1:0", "--token-file", named.to_str().unwrap()];
    let mut command = machine.command(&run);
    command.arg("--plugins").arg(plugins);
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = said.by_ref().find(|line| line.starts_with("serving MCP at ")).unwrap();
    let address = line.trim_start_matches("serving MCP at http://").trim_end_matches("/mcp");
    let call = |tool: &str, arguments: serde_json::Value| {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": format!("probe__{tool}"), "arguments": arguments } });
        let body = call.to_string();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "Content-Type: application/json\r\nAccept: application/json\r\nMCP-Protocol-Version: 2025-06-18\r\nAuthorization: Bearer 0123456789abcdef\r\nConnection: close";
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n{head}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let home = machine.path("home");
    let ordinary = call("write", json!({ "path": home.join("work/a.txt"), "content": "mine" }));
    assert!(ordinary.contains("\"result\"") && !ordinary.contains("isError"), "{ordinary}");
    for path in ["work/deep/token", "work/deep/../deep/TOKEN", "work/same", "work/link", "named"] {
        let path = home.join(path);
        for answer in [
            call("read", json!({ "path": path })),
            call("write", json!({ "path": path, "content": "a token of its own" })),
        ] {
            assert!(answer.contains(AUTHORITY), "{}: {answer}", path.display());
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(machine.text("home/work/same"), "0123456789abcdef");
}
