//! The operator's configuration: defaults, every key, and faults that name their key.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use weft_lite::config::Config;

#[test]
fn an_empty_file_is_the_default() {
    for text in ["", "# nothing\n", "network:\n", "{}"] {
        let parsed = Config::from_yaml(text).unwrap();
        assert_eq!((parsed.config, parsed.warnings.len()), (Config::default(), 0), "{text:?}");
    }
}

#[test]
fn every_key_is_read() {
    let text = "
network: {allow_private_hosts: [Printer.local, 192.168.1.5], ca_file: /etc/ca.pem}
env: {never: [DEPLOY_KEY]}
limits: {module_kb: 600, module_gzip_kb: 240, memory_budget_mb: 32, surface_memory_mb: 12, plugin_data_mb: 9}
instances: {idle_seconds: 60}
audit: {rotate_mb: 1}
";
    let parsed = Config::from_yaml(text).unwrap();
    assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    let config = parsed.config;
    assert_eq!(config.allow_private_hosts, ["printer.local", "192.168.1.5"]);
    assert_eq!(config.ca_file, Some(PathBuf::from("/etc/ca.pem")));
    assert_eq!(config.never_env, ["DEPLOY_KEY"]);
    assert_eq!((config.module_bytes, config.module_gzip_bytes), (600 << 10, 240 << 10));
    assert_eq!(config.memory_budget_bytes, Some(32 << 20));
    assert_eq!(config.surface_memory_bytes, 12 << 20);
    assert_eq!(config.plugin_data_bytes, 9 << 20);
    assert_eq!(config.idle_timeout, Duration::from_secs(60));
    assert_eq!(config.audit_rotate_bytes, 1 << 20);
}

#[test]
fn autonomous_skills_are_off_by_default() {
    let read = |text: &str| Config::from_yaml(text).unwrap();
    let off = read("").config.autonomous;
    assert_eq!((off.enabled, off.threshold), (false, 3));
    let on = read("autonomous_skills: {enabled: true, threshold: 20}").config.autonomous;
    assert_eq!((on.enabled, on.threshold), (true, 20));
    for (text, clamped) in [("threshold: 1", 3), ("threshold: 21", 20)] {
        let parsed = read(&format!("autonomous_skills: {{{text}}}"));
        assert_eq!(parsed.config.autonomous.threshold, clamped);
        assert!(parsed.warnings[0].contains("autonomous_skills.threshold"), "{parsed:?}");
    }
    assert!(read("autonomous_skills: {enable: true}").warnings[0].contains("`enabled`"));
    assert!(Config::from_yaml("autonomous_skills: {enabled: yes please}").is_err());
}

