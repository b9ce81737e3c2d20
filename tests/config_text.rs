//! Edits of a configuration's text: one value changes, every other byte stays, and odd layouts are refused.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use serde_json::{Value, json};
use weft_lite::config::{ConfigText, UneditableConfig};

const URL: [&str; 3] = ["plugins", "mind", "base_url"];
const HOSTS: [&str; 2] = ["network", "allow_private_hosts"];

fn set(text: &str, path: &[&str], value: &Value) -> Result<String, UneditableConfig> {
    let mut config = ConfigText::new(text).unwrap();
    config.set(path, value).map(|()| config.text().to_owned())
}

#[track_caller]
fn sets(text: &str, expected: &str) {
    assert_eq!(set(text, &URL, &json!("u")).unwrap(), expected, "{text}");
}

#[track_caller]
fn appends(text: &str, expected: &str) {
    let mut config = ConfigText::new(text).unwrap();
    config.append(&HOSTS, "h:1").unwrap();
    assert_eq!(config.text(), expected, "{text}");
}

#[track_caller]
fn removes(text: &str, expected: &str) {
    let mut config = ConfigText::new(text).unwrap();
    config.remove(&["plugins", "mind"]).unwrap();
    assert_eq!(config.text(), expected, "{text}");
}

#[test]
fn missing_keys_are_written_as_lines() {
    let lines = "plugins:\n  mind:\n    base_url: \"u\"\n";
    sets("", lines);
    sets("# mine\n", &format!("# mine\n{lines}"));
    sets("env: {never: [A]}", &format!("env: {{never: [A]}}\n{lines}"));
    sets("---\nenv:\n  never: []\n", &format!("---\nenv:\n  never: []\n{lines}"));
    sets("plugins:\n", lines);
    sets(
        "plugins: # none yet\nenv: {}\n",
        &format!("plugins: # none yet\n{}env: {{}}\n", &lines[9..]),
    );
    sets("plugins:\n  mind:\n# end\n", &format!("{lines}# end\n"));
}

#[test]
fn existing_lines_keep_their_comments_and_order() {
    sets(
        "# a\nplugins:\n    # b\n    mind:  # c\n        model: m   # d\n\n    other: {x: 1}\n# e\nenv:\n",
        "# a\nplugins:\n    # b\n    mind:  # c\n        model: m   # d\n        base_url: \"u\"\n\n    other: {x: 1}\n# e\nenv:\n",
    );
    sets(
        "plugins:\n  mind:\n    base_url: http://a/v1   # old\n    'model': \"it's # one\"\n",
        "plugins:\n  mind:\n    base_url: \"u\"   # old\n    'model': \"it's # one\"\n",
    );
    sets(
        "\"plugins\" :\n  other:\n    text: |\n      mind:\n        base_url: x\n  last: 1",
        "\"plugins\" :\n  other:\n    text: |\n      mind:\n        base_url: x\n  last: 1\n  mind:\n    base_url: \"u\"\n",
    );
}

#[test]
fn line_ends_of_windows_stay() {
    sets(
        "plugins:\r\n  mind:\r\n    model: m\r\n",
        "plugins:\r\n  mind:\r\n    model: m\r\n    base_url: \"u\"\r\n",
    );
}

#[test]
fn brackets_are_edited_in_place() {
    sets("plugins: {} # c\n", "plugins: {mind: {base_url: \"u\"}} # c\n");
    sets(
        "plugins: { a: {b: 'x, }'}, }\n",
        "plugins: { a: {b: 'x, }'}, mind: {base_url: \"u\"}, }\n",
    );
    sets(
        "plugins:\n  mind: {base_url: http://a, model: m}\n",
        "plugins:\n  mind: {base_url: \"u\", model: m}\n",
    );
    sets(
        "plugins: {\n  mind: {  # the } model\n    model: m  # ]\n  }\n}\n",
        "plugins: {\n  mind: {  # the } model\n    model: m, base_url: \"u\"  # ]\n  }\n}\n",
    );
}

