//! The operator's configuration: defaults, every key, and faults that name their key.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::path::PathBuf;
use std::time::Duration;

use weft_lite::Config;

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
limits: {module_kb: 600, module_gzip_kb: 240, memory_budget_mb: 32}
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
    assert_eq!(config.idle_timeout, Duration::from_secs(60));
    assert_eq!(config.audit_rotate_bytes, 1 << 20);
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
fn what_is_unknown_or_out_of_range_is_warned_of() {
    let parsed = Config::from_yaml("limits: {module_kbs: 1, memory_budget_mb: 9999999}").unwrap();
    assert_eq!(parsed.warnings.len(), 2, "{:?}", parsed.warnings);
    assert!(parsed.warnings[0].contains("did you mean `module_kb`?"), "{:?}", parsed.warnings);
    assert_eq!(parsed.config.memory_budget_bytes, Some(65_536 << 20));
}
