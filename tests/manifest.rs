//! The manifest through the public surface: what is taken, what is refused, and in which words.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use serde_json::{Value, json};
use weft_lite::errors::ManifestError;
use weft_lite::package::ParsedManifest;
use weft_lite::{InstanceMode, PluginCapability, PluginManifest, PluginPermissions};

fn minimal() -> Value {
    json!({
        "id": "com.example.clock",
        "name": "Clock",
        "version": "1.0.0",
        "capabilities": ["tool"],
        "wasm_module": "plugin.wasm",
    })
}

/// The minimal manifest with `key` set to `value`; a dotted key reaches into a section.
fn with(key: &str, value: Value) -> Value {
    let mut manifest = minimal();
    let entries = manifest.as_object_mut().unwrap();
    match key.split_once('.') {
        None => entries.insert(key.into(), value),
        Some((section, key)) => entries.insert(section.into(), json!({ key: value })),
    };
    manifest
}

#[track_caller]
fn parsed(manifest: &Value) -> ParsedManifest {
    PluginManifest::from_json(&manifest.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn refused(manifest: &Value) -> ManifestError {
    PluginManifest::from_json(&manifest.to_string()).expect_err("a faulty manifest was taken")
}

/// The one fault that setting `key` to `value` gives: its key and its whole line.
#[track_caller]
fn fault(key: &str, value: Value) -> (String, String) {
    let error = refused(&with(key, value));
    assert_eq!(error.faults.len(), 1, "{error}");
    (error.faults[0].key.clone(), error.to_string())
}

#[track_caller]
fn yaml_refused(text: &str, part: &str) {
    let error = PluginManifest::from_yaml(text).expect_err("a faulty manifest was taken");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn minimal_manifest_asks_for_nothing() {
    let ParsedManifest { manifest, warnings } = parsed(&minimal());
    assert_eq!(warnings, [""; 0]);
    assert_eq!(manifest.id, "com.example.clock");
    assert_eq!(manifest.version.to_string(), "1.0.0");
    assert_eq!(manifest.capabilities, [PluginCapability::Tool]);
    assert!(manifest.permissions.is_empty());
    assert_eq!(manifest.resources.max_fuel, 1_000_000_000);
    assert_eq!(manifest.resources.max_memory_mb, 16);
    assert_eq!(manifest.instance, InstanceMode::Resident);
    assert_eq!(manifest.description, None);
}

const FULL_YAML: &str = r#"
id: com.example.weather
name: Weather
version: 1.2.3-beta.1
description: |
  Today's weather.
  And tomorrow's.
capabilities: [tool, channel, pipeline_stage, skill, memory_backend, voice]
permissions:
  network: [API.Example.com, "*.example.org", "[2001:DB8::1]", 192.168.1.7]
  filesystem: [$WORKSPACE/notes, ~/weather.json]
  env_vars: [WEATHER_UNITS]
  shell: true
  secrets: [weather-key]
resources:
  max_fuel: 500000000
  max_memory_mb: 8
  max_table_elements: 0
  max_execution_seconds: 5
  max_http_requests_per_minute: 5
  max_log_messages_per_minute: 50
  max_host_calls: 100
wasm_module: ./build/plugin.wasm
skills: [., skills/weather/]
tools:
  - today
  - name: tomorrow
    description: Tomorrow's weather
instance: per-call
"#;

#[test]
fn full_manifest_in_yaml_and_back_through_json() {
    let ParsedManifest { manifest, warnings } = PluginManifest::from_yaml(FULL_YAML).unwrap();
    assert_eq!(warnings, [""; 0]);
    assert_eq!(manifest.version.to_string(), "1.2.3-beta.1");
    assert_eq!(manifest.description.as_deref(), Some("Today's weather.\nAnd tomorrow's."));
    assert_eq!(manifest.capabilities, PluginCapability::ALL);
    let permissions = &manifest.permissions;
    assert_eq!(
        permissions.network,
        ["api.example.com", "*.example.org", "2001:db8::1", "192.168.1.7"]
    );
    assert_eq!(permissions.filesystem, ["$WORKSPACE/notes", "~/weather.json"]);
    assert_eq!(permissions.env_vars, ["WEATHER_UNITS"]);
    assert_eq!(permissions.secrets, ["weather-key"]);
    assert!(permissions.shell);
    assert_eq!(manifest.resources.max_fuel, 500_000_000);
    assert_eq!(manifest.resources.max_table_elements, 0);
    assert_eq!(manifest.resources.max_host_calls, 100);
    assert_eq!(manifest.wasm_module, "build/plugin.wasm");
    assert_eq!(manifest.skills, [".", "skills/weather"]);
    assert_eq!(manifest.tools, ["today", "tomorrow"]);
    assert_eq!(manifest.instance, InstanceMode::PerCall);

    let json = serde_json::to_string(&manifest).unwrap();
    let again = PluginManifest::from_json(&json).unwrap();
    assert_eq!(again.manifest, manifest);
    assert_eq!(again.warnings, [""; 0]);
}

#[test]
fn a_grant_of_files_may_be_marked_optional() {
    let grants =
        json!(["/a", { "path": "/b", "optional": true }, { "path": "/c", "optional": false }]);
    let manifest = parsed(&with("permissions", json!({ "filesystem": grants }))).manifest;
    let read = &manifest.permissions.filesystem;
    assert_eq!(*read, ["/a", "/b", "/c"]);
    let optional: Vec<bool> = read.iter().map(|grant| grant.optional).collect();
    assert_eq!(optional, [false, true, false]);
    // What is plain stays a plain text, as in all that was written before there was another.
    let written = serde_json::to_value(&manifest.permissions).unwrap();
    assert_eq!(written["filesystem"], json!(["/a", { "path": "/b", "optional": true }, "/c"]));
    let again: PluginPermissions = serde_json::from_value(written).unwrap();
    assert!(again.filesystem[1].optional && !again.filesystem[0].optional);
    // One path in both spellings is one permission.
    let twice = json!({ "filesystem": ["/a", { "path": "/a", "optional": true }] });
    let ParsedManifest { manifest, warnings } = parsed(&with("permissions", twice));
    assert_eq!(manifest.permissions.filesystem, ["/a"]);
    assert_eq!(warnings, ["`permissions.filesystem[1]` repeats an earlier item"]);
}

#[test]
fn empty_sections_are_absent_ones() {
    let text = "id: a\nname: A\nversion: 1.0.0\ncapabilities: [tool]\nwasm_module: a.wasm\n\
                permissions:\n  network:\nresources:\nskills:\n";
    let manifest = PluginManifest::from_yaml(text).unwrap().manifest;
    assert!(manifest.permissions.is_empty());
    assert_eq!(manifest.skills, [""; 0]);
}

#[test]
fn ids() {
    let longest = "a".repeat(64);
    for good in ["a", "7z", "text-stats", "com.example.my_plugin-2", &longest] {
        assert_eq!(parsed(&with("id", json!(good))).manifest.id, good);
    }
    let too_long = "a".repeat(65);
    for bad in [
        "", ".", "..", ".a", "a.", "a..b", "-a", "a-", "_a", "a_", "a.-b", "a__b", "A", "a b",
        "a/b", "ä", "a\n", "skill", &too_long,
    ] {
        assert_eq!(fault("id", json!(bad)).0, "id", "{bad:?}");
    }
}

#[test]
fn one_fault_each() {
    for (key, value, line) in [
        ("id", json!(7), "`id`: it is a number; expected text; put it in quotes"),
        ("name", json!("  "), "`name`: invalid name ``; expected one line of 1 to 128 characters"),
        (
            "name",
            json!("a\u{1b}[2J"),
            "`name`: invalid name `a\\u{1b}[2J`; expected one line of 1 to 128 characters",
        ),
        // A person who is asked for approval would see another text.
        ("name", json!("a\u{202e}b"), "`name`: invalid name `a\\u{202e}b`"),
        (
            "permissions.filesystem",
            json!(["/notes\u{202e}/dwssap"]),
            "`permissions.filesystem[0]`: `/notes\\u{202e}/dwssap` is not a path",
        ),
        ("permissions.filesystem", json!(["/no\u{200b}tes"]), "`/no\\u{200b}tes` is not a path"),
        ("permissions.env_vars", json!(["A\u{2066}"]), "`A\\u{2066}` is not a variable's name"),
        ("version", json!("1.0"), "`version`: `1.0` is not a semantic version"),
        ("version", json!(1.0), "`version`: it is a number; expected text; put it in quotes"),
        ("description", json!("a\u{1b}[2J"), "`description`: it holds control characters"),
        (
            "capabilities",
            json!([]),
            "`capabilities`: it is empty; allowed: tool, channel, pipeline_stage, skill, memory_backend, voice",
        ),
        ("capabilities", json!("tool"), "`capabilities`: it is text; expected a list of words"),
        (
            "capabilities",
            json!(["tool", "tols"]),
            "`capabilities[1]`: unknown capability `tols`; allowed: tool, channel,",
        ),
        ("capabilities", json!([true]), "`capabilities[0]`: it is true or false; expected text"),
        ("permissions", json!([]), "`permissions`: it is a list; expected a mapping"),
        (
            "permissions.netwrok",
            json!([]),
            "`permissions.netwrok`: unknown permission; did you mean `network`?",
        ),
        (
            "permissions.camera",
            json!(true),
            "`permissions.camera`: unknown permission; allowed: network, filesystem, env_vars, shell, secrets",
        ),
        (
            "permissions.network",
            json!("*"),
            "`permissions.network`: it is text; expected a list of hosts",
        ),
        (
            "permissions.shell",
            json!("yes"),
            "`permissions.shell`: it is text; expected true or false",
        ),
        (
            "permissions.env_vars",
            json!([""]),
            "`permissions.env_vars[0]`: `` is not a variable's name",
        ),
        (
            "permissions.env_vars",
            json!(["A=B"]),
            "`permissions.env_vars[0]`: `A=B` is not a variable's name",
        ),
        (
            "permissions.env_vars",
            json!(["A\0"]),
            "`permissions.env_vars[0]`: `A\\0` is not a variable's name",
        ),
        ("permissions.env_vars", json!(["*"]), "expected each variable by its own name"),
        ("permissions.filesystem", json!([""]), "`permissions.filesystem[0]`: `` is not a path"),
        (
            "permissions.filesystem",
            json!(["a\0b"]),
            "`permissions.filesystem[0]`: `a\\0b` is not a path",
        ),
        (
            "permissions.filesystem",
            json!([{ "path": "" }]),
            "`permissions.filesystem[0]`: `` is not a path",
        ),
        (
            "permissions.filesystem",
            json!([{ "optional": true }]),
            "`permissions.filesystem[0]`: a grant without a path; expected text under `path`",
        ),
        (
            "permissions.filesystem",
            json!([{ "path": "/a", "optional": "yes" }]),
            "`permissions.filesystem[0]`: it is text; expected true or false under `optional`",
        ),
        (
            "permissions.filesystem",
            json!([{ "path": "/a", "write": false }]),
            "`permissions.filesystem[0]`: unknown key `write`; allowed: path, optional",
        ),
        ("permissions.secrets", json!(["a}}"]), "`permissions.secrets[0]`: invalid name `a}}`"),
        ("permissions.secrets", json!(["settings:"]), "`permissions.secrets[0]`: invalid name ``"),
        (
            "permissions.tools",
            json!(["a b*"]),
            "`permissions.tools[0]`: `a b*` is not a tool's name",
        ),
        ("permissions.tools", json!([""]), "`permissions.tools[0]`: `` is not a tool's name"),
        ("permissions.tools", json!(["t".repeat(65)]), "of at most 64 characters"),
        ("resources", json!(5), "`resources`: it is a number; expected a mapping"),
        (
            "resources.max_fuel",
            json!("5"),
            "`resources.max_fuel`: it is text; expected a whole number",
        ),
        (
            "resources.max_memory_mb",
            json!(1.5),
            "`resources.max_memory_mb`: 1.5 is not whole; expected a whole number",
        ),
        ("wasm_module", json!(""), "`wasm_module`: `` is empty"),
        ("wasm_module", json!("."), "`wasm_module`: it names the package itself"),
        ("wasm_module", json!("/a.wasm"), "`wasm_module`: `/a.wasm` is absolute"),
        (
            "wasm_module",
            json!("a/../../b.wasm"),
            "`wasm_module`: `a/../../b.wasm` leads out of the package",
        ),
        ("wasm_module", json!("a\\b.wasm"), "`wasm_module`: `a\\\\b.wasm` holds a backslash"),
        ("wasm_module", json!("c:b.wasm"), "`wasm_module`: `c:b.wasm` holds a backslash, a colon"),
        ("skills", json!(["../x"]), "`skills[0]`: `../x` leads out of the package"),
        ("tools", json!(["a tool"]), "`tools[0]`: invalid name `a tool`"),
        ("tools", json!(["ec__echo"]), "`tools[0]`: invalid name `ec__echo`; expected no `__`"),
        (
            "tools",
            json!([{ "title": "x" }]),
            "`tools[0]`: a tool without a name; expected text under `name`",
        ),
        (
            "tools",
            json!([1]),
            "`tools[0]`: it is a number; expected a name, or a mapping with a `name`",
        ),
        (
            "instance",
            json!("pooled"),
            "`instance`: unknown mode `pooled`; allowed: resident, per-call",
        ),
    ] {
        let (_, found) = fault(key, value);
        assert!(found.contains(line), "expected {line}\n   found {found}");
    }
}

#[test]
fn tool_names_fit_with_the_id() {
    let fits = "t".repeat(64 - "com.example.clock__".len());
    assert_eq!(parsed(&with("tools", json!([fits]))).manifest.tools[0], fits);
    let (key, line) = fault("tools", json!([format!("{fits}t")]));
    assert_eq!(key, "tools[0]");
    assert!(line.contains("has 65 characters; expected at most 64"), "{line}");
}

#[test]
fn network_patterns() {
    for (given, kept) in [
        ("*", "*"),
        ("localhost", "localhost"),
        ("API.example.COM", "api.example.com"),
        ("*.Example.com", "*.example.com"),
        ("my_host.local", "my_host.local"),
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("[FE80::0001]", "fe80::1"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("settings:base_url", "settings:base_url"),
    ] {
        let manifest = parsed(&with("permissions.network", json!([given]))).manifest;
        assert_eq!(manifest.permissions.network, [kept]);
    }
    for (bad, part) in [
        ("", "is not a host"),
        ("https://api.example.com/v1", "has a scheme; expected the host alone: `api.example.com`"),
        ("api.example.com/v1", "has a path; expected the host alone: `api.example.com`"),
        ("api.example.com:8080", "has a port; expected the host alone"),
        ("[::1]:80", "has a port"),
        ("*.*", "has `*` within a name"),
        ("*example.com", "has `*` within a name"),
        ("api.*.com", "has `*` within a name"),
        ("*.", "is not a host"),
        ("*.10.0.0.1", "is not a host"),
        ("10.0.0", "is not a host"),
        ("0x7f000001", "is not a host"),
        ("2130706433", "is not a host"),
        ("example.com.", "is not a host"),
        ("-a.example.com", "is not a host"),
        ("a b", "is not a host"),
        ("user@example.com", "is not a host"),
        ("bücher.example", "begins with `xn--`"),
        ("settings:", "invalid name ``"),
        ("settings:a b", "invalid name `a b`"),
        ("settings:*", "invalid name `*`"),
        ("*.settings:key", "has a port"),
    ] {
        let (key, line) = fault("permissions.network", json!([bad]));
        assert_eq!(key, "permissions.network[0]");
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_setting_is_covered_by_itself_alone() {
    let permissions = |network: &[&str]| PluginPermissions {
        network: network.iter().map(|&it| it.to_owned()).collect(),
        ..PluginPermissions::default()
    };
    let asked = "settings:url.example.com";
    assert!(!permissions(&["*.example.com", "settings:url", "url.example.com"]).reaches(asked));
    assert!(permissions(&[asked]).reaches(asked));
    assert!(permissions(&["*"]).reaches(asked));
    assert!(!permissions(&[asked]).reaches("url.example.com"));
}

#[test]
fn every_fault_at_once() {
    let error = refused(&json!({
        "id": "Bad Id",
        "capabilites": ["tool"],
        "version": "one",
        "permissions": { "network": ["http://a.example", "b.example:80"], "root": true },
        "resources": { "max_fuel": [], "max_memory_mb": 1000 },
        "wasm_module": "../plugin.wasm",
    }));
    let keys: Vec<&str> = error.faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "id",
            "name",
            "version",
            "capabilities",
            "permissions.root",
            "permissions.network[0]",
            "permissions.network[1]",
            "resources.max_fuel",
            "wasm_module",
        ]
    );
    assert_eq!(error.to_string().lines().count(), keys.len());
    assert_eq!(error.faults[3].problem, "missing (there is a `capabilites`)");
    assert_eq!(error.warnings.len(), 2, "{:?}", error.warnings);
}

#[test]
fn missing_keys() {
    let error = refused(&json!({}));
    let keys: Vec<&str> = error.faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["id", "name", "version", "capabilities", "wasm_module"]);
    assert!(error.faults.iter().all(|fault| fault.problem == "missing"));
}

#[test]
fn resources_are_clamped_with_the_range() {
    let seconds = |value: Value| {
        let parsed = parsed(&with("resources.max_execution_seconds", value));
        (parsed.manifest.resources.max_execution_seconds, parsed.warnings)
    };
    assert_eq!(seconds(json!(300)), (300, vec![]));
    assert_eq!(seconds(json!(30.0)), (30, vec![]));
    let warning = |value: &str, used: u32| {
        vec![format!(
            "`resources.max_execution_seconds` is {value}, which is out of range (1 to 300); {used} is used"
        )]
    };
    assert_eq!(seconds(json!(301)), (300, warning("301", 300)));
    assert_eq!(seconds(json!(0)), (1, warning("0", 1)));
    assert_eq!(seconds(json!(-5)), (1, warning("-5", 1)));
    assert_eq!(seconds(json!(u64::MAX)), (300, warning("18446744073709551615", 300)));
    assert_eq!(seconds(json!(1e300)), (300, warning("1e+300", 300)));

    let fuel =
        |value: Value| parsed(&with("resources.max_fuel", value)).manifest.resources.max_fuel;
    assert_eq!(fuel(json!(1)), 1_000_000);
    assert_eq!(fuel(json!(u64::MAX)), 10_000_000_000);
}

#[test]
fn warnings_and_suggestions() {
    for (key, value, warning) in [
        (
            "descripton",
            json!("x"),
            "unknown key `descripton` is ignored; did you mean `description`?",
        ),
        ("author", json!("x"), "unknown key `author` is ignored"),
        ("config_schema", json!({ "type": "object" }), "unknown key `config_schema` is ignored"),
        (
            "resources.max_fule",
            json!(5),
            "unknown key `resources.max_fule` is ignored; did you mean `max_fuel`?",
        ),
        ("resources.gpu", json!(5), "unknown key `resources.gpu` is ignored"),
        ("capabilities", json!(["tool", "tool"]), "`capabilities[1]` repeats an earlier item"),
        ("tools", json!(["a", { "name": "a" }]), "`tools[1]` repeats an earlier item"),
        ("a\u{1b}[2J", json!(1), "unknown key `a\\u{1b}[2J` is ignored"),
    ] {
        assert_eq!(parsed(&with(key, value)).warnings, [warning]);
    }
    assert_eq!(parsed(&with("$schema", json!("x"))).warnings, [""; 0]);
    assert_eq!(
        parsed(&with("capabilities", json!(["tool", "tool"]))).manifest.capabilities,
        [PluginCapability::Tool]
    );
}

#[test]
fn syntax_errors_give_line_and_column() {
    let error = PluginManifest::from_json("{\n  \"id\": \"a\"\n  \"name\": 1\n}").unwrap_err();
    assert_eq!(error.faults.len(), 1);
    assert_eq!(error.faults[0].key, "");
    assert!(error.to_string().contains("line 3 column 3"), "{error}");
    yaml_refused("id: a\nname: [", "line 3 column 1");
    for text in ["", "null", "[]", "\"x\"", "{} {}", "{\"id\": NaN}"] {
        assert_eq!(PluginManifest::from_json(text).unwrap_err().faults.len(), 1, "{text}");
    }
    yaml_refused("- a", "the document is a list; expected a mapping");
    yaml_refused("id: a\n---\nid: b", "not valid YAML");
    yaml_refused("id: !secret a", "tags");
    yaml_refused("id: a\n1: b", "a key that is text");
    yaml_refused("resources: {max_fuel: .inf}", "not finite");
}

#[test]
fn a_key_given_twice_is_refused() {
    let error = PluginManifest::from_json(r#"{"id": "a", "id": "b"}"#).unwrap_err();
    assert!(error.to_string().contains("the key `id` is given twice at line 1"), "{error}");
    let where_it_is = "the key `shell` is given twice at line 3 column 3";
    yaml_refused("permissions:\n  shell: false\n  shell: true", where_it_is);
}

#[test]
fn byte_order_mark_is_taken() {
    let text = format!("\u{feff}{}", minimal());
    assert!(PluginManifest::from_json(&text).is_ok());
    assert!(PluginManifest::from_yaml(&text).is_ok());
}

#[test]
fn size_and_depth_are_bounded() {
    let large = format!("{{\"id\": \"{}\"}}", "a".repeat(64 * 1024));
    let error = PluginManifest::from_json(&large).unwrap_err();
    assert!(error.to_string().contains("expected at most 65536 bytes"), "{error}");
    yaml_refused(&large, "expected at most 65536 bytes");

    let deep = format!("{{\"id\": {}{}}}", "[".repeat(60), "]".repeat(60));
    let error = PluginManifest::from_json(&deep).unwrap_err();
    assert!(error.to_string().contains("there are more than 32 levels"), "{error}");
    yaml_refused(&deep, "there are more than 32 levels");
    yaml_refused(&format!("id: {}", "- ".repeat(20_000)), "not valid YAML");
    yaml_refused(&"[".repeat(60_000), "too many brackets");

    let many = json!({ "tools": vec!["t"; 300] });
    assert!(
        refused(&many)
            .faults
            .iter()
            .any(|fault| fault.key == "tools" && fault.problem == "300 items")
    );
}

#[test]
fn yaml_aliases_do_not_multiply() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..=12 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    yaml_refused(&laughs, "aliases multiply");

    let long = "x".repeat(30_000);
    let uses = "- *long\n".repeat(2_000);
    yaml_refused(&format!("a: &long {long}\nb:\n{uses}"), "aliases multiply");
    yaml_refused("a: &a [*a]", "not valid YAML");

    let honest =
        "id: &id clock\nname: *id\nversion: 1.0.0\ncapabilities: [tool]\nwasm_module: a.wasm\n";
    assert_eq!(PluginManifest::from_yaml(honest).unwrap().manifest.name, "clock");
}
