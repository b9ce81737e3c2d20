//! `weft-lite model` against a server on loopback: what it asks, what it keeps, and what it leaves alone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "model/check.rs"]
mod check;
#[allow(dead_code, reason = "TLS and silence are other tests' business")]
#[path = "support/server.rs"]
mod server;
#[path = "support/session.rs"]
#[allow(dead_code, reason = "signals are another file's business")]
mod session;
#[allow(dead_code, reason = "plugins are other tests' business")]
mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};
use server::{Reply, Server, answer, ok};
use session::Session;
use support::{Dir, Ran, guest};
use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};
use weft_lite::{Secret, SecretSource};

const CONFIG: &str = "home/.weft/config.yaml";
const KEY: &str = "sk-4711-do-not-show";
const HAND_WRITTEN: &str = "# mine\nplugins:   # all of them\n  other: {x: 1}   # keep\n\n\
                            network:\n  ca_file: ca.pem  # roots\n";

/// A server with these models, which wants the key if there is one.
fn serving(models: &'static [&str], key: Option<&'static str>) -> Server {
    Server::start(move |request| {
        let wanted = key.map(|key| format!("authorization: Bearer {key}\r\n"));
        if wanted.is_some_and(|wanted| !request.contains(&wanted)) {
            return refusal("401 Unauthorized", "you need a key");
        }
        match request {
            _ if request.starts_with("GET /v1/models ") => listing(models),
            _ if request.starts_with("POST /v1/chat/completions ") => answered(),
            _ => refusal("404 Not Found", "not here"),
        }
    })
}

fn listing(models: &[&str]) -> Reply {
    let models: Vec<Value> = models.iter().map(|name| json!({ "id": name })).collect();
    ok(json!({ "object": "list", "data": models }).to_string())
}

fn answered() -> Reply {
    let message = json!({ "role": "assistant", "content": "Yes." });
    ok(json!({ "choices": [{ "index": 0, "message": message }] }).to_string())
}

/// The same in parts, as a client of models asks for it.
fn streamed(words: &[&str]) -> Reply {
    let part = |delta: Value, end: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": end });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let mut text: String =
        words.iter().map(|word| part(json!({ "content": word }), Value::Null)).collect();
    text.push_str(&part(json!({}), json!("stop")));
    text.push_str("data: [DONE]\n\n");
    answer("200 OK", "Content-Type: text/event-stream\r\n", text)
}

fn refusal(status: &str, message: &str) -> Reply {
    answer(status, "", json!({ "error": { "message": message } }).to_string())
}

fn url(server: &Server) -> String {
    format!("http://localhost:{}/v1", server.address.port())
}

fn model(dir: &Dir, arguments: &[&str]) -> Ran {
    bare(dir, &[&["model"], arguments].concat())
}

/// Runs the program as a person does, with what is built in and a variable that has the key.
fn bare(dir: &Dir, arguments: &[&str]) -> Ran {
    let mut child = dir.bare_command(arguments).env("A_KEY", KEY).spawn().unwrap();
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let ran = Ran {
        status: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!format!("{ran:?}").contains(KEY), "{ran:#?}");
    ran
}

fn config(dir: &Dir) -> String {
    fs::read_to_string(dir.path(CONFIG)).unwrap_or_default()
}

/// Writes the configuration that the operator has before.
fn configured(dir: &Dir, text: &str) {
    fs::create_dir_all(dir.path("home/.weft")).unwrap();
    fs::write(dir.path(CONFIG), text).unwrap();
}

fn kept_key(dir: &Dir) -> Option<Secret> {
    FileSecrets::new(dir.path("home/.weft")).secret("MODEL_KEY")
}

/// The lines for a server without a key.
fn lines(server: &Server, model: &str) -> String {
    let (url, port) = (url(server), server.address.port());
    format!(
        "plugins:\n  mind:\n    base_url: \"{url}\"\n    model: \"{model}\"\n  memory: {{}}\n\
         network:\n  allow_private_hosts: [\"localhost:{port}\"]\n"
    )
}