#[test]
fn faults_name_their_keys_all_at_once() {
    let text = "
network: {allow_private_hosts: ['*.local', 3]}
limits: {module_kb: many}
";
    let text = Config::from_yaml(text).unwrap_err().to_string();
    for key in
        ["network.allow_private_hosts[0]", "network.allow_private_hosts[1]", "limits.module_kb"]
    {
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn plugins_keep_their_settings_in_order() {
    let text = "
plugins:
  com.example.mind: {model: small, base_url: 'http://a/v1', extra: {z: 1, a: [2]}}
  memory:
";
    let plugins = Config::from_yaml(text).unwrap().config.plugins;
    let ids: Vec<&str> = plugins.keys().map(String::as_str).collect();
    assert_eq!(ids, ["com.example.mind", "memory"]);
    let settings = Value::Object(plugins["com.example.mind"].clone()).to_string();
    let in_order = r#"{"model":"small","base_url":"http://a/v1","extra":{"z":1,"a":[2]}}"#;
    assert_eq!((settings.as_str(), plugins["memory"].len()), (in_order, 0));
}

#[test]
fn faulty_plugin_settings_name_their_keys() {
    let text = "plugins: {Mind: {}, a__b: {}, mind: yes, memory: [1]}";
    let text = Config::from_yaml(text).unwrap_err().to_string();
    for key in ["plugins.Mind", "plugins.a__b", "plugins.mind", "plugins.memory"] {
        assert!(text.contains(key), "{key}: {text}");
    }
    let text = Config::from_yaml("plugins: [mind]").unwrap_err().to_string();
    assert!(text.contains("plugins") && text.contains("expected a mapping"), "{text}");
}

#[test]
fn a_text_without_keys_is_refused() {
    for text in ["- plugins", "plugins", "5"] {
        let error = Config::from_yaml(text).unwrap_err().to_string();
        assert!(error.contains("expected a mapping"), "{text}: {error}");
    }
}

#[test]
fn broken_yaml_is_explained_in_plain_words() {
    for (text, words) in [
        ("plugins: [", "a `[` or `{` is not closed before this at line 2 column 1"),
        ("a: b: c", "`: ` inside a value that is not quoted at line 1 column 5"),
        ("%a", "`%` can't begin a line"),
    ] {
        let error = Config::from_yaml(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn unknown_and_invalid_keys_are_warned_about() {
    let parsed = Config::from_yaml("limits: {module_kbs: 1, memory_budget_mb: 9999999}").unwrap();
    assert_eq!(parsed.warnings.len(), 2, "{:?}", parsed.warnings);
    assert!(parsed.warnings[0].contains("did you mean `module_kb`?"), "{:?}", parsed.warnings);
    assert_eq!(parsed.config.memory_budget_bytes, Some(65_536 << 20));
}

#[test]
fn a_workspace_tightens_and_never_loosens() {
    let own = "
network: {allow_private_hosts: [a.local]}
env: {never: [A]}
limits: {module_kb: 500}
mcp: {strict_schemas: true, tool_names: bare}
audit: {rotate_mb: 8}
channels: {mailbox: {owner: ada}}
plugins: {mind: {model: small}}
autonomous_skills: {threshold: 5}
";
    let loosens = "
network: {allow_private_hosts: ['10.0.0.1'], ca_file: /w/ca.pem}
env: {never: []}
limits: {module_kb: 501, module_gzip_kb: 121, memory_budget_mb: 65, surface_memory_mb: 17, plugin_data_mb: 65}
mcp: {strict_schemas: false, allowed_hosts: [evil.example], authorization_server: 'https://evil.example'}
audit: {rotate_mb: 1}
channels: {mailbox: {owner: eve}, socket: {tcp: '0.0.0.0:1', token_secret: T}}
plugins: {mind: {base_url: 'https://evil.example'}, memory: null}
autonomous_skills: {enabled: true, threshold: 4}
";
    let read = |above| Config::from_layers(own, above).unwrap();
    let parsed = read(loosens);
    assert_eq!(parsed.config, Config::from_yaml(own).unwrap().config);
    let all = [
        "network.allow_private_hosts",
        "network.ca_file",
        "limits.module_kb",
        "limits.module_gzip_kb",
        "limits.memory_budget_mb",
        "limits.surface_memory_mb",
        "limits.plugin_data_mb",
        "mcp.strict_schemas",
        "mcp.allowed_hosts",
        "mcp.authorization_server",
        "audit.rotate_mb",
        "channels.mailbox",
        "channels.socket",
        "plugins.mind",
        "plugins.memory",
        "autonomous_skills.enabled",
        "autonomous_skills.threshold",
    ];
    assert_eq!(parsed.loosening, all);

    let parsed = read(
        "
env: {never: [B, A]}
limits: {module_kb: 400, module_gzip_kb: 100, memory_budget_mb: 32, surface_memory_mb: 8}
mcp: {tool_names: qualified}
instances: {idle_seconds: 9}
",
    );
    assert!(parsed.loosening.is_empty() && parsed.warnings.is_empty(), "{parsed:?}");
    let config = parsed.config;
    assert_eq!(config.never_env, ["B", "A"]);
    assert_eq!((config.module_bytes, config.module_gzip_bytes), (400 << 10, 100 << 10));
    assert_eq!(config.memory_budget_bytes, Some(32 << 20));
    assert_eq!(config.surface_memory_bytes, 8 << 20);
    assert_eq!((config.idle_timeout.as_secs(), config.mcp.strict_schemas), (9, true));
}

#[test]
fn a_path_begins_with_what_it_is_below() {
    let expand = |path: &str, home: Option<&str>| {
        weft_lite::config::expand_path(
            path.as_ref(),
            home.map(AsRef::as_ref),
            Some("/weft".as_ref()),
        )
    };
    let home = Some("/home/ada");
    for (path, expanded) in [
        ("~", "/home/ada"),
        ("~/x/y", "/home/ada/x/y"),
        ("$WEFT_HOME/ca.pem", "/weft/ca.pem"),
        ("/etc/~/x", "/etc/~/x"),
        ("x/~", "x/~"),
        ("./~x", "./~x"),
    ] {
        assert_eq!(expand(path, home), Ok(PathBuf::from(expanded)), "{path}");
    }
    assert!(expand("~ada/x", home).unwrap_err().contains("`~ada`"));
    assert!(expand("$HOMES/x", home).unwrap_err().contains("`$HOMES`"));
    assert!(expand("~/x", None).unwrap_err().contains("`HOME` is not set"));
}
