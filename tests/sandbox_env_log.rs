//! `get-env` and `log` through the sandbox, with a clock that the tests move.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use log::Level;
use weft_lite::sandbox::{
    Environment, HostCall, HostEnvironment, HostReply, ManualClock, PluginIdentity, Sandbox,
    SandboxOptions, Served,
};
use weft_lite::sorted::SortedMap;
use weft_lite::{PluginPermissions, PluginResourceConfig};

/// What was logged: target, level, text.
type Line = (String, Level, String);

/// Keeps every line of this process; tests tell theirs by the plugin's id.
struct Capture {
    lines: Mutex<Vec<Line>>,
}

static CAPTURE: Capture = Capture { lines: Mutex::new(Vec::new()) };

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = (record.target().to_owned(), record.level(), record.args().to_string());
        self.lines.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// One plugin with its clock.
struct Guest {
    id: &'static str,
    clock: Arc<ManualClock>,
    sandbox: Sandbox,
}

impl Guest {
    fn new(id: &'static str, listed: &[&str], messages_per_minute: u32) -> Self {
        let values = [
            ("CITY", "Ulm"),
            ("EMPTY", ""),
            ("OPENAI_API_KEY", "sk-1"),
            ("PATH", "/bin"),
            ("HOUSE_KEY", "k"),
            ("MQTT_PASSWORD", "hunter2"),
        ];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::with_environment(id, listed, messages_per_minute, Arc::new(BTreeMap::from(values)))
    }

    fn with_environment(
        id: &'static str,
        listed: &[&str],
        messages_per_minute: u32,
        environment: Arc<dyn Environment>,
    ) -> Self {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            log::set_logger(&CAPTURE).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        let clock = Arc::new(ManualClock::new());
        let permissions = PluginPermissions {
            env_vars: listed.iter().map(|&name| name.to_owned()).collect(),
            ..PluginPermissions::default()
        };
        let resources = PluginResourceConfig {
            max_log_messages_per_minute: messages_per_minute,
            ..PluginResourceConfig::default()
        };
        let options = SandboxOptions {
            environment,
            never_env: vec!["HOUSE_KEY".into()],
            clock: Arc::clone(&clock) as _,
            ..SandboxOptions::new("/")
        };
        let identity = PluginIdentity { id: id.into(), version: "1.0.0".into() };
        let (sandbox, _) = Sandbox::new(identity, None, &permissions, &resources, &options);
        Self { id, clock, sandbox }
    }

    #[track_caller]
    fn env(&self, name: &str) -> Option<String> {
        let served = smol::block_on(self.sandbox.serve(HostCall::GetEnv { name: name.into() }, 0));
        assert_eq!(served.denied, None, "a guest can't tell a refusal");
        match served.reply {
            HostReply::Value(value) => value,
            other => unreachable!("get-env answered {other:?}"),
        }
    }

    #[track_caller]
    fn log(&self, level: u8, message: &str) {
        let call = HostCall::Log { level, message: message.into() };
        let served = smol::block_on(self.sandbox.serve(call, 0));
        assert_eq!(served, Served::plain(HostReply::Nothing));
    }

    /// What this guest logged.
    fn messages(&self) -> Vec<(Level, String)> {
        let prefix = format!("[PLUGIN:{}] ", self.id);
        lines("weft_lite::plugin")
            .into_iter()
            .filter_map(|(level, text)| Some((level, text.strip_prefix(&prefix)?.to_owned())))
            .collect()
    }

    /// What the host said about this guest.
    fn warnings(&self) -> Vec<String> {
        warnings_about(self.id)
    }
}

fn warnings_about(id: &str) -> Vec<String> {
    let prefix = format!("plugin {id}");
    lines("weft_lite::sandbox")
        .into_iter()
        .filter_map(|(level, text)| {
            let rest = text.strip_prefix(&prefix)?.to_owned();
            assert_eq!(level, Level::Warn);
            Some(rest)
        })
        .collect()
}