#[test]
fn the_only_model_is_set_without_questions() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], None));
    let ran = model(&dir, &["set", &url(&server)]).exits(0).prints("");
    let host = format!("opened the private host localhost:{}", server.address.port());
    let ran = ran.says(&format!("it answers; `tiny` at {} is set in ", url(&server))).says(&host);
    ran.says("switched the memory on; to have none, remove `plugins.memory`");
    assert_eq!(config(&dir), lines(&server, "tiny"));
    let mode = fs::metadata(dir.path(CONFIG)).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, kept_key(&dir)), (0o600, None));
    let asked = server.requests();
    assert!(asked[0].starts_with("GET /v1/models ") && asked.len() == 2, "{asked:?}");
    assert!(asked[1].contains("\"model\":\"tiny\""), "{asked:?}");
}

#[test]
fn a_second_set_replaces_the_first() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], None));
    let arguments = ["set", &url(&server), "--json"];
    let first = model(&dir, &arguments).exits(0).json();
    let port = server.address.port();
    assert_eq!(first["opened"], json!(format!("localhost:{port}")));
    // The private host is open now; its entry is not repeated.
    let second = model(&dir, &[&arguments[..], &["--name", "other"]].concat()).exits(0).json();
    assert_eq!((&second["opened"], &second["model"]), (&Value::Null, &json!("other")));
    assert_eq!(config(&dir), lines(&server, "other"));
}

#[test]
fn a_memory_that_was_taken_out_stays_out() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], None));
    let arguments = ["set", &url(&server), "--json"];
    assert_eq!(model(&dir, &arguments).exits(0).json()["memory_added"], true);
    configured(&dir, &config(&dir).replace("  memory: {}\n", ""));
    assert_eq!(model(&dir, &arguments).exits(0).json()["memory_added"], false);
    assert_eq!(config(&dir), lines(&server, "tiny").replace("  memory: {}\n", ""));
    let again = model(&dir, &arguments[..2]).exits(0);
    assert!(!again.stderr.contains("memory"), "{again:?}");
}

#[test]
fn pasted_urls_find_the_api() {
    let server = serving(&["tiny"], None);
    let port = server.address.port();
    for pasted in
        ["localhost:PORT", "http://localhost:PORT/", "http://localhost:PORT/v1/chat/completions"]
    {
        let dir = Dir::new();
        model(&dir, &["set", &pasted.replace("PORT", &port.to_string())]).exits(0);
        assert_eq!(config(&dir), lines(&server, "tiny"), "{pasted}");
    }
}

#[test]
fn one_of_several_is_chosen_at_the_terminal() {
    let (dir, server) = (Dir::new(), serving(&["small", "large"], None));
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("   1  small\r\n   2  large\r\nwhich one, by number or name: ");
    session.type_in("3\n");
    session.shows("there is no model `3`\r\nwhich one, by number or name: ");
    session.type_in("2\n");
    let (status, rest) = session.ends();
    assert_eq!(status, 0, "{rest}");
    assert_eq!(config(&dir), lines(&server, "large"));

    let dir = Dir::new();
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("which one, by number or name: ");
    session.type_in("\n");
    let (status, rest) = session.ends();
    assert!(status == 2 && rest.contains("try: name one with `--name`: small, large"), "{rest}");
    assert_eq!(config(&dir), "");
}

#[test]
fn without_a_terminal_several_are_listed() {
    let (dir, server) = (Dir::new(), serving(&["small", "large"], None));
    let ran = model(&dir, &["set", &url(&server)]).exits(2);
    ran.says("has 2 models, and none is named").says("try: name one with `--name`: small, large");
    assert_eq!(config(&dir), "");
    model(&dir, &["set", &url(&server), "--name", "large"]).exits(0);
    assert_eq!(config(&dir), lines(&server, "large"));
}

#[test]
fn ctrl_c_at_the_question_keeps_nothing() {
    let (dir, server) = (Dir::new(), serving(&["small", "large"], None));
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("which one, by number or name: ");
    session.signal("INT");
    let (status, rest) = session.ends();
    assert!(status == 130 && rest.contains("error: cancelled"), "{status}: {rest}");
    assert_eq!(config(&dir), "");
}

