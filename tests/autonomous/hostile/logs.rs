//! What is logged on the way: nothing of a secret, and no line of a stranger.

use std::sync::{Mutex, OnceLock};

use log::{LevelFilter, Log, Metadata, Record};
use serde_json::json;
use weft_lite::Approval;
use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};

use super::plugins::ECHO;
use crate::world::World;

/// Everything that is logged in this process.
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().starts_with("weft_lite") {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

fn lines() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    let lines = LINES.get_or_init(|| Lines(Mutex::default()));
    let _ = log::set_logger(lines);
    log::set_max_level(LevelFilter::Trace);
    lines
}

#[test]
fn logs_have_no_secret_and_no_escape() {
    let logged = lines();
    let world = World::new();
    let secrets = FileSecrets::new(world.home());
    let value = SecretValue::Value("quux-secret-42".into());
    secrets.set("KEY", value, &["api.example.com".into()], SecretTransport::Https).unwrap();
    let approval = Approval { secrets: true, ..Approval::NONE };
    world.add("vault", ECHO, &json!({ "secrets": ["KEY"] }), approval);
    world.add("reader", ECHO, &json!({}), Approval::NONE);
    world.add("writer", ECHO, &json!({}), Approval::NONE);
    for at in 0..3 {
        world.call("vault__echo", &json!({ "v": "quux-vault-77" }));
        for value in ["quux-secret-42", "quux-vault-77"] {
            world.call("reader__echo", &json!({ "v": value, "at": at }));
        }
    }
    // Drafts that come to nothing, each with a reason.
    for (key, constant) in [
        ("{{\u{1b}[2Jquux", "plain"),
        ("plain", "\u{1b}]0;quux\u{7}"),
        ("\nquux: 1", "\u{202e}quux"),
    ] {
        for text in ["alpha one", "beta two", "gamma three"] {
            let got = world.call("reader__echo", &json!({ "text": text, "c": constant }));
            world.call("writer__echo", &json!({ "line": got["text"], key: constant }));
        }
    }
    let world = world.again();
    world.runtime.block_on(world.runtime.stop());
    let lines = logged.0.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("no proposal for reader__echo")), "{lines:?}");
    for line in lines.iter() {
        assert!(!line.contains("quux-secret-42") && !line.contains("quux-vault-77"), "{line}");
        let odd = |char: char| char.is_control() && char != '\n' || char == '\u{202e}';
        assert!(!line.contains(odd), "{line:?}");
        assert!(!line.contains("\nquux"), "{line:?}");
    }
}