fn lines(target: &str) -> Vec<(Level, String)> {
    let lines = CAPTURE.lines.lock().unwrap();
    lines
        .iter()
        .filter(|(of, _, _)| of == target)
        .map(|(_, level, text)| (*level, text.clone()))
        .collect()
}

#[test]
fn a_listed_variable_is_given_if_set() {
    let guest = Guest::new("env.listed", &["CITY", "EMPTY", "UNSET"], 100);
    assert_eq!(guest.env("CITY"), Some("Ulm".into()));
    assert_eq!(guest.env("EMPTY"), Some(String::new()));
    assert_eq!(guest.env("UNSET"), None);
}

#[test]
fn a_variable_not_listed_is_none() {
    let guest = Guest::new("env.unlisted", &["CITY"], 100);
    for name in ["OPENAI_API_KEY", "EMPTY", "city", "CITY ", "", "CITY\0"] {
        assert_eq!(guest.env(name), None, "{name:?}");
    }
    let nothing = Guest::new("env.nothing", &[], 100);
    assert_eq!(nothing.env("CITY"), None);
}

#[test]
fn names_that_nobody_gets_are_none_though_listed() {
    let listed = ["OPENAI_API_KEY", "PATH", "HOUSE_KEY", "CITY"];
    let guest = Guest::new("env.never", &listed, 100);
    for name in ["OPENAI_API_KEY", "PATH", "HOUSE_KEY"] {
        assert_eq!(guest.env(name), None, "{name}");
    }
    assert_eq!(guest.env("CITY"), Some("Ulm".into()));
}

#[test]
fn built_in_names_are_refused_in_any_case() {
    let names = [
        "PATH",
        "HOME",
        "USER",
        "SHELL",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "home",
        "House_Key",
    ];
    let values = names.map(|name| (name.to_owned(), "value".to_owned()));
    let environment = Arc::new(BTreeMap::from(values));
    let guest = Guest::with_environment("env.builtin", &names, 100, environment);
    for name in names {
        assert_eq!(guest.env(name), None, "{name}");
    }
}

#[test]
fn reading_a_credential_is_warned_about_without_value() {
    let guest = Guest::new("env.sensitive", &["MQTT_PASSWORD", "my_token", "CITY"], 100);
    assert_eq!(guest.env("MQTT_PASSWORD"), Some("hunter2".into()));
    assert_eq!(guest.env("MQTT_PASSWORD"), Some("hunter2".into()));
    assert_eq!(guest.env("my_token"), None);
    assert_eq!(guest.env("CITY"), Some("Ulm".into()));
    assert_eq!(guest.env("OPENAI_API_KEY"), None);
    let warning = |name: &str| {
        format!(" reads the environment variable {name}, whose name looks like a credential's")
    };
    assert_eq!(guest.warnings(), [warning("MQTT_PASSWORD"), warning("my_token")]);
    guest.clock.advance(Duration::from_secs(60));
    assert_eq!(guest.env("MQTT_PASSWORD"), Some("hunter2".into()));
    assert_eq!(guest.warnings().len(), 3);
}

#[test]
fn the_operators_values_come_before_the_hosts() {
    // Cargo sets this one for every test.
    let host = HostEnvironment::new(SortedMap::new());
    let name = "CARGO_MANIFEST_DIR";
    assert_eq!(host.get(name), std::env::var(name).ok());
    let over = HostEnvironment::new(SortedMap::from([(name.to_owned(), "mine".to_owned())]));
    assert_eq!(over.get(name), Some("mine".into()));
    for impossible in ["", "A=B", "A\0B"] {
        assert_eq!(over.get(impossible), None);
    }
}

#[test]
fn levels_are_mapped() {
    let guest = Guest::new("log.levels", &[], 100);
    for level in [0, 1, 2, 3, 4, 255] {
        guest.log(level, "hello");
    }
    let levels: Vec<_> = guest.messages().into_iter().map(|(level, _)| level).collect();
    assert_eq!(
        levels,
        [Level::Error, Level::Warn, Level::Info, Level::Debug, Level::Trace, Level::Trace]
    );
}