#[test]
fn ctrl_c_at_the_key_keeps_nothing() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("localhost asks for a key (not shown): ");
    session.type_in("half a k\x03");
    let (status, rest) = session.ends();
    assert!(status == 130 && rest.contains("error: cancelled"), "{status}: {rest}");
    assert_eq!((config(&dir), kept_key(&dir)), (String::new(), None));
}

#[test]
fn the_key_is_asked_for_and_hidden() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("localhost asks for a key (not shown): ");
    session.type_in(format!("{KEY}\n"));
    let (status, rest) = session.ends();
    assert!(status == 0 && rest.contains("kept the key as the secret `MODEL_KEY`"), "{rest}");
    assert!(!rest.contains(KEY) && !config(&dir).contains(KEY), "{rest}");
    assert!(config(&dir).contains("    secret: \"MODEL_KEY\"\n"), "{}", config(&dir));
    let Secret { value, hosts, allow_http } = kept_key(&dir).unwrap();
    assert_eq!((value.as_str(), hosts, allow_http), (KEY, vec!["localhost".to_owned()], true));
    // The key is kept for this server, so nobody is asked again.
    model(&dir, &["set", &url(&server), "--name", "other"]).exits(0);
    let shown = model(&dir, &["show", "--check", "--json"]).exits(0).json();
    let expected = json!({
        "base_url": url(&server), "model": "other", "secret": "MODEL_KEY",
        "key_source": "value", "answers": true,
    });
    assert_eq!(shown, expected);
}

#[test]
fn a_wrong_key_is_asked_for_once() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("localhost asks for a key (not shown): ");
    session.type_in("wrong\n");
    let (status, rest) = session.ends();
    assert!(status == 1 && rest.contains("answers HTTP 401: you need a key"), "{rest}");
    assert_eq!((config(&dir), kept_key(&dir)), (String::new(), None));
}

#[test]
fn a_kept_key_that_is_refused_is_named() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let file = dir.write("old.txt", "sk-old");
    let old = ["set", &url(&server), "--key-file", file.to_str().unwrap()];
    model(&dir, &old).exits(1).says("try: check the key, and run this again with the right one");
    let hosts = ["localhost".to_owned()];
    let value = SecretValue::Value("sk-old".into());
    let transport = SecretTransport::HttpToPrivateHosts;
    let secrets = FileSecrets::new(dir.path("home/.weft"));
    secrets.set("MODEL_KEY", value, &hosts, transport).unwrap();
    let ran = model(&dir, &["set", &url(&server)]).exits(1);
    ran.says("answers HTTP 401: you need a key")
        .says("try: check the key, and run this again with the right one");
    assert_eq!(config(&dir), "");

    let mut session = Session::start(dir.bare_command(&["model", "set", &url(&server)]));
    session.shows("localhost asks for a key (not shown): ");
    session.type_in(format!("{KEY}\n"));
    assert_eq!(session.ends().0, 0);
    assert_eq!(kept_key(&dir).unwrap().value, KEY);
}

#[test]
fn without_a_terminal_a_missing_key_is_said() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let ran = model(&dir, &["set", &url(&server)]).exits(1);
    ran.says("asks for a key, and there is none").says("try: give it with `--key-from-env");
    assert_eq!((config(&dir), kept_key(&dir)), (String::new(), None));
}

#[test]
fn keys_come_from_variables_and_files() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    model(&dir, &["set", &url(&server), "--key-from-env", "A_KEY"]).exits(0);
    model(&dir, &["show"]).exits(0).prints(&format!(
        "url\t{}\nmodel\ttiny\nkey\tMODEL_KEY (env A_KEY, for localhost)\n",
        url(&server)
    ));
    let unset = model(&dir, &["set", &url(&server), "--key-from-env", "NO_KEY"]).exits(1);
    unset.says("the variable `NO_KEY` has no key");

    let file = dir.write("key.txt", format!("{KEY}\n"));
    let file = file.to_str().unwrap();
    model(&dir, &["set", &url(&server), "--key-file", file]).exits(0);
    fs::remove_file(file).unwrap();
    assert_eq!(kept_key(&dir).unwrap().value, KEY);
    let both = ["set", &url(&server), "--key-file", file, "--key-from-env", "A_KEY"];
    model(&dir, &both).exits(2).says("the key can be in one place only");
}

