//! Secrets, and values that came out of them: nothing of them is kept.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use weft_lite::Approval;
use weft_lite::autonomous::{Confidential, has_secret};
use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};

use super::plugins::{DOORS, ECHO};
use crate::world::World;

/// What the operator keeps.
const SECRET: &str = "Tr0ub4dor&3/zorkmid \"q\"";

impl World {
    /// Everything that is kept of calls, after the program has stopped.
    pub(super) fn kept(&self) -> String {
        self.runtime.block_on(self.runtime.stop());
        let mut all = Vec::new();
        collect(&self.home().join("autonomous"), &mut all);
        String::from_utf8_lossy(&all).into_owned()
    }

    fn keep_secret(&self, value: &str) {
        let secrets = FileSecrets::new(self.home());
        let value = SecretValue::Value(value.into());
        let hosts = ["api.example.com".to_owned()];
        secrets.set("KEY", value, &hosts, SecretTransport::Https).unwrap();
    }

    /// A plugin that handles secrets, and returns what it gets.
    fn with_vault(&self) {
        let approval = Approval { secrets: true, ..Approval::NONE };
        self.add("vault", ECHO, &json!({ "secrets": ["KEY"] }), approval);
        let approval = Approval { environment: true, ..Approval::NONE };
        self.add("surroundings", ECHO, &json!({ "env_vars": ["ZORK"] }), approval);
        self.add("echo", ECHO, &json!({}), Approval::NONE);
    }

    /// Uses a value as work does that is observed.
    fn use_value(&self, value: &Value) {
        for at in 0..3 {
            self.call("echo__echo", &json!({ "value": value, "at": at }));
            self.call("text_stats", &json!({ "text": format!("{value} and {at}") }));
        }
    }
}

fn collect(path: &Path, all: &mut Vec<u8>) {
    if path.is_file() {
        all.extend(fs::read(path).unwrap());
    }
    for entry in fs::read_dir(path).into_iter().flatten() {
        all.extend(entry.as_ref().unwrap().file_name().as_encoded_bytes());
        collect(&entry.unwrap().path(), all);
    }
}

#[test]
fn what_looks_secret_is_secret() {
    let long = "a1B2".repeat(10);
    for (name, value) in [
        ("password", json!({ "password": "x" })),
        ("mixed case", json!({ "dbPassWord": "x" })),
        ("with a sign", json!({ "api-key": "x" })),
        ("in two words", json!({ "Access Key": "x" })),
        ("a number", json!({ "password": 12_345 })),
        ("a pin", json!({ "pin": 1234 })),
        ("in a list", json!({ "passwords": ["x", "y"] })),
        ("in a mapping", json!({ "credentials": { "user": "a", "word": "x" } })),
        ("deep", json!([{ "a": [{ "auth_token": "x" }] }])),
        ("cookie", json!({ "headers": { "Cookie": "a=b" } })),
        ("bearer", json!({ "header": "Authorization: Bearer abcd1234" })),
        ("bearer alone", json!("Bearer abcd1234")),
        ("bearer in small letters", json!("curl -H bearer abcd1234")),
        ("basic", json!("Basic dXNlcjpwYXNz")),
        ("pem", json!("-----BEGIN PRIVATE KEY-----\nMIIE")),
        ("jwt", json!(format!("eyJhbGciOiJIUzI1NiJ9.{long}.{long}"))),
        ("jwt in brackets", json!(format!("(eyJhbGciOiJIUzI1NiJ9.{long})"))),
        ("key in an address", json!(format!("https://a.example/?k=sk-{long}&b=1"))),
        ("user in an address", json!("https://user:hunter2@a.example/")),
        ("assignment", json!("export DB_PASSWORD=hunter2")),
        ("assignment with spaces", json!("password : hunter2")),
        ("json in a text", json!("{\"password\": \"hunter2\"}")),
        ("json in json in a text", json!("{\\\"api_key\\\": \\\"hunter2\\\"}")),
        ("github", json!("ghp_0123456789abcdef")),
        ("aws", json!("AKIAIOSFODNN7EXAMPLE")),
    ] {
        assert!(has_secret(&value, &|_| false), "{name}: {value}");
    }
    for (name, value) in [
        ("tokens", json!({ "max_tokens": 100, "tokens": 7 })),
        ("said", json!("tokens: 12, words: 3")),
        ("words", json!("The basic idea is a bearer of good news, and no secret")),
        ("address", json!("https://a.example/path?b=c&d=e@f")),
        ("nothing", json!({ "password": null, "token": "" , "has_secret": false })),
        ("time", json!({ "at": "2026-11-28T16:49:49Z", "pinned": 3 })),
    ] {
        assert!(!has_secret(&value, &|_| false), "{name}: {value}");
    }
}