#[test]
fn the_log_rate_drops_messages_with_a_warning() {
    let guest = Guest::new("log.rate", &[], 100);
    for number in 0..100 {
        guest.log(2, &format!("message {number}"));
    }
    assert_eq!(guest.messages().len(), 100);
    assert_eq!(guest.warnings(), Vec::<String>::new());
    guest.log(2, "one too many");
    assert_eq!(guest.messages().len(), 100);
    assert_eq!(guest.warnings(), [": log messages dropped: 1 (at most 100 a minute)"]);
}

#[test]
fn the_log_window_slides_without_dropped_messages() {
    let guest = Guest::new("log.window", &[], 2);
    guest.log(2, "at 0");
    guest.clock.advance(Duration::from_secs(30));
    guest.log(2, "at 30");
    guest.clock.advance(Duration::from_millis(29_999));
    guest.log(2, "dropped");
    guest.clock.advance(Duration::from_millis(1));
    guest.log(2, "at 60");
    guest.log(2, "dropped");
    guest.clock.advance(Duration::from_secs(30));
    guest.log(2, "at 90");
    let texts: Vec<_> = guest.messages().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["at 0", "at 30", "at 60", "at 90"]);
}

#[test]
fn one_warning_a_minute_counts_what_was_dropped() {
    let guest = Guest::new("log.throttle", &[], 1);
    guest.log(2, "kept");
    for _ in 0..5 {
        guest.log(2, "dropped");
    }
    let first = ": log messages dropped: 1 (at most 1 a minute)";
    assert_eq!(guest.warnings(), [first]);
    guest.clock.advance(Duration::from_secs(60));
    guest.log(2, "kept, and the minute is over");
    let second = ": log messages dropped: 4 (at most 1 a minute)";
    assert_eq!(guest.warnings(), [first, second]);
    guest.log(2, "dropped");
    guest.log(2, "dropped");
    assert_eq!(guest.warnings().len(), 2);
    // A plugin that falls silent is reported when it is unloaded.
    let id = guest.id;
    drop(guest);
    let last = ": log messages dropped: 2 (at most 1 a minute)";
    assert_eq!(warnings_about(id), [first, second, last]);
}

#[test]
fn a_limit_of_none_drops_everything() {
    let guest = Guest::new("log.none", &[], 0);
    guest.log(0, "dropped");
    assert_eq!(guest.messages(), []);
    assert_eq!(guest.warnings().len(), 1);
}

#[test]
fn one_plugins_rate_is_not_anothers() {
    let first = Guest::new("log.first", &[], 1);
    let second = Guest::new("log.second", &[], 1);
    first.log(2, "kept");
    first.log(2, "dropped");
    second.log(2, "kept");
    assert_eq!(second.messages(), [(Level::Info, "kept".into())]);
    assert_eq!(second.warnings(), Vec::<String>::new());
}

#[test]
fn long_messages_are_cut_between_characters() {
    let guest = Guest::new("log.long", &[], 100);
    let whole = "a".repeat(4_096);
    guest.log(2, &whole);
    guest.log(2, &format!("{whole}b"));
    guest.log(2, &format!("{}é", "a".repeat(4_095)));
    let texts: Vec<_> = guest.messages().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts[0], whole);
    assert_eq!(texts[1], format!("{whole}... [truncated]"));
    assert_eq!(texts[2], format!("{}... [truncated]", "a".repeat(4_095)));
}

#[test]
fn a_guest_cannot_forge_lines_or_control_terminals() {
    let guest = Guest::new("log.forge", &[], 100);
    guest.log(2, "done\n[PLUGIN:other] forged\r\t\u{1b}[2J\u{7f}\u{9b}\u{2028}\u{202e}naïve ☃");
    let expected =
        "done\\n[PLUGIN:other] forged\\r\\t\\u{1b}[2J\\u{7f}\\u{9b}\\u{2028}\\u{202e}naïve ☃";
    assert_eq!(guest.messages(), [(Level::Info, expected.into())]);
}
