//! The operator's configuration: what a workspace's own can't loosen, and files that aren't read.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use serde_json::{Value, json};

use crate::home::Home;

/// What the program printed and how it ended.
#[track_caller]
fn run(home: &Home, arguments: &[&str]) -> (i32, String, String) {
    let output = home.command(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_workspace_cannot_open_what_the_operator_closes() {
    let home = Home::new();
    let asks = json!({ "network": ["127.0.0.1"], "env_vars": ["DEPLOY_KEY", "CITY"] });
    let folder = home.probe("1.0.0", &asks);
    let install = ["plugin", "install", folder.to_str().unwrap(), "--yes", "--approve", "env"];
    assert_eq!(run(&home, &install).0, 0);
    write(&home.weft().join("config.yaml"), "env: { never: [DEPLOY_KEY] }");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!(
        "network: {{ allow_private_hosts: ['127.0.0.1:{port}'] }}\nenv: {{ never: [CITY] }}\n\
         limits: {{ module_kb: 900 }}\nchannels: {{ socket: {{ tcp: '0.0.0.0:1', token_secret: T }} }}\n"
    );
    write(&home.path(".weft/config.yaml"), text);
    let call = |tool: &str, params: Value| {
        let params = params.to_string();
        let values = ["--env", "DEPLOY_KEY=hush", "--env", "CITY=Ulm", "--trust", "--json"];
        let (_, stdout, stderr) = run(&home, &[&["call", tool, &params][..], &values].concat());
        (serde_json::from_str::<Value>(&stdout).unwrap(), stderr)
    };
    for name in ["DEPLOY_KEY", "CITY"] {
        let (answer, _) = call("probe__env", json!({ "name": name }));
        assert_eq!(answer["result"], json!({ "value": null }), "{answer}");
    }
    #[cfg(feature = "net")]
    {
        let url = format!("http://127.0.0.1:{port}/");
        let (answer, _) = call("probe__http", json!({ "url": url }));
        let rule = "request to private/reserved IP denied: 127.0.0.1";
        assert_eq!(answer["error"]["denied"]["rule"], rule, "{answer}");
    }
    let (_, stderr) = call("probe__echo", json!(1));
    let own = home.weft().join("config.yaml");
    for key in ["network.allow_private_hosts", "limits.module_kb", "channels.socket"] {
        let told = stderr.lines().find(|line| line.contains(&format!("`{key}`")));
        let told = told.unwrap_or_else(|| panic!("{key} is not told of: {stderr}"));
        assert!(told.contains(".weft/config.yaml"), "{told}");
        assert!(told.ends_with(&format!("set it in {}", own.display())), "{told}");
    }
    assert!(!stderr.contains("env.never"), "{stderr}");
}

#[test]
fn paths_of_the_operator_begin_with_the_home() {
    let home = Home::new();
    let mut command = home.command(&["plugin", "list", "--json"]);
    let listed = command.env("WEFT_HOME", "~/weft").output().unwrap();
    assert!(listed.status.success(), "{listed:?}");
    assert!(!home.path("~").exists(), "a folder of that name was made");
    write(&home.weft().join("config.yaml"), "network: { ca_file: ~/none.pem }");
    #[cfg(feature = "net")]
    {
        let (status, _, stderr) = run(&home, &["tools"]);
        let meant = home.path("none.pem");
        assert!(status == 1 && stderr.contains(&meant.display().to_string()), "{stderr}");
    }
    for (weft, variable) in [("~/weft", "HOME"), ("~nobody/weft", "~nobody")] {
        let mut command = home.command(&["plugin", "list"]);
        let output = command.env("WEFT_HOME", weft).env_remove("HOME").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(variable) && stderr.contains("in full"), "{stderr}");
    }
}

#[test]
fn an_unread_configuration_is_reported() {
    let home = Home::new();
    write(&home.weft().join("config.json"), "{}");
    let (_, _, stderr) = run(&home, &["tools"]);
    assert!(stderr.contains("config.json is not read; say it in config.yaml"), "{stderr}");
    fs::remove_file(home.weft().join("config.json")).unwrap();
    write(&home.weft().join("config.yml"), "");
    let (_, _, stderr) = run(&home, &["tools"]);
    assert!(stderr.contains("config.yml is not read; rename it to config.yaml"), "{stderr}");
    write(&home.weft().join("config.yaml"), "");
    let (_, _, stderr) = run(&home, &["tools"]);
    assert!(stderr.contains("config.yml is not read beside config.yaml"), "{stderr}");
    write(&home.weft().join("config.yaml"), b"env: { never: [\xff] }");
    let (status, _, stderr) = run(&home, &["tools"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("is not UTF-8 text"), "{stderr}");
    assert!(stderr.contains("as UTF-8, as every editor"), "{stderr}");
    // Without a mark at its beginning, UTF-16 is UTF-8 with zeros in it.
    let utf16 = |text: &str| text.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<u8>>();
    write(&home.weft().join("config.yaml"), utf16("env: { never: [A] }"));
    let (status, _, stderr) = run(&home, &["tools"]);
    assert_eq!(status, 1);
    assert!(stderr.contains("is not UTF-8 text"), "{stderr}");
    fs::remove_file(home.weft().join("config.yaml")).unwrap();
    let folder = home.probe("1.0.0", &json!({}));
    let manifest = folder.join("weft.plugin.json");
    let text = fs::read_to_string(&manifest).unwrap();
    write(&manifest, utf16(&text));
    let (_, _, stderr) = run(&home, &["plugin", "install", folder.to_str().unwrap()]);
    assert!(stderr.contains("it is not UTF-8 text"), "{stderr}");
}

#[test]
fn the_installed_one_that_was_meant_is_told() {
    let home = Home::new();
    home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    for line in [
        "plugin remove prob --yes",
        "plugin approve prob",
        "plugin revoke prob",
        "plugin inspect prob",
        "run --message /approve~prob",
        "run --message /reject~prob",
    ] {
        let arguments: Vec<_> = line.split(' ').map(|it| it.replace('~', " ")).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let (status, stdout, stderr) = run(&home, &arguments);
        let said = stdout + &stderr;
        assert!(status == 1 && said.contains("did you mean `probe`?"), "{line}: {said}");
    }
    let (_, _, stderr) = run(&home, &["plugin", "remove", "zzzz", "--yes"]);
    assert!(stderr.contains("see `weft-lite plugin list`"), "{stderr}");
}

#[test]
fn unusual_requests_are_shown_at_install() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let install = ["plugin", "install", folder.to_str().unwrap()];
    let (_, _, stderr) = run(&home, &install);
    assert!(!stderr.contains("asks for"), "{stderr}");
    let path = folder.join("weft.plugin.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["resources"] = json!({ "max_memory_mb": 64, "max_execution_seconds": 300 });
    fs::write(path, manifest.to_string()).unwrap();
    let (status, _, stderr) = run(&home, &install);
    assert_eq!(status, 0, "{stderr}");
    assert!(stderr.contains("asks for 64 MB of memory (16 by default)"), "{stderr}");
    assert!(stderr.contains("asks for 300 s for a call (30 by default)"), "{stderr}");
    for inspected in [folder.to_str().unwrap(), "probe"] {
        let (_, stdout, _) = run(&home, &["plugin", "inspect", inspected]);
        assert!(stdout.contains("more than usual: 64 MB of memory (16 by default)"), "{stdout}");
    }
}
