//! `weft-lite model show --check` and `run --message` with a model that is set: what is wrong, and what to do.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::json;
use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};

use super::server::{Server, ok};
use super::support::{Dir, Ran};
use super::{KEY, answered, bare, configured, model, refusal, serving, url};

/// A folder in which `tiny` at this server is set, with this secret as its key.
fn set(server: &Server, secret: Option<&str>) -> Dir {
    let dir = Dir::new();
    let mind = json!({ "base_url": url(server), "model": "tiny", "secret": secret });
    let mind: serde_json::Map<_, _> =
        mind.as_object().unwrap().clone().into_iter().filter(|(_, it)| !it.is_null()).collect();
    let open = json!({ "allow_private_hosts": ["localhost"] });
    configured(&dir, &json!({ "plugins": { "mind": mind }, "network": open }).to_string());
    dir
}

/// Writes something else in place of the model's name.
fn rename(dir: &Dir, name: &str) {
    let path = dir.path(super::CONFIG);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("\"tiny\"", name)).unwrap();
}

fn keep_key(dir: &Dir, value: SecretValue, host: &str) {
    let secrets = FileSecrets::new(dir.path("home/.weft"));
    let transport = SecretTransport::HttpToPrivateHosts;
    secrets.set("MODEL_KEY", value, &[host.to_owned()], transport).unwrap();
}

fn check(dir: &Dir) -> Ran {
    model(dir, &["show", "--check"]).exits(1)
}

#[test]
fn the_kept_key_goes_with_the_first_request() {
    let server = serving(&["tiny"], Some(KEY));
    let dir = set(&server, Some("MODEL_KEY"));
    keep_key(&dir, SecretValue::Value(KEY.into()), "localhost");
    model(&dir, &["show", "--check"]).exits(0);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0].contains(&format!("authorization: Bearer {KEY}\r\n")));
}

/// The server answers without a key, but `mind` would not ask it.
#[test]
fn a_key_for_elsewhere_fails_the_check() {
    let server = serving(&["tiny"], None);
    let command =
        format!("run `weft-lite model set {} --name tiny`, which asks for it", url(&server));
    let dir = set(&server, Some("MODEL_KEY"));
    check(&dir).says("secret not available: MODEL_KEY").says(&command);
    keep_key(&dir, SecretValue::Value(KEY.into()), "elsewhere.test");
    check(&dir).says("secret MODEL_KEY may not be sent to localhost").says(&command);
    keep_key(&dir, SecretValue::Env("NO_KEY".into()), "localhost");
    let ran = check(&dir).says("the key `MODEL_KEY` has no usable value: env NO_KEY");
    ran.says(&format!("try: put it there, or {command}"));
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn next_steps_are_whole_commands() {
    let server = serving(&["tiny"], Some(KEY));
    let set_url = format!("weft-lite model set {}", url(&server));
    check(&set(&server, None)).says(&format!("try: run `{set_url} --name tiny`, which asks"));
    let dir = set(&server, None);
    rename(&dir, "\"it's $(big)\"");
    check(&dir).says(&format!(r"try: run `{set_url} --name 'it'\''s $(big)'`, which asks"));
    let dir = set(&server, Some("MODEL_KEY"));
    keep_key(&dir, SecretValue::Value("sk-old".into()), "localhost");
    check(&dir).says(&format!("give the right one with `{set_url} --name tiny --key-file FILE`"));

    let missing = Server::start(|_| refusal("404 Not Found", "no such model"));
    let see = format!("try: see the models there with `weft-lite model set {}`", url(&missing));
    check(&set(&missing, None)).says(&see);
    let page = Server::start(|_| ok("<html>hello</html>"));
    check(&set(&page, None)).says("below it, for instance").says("with `weft-lite model set URL`");
}

#[test]
fn the_former_servers_open_host_is_named() {
    let (former, server) = (serving(&["tiny"], None), serving(&["tiny"], None));
    let dir = Dir::new();
    let set = |server: &Server| model(&dir, &["set", &url(server), "--json"]).exits(0).json();
    assert_eq!(set(&former)["still_open"], json!(null));
    assert_eq!(set(&former)["still_open"], json!(null));
    let port = former.address.port();
    assert_eq!(set(&server)["still_open"], json!(format!("localhost:{port}")));
    let port = server.address.port();
    let ran = model(&dir, &["set", &url(&former)]).exits(0);
    ran.says(&format!("the private host localhost:{port} stays open to plugins that list it"));
}

#[cfg(feature = "bundled")]
#[test]
fn settings_without_a_name_are_no_model() {
    let dir = Dir::new();
    configured(&dir, "plugins: {mind: {base_url: 'http://localhost:1/v1'}}\n");
    check(&dir).says("no model is set");
    let ran = bare(&dir, &["run", "--message", "hello"]).exits(0).says("not loaded: mind");
    assert!(!ran.stderr.contains("no model is set"), "{ran:#?}");
}

#[test]
fn a_server_without_tls_is_asked_over_http() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let rest = format!("://localhost:{}/v1", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let ran = model(&Dir::new(), &["set", &format!("https{rest}")]).exits(1);
    ran.says("the server speaks no TLS").says(&format!("or try `weft-lite model set http{rest}`"));
}

#[cfg(feature = "bundled")]
#[test]
fn settings_that_the_mind_refuses_are_named() {
    let server = Server::start(|_| answered());
    let dir = set(&server, None);
    rename(&dir, "\"tiny\",\"temperature\":9");
    let checked = check(&dir).says("the plugin `mind` is not loaded: its settings are wrong: ");
    checked.says("temperature").says("try: correct `plugins.mind` in $WEFT_HOME/config.yaml");
    assert_eq!(server.requests().len(), 0);
    let ran = bare(&dir, &["run", "--message", "hello"]).exits(0);
    let ran = ran.says("not loaded: mind (bundled): its settings are wrong: ").says("temperature");
    assert!(!ran.stderr.contains("no model is set"), "{ran:#?}");
    let command = bare(&dir, &["run", "--message", "/help"]).exits(0);
    assert!(!command.stderr.contains("not loaded"), "{command:#?}");
}
