//! The program: what its operator types, and what comes of it.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::{Value, json};

use crate::home::{Home, content, module, padded};

/// What the program printed and how it ended, with nobody at the terminal.
#[track_caller]
fn run(home: &Home, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = home.command(arguments).spawn().unwrap();
    // It may end without having read anything.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[track_caller]
fn succeeds(home: &Home, arguments: &[&str]) -> (String, String) {
    let (status, stdout, stderr) = run(home, arguments, "");
    assert_eq!(status, 0, "{stdout}{stderr}");
    (stdout, stderr)
}

#[track_caller]
fn fails(home: &Home, arguments: &[&str], with: i32) -> String {
    let (status, stdout, stderr) = run(home, arguments, "");
    assert_eq!(status, with, "{stdout}{stderr}");
    assert!(stderr.contains("\n  try: "), "{stderr}");
    stderr
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn without_a_terminal_what_needs_approval_is_pending() {
    let home = Home::new();
    let asked = json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"] });
    let folder = home.probe("1.0.0", &asked);
    let folder = folder.to_str().unwrap();
    let (stdout, stderr) = succeeds(&home, &["plugin", "install", folder, "--yes"]);
    assert_eq!(stdout, "");
    assert!(stderr.contains("warning: the package is not signed"), "{stderr}");
    assert!(stderr.contains("asks for filesystem: $WORKSPACE"), "{stderr}");
    assert!(stderr.contains("pending: probe does not run before this is approved: env: CITY"));
    assert!(stderr.contains("weft-lite plugin approve probe"), "{stderr}");

    let (stdout, _) = succeeds(&home, &["plugin", "list", "--no-bundled", "--json"]);
    let [row] = json(&stdout).as_array().unwrap().clone().try_into().unwrap();
    assert_eq!(row["state"], "pending");
    assert_eq!(row["reason"], "needs approval for env: CITY");
    assert_eq!(row["next_step"], "approve them with `weft-lite plugin approve probe`");
    fails(&home, &["call", "probe__echo", "1"], 1);

    fails(&home, &["plugin", "approve", "probe"], 1);
    succeeds(&home, &["plugin", "approve", "probe", "--approve", "env"]);
    assert_eq!(succeeds(&home, &["call", "probe__echo", "1"]).0, "1\n");

    succeeds(&home, &["plugin", "revoke", "probe"]);
    fails(&home, &["call", "probe__echo", "1"], 1);
    assert!(
        fails(&home, &["plugin", "approve", "probe"], 1).contains("running again (it was revoked)")
    );
    fails(&home, &["plugin", "remove", "probe"], 2);
    succeeds(&home, &["plugin", "remove", "probe", "--yes"]);
    assert!(fails(&home, &["plugin", "remove", "probe", "--yes"], 1).contains("is installed"));
    assert_eq!(succeeds(&home, &["plugin", "list", "--no-bundled"]).0, "");
}

/// A plugin as `cargo new` and `cargo build` leave it, with more of a build than a package may hold.
fn author(home: &Home) -> String {
    let folder = home.path("hello");
    let built = folder.join("target/wasm32-unknown-unknown/release");
    for folder in [&built.join("deps"), &folder.join(".git"), &folder.join("web/node_modules/x")] {
        fs::create_dir_all(folder).unwrap();
    }
    let module_path = "target/wasm32-unknown-unknown/release/hello.wasm";
    let manifest = json!({
        "id": "hello", "name": "Hello", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": module_path,
    });
    fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("Cargo.toml"), "[package]").unwrap();
    fs::write(folder.join(module_path), module("probe")).unwrap();
    fs::write(built.join("deps/libhello.rlib"), vec![0; 11 * 1024 * 1024]).unwrap();
    fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main").unwrap();
    fs::write(folder.join("web/node_modules/x/index.js"), "x").unwrap();
    fs::create_dir(folder.join("scratch")).unwrap();
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n# by a test";
    fs::write(folder.join("scratch/CACHEDIR.TAG"), tag).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn a_plugin_installs_from_its_build_folder() {
    let home = Home::new();
    let folder = author(&home);
    let left_out = [".git", "scratch", "target", "web/node_modules"];
    let (_, stderr) = succeeds(&home, &["plugin", "install", &folder]);
    let said = format!("left out, but for what the manifest names: {}\n", left_out.join(", "));
    assert!(stderr.contains(&said), "{stderr}");
    assert_eq!(succeeds(&home, &["call", "hello__echo", "1"]).0, "1\n");
    let installed: Vec<String> =
        content(&home.weft().join("plugins/hello")).into_iter().map(|(path, _)| path).collect();
    let module = "target/wasm32-unknown-unknown/release/hello.wasm";
    assert_eq!(installed, ["Cargo.toml", module, "weft.plugin.json"]);

    // Signing, packing and installing mean the same files.
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    succeeds(&home, &["plugin", "sign", &folder, "--key", "my.key"]);
    fs::write(home.path("hello/target/more.txt"), "made after signing").unwrap();
    let packed = json(&succeeds(&home, &["plugin", "pack", &folder, "--json"]).0);
    assert_eq!(packed["left_out"], json!(left_out));
    for source in [folder.as_str(), packed["archive"].as_str().unwrap()] {
        let installed = json(&succeeds(&home, &["plugin", "install", source, "--json"]).0);
        assert_eq!(installed["signed_by"], "me", "{source}");
    }
    // What is in an archive counts in full: nothing goes in under the name of a build.
    let unpacked = home.weft().join("plugins/hello");
    fs::write(unpacked.join("target/more.txt"), "put there by hand").unwrap();
    let digests = weft_lite::package::DigestList::of(&unpacked).unwrap();
    assert!(digests.text().contains("target/more.txt"), "{}", digests.text());
}

#[test]
fn a_package_goes_over_a_registry() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let folder = folder.to_str().unwrap();
    let (key_id, _) = succeeds(&home, &["key", "new", "--out", "my.key"]);
    assert_eq!(key_id.trim().len(), 16);
    let exists = fails(&home, &["key", "new", "--out", "my.key"], 1);
    assert!(exists.contains("exists already\n  try: name another file with `--out`"), "{exists}");
    let to_registry = ["plugin", "pack", folder, "--registry", "stick"];
    assert!(fails(&home, &to_registry, 1).contains("is not signed"));
    succeeds(&home, &["plugin", "sign", folder, "--key=my.key"]);
    succeeds(&home, &to_registry);
    assert!(fails(&home, &to_registry, 1).contains("already"));

    let install = ["plugin", "install", "hub:probe@1", "--registry", "stick", "--json"];
    assert!(fails(&home, &install[..install.len() - 1], 1).contains("not trusted"));
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    let keys = json(&succeeds(&home, &["key", "list", "--json"]).0);
    assert_eq!(keys, json!([{ "key_id": key_id.trim(), "name": "me" }]));
    let installed = json(&succeeds(&home, &install).0);
    assert_eq!(installed["signed_by"], "me");
    assert_eq!(installed["pending"], json!([]));
    assert_eq!(succeeds(&home, &["call", "probe__echo", "1"]).0, "1\n");

    let (archive, _) = succeeds(&home, &["plugin", "pack", folder]);
    assert_eq!(archive, "probe-1.0.0.tar.gz\n");
    let again = json(&succeeds(&home, &["plugin", "install", archive.trim(), "--json"]).0);
    assert_eq!(again["replaced"], "1.0.0");
    fails(&home, &["plugin", "pack", folder, "-o", &format!("{folder}/x.tar.gz")], 2);
    fails(&home, &["plugin", "install", "nowhere"], 1);
}

#[test]
fn a_running_host_drops_revoked_plugins() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    succeeds(&home, &["plugin", "install", folder.to_str().unwrap()]);
    let mut child = home.command(&["run", "--json", "--no-bundled"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    writeln!(stdin, "probe__echo 1").unwrap();
    assert_eq!(json(&answers.next().unwrap().unwrap())["ok"], true);
    succeeds(&home, &["plugin", "revoke", "probe"]);
    // Calls that take their time, until one of them is cut off or finds no plugin any more.
    let code = |answer: Option<std::io::Result<String>>| {
        json(&answer.unwrap().unwrap())["error"]["code"].as_str().map(ToOwned::to_owned)
    };
    let mut cut_off = || {
        writeln!(stdin, "probe__spin").unwrap();
        matches!(code(answers.next()).as_deref(), Some("cancelled" | "denied"))
    };
    assert!((0..100).any(|_| cut_off()));
    writeln!(stdin, "probe__echo 1").unwrap();
    assert_eq!(code(answers.next()).as_deref(), Some("denied"));
    drop(stdin);
    child.wait().unwrap();
}

/// A version that still runs because its update is broken goes out of service as any other.
#[test]
fn a_broken_update_protects_no_version() {
    for by_command in [false, true] {
        let home = Home::new();
        let folder = home.probe("1.0.0", &json!({}));
        succeeds(&home, &["plugin", "install", folder.to_str().unwrap()]);
        let mut child = home.command(&["run", "--json", "--no-bundled"]).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut say = |line: &str| {
            writeln!(stdin, "{line}").unwrap();
            json(&answers.next().unwrap().unwrap())
        };
        assert_eq!(say("probe__echo 1")["ok"], true);
        fs::write(home.weft().join("plugins/probe/weft.plugin.json"), "{").unwrap();
        assert_eq!(say("/reload")["ok"], true);
        assert_eq!(say("probe__echo 1")["result"], 1, "the version before stays");
        match by_command {
            true => assert_eq!(say("/reject probe")["ok"], true),
            false => drop(succeeds(&home, &["plugin", "revoke", "probe"])),
        }
        assert_eq!(say("/reload")["ok"], true);
        let answer = say("probe__echo 1");
        assert_ne!(answer["result"], 1, "{answer}");
        drop(stdin);
        child.wait().unwrap();
    }
}

#[test]
fn a_secret_is_never_shown() {
    const VALUE: &str = "tok-4711-do-not-show";
    let home = Home::new();
    let set = ["secret", "set", "API", "--host", "api.example.com"];
    let (status, stdout, stderr) = run(&home, &set, &format!("{VALUE}\n"));
    assert_eq!(status, 0, "{stderr}");
    assert!(!stdout.contains(VALUE) && !stderr.contains(VALUE));
    fs::write(home.path("token"), VALUE).unwrap();
    let from_file = ["secret", "set", "FILE", "--host", "*.example.com", "--from-file", "token"];
    succeeds(&home, &from_file);
    succeeds(&home, &["secret", "set", "ENV", "--host=ci.example.com", "--from-env=CI_TOKEN"]);
    let (stdout, _) = succeeds(&home, &["secret", "list", "--json"]);
    assert!(!stdout.contains(VALUE), "{stdout}");
    let sources = json(&stdout);
    let sources: Vec<&Value> = sources.as_array().unwrap().iter().map(|it| &it["source"]).collect();
    assert_eq!(json!(sources), json!(["value", "env CI_TOKEN", "value"]));
    let (stdout, _) = succeeds(&home, &["secret", "list"]);
    assert_eq!(stdout.lines().next(), Some("API\tapi.example.com\tvalue\thttps"));

    fails(&home, &["secret", "set", "API"], 2);
    let (status, _, stderr) = run(&home, &set, "two\nlines");
    assert_eq!(status, 1);
    assert!(!stderr.contains("two"), "{stderr}");
    // The value has no place on the command line.
    let (status, _, _) = run(&home, &[&set[..], &[VALUE]].concat(), "");
    assert_eq!(status, 2);
    let said = fails(&home, &["secret", "remove", "FIEL"], 1);
    assert!(said.contains("did you mean `FILE`?"), "{said}");
    succeeds(&home, &["secret", "remove", "API"]);
    let said = fails(&home, &["secret", "remove", "API"], 1);
    assert!(said.contains("see `weft-lite secret list`"), "{said}");
}

#[test]
fn the_operators_module_size_limits_apply_everywhere() {
    let home = Home::new();
    fs::create_dir_all(home.weft()).unwrap();
    let heavy = padded(&module("probe"), &vec![0; weft_lite::limits::MODULE_APPROVED_BYTES]);
    let folder = home.package("probe", "1.0.0", &json!({ "env_vars": ["CITY"] }), &heavy);
    let folder = folder.to_str().unwrap();
    let bare = format!("{folder}/plugin.wasm");
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    let commands = [
        &["plugin", "inspect", folder, "--approve", "env"][..],
        &["plugin", "inspect", &bare],
        &["plugin", "sign", folder, "--key", "my.key"],
        &["plugin", "pack", folder],
        &["plugin", "install", folder],
        &["plugin", "approve", "probe", "--approve", "env"],
        &["plugin", "inspect", "probe"],
        &["call", "probe__echo", "1"],
    ];
    for command in commands {
        let (status, stdout, stderr) = run(&home, command, "");
        assert_eq!(status, 1, "{command:?} {stdout}{stderr}");
    }
    fs::write(home.weft().join("config.yaml"), "limits: { module_kb: 3000 }").unwrap();
    for command in commands {
        succeeds(&home, command);
    }
}

#[test]
fn inspect_measures_a_bare_module_after_gzip() {
    let home = Home::new();
    let noise: Vec<u8> = (0..30_000_u32)
        .flat_map(|number| weft_lite::package::sha256_hex(&number.to_le_bytes()).into_bytes())
        .collect();
    fs::write(home.path("noisy.wasm"), padded(&module("probe"), &noise)).unwrap();
    let (status, stdout, _) = run(&home, &["plugin", "inspect", "noisy.wasm"], "");
    assert_eq!(status, 1, "{stdout}");
    assert!(stdout.contains("bytes after gzip"), "{stdout}");
}

#[cfg(feature = "net")]
#[test]
fn private_hosts_show_in_the_list() {
    let home = Home::new();
    let asks = json!({ "network": ["*.local", "10.0.0.7"] });
    let folder = home.probe("1.0.0", &asks);
    let install = ["plugin", "install", folder.to_str().unwrap(), "--yes", "--approve", "network"];
    succeeds(&home, &install);
    let quiet = home.package("quiet", "1.0.0", &json!({}), &module("probe"));
    succeeds(&home, &["plugin", "install", quiet.to_str().unwrap()]);
    let list = ["plugin", "list", "--no-bundled"];
    let (stdout, stderr) = succeeds(&home, &list);
    assert!(!stdout.contains("private") && !stderr.contains("private"), "{stdout}{stderr}");

    let config = r#"network: { allow_private_hosts: [printer.local, "10.0.0.7:8080", nas.lan] }"#;
    fs::write(home.weft().join("config.yaml"), config).unwrap();
    let (stdout, stderr) = succeeds(&home, &list);
    assert!(stdout.contains("reaches private hosts: printer.local, 10.0.0.7:8080\n"), "{stdout}");
    let all = "private hosts open to plugins that list them: printer.local, 10.0.0.7:8080, nas.lan";
    assert!(stderr.contains(all), "{stderr}");
    let rows = json(&succeeds(&home, &["plugin", "list", "--no-bundled", "--json"]).0);
    assert_eq!(rows[0]["private_hosts"], json!(["printer.local", "10.0.0.7:8080"]));
    assert_eq!(rows[1]["private_hosts"], json!([]));
}

#[cfg(feature = "net")]
#[test]
fn private_hosts_of_settings_show_too() {
    let home = Home::new();
    let config = "network: { allow_private_hosts: [nas.lan, 'nas.lan:5000', 'nas.lan:80'] }
plugins: { set: { url: 'http://nas.lan:5000/v1' } }";
    let asks = json!({ "network": ["settings:url", "settings:other"] });
    let folder = home.package("set", "1.0.0", &asks, &module("probe"));
    succeeds(&home, &["plugin", "install", folder.to_str().unwrap(), "--yes"]);
    fs::write(home.weft().join("config.yaml"), config).unwrap();
    let rows = json(&succeeds(&home, &["plugin", "list", "--no-bundled", "--json"]).0);
    assert_eq!(rows[0]["private_hosts"], json!(["nas.lan", "nas.lan:5000"]));
    let warnings = rows[0]["warnings"].to_string();
    assert!(warnings.contains("`plugins.set.other` is not set"), "{warnings}");
}

#[test]
fn a_secret_may_be_in_file_or_variable() {
    use weft_lite::SecretSource;

    let home = Home::new();
    fs::write(home.path("token"), "first").unwrap();
    succeeds(&home, &["secret", "set", "F", "--host", "a.example.com", "--in-file", "token"]);
    let path = home.path("token");
    let listed = json(&succeeds(&home, &["secret", "list", "--json"]).0);
    assert_eq!(listed[0]["source"], format!("file {}", path.display()));
    // Whoever uses it may be in another folder, and reads what is there then.
    fs::write(path, "second").unwrap();
    let secrets = weft_lite::package::FileSecrets::new(home.weft());
    assert_eq!(secrets.secret("F").unwrap().value, "second");
    let two = ["secret", "set", "F", "--host=a.example.com", "--in-file=token", "--from-env=T"];
    fails(&home, &two, 2);
}

/// The error of a call, or its result.
#[track_caller]
fn called(home: &Home, tool: &str, params: &Value, options: &[&str]) -> Result<Value, Value> {
    let params = params.to_string();
    let command = [&["call", "--json", tool, &params], options].concat();
    let (_, stdout, stderr) = run(home, &command, "");
    assert!(!stdout.is_empty(), "{stderr}");
    let mut answer = json(&stdout);
    if answer["ok"] == json!(true) {
        Ok(answer["result"].take())
    } else {
        Err(answer["error"].take())
    }
}

#[test]
fn what_the_operator_keeps_back_is_not_given() {
    let home = Home::new();
    let asks = json!({ "env_vars": ["DEPLOY_KEY", "CITY"] });
    let folder = home.probe("1.0.0", &asks);
    succeeds(&home, &["plugin", "install", folder.to_str().unwrap(), "--approve", "env"]);
    let values = ["--env", "DEPLOY_KEY=hush", "--env", "CITY=Ulm"];
    let get = |name: &str| called(&home, "probe__env", &json!({ "name": name }), &values);
    assert_eq!(get("DEPLOY_KEY"), Ok(json!({ "value": "hush" })));
    fs::write(home.weft().join("config.yaml"), "env: { never: [deploy_key] }").unwrap();
    assert_eq!(get("DEPLOY_KEY"), Ok(json!({ "value": null })));
    assert_eq!(get("CITY"), Ok(json!({ "value": "Ulm" })));
}

#[test]
fn the_operators_memory_budget_has_its_own_error() {
    let home = Home::new();
    succeeds(&home, &["plugin", "install", home.probe("1.0.0", &json!({})).to_str().unwrap()]);
    let allocate =
        |mb: u32, options: &[&str]| called(&home, "probe__allocate", &json!({ "mb": mb }), options);
    let exhausted = |error: Value| {
        let resource = error["exhausted"]["resource"].as_str().unwrap().to_owned();
        (resource, error["message"].as_str().unwrap().to_owned())
    };
    let (resource, text) = exhausted(allocate(20, &[]).unwrap_err());
    assert_eq!(resource, "memory");
    assert!(text.contains("memory (plugin's limit 16777216 bytes)"), "{text}");
    assert!(allocate(12, &[]).is_ok());
    fs::write(home.weft().join("config.yaml"), "limits: { memory_budget_mb: 8 }").unwrap();
    let (resource, text) = exhausted(allocate(12, &[]).unwrap_err());
    assert_eq!(resource, "memory_budget");
    assert!(
        text.contains(
            "memory (all guests' budget 8388608 bytes, and `probe` may hold 4194304 beside others)"
        ),
        "{text}"
    );
    // The command line is stronger than the file.
    assert!(allocate(12, &["--memory-budget-mb", "64"]).is_ok());
}

#[cfg(feature = "net")]
#[test]
fn an_allowed_private_device_is_reached() {
    use std::net::TcpListener;

    let home = Home::new();
    let asks = json!({ "network": ["127.0.0.1"] });
    succeeds(&home, &["plugin", "install", home.probe("1.0.0", &asks).to_str().unwrap(), "--yes"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let get = || {
        called(&home, "probe__http", &json!({ "url": format!("http://127.0.0.1:{port}/") }), &[])
    };
    let refused = get().unwrap_err();
    assert_eq!(refused["denied"]["rule"], "request to private/reserved IP denied: 127.0.0.1");
    let config = format!("network: {{ allow_private_hosts: ['127.0.0.1:{port}'] }}");
    fs::write(home.weft().join("config.yaml"), config).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The request is as long as one packet on loopback.
        std::io::Read::read(&mut stream, &mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
    });
    assert_eq!(get(), Ok(json!({ "body": "hello" })));
    server.join().unwrap();
}

#[cfg(feature = "net")]
#[test]
fn the_operators_authorities_are_read_or_refused() {
    let home = Home::new();
    fs::create_dir_all(home.weft()).unwrap();
    let authority =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/network/certificates/authority.pem");
    let with = |file: &str| {
        let config = format!("network: {{ ca_file: {file} }}");
        fs::write(home.weft().join("config.yaml"), config).unwrap();
        run(&home, &["tools"], "")
    };
    assert_eq!(with(authority).0, 0);
    let (status, _, stderr) = with("/nowhere/ca.pem");
    assert_eq!(status, 1);
    assert!(stderr.contains("/nowhere/ca.pem can't be read"), "{stderr}");
    let (status, _, stderr) = with(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert_eq!(status, 1);
    assert!(stderr.contains("the extra roots can't be used: it holds no certificate"), "{stderr}");
}

#[test]
fn a_wide_read_grant_gives_no_secret() {
    let home = Home::new();
    let asks = json!({ "filesystem": ["$WORKSPACE"] });
    succeeds(&home, &["plugin", "install", home.probe("1.0.0", &asks).to_str().unwrap(), "--yes"]);
    let (status, _, _) =
        run(&home, &["secret", "set", "API", "--host", "api.example.com"], "tok-4711\n");
    assert_eq!(status, 0);
    fs::write(home.path("note"), "readable").unwrap();
    let read = |path: &str| called(&home, "probe__read", &json!({ "path": path }), &[]);
    assert_eq!(read("note"), Ok(json!({ "content": "readable" })));
    for path in ["weft/secrets/API.json", "weft/approvals.json", "weft/audit.jsonl"] {
        let rule = &read(path).unwrap_err()["denied"]["rule"];
        let closed =
            "filesystem access denied: what weft-lite takes authority from is open to no plugin";
        assert_eq!(rule, closed, "{path}");
    }
}

#[test]
fn every_command_prints_json_results_and_errors() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    succeeds(&home, &["plugin", "install", folder.to_str().unwrap()]);
    succeeds(&home, &["key", "new", "--out", "my.key"]);
    let done = |arguments: &[&str], input: &str| {
        let (status, stdout, stderr) = run(&home, &[arguments, &["--json"]].concat(), input);
        assert_eq!((status, stderr.as_str()), (0, ""), "{arguments:?} {stdout}");
        json(&stdout)
    };
    let set = ["secret", "set", "WEATHER", "--host", "api.example.com"];
    let kept = json!({ "name": "WEATHER", "hosts": ["api.example.com"], "allow_http": false });
    assert_eq!(done(&set, "value"), kept);
    assert_eq!(done(&["secret", "remove", "WEATHER"], ""), json!({ "removed": "WEATHER" }));
    assert_eq!(done(&["plugin", "revoke", "probe"], ""), json!({ "revoked": "probe" }));
    let trusted = done(&["key", "trust", "my.key.pub", "--name", "me"], "");
    assert_eq!(trusted["name"], "me");
    assert_eq!(json!([trusted]), done(&["key", "list"], ""));

    for (arguments, ends, code) in [
        (&["plugin", "inspect", "nope"][..], 1, "failed"),
        (&["plugin", "install", "nowhere"], 1, "failed"),
        (&["plugin", "approve", "nope"], 1, "failed"),
        (&["secret", "remove", "NOPE"], 1, "failed"),
        (&["skill", "show", "nope"], 1, "failed"),
        (&["tools", "--plugins", "nowhere"], 2, "usage"),
        (&["call", "--plugins", "nowhere", "x"], 2, "usage"),
        (&["toolz"], 2, "usage"),
    ] {
        let (status, stdout, stderr) = run(&home, &[arguments, &["--json"]].concat(), "");
        assert_eq!((status, stderr.as_str()), (ends, ""), "{arguments:?} {stdout}");
        let told = json(&stdout);
        assert_eq!((&told["ok"], &told["error"]["code"]), (&json!(false), &json!(code)));
        for text in ["message", "next_step"] {
            assert!(told["error"][text].as_str().is_some_and(|it| !it.is_empty()), "{told}");
        }
    }
    // What speaks to a client on standard output says nothing else there.
    for serve in [&["mcp"][..], &["run", "--mcp", "stdio"]] {
        let (status, stdout, stderr) =
            run(&home, &[serve, &["--json", "--plugins", "nowhere"]].concat(), "");
        assert_eq!((status, stdout.as_str()), (2, ""));
        assert!(stderr.contains("nowhere is not a folder\n  try: "), "{stderr}");
    }
}

#[test]
fn an_unstorable_secret_is_refused_before_its_value() {
    let home = Home::new();
    let host = ["--host", "a.example.com"];
    for (arguments, words) in [
        (&["secret", "set", "A"][..], "bound to at least one host"),
        (&["secret", "set", "a b", "--host", "a.example.com"], "can't be a secret's name"),
        (&["secret", "set", "A", "--host", "https://a"], "can't be bound to `https://a`"),
    ] {
        // Standard input stays open: whoever reads it waits.
        let mut child = home.command(arguments).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains("\n  try: "), "{said}");
    }
    let set = |more: &[&str]| run(&home, &[&["secret", "set", "A"], &host[..], more].concat(), "");
    let (status, _, said) = set(&["--from-file", "nowhere"]);
    let told = "error: nowhere can't be read: No such file or directory (os error 2)\n  \
        try: check the path, and that you may read it\n";
    assert_eq!((status, said.as_str()), (1, told));
    // These are read later, and may be there then.
    let (status, _, said) = set(&["--in-file", "later"]);
    let path = home.path("later").canonicalize().unwrap_or_else(|_| home.path("later"));
    let told = format!("warning: `A` has no usable value yet: file {}: No such", path.display());
    assert!(status == 0 && said.contains(&told), "{said}");
    let (status, _, said) = set(&["--from-env", "NOT_SET_ANYWHERE"]);
    let told = "warning: `A` has no usable value yet: env NOT_SET_ANYWHERE: it is not set\n  try: ";
    assert!(status == 0 && said.contains(told), "{said}");
    fs::write(home.path("later"), "tok-4711").unwrap();
    for option in ["--in-file", "--from-file"] {
        fs::set_permissions(home.path("later"), Permissions::from_mode(0o640)).unwrap();
        let (status, _, said) = set(&[option, "later"]);
        let warning = "warning: other users can read later\n  try: run `chmod 600 later`\n";
        assert_eq!((status, said), (0, format!("{warning}kept `A`, for a.example.com\n")));
        fs::set_permissions(home.path("later"), Permissions::from_mode(0o600)).unwrap();
        let (status, _, said) = set(&[option, "later"]);
        assert_eq!((status, said.as_str()), (0, "kept `A`, for a.example.com\n"));
    }
    let (_, _, said) = set(&["--in-file", "later", "--allow-http"]);
    assert_eq!(said, "kept `A`, for a.example.com, also over http to private hosts\n");
    let listed = json(&succeeds(&home, &["secret", "list", "--json"]).0);
    assert_eq!(listed[0]["allow_http"], json!(true));
    let (stdout, _) = succeeds(&home, &["secret", "list"]);
    assert!(stdout.contains("\thttps, http to private hosts\n"), "{stdout}");
}

#[test]
fn an_untrusted_key_installs_nothing_and_is_reported() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({}));
    let folder = folder.to_str().unwrap();
    let key_id = succeeds(&home, &["key", "new", "--out", "my.key"]).0.trim().to_owned();
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    succeeds(&home, &["plugin", "sign", folder, "--key=my.key"]);
    succeeds(&home, &["plugin", "pack", folder, "--registry", "stick"]);
    let install = ["plugin", "install", "hub:probe", "--registry", "stick"];
    succeeds(&home, &install);

    assert!(fails(&home, &["key", "remove", "you"], 1).contains("no key `you` is trusted"));
    let near = format!("{}0", &key_id[..key_id.len() - 1]);
    let near = if near == key_id { key_id.replace('0', "1") } else { near };
    let said = fails(&home, &["key", "remove", &near], 1);
    assert!(said.contains(&format!("did you mean `{key_id}`?")), "{said}");
    let (_, said) = succeeds(&home, &["key", "remove", "me"]);
    let told = format!(
        "not trusted any more: {key_id}\n\
         still installed, and not in service any more: the plugin probe 1.0.0\n  \
         try: if it is not wanted either: `weft-lite plugin remove probe`\n"
    );
    assert_eq!(said, told);
    assert_eq!(json(&succeeds(&home, &["key", "list", "--json"]).0), json!([]));
    assert!(fails(&home, &install, 1).contains("which is not trusted"));
    assert!(fails(&home, &["call", "probe__echo", "1"], 1).contains("which is not trusted"));
    fails(&home, &["key", "remove", "me"], 1);

    // By its id too, and never the wrong one of two.
    succeeds(&home, &["key", "trust", "my.key.pub", "--name", "me"]);
    succeeds(&home, &["key", "new", "--out", "other.key"]);
    succeeds(&home, &["key", "trust", "other.key.pub", "--name", "me"]);
    let said = fails(&home, &["key", "remove", "mee"], 1);
    assert!(said.contains("did you mean `me`?"), "{said}");
    let said = fails(&home, &["key", "remove", "me"], 1);
    assert!(said.contains("several keys are called `me`") && said.contains(&key_id), "{said}");
    let removed = json(&succeeds(&home, &["key", "remove", &key_id, "--json"]).0);
    let still = json!([{ "kind": "plugin", "id": "probe", "version": "1.0.0" }]);
    assert_eq!(removed, json!({ "removed": key_id, "still_installed": still }));
    let keys = json(&succeeds(&home, &["key", "list", "--json"]).0);
    assert_eq!(keys.as_array().unwrap().len(), 1, "{keys}");
}

