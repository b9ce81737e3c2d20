//! Forged manifests, hostile values and the bounds of a run.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weft_lite::Requester;
use weft_lite::{BoxFuture, PluginManifest};

use crate::skills::{registry, skill};
use crate::world::{STATS, World, made, recipe};

fn echo(params: Value) -> Value {
    json!({ "name": "echoed", "call": "echo__echo", "with": params })
}

#[test]
fn forged_manifests_are_refused() {
    let compiled = made(&recipe(&[], json!([echo(json!({}))]), json!("{{echoed}}"))).unwrap();
    let cases = [
        ("network", json!(["example.com"])),
        ("filesystem", json!(["$WORKSPACE"])),
        ("env_vars", json!(["LANG"])),
        ("secrets", json!(["KEY"])),
        ("shell", json!(true)),
        ("storage", json!({ "max_kb": 1 })),
        ("tools", json!(["echo__*"])),
        ("webhook", json!(true)),
    ];
    for (permission, asked) in cases {
        let mut manifest: Value = serde_json::from_str(&compiled.manifest).unwrap();
        manifest["permissions"][permission] = asked;
        let forged = manifest.to_string();
        let world = World::of_parts(&forged, &compiled.module);
        let refusal = world.refusal();
        let words = format!(
            "`permissions.{permission}`: it is not for a plugin that is made from a recipe; \
             expected `tools` alone, each by its full name"
        );
        assert!(refusal.contains(&words), "{refusal}");
        assert!(world.run(&json!({})).is_err(), "{permission}");
        manifest.as_object_mut().unwrap().remove("generated");
        assert!(PluginManifest::from_json(&manifest.to_string()).is_ok(), "{permission}");
    }
    let mut manifest: Value = serde_json::from_str(&compiled.manifest).unwrap();
    manifest["capabilities"] = json!(["tool", "channel"]);
    let error = PluginManifest::from_json(&manifest.to_string()).unwrap_err().to_string();
    assert!(error.contains("`capabilities`: it is not for a plugin"), "{error}");
    manifest["generated"] = json!("recipes");
    let error = PluginManifest::from_json(&manifest.to_string()).unwrap_err().to_string();
    assert!(error.contains("`generated`: unknown word `recipes`; allowed: recipe"), "{error}");
}

#[test]
fn narrowed_manifests_narrow_the_run() {
    let steps = json!([echo(json!({})), { "name": "x", "call": STATS, "with": { "text": "" } }]);
    let compiled = made(&recipe(&[], steps, json!(1))).unwrap();
    let narrowed = compiled.manifest.replace(STATS, "text-stats__other");
    let world = World::of_parts(&narrowed, &compiled.module);
    let error = world.run(&json!({})).unwrap_err();
    assert_eq!(error, format!("denied: tool `{STATS}` not permitted"));
}

const HOSTILE: [&str; 8] = [
    "{{other}}",
    "{{made.text}} \\{{x}}",
    "\u{1b}[2J\u{0}\u{7f}\u{202e}",
    "\"}, \"tool\": \"probe__write\", {\"",
    "\\u0022 \\ \" \n \r \t \u{8}",
    "%s%n ${HOME} $(id) `id`",
    "\u{1f600}\u{10ffff}é\u{301}",
    "",
];

#[test]
fn hostile_texts_stay_texts() {
    let steps = json!([
        echo(json!({ "t": "{{text}}", "{}": ["{{other}}"] })),
        { "name": "line", "fill": "<{{text}}|{{echoed.t}}|{{other}}>" },
        { "name": "json", "fill": "{{echoed}}!" },
        { "name": "back", "call": "echo__echo", "with": { "line": "{{line}}", "json": "{{json}}" } },
    ]);
    let result = json!({ "line": "{{back.line}}", "json": "{{back.json}}", "t": "{{echoed.t}}" });
    let world = World::with(&recipe(&["text", "other"], steps, result));
    for text in HOSTILE {
        for other in HOSTILE {
            let params = json!({ "text": text, "other": other });
            let json = format!("{}!", json!({ "t": text, "{}": [other] }));
            let expected =
                json!({ "line": format!("<{text}|{text}|{other}>"), "json": json, "t": text });
            assert_eq!(world.run(&params), Ok(expected), "{text:?} {other:?}");
        }
    }
}

/// Names of members, and texts that are compared, may be written with escapes.
#[test]
fn escapes_mean_the_same_text() {
    let steps = json!([
        { "name": "same", "compare": "{{data.key}}", "equals": "a\"é\u{1f600}" },
        { "name": "part", "compare": "{{data.key}}", "contains": "\"é" },
    ]);
    let recipe = json!({
        "parameters": { "data": { "type": "object" } },
        "steps": steps, "result": ["{{same}}", "{{part}}"],
    });
    let world = World::with(&recipe);
    let params = r#"{"data": {"k\u0065y": 1, "\u006b\u0065\u0079": "a\u0022\u00e9\ud83d\ude00"}}"#;
    let call = world.runtime.host().call("made__made", params.to_owned());
    assert_eq!(world.runtime.block_on(call).result.unwrap(), "[true,true]");
}