#[test]
fn what_came_out_of_a_secret_is_found() {
    let many: Vec<Value> = (0..200).map(|at| json!({ "id": format!("item-{at:05}") })).collect();
    let deep = (0..40).fold(json!("deepvalue77"), |inner, _| json!({ "a": inner }));
    for (name, returned, used) in [
        ("whole", json!({ "key": "swordfish" }), json!("swordfish")),
        ("part", json!({ "key": "swordfish-4711" }), json!("fish-47")),
        ("within a text", json!({ "key": "swordfish" }), json!("it is swordfish, he says")),
        ("a part within a text", json!("user bob has code A1B2C3"), json!("code=A1B2C3;")),
        ("as a key", json!({ "key": "swordfish" }), json!({ "swordfish": 1 })),
        ("a key", json!({ "sword-fish-9": 1 }), json!("sword-fish-9")),
        ("a number", json!({ "balance": 98_765 }), json!(98_765)),
        ("a number as text", json!({ "balance": 98_765 }), json!("98765 in all")),
        ("a text as number", json!("98765"), json!({ "n": 98_765 })),
        ("a late one", json!(many), json!("item-00150")),
        ("a deep one", deep, json!("deepvalue77")),
        ("no json", json!("line one\nkey is swordfish99\n"), json!("swordfish99")),
    ] {
        for (form, params, result) in [
            ("params", json!({ "a": [used] }), json!(null)),
            ("result", json!({}), json!({ "b": used })),
        ] {
            let mut confidential = Confidential::default();
            assert!(confidential.add(&returned), "{name}");
            assert!(confidential.covers(&params, &result, &|_| false), "{name} in {form}");
        }
    }
    let mut confidential = Confidential::default();
    confidential.add(&json!({ "key": "swordfish", "name": "text", "ok": true, "n": 1 }));
    for value in [json!("a word"), json!({ "key": 1, "other": true }), json!("2026")] {
        assert!(!confidential.covers(&value, &json!({ "n": 2 }), &|_| false), "{value}");
    }
    // What is passed on goes on being confidential.
    let passed = confidential.covers(&json!("swordfish"), &json!("hsifdrows"), &|_| false);
    assert!(passed && confidential.covers(&json!("hsifdrows"), &json!(1), &|_| false));
}

/// A result that is too large to be remembered is not taken for one that is.
#[test]
fn too_much_is_said_to_be_too_much() {
    let mut confidential = Confidential::default();
    assert!(!confidential.add(&json!("x".repeat(20_000))));
    let many: Vec<Value> = (0..3_000).map(|at| json!(format!("value-{at:06}"))).collect();
    assert!(!confidential.add(&json!(many)));
    for at in 0..100 {
        assert!(confidential.add(&json!(format!("{at:05}{}", "y".repeat(4_000)))));
    }
    assert!(
        confidential.covers(&json!(format!("00099{}", "y".repeat(4_000))), &json!(1), &|_| false)
    );
}

/// In every form that a redactor knows, as a value and as a key.
#[test]
fn no_form_of_the_operators_secrets_is_kept() {
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let escaped: String = SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    let world = World::new();
    world.keep_secret(SECRET);
    world.with_vault();
    let base64 = "VHIwdWI0ZG9yJjMvem9ya21pZCAicSI=";
    let forms = [SECRET, &hex, &percent, &escaped, base64];
    for form in forms {
        world.use_value(&json!(form));
        world.use_value(&json!(format!("before {form} after")));
        world.use_value(&json!({ form: 1 }));
    }
    world.report("a", "one two three");
    let kept = world.kept();
    assert!(kept.contains("one two three"), "something is kept");
    for form in forms.iter().map(|it| json!(it).to_string()) {
        let form = form.trim_matches('"');
        assert!(!kept.contains(form), "{form}");
    }
    assert!(!kept.contains("zorkmid"));
}