#[test]
fn a_key_never_leaves_over_plain_http() {
    let dir = Dir::new();
    // A public address: no request is sent, since the rule comes before the connection.
    let arguments = ["set", "http://192.88.98.1/v1", "--key-from-env", "A_KEY"];
    let ran = model(&dir, &arguments).exits(1);
    ran.says("over plain http, readable on the way").says("try: use an `https://` URL");
    assert_eq!((config(&dir), kept_key(&dir)), (String::new(), None));
}

#[test]
fn a_server_that_fails_leaves_no_trace() {
    let refused = |server: &Server, words: &str, next_step: &str| {
        let dir = Dir::new();
        let ran = model(&dir, &["set", &url(server)]).exits(1);
        ran.says(words).says(&format!("  try: {next_step}"));
        assert_eq!(config(&dir), "", "{words}");
    };
    let page = Server::start(|_| ok("<html>hello</html>"));
    refused(&page, "has no API of a model", "give the URL that has `/chat/completions`");
    let missing = Server::start(|_| refusal("404 Not Found", "not here"));
    refused(&missing, "answers HTTP 404: not here", "give the URL that has `/chat/completions`");
    let loading = Server::start(|_| refusal("503 Service Unavailable", "Loading model"));
    refused(&loading, "answers HTTP 503: Loading model", "look into the server's log");
    let moved = Server::start(|_| answer("301 Moved", "Location: https://elsewhere.test/\r\n", ""));
    refused(&moved, "HTTP 301: https://elsewhere.test/", "give the URL that it sends to");
    refused(&serving(&[], None), "has no model", "load a model there");
    let broken = Server::start(|_| Reply::Bytes(b"not HTTP\r\n\r\n".to_vec()));
    refused(&broken, "gives no answer: request failed", "check that this is the port of its API");
    let silent = Server::start(|request| match request.starts_with("GET ") {
        true => listing(&["tiny"]),
        false => refusal("400 Bad Request", "no chat template"),
    });
    refused(&silent, "`tiny` at http://localhost", "check the model's name");
    let odd = Server::start(|request| match request.starts_with("GET ") {
        true => listing(&["tiny"]),
        false => ok("{}"),
    });
    refused(&odd, "answers with no chat completion", "give the URL that has");

    // Nobody listens at a port that was just given back.
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let (dir, url) = (Dir::new(), format!("http://localhost:{}", gone.port()));
    let ran = model(&dir, &["set", &url]).exits(1).says("gives no answer: connection failed");
    ran.says("try: start the server, or check the host and the port");
}

#[test]
fn newer_names_of_the_limit_are_tried() {
    let server = Server::start(|request| match request {
        _ if request.starts_with("GET ") => listing(&["new"]),
        _ if request.contains("\"max_completion_tokens\"") => answered(),
        _ => refusal("400 Bad Request", "use max_completion_tokens instead"),
    });
    let dir = Dir::new();
    model(&dir, &["set", &url(&server)]).exits(0);
    assert_eq!(config(&dir), lines(&server, "new"));
}

#[test]
fn a_named_model_needs_no_list() {
    let server = Server::start(|request| match request {
        _ if request.starts_with("GET ") => refusal("404 Not Found", "no list here"),
        _ if request.contains("\"model\":\"right\"") => answered(),
        _ => refusal("404 Not Found", "no such model"),
    });
    let dir = Dir::new();
    model(&dir, &["set", &url(&server), "--name", "wrong"]).exits(1).says("`wrong` at");
    model(&dir, &["set", &url(&server), "--name", "right"]).exits(0);

    let server = Server::start(|request| match request.starts_with("GET ") {
        true => listing(&["qwen3:4b", "llama3"]),
        false => refusal("404 Not Found", "no such model"),
    });
    let ran = model(&Dir::new(), &["set", &url(&server), "--name", "llama"]).exits(1);
    ran.says("answers HTTP 404: no such model").says("try: did you mean `llama3`?");
}