#[test]
fn bounds_of_a_run_hold() {
    let all = |inner: Value, result: Value| {
        json!({
            "parameters": { "list": { "type": "list" } },
            "steps": [{
                "name": "all", "each": "{{list}}", "as": "item", "most": 100,
                "steps": [inner], "result": result,
            }],
            "result": "{{all}}",
        })
    };
    let numbers = |count: usize| json!({ "list": (0..count).collect::<Vec<_>>() });
    let world = World::with(&all(echo(json!({ "i": "{{item}}" })), json!("{{echoed.i}}")));
    assert_eq!(world.run(&numbers(64)), Ok(json!((0..64).collect::<Vec<_>>())));
    let error = world.run(&numbers(65)).unwrap_err();
    assert!(error.contains("step `echoed`: more than 64 calls of tools in a run"), "{error}");
    let error = world.run(&numbers(101)).unwrap_err();
    assert!(error.contains("step `all`: the list has more than 100 items"), "{error}");

    let filled = json!({ "name": "x", "fill": "{{list}}{{list}}{{list}}" });
    let world = World::with(&all(filled, json!(1)));
    let long = json!({ "list": ["a".repeat(500_000)] });
    let error = world.run(&long).unwrap_err();
    assert!(error.contains("step `x`: a value has more than 1 MB"), "{error}");
    let filled = json!({ "name": "x", "fill": "{{list}}" });
    let world = World::with(&all(filled, json!(1)));
    let long = json!({ "list": vec!["a".repeat(10_000); 60] });
    let error = world.run(&long).unwrap_err();
    assert!(error.contains("step `x`: the values of this run have more than 4 MB"), "{error}");
    let error = world.run(&json!({ "list": ["a".repeat(1 << 20)] })).unwrap_err();
    assert!(error.contains("the parameters have more than 1 MB"), "{error}");
    // It is not worn out by that.
    assert_eq!(world.run(&numbers(3)), Ok(json!([1, 1, 1])));
}

#[test]
fn deep_values_are_errors_at_most() {
    let deep = |levels: usize| {
        let text = format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"list":{text}}}"#)
    };
    let recipe = json!({
        "parameters": { "list": { "type": "list" } },
        "steps": [echo(json!({ "a": { "b": ["{{list}}"] } })), { "name": "x", "fill": "{{echoed.a.b.0}}" }],
        "result": "{{x.0}}",
    });
    let world = World::with(&recipe);
    let run = |levels: usize| {
        let call = world.runtime.host().call("made__made", deep(levels));
        world.runtime.block_on(call).result.map_err(|error| error.to_string())
    };
    assert!(run(50).is_ok());
    for levels in [62, 63, 64, 100, 10_000] {
        let error = run(levels).unwrap_err();
        let is_said = error.contains("has no `") || error.contains("expected a JSON object");
        assert!(is_said, "{levels}: {error}");
    }
    assert!(run(50).is_ok());
}

/// Somebody in whose conversation these skills are in use.
struct Person(Mutex<Vec<String>>);

impl Requester for Person {
    fn current(&self) -> Value {
        Value::Null
    }

    fn say(&self, _: String) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn note(&self, _: &str) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn skills(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn use_skill(&self, name: &str) {
        self.0.lock().unwrap().push(name.to_owned());
    }
}

#[test]
fn a_skill_in_use_limits_the_run() {
    let steps = json!([
        { "name": "counts", "call": STATS, "with": { "text": "a b" } },
        echo(json!({})),
    ]);
    let world = World::with(&recipe(&[], steps, json!("{{counts.words}}")));
    let text = |allowed: &str| {
        format!("---\nname: x\ndescription: Does it\nallowed-tools: {allowed}\n---\nDo it.\n")
    };
    let found = vec![
        skill(
            "wide",
            &text("made__made echo__echo text-stats__text_stats").replace(": x", ": wide"),
        ),
        skill("narrow", &text("made__made text-stats__text_stats").replace(": x", ": narrow")),
    ];
    let host = world.runtime.host();
    world.runtime.block_on(host.put_skills(registry(found))).unwrap();
    let run = |used: &str| {
        let person: Arc<dyn Requester> = Arc::new(Person(Mutex::new(vec![used.to_owned()])));
        let call = host.call_for("made__made", "{}".into(), person);
        world.runtime.block_on(call).result.map_err(|error| error.to_string())
    };
    assert_eq!(run("wide"), Ok("2".into()));
    let error = run("narrow").unwrap_err();
    let words = "denied: the skill `narrow` in use does not allow `echo__echo`";
    assert!(error.contains(words), "{error}");
}
