//! Secrets: kept for their owner alone, bound to hosts, and never shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use weft_lite::errors::SecretError;
use weft_lite::package::{FileSecrets, SecretTransport, SecretValue};
use weft_lite::{Secret, SecretSource};

use crate::home::Home;

const HTTPS: SecretTransport = SecretTransport::Https;
const VALUE: &str = "tok-4711-do-not-show";

fn value() -> SecretValue {
    SecretValue::Value(VALUE.into())
}

fn hosts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_secret_is_kept_for_its_owner_alone() {
    let home = Home::new();
    let secrets = FileSecrets::new(home.weft());
    secrets.set("API", value(), &hosts(&["API.example.com", "*.example.org"]), HTTPS).unwrap();
    let mode = |path: &str| fs::metadata(home.weft().join(path)).unwrap().permissions().mode();
    assert_eq!(mode("secrets") & 0o777, 0o700);
    assert_eq!(mode("secrets/API.json") & 0o777, 0o600);
    let Secret { value, hosts, allow_http } = secrets.secret("API").unwrap();
    assert_eq!((value.as_str(), hosts.len(), allow_http), (VALUE, 2, false));
    assert_eq!(hosts[0], "api.example.com");
    assert!(secrets.secret("OTHER").is_none());
    assert!(secrets.secret("../API").is_none());
    let listed = format!("{:?}", secrets.list().unwrap());
    assert!(listed.contains("API") && !listed.contains(VALUE), "{listed}");
    assert!(secrets.remove("API").unwrap());
    assert!(!secrets.remove("API").unwrap());
    assert!(secrets.secret("API").is_none());
}

#[test]
fn plain_http_is_kept_with_the_secret() {
    let home = Home::new();
    let secrets = FileSecrets::new(home.weft());
    let one = hosts(&["nas.lan"]);
    secrets.set("NAS", value(), &one, SecretTransport::HttpToPrivateHosts).unwrap();
    secrets.set("API", value(), &one, HTTPS).unwrap();
    let allow_http = |name| secrets.secret(name).unwrap().allow_http;
    assert_eq!((allow_http("NAS"), allow_http("API")), (true, false));
    let listed: Vec<_> =
        secrets.list().unwrap().into_iter().map(|it| (it.name, it.allow_http)).collect();
    assert_eq!(listed, [("API".to_owned(), false), ("NAS".to_owned(), true)]);
    assert_eq!(secrets.all().iter().filter(|secret| secret.allow_http).count(), 1);
    // Setting it again without the permission takes it back.
    secrets.set("NAS", value(), &one, HTTPS).unwrap();
    assert!(!allow_http("NAS"));
    // A file of an earlier version has no such key.
    let old = format!(r#"{{"hosts":["nas.lan"],"from":{{"value":"{VALUE}"}}}}"#);
    fs::write(home.weft().join("secrets/NAS.json"), old).unwrap();
    assert!(!allow_http("NAS"));
}

#[test]
fn a_value_may_be_elsewhere() {
    let home = Home::new();
    let secrets = FileSecrets::new(home.weft());
    let path = home.path("token");
    fs::write(&path, format!("{VALUE}\n")).unwrap();
    secrets
        .set("FILE", SecretValue::File(path.clone()), &hosts(&["a.example.com"]), HTTPS)
        .unwrap();
    assert_eq!(secrets.secret("FILE").unwrap().value, VALUE);
    // It is read at every use.
    fs::write(&path, "other").unwrap();
    assert_eq!(secrets.secret("FILE").unwrap().value, "other");
    fs::write(&path, "two\nlines").unwrap();
    assert!(secrets.secret("FILE").is_none());
    secrets.set("ENV", SecretValue::Env("PATH".into()), &hosts(&["a.example.com"]), HTTPS).unwrap();
    assert_eq!(secrets.secret("ENV").unwrap().value, std::env::var("PATH").unwrap());
}

#[test]
fn an_unstorable_value_is_refused_without_printing_it() {
    let home = Home::new();
    let secrets = FileSecrets::new(home.weft());
    let one = hosts(&["a.example.com"]);
    for name in ["", "a b", "../x", "a.b", &"x".repeat(65)] {
        assert!(
            matches!(secrets.set(name, value(), &one, HTTPS), Err(SecretError::Name { .. })),
            "{name}"
        );
    }
    assert_eq!(secrets.set("A", value(), &[], HTTPS), Err(SecretError::NoHost));
    for host in ["*", "https://a.example.com", "a.example.com:443", "a b", "*.*.com"] {
        let refused = secrets.set("A", value(), &hosts(&[host]), HTTPS);
        assert!(matches!(refused, Err(SecretError::Host { .. })), "{host}");
    }
    for bad in ["", "two\r\nX-Header: lines", "gr\u{fc}n", &"x".repeat(8193)] {
        let error = secrets.set("A", SecretValue::Value(bad.into()), &one, HTTPS).unwrap_err();
        assert!(bad.is_empty() || !format!("{error} {error:?}").contains(bad), "{error}");
    }
    assert!(secrets.list().unwrap().is_empty());
}

#[test]
fn a_damaged_file_says_nothing_of_its_content() {
    let home = Home::new();
    let secrets = FileSecrets::new(home.weft());
    secrets.set("A", value(), &hosts(&["a.example.com"]), HTTPS).unwrap();
    let path = home.weft().join("secrets/A.json");
    fs::write(&path, format!("{{\"hosts\": [], \"from\": \"{VALUE}\"}}")).unwrap();
    let error = secrets.list().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(VALUE), "{error}");
    assert!(secrets.secret("A").is_none());
}