#[test]
fn names_cannot_control_the_terminal() {
    let (dir, server) = (Dir::new(), serving(&["a\u{202e}b", "c\u{1b}[2J", "d"], None));
    let ran = model(&dir, &["set", &url(&server)]).exits(2);
    assert!(!ran.stderr.contains(['\u{1b}', '\u{202e}']), "{ran:?}");
    ran.says("has 2 models");
}

#[test]
fn the_rest_of_the_configuration_stays() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], None));
    // The file of roots has to be there.
    let pem = include_bytes!("network/certificates/authority.pem");
    dir.write("ca.pem", pem);
    let text = HAND_WRITTEN.replace("ca.pem", dir.path("ca.pem").to_str().unwrap());
    configured(&dir, &text);
    fs::set_permissions(dir.path(CONFIG), fs::Permissions::from_mode(0o640)).unwrap();
    model(&dir, &["set", &url(&server)]).exits(0);
    let (plugins, hosts) = (lines(&server, "tiny"), "  allow_private_hosts: ");
    let (plugins, open) = plugins["plugins:\n".len()..].split_once("network:\n").unwrap();
    assert!(open.starts_with(hosts), "{open}");
    let keep = "  other: {x: 1}   # keep\n";
    let expected = text.replace(keep, &format!("{keep}{plugins}")) + open;
    assert_eq!(config(&dir), expected);
    let mode = fs::metadata(dir.path(CONFIG)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);

    let ran = model(&dir, &["clear"]).exits(0).says("what the memory has stays");
    let host = format!("the private host localhost:{} stays open", server.address.port());
    ran.says(&host).says("remove it from `network.allow_private_hosts` if nothing else needs it");
    let without =
        expected.lines().filter(|line| !plugins.contains(line) || line.contains("memory"));
    let without: Vec<&str> = without.filter(|line| *line != "  mind:").collect();
    assert_eq!(
        config(&dir).lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(),
        without.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>()
    );
}

#[test]
fn own_settings_of_the_mind_stay() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], None));
    configured(&dir, "plugins:\n  mind:\n    temperature: 0.2   # calm\n    secret: OLD\n");
    model(&dir, &["set", &url(&server)]).exits(0);
    let text = config(&dir);
    assert!(
        text.starts_with("plugins:\n  mind:\n    temperature: 0.2   # calm\n    base_url: "),
        "{text}"
    );
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn odd_configurations_are_refused_untouched() {
    let server = serving(&["tiny"], Some(KEY));
    let base = "plugins: &p\n  other: {}\n";
    let dir = Dir::new();
    configured(&dir, base);
    let ran = model(&dir, &["set", &url(&server), "--key-from-env", "A_KEY"]).exits(1);
    let ran = ran.says("nothing was changed in ").says("    mind:\n").says(&url(&server));
    ran.says("`weft-lite secret set MODEL_KEY --host localhost --from-env A_KEY --allow-http`");
    assert_eq!((config(&dir).as_str(), kept_key(&dir)), (base, None));

    // A link stays one.
    let dir = Dir::new();
    configured(&dir, "");
    let real = dir.write("real.yaml", "env: {never: [A]}\n");
    fs::remove_file(dir.path(CONFIG)).unwrap();
    symlink(&real, dir.path(CONFIG)).unwrap();
    let ran = model(&dir, &["set", &url(&server), "--key-from-env", "A_KEY"]).exits(1);
    ran.says(": it is a link");
    assert_eq!((config(&dir).as_str(), kept_key(&dir)), ("env: {never: [A]}\n", None));

    let dir = Dir::new();
    configured(&dir, "plugins: [");
    model(&dir, &["set", &url(&server)]).exits(1).says("invalid configuration");
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn clear_removes_settings_and_key() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let none = model(&dir, &["clear", "--json"]).exits(0).json();
    assert_eq!(none, json!({ "removed": false, "key_removed": false, "still_open": null }));
    model(&dir, &["show"]).exits(0).prints("").says("`weft-lite model set URL`");
    model(&dir, &["show", "--check"]).exits(1).says("no model is set");
    model(&dir, &["set", &url(&server), "--key-from-env", "A_KEY"]).exits(0);
    let both = model(&dir, &["clear", "--json"]).exits(0).json();
    let host = format!("localhost:{}", server.address.port());
    assert_eq!(both, json!({ "removed": true, "key_removed": true, "still_open": host }));
    let text = config(&dir);
    assert!(!text.contains("mind") && text.contains("memory"), "{text}");
    assert_eq!(kept_key(&dir), None);
}

