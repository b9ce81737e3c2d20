//! A workspace's configuration over the operator's: it may tighten what that says, never loosen it.

use serde_json::Value;

use super::limits::Range;

/// Takes out of `above` what would loosen what `below` says, and adds to its lists what stands
/// there: the keys that were taken out. `limits` are those that may be lowered.
pub(super) fn tighten(below: &Value, above: &mut Value, limits: &[Range]) -> Vec<String> {
    let mut loosening = Vec::new();
    let Value::Object(sections) = above else { return loosening };
    for (section, keys) in sections {
        // What is no mapping is a fault, and told as one.
        let Value::Object(keys) = keys else { continue };
        keys.retain(|key, value| {
            let said = below.get(section).and_then(|it| it.get(key)).unwrap_or(&Value::Null);
            // A plugin is configured even by an id with nothing behind it.
            let says_nothing = value.is_null() && section != "plugins";
            let counts = says_nothing || counts(section, key, said, value, limits);
            if !counts {
                loosening.push(format!("{section}.{key}"));
            }
            counts
        });
    }
    loosening
}

/// Whether a workspace's value counts beside what is `said` in the operator's own file.
fn counts(section: &str, key: &str, said: &Value, value: &mut Value, limits: &[Range]) -> bool {
    match (section, key) {
        // Whom plugins reach, who reaches the program and with which secret, which model reads what people
        // write, whether their calls are observed, and how much of what was done is kept.
        ("network" | "channels" | "plugins" | "autonomous_skills" | "audit", _)
        | ("mcp", "allowed_hosts" | "authorization_server") => false,
        ("mcp", "strict_schemas") => said != true || value == true,
        ("env", "never") => {
            if let (Value::Array(names), Value::Array(said)) = (value, said) {
                let more: Vec<Value> =
                    said.iter().filter(|name| !names.contains(name)).cloned().collect();
                names.extend(more);
            }
            true
        }
        ("limits", _) => {
            let default = limits.iter().find(|limit| limit.key == key);
            let most = said.as_f64().or(default.map(|limit| limit.default as f64));
            most.zip(value.as_f64()).is_none_or(|(most, wanted)| wanted <= most)
        }
        _ => true,
    }
}