#[test]
fn results_of_plugins_with_secrets_are_not_kept() {
    for (name, tool, returned, used) in [
        ("secrets", "vault__echo", json!({ "v": "zorkmid-1" }), json!("zorkmid-1")),
        ("environment", "surroundings__echo", json!({ "v": "zorkmid-2" }), json!("a zorkmid-2 b")),
        ("key", "vault__echo", json!({ "v": "zorkmid3" }), json!({ "zorkmid3": 1 })),
        ("parameter", "vault__echo", json!({ "find": "zorkmid4" }), json!("zorkmid4")),
        ("part", "vault__echo", json!({ "v": "the zorkmid-five" }), json!("his zorkmid-five")),
        (
            "large",
            "vault__echo",
            json!({ "v": format!("{} zorkmid6", "x ".repeat(9_000)) }),
            json!("zorkmid6"),
        ),
    ] {
        let world = World::new();
        world.with_vault();
        world.call(tool, &returned);
        world.use_value(&used);
        assert!(!world.kept().contains("zorkmid"), "{name}");
    }
}

/// What a plugin with a secret returns to another plugin is as confidential.
#[test]
fn results_through_another_plugin_are_not_kept() {
    let world = World::new();
    world.with_vault();
    let approval = Approval { named: true, ..Approval::NONE };
    world.add("doors", DOORS, &json!({ "tools": ["vault__*"] }), approval);
    for at in 0..3 {
        let params = json!({ "tool": "vault__echo", "params": { "v": format!("zorkmid-{at}") } });
        let got = world.call("doors__call", &params);
        assert!(got.to_string().contains("zorkmid"), "{got}");
        world.use_value(&json!(format!("zorkmid-{at}")));
    }
    assert!(!world.kept().contains("zorkmid"));
}

/// Whatever else the same message leads to may be made of it, in words that nobody can compare.
#[test]
fn the_rest_of_a_message_is_not_kept() {
    let world = World::new();
    world.with_vault();
    for message in 1..5 {
        world.call_in(
            "chat",
            message,
            "text_stats",
            &json!({ "text": format!("early {message}") }),
        );
        world.call_in("chat", message, "vault__echo", &json!({ "v": format!("key-{message}") }));
        world.call_in("chat", message, "text_stats", &json!({ "text": "dimkroz backwards" }));
    }
    // Several messages of a chat can be at work at once.
    for message in [11, 12, 13] {
        world.call_in("chat", message, "vault__echo", &json!({ "v": format!("key-{message}") }));
    }
    for message in [11, 12, 13] {
        world.call_in("chat", message, "text_stats", &json!({ "text": "dimkroz backwards" }));
    }
    world.call_in("chat", 19, "text_stats", &json!({ "text": "later words" }));
    let kept = world.kept();
    assert!(!kept.contains("dimkroz"));
    assert!(kept.contains("later words"));
}

/// A secret that is stored when it was used already is taken out of what was kept.
#[test]
fn a_newer_secret_is_erased() {
    let world = World::new();
    world.report("a", "zorkmid-77 is a word");
    world.report("bb", "four five");
    let world = world.again();
    let before = fs::read(world.home().join("autonomous/observations.kv")).unwrap();
    assert!(String::from_utf8_lossy(&before).contains("zorkmid-77"));
    world.keep_secret("zorkmid-77");
    world.report("c", "six seven eight nine");
    let kept = world.kept();
    assert!(!kept.contains("zorkmid"));
    assert!(kept.contains("four five"), "the rest is still there");
}

#[test]
fn a_proposal_with_a_newer_secret_is_withdrawn() {
    let world = World::new();
    world.report("a", "zorkmid-77 is a word");
    world.report("bb", "four five");
    world.report("c", "six seven eight nine");
    world.proposal();
    world.keep_secret("zorkmid-77");
    let world = world.again();
    world.call("text_stats", &json!({ "text": "other words" }));
    let kept = world.kept();
    assert!(!kept.contains("zorkmid"));
    assert!(world.proposals().pending().unwrap().proposals.is_empty());
    assert!(world.proposals().state().unwrap().rejected.is_empty(), "nobody has rejected it");
}

/// What is kept is for the owner's eyes alone.
#[test]
fn others_on_the_machine_read_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    for (name, text) in [("a", "one two"), ("bb", "three"), ("c", "four five six")] {
        world.report(name, text);
    }
    world.proposal();
    world.runtime.block_on(world.runtime.stop());
    let mut folders = vec![world.home().join("autonomous")];
    while let Some(path) = folders.pop() {
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
        if path.is_dir() {
            folders.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}
