//! What the operator sets for a plugin.

use serde_json::{Value, json};

use crate::world::{Copies, World};

fn doors(changes: Value) -> Copies {
    Copies(vec![("doors".into(), changes)])
}

#[test]
fn settings_come_with_the_schemas_defaults() {
    let world = World::new();
    assert_eq!(world.call("doors__settings", &json!({})), Ok(json!({ "color": "green" })));
    let given = json!({ "color": "blue", "size": 3 });
    let world = World::with(doors(json!({})), Some(given.clone()));
    assert_eq!(world.call("doors__settings", &json!({})), Ok(given));
    assert_eq!(world.records("settings.get").len(), 1);
}

#[test]
fn settings_without_a_schema_come_as_they_are() {
    let given = json!({ "any": [1, { "x": null }] });
    let world = World::with(doors(json!({ "settings_schema": null })), Some(given.clone()));
    assert_eq!(world.call("doors__settings", &json!({})), Ok(given));
    let world = World::with(doors(json!({ "settings_schema": null })), None);
    assert_eq!(world.call("doors__settings", &json!({})), Ok(json!({})));
}

#[test]
#[cfg(feature = "mcp")]
fn wrong_settings_keep_the_plugin_out() {
    for (given, words) in [
        (json!({ "size": 0 }), ["size", "1", "0"]),
        (json!({ "color": "red" }), ["color", "green", "red"]),
        (json!({ "colour": "green" }), ["colour", "", ""]),
        (json!({ "size": "big" }), ["size", "an integer", "big"]),
    ] {
        let world = World::with(doors(json!({})), Some(given));
        let (reason, next_step) = world.refusal("doors");
        for word in words {
            assert!(reason.contains(word), "{word}: {reason}");
        }
        assert!(next_step.contains("plugins.doors"), "{next_step}");
    }
}

#[test]
fn a_bundled_plugins_schema_is_an_object() {
    let world = World::with(doors(json!({ "settings_schema": { "type": "array" } })), None);
    let reasons: Vec<_> =
        world.runtime.host().registry().refused().iter().map(|it| it.error.to_string()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("settings_schema")), "{reasons:?}");
}