#[test]
fn check_opens_nothing_and_asks_nothing() {
    let (dir, server) = (Dir::new(), serving(&["tiny"], Some(KEY)));
    let mind = json!({ "plugins": { "mind": { "base_url": url(&server), "model": "tiny" } } });
    configured(&dir, &mind.to_string());
    let ran =
        model(&dir, &["show", "--check"]).exits(1).says("localhost is private and not opened");
    ran.says(&format!("try: run `weft-lite model set {} --name tiny`", url(&server)));
    let open = json!({ "allow_private_hosts": ["localhost"] });
    let mut mind = mind;
    mind["network"] = open;
    configured(&dir, &mind.to_string());
    model(&dir, &["show", "--check"]).exits(1).says("asks for a key, and there is none");
}

#[test]
fn the_first_line_says_how_to_set_one() {
    let dir = Dir::with_probe();
    let hint = "no model is set: plain text is answered only with commands that match it; \
                `weft-lite model set URL` sets one";
    let first = |ran: &Ran| ran.stderr.lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(&dir.run(&["run"]).exits(0)), hint);
    let hello = dir.run(&["run", "--message", "hello"]).exits(0);
    assert_eq!(hello.stderr.matches(hint).count(), 1, "{hello:#?}");
    hello.prints("no command or skill matches; `/help` lists what there is\n");
    for other in
        [&["run", "--json"][..], &["run", "--message", "/help"], &["run", "--mcp", "stdio"]]
    {
        let ran = dir.run(other).exits(0);
        assert!(!ran.stderr.contains("weft-lite model set"), "{ran:#?}");
    }
}

#[test]
fn the_first_line_names_the_model() {
    let dir = Dir::new();
    let more = json!({ "capabilities": ["tool", "pipeline_stage"] });
    dir.plugin("mind", &guest("doors"), &more);
    configured(&dir, "plugins: {mind: {base_url: 'http://localhost:1/v1', model: tiny}}\n");
    let ran = dir.run(&["run"]).exits(0);
    let line = "the model `tiny` at http://localhost:1/v1 answers plain text\n";
    assert!(ran.stderr.starts_with(line), "{ran:#?}");
    assert!(!ran.stderr.contains("no Process stage"), "{ran:#?}");
}

/// What a person does on a fresh machine.
#[cfg(feature = "bundled")]
#[test]
fn two_commands_lead_to_a_conversation() {
    let server = Server::start(|request| match request {
        _ if !request.contains(&format!("authorization: Bearer {KEY}\r\n")) => {
            refusal("401 Unauthorized", "you need a key")
        }
        _ if request.starts_with("GET /v1/models ") => listing(&["tiny"]),
        _ if request.contains("\"stream\":true") => streamed(&["Good ", "morning."]),
        _ => answered(),
    });
    let dir = Dir::new();
    model(&dir, &["set", &url(&server), "--key-from-env", "A_KEY"]).exits(0);
    let mut child = dir.bare_command(&["run"]).env("A_KEY", KEY).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"hello\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let (shown, messages) = (output.stdout, String::from_utf8(output.stderr).unwrap());
    assert_eq!(String::from_utf8(shown).unwrap(), "Good morning.\n", "{messages}");
    let first = format!("the model `tiny` at {} answers plain text\n", url(&server));
    assert!(messages.starts_with(&first) && !messages.contains(KEY), "{messages}");
    let audit = fs::read_to_string(dir.path("home/.weft/audit.jsonl")).unwrap();
    assert!(audit.contains("/v1/chat/completions") && !audit.contains(KEY), "{audit}");
}
