//! T23 to T27: environment variables.

use serde_json::{Value, json};

use crate::probe::Probe;

fn value(probe: &Probe, name: &str) -> Value {
    probe.call("env", &json!({ "name": name })).unwrap()["value"].clone()
}

#[test]
fn t23_a_listed_set_variable_is_given() {
    let probe = Probe::new(&json!({ "env_vars": ["CITY"] }));
    assert_eq!(value(&probe, "CITY"), "Ulm");
}

#[test]
fn t24_a_listed_unset_variable_is_none() {
    let probe = Probe::new(&json!({ "env_vars": ["NOT_SET"] }));
    assert_eq!(value(&probe, "NOT_SET"), Value::Null);
}

#[test]
fn t25_an_unlisted_variable_is_none() {
    let probe = Probe::new(&json!({ "env_vars": ["CITY"] }));
    assert_eq!(value(&probe, "OTHER"), Value::Null);
}

#[test]
fn t26_a_credential_key_is_none_even_if_listed() {
    let probe = Probe::new(&json!({ "env_vars": ["CITY"] }));
    assert_eq!(value(&probe, "OPENAI_API_KEY"), Value::Null);
    let listing = Probe::new(&json!({ "env_vars": ["OPENAI_API_KEY"] }));
    assert_eq!(value(&listing, "OPENAI_API_KEY"), Value::Null);
}

#[test]
fn t27_with_nothing_listed_everything_is_none() {
    let probe = Probe::new(&json!({}));
    for name in ["CITY", "PATH", "", "A=B"] {
        assert_eq!(value(&probe, name), Value::Null, "{name}");
    }
}