#[test]
fn lists_grow_at_their_end() {
    appends("", "network:\n  allow_private_hosts: [\"h:1\"]\n");
    appends("network: {ca_file: /a}\n", "network: {ca_file: /a, allow_private_hosts: [\"h:1\"]}\n");
    appends(
        "network:\n  allow_private_hosts: [a] # c\n",
        "network:\n  allow_private_hosts: [a, \"h:1\"] # c\n",
    );
    appends("network: {allow_private_hosts: []}\n", "network: {allow_private_hosts: [\"h:1\"]}\n");
    appends(
        "network:\n  allow_private_hosts:\n  - a\n  # b\n  ca_file: /a\n",
        "network:\n  allow_private_hosts:\n  - a\n  - \"h:1\"\n  # b\n  ca_file: /a\n",
    );
    appends(
        "network:\n  allow_private_hosts:\n      - a\n      - b\nenv: {}\n",
        "network:\n  allow_private_hosts:\n      - a\n      - b\n      - \"h:1\"\nenv: {}\n",
    );
    appends("network:\n  allow_private_hosts:\n", "network:\n  allow_private_hosts: [\"h:1\"]\n");
}

#[test]
fn a_removed_key_takes_its_lines_along() {
    removes(
        "plugins:\n  mind:\n    model: m\n\n  # next\n  memory: {}\n",
        "plugins:\n\n  # next\n  memory: {}\n",
    );
    removes("plugins:\n  mind: {model: m}\nenv:\n", "plugins:\nenv:\n");
    removes("plugins: {mind: {model: m}, memory: {}}\n", "plugins: {memory: {}}\n");
    removes("plugins: {memory: {}, mind: {model: m}}\n", "plugins: {memory: {}}\n");
    removes("plugins: {mind: {}}\n", "plugins: {}\n");
    removes("env:\n", "env:\n");
}

#[test]
fn odd_layouts_are_refused_and_stay() {
    let odd = [
        "plugins: &all\n  mind: {}\n",
        "base: &b {model: m}\nplugins:\n  mind: *b\n",
        "plugins:\n  ? mind\n  : {model: m}\n",
        "{env: {never: [A]}}\n",
        "plugins:\n  mind:\n    base_url:\n      http://a/v1\n",
        "plugins:\n  mind:\n    base_url: |\n      http://a/v1\n",
        "plugins:\n  mind:\n    base_url: [a]\n",
        "plugins: [mind]\n",
        "plugins:\n  \"m\\u0069nd\": {model: m}\n",
        "env: {never: [A]}\n...\n",
    ];
    for text in odd {
        let mut config = ConfigText::new(text).unwrap();
        let refused = config.set(&URL, &json!("u")).unwrap_err();
        assert_eq!((refused.key.as_str(), config.text()), ("plugins.mind.base_url", text));
    }
}

#[test]
fn hostile_values_stay_one_value() {
    for value in ["a\nb: c", "\"}, x: {", "# c", "{{secret:K}}", "é\u{1f600}", "null", "1.0", " "]
    {
        for text in ["", "plugins: {mind: {}}", "plugins:\n  mind:\n    base_url: x # y"] {
            let edited = set(text, &URL, &json!(value)).unwrap();
            let config = ConfigText::new(&edited).unwrap();
            assert_eq!(config.get(&URL), Some(&json!(value)), "{edited}");
        }
    }
}

/// What people copy from the README has comments, brackets and lists of all kinds.
#[test]
fn the_documented_example_can_be_edited() {
    let readme = include_str!("../README.md");
    let (_, example) = readme.split_once("```yaml\nnetwork:\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let text = format!("network:\n{example}");
    let mut config = ConfigText::new(&text).unwrap();
    config.set(&URL, &json!("u")).unwrap();
    config.append(&HOSTS, "h:1").unwrap();
    assert_eq!(config.get(&URL), Some(&json!("u")));
    assert_eq!(config.get(&HOSTS).and_then(|it| it.get(1)), Some(&json!("h:1")));
    let (before, after): (Vec<_>, Vec<_>) =
        (text.lines().collect(), config.text().lines().collect());
    let changed: Vec<_> = after.iter().filter(|line| !before.contains(*line)).collect();
    let lost: Vec<_> = before.iter().filter(|line| !after.contains(*line)).collect();
    assert!(changed.len() <= 5 && lost.len() <= 2, "{changed:#?} for {lost:#?}");
    config.remove(&["plugins", "mind"]).unwrap();
    assert_eq!(config.get(&["plugins", "mind"]), None);
}