#[test]
fn approving_everything_covers_a_revoked_skill() {
    let home = Home::new();
    let folder = home.skill("sh", "1.0.0", "allowed-tools: Bash\n");
    let install = ["skill", "install", folder.to_str().unwrap(), "--approve", "shell"];
    succeeds(&home, &install);
    succeeds(&home, &["skill", "revoke", "sh"]);
    let waits = "before this is approved: running again (it was revoked), shell\n";
    for not_all in [&[][..], &["--approve", "env,network"]] {
        let approve = [&["skill", "approve", "sh"], not_all].concat();
        let said = fails(&home, &approve, 1);
        assert!(said.contains(waits), "{said}");
    }
    succeeds(&home, &["skill", "approve", "sh", "--approve", "shell"]);
    let shown = json(&succeeds(&home, &["skill", "show", "sh", "--json"]).0);
    assert_eq!(shown["state"], "active", "{shown}");
    // What asks for nothing is not approved by kinds.
    let probe = home.probe("1.0.0", &json!({}));
    succeeds(&home, &["plugin", "install", probe.to_str().unwrap()]);
    succeeds(&home, &["plugin", "revoke", "probe"]);
    fails(&home, &["plugin", "approve", "probe", "--approve", "shell"], 1);
    succeeds(&home, &["plugin", "approve", "probe", "--yes"]);
}

#[test]
fn a_missing_key_is_reported() {
    let home = Home::new();
    let folder = home.package("probe", "1.0.0", &json!({}), &module("probe"));
    let said = fails(&home, &["plugin", "sign", folder.to_str().unwrap(), "--key", "no.key"], 1);
    assert!(said.contains("there is no no.key") && said.contains("weft-lite key new"), "{said}");
}
