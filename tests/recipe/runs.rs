//! What compiled recipes do.

use serde_json::{Value, json};
use weft_lite::PluginManifest;

use crate::world::{QUERY, STATS, World, made, recipe};

fn echo(params: Value) -> Value {
    json!({ "name": "echoed", "call": "echo__echo", "with": params })
}

#[test]
fn the_example_reports_a_text() {
    let folder = std::path::Path::new("examples/word-report");
    let text = std::fs::read_to_string(folder.join("recipe.yaml")).unwrap();
    let identity =
        weft_lite::recipe::RecipeIdentity { name: "made", version: None, description: Some("x") };
    let compiled = weft_lite::recipe::compile(&text, &identity).unwrap();
    assert_eq!(compiled.tools, [QUERY, STATS]);
    let world = World::of(&compiled);
    let document = json!({ "notes": [{ "text": "one two three" }] });
    let line = world.run(&json!({ "document": document, "path": ".notes[0].text" }));
    assert_eq!(line, Ok(json!(".notes[0].text: 3 words, 13 characters")));
    let long = json!({ "a": "word ".repeat(1001) });
    let line = world.run(&json!({ "document": long, "path": ".a" }));
    assert_eq!(line, Ok(json!(".a: too long, with 1001 words")));
}

#[test]
fn the_same_recipe_gives_the_same_bytes() {
    let recipe = recipe(&["text"], json!([echo(json!({ "a": "{{text}}" }))]), json!("{{echoed}}"));
    let (first, second) = (made(&recipe).unwrap(), made(&recipe).unwrap());
    assert_eq!(first, second);
    assert!(first.module.len() <= 24 * 1024, "{}", first.module.len());
    assert!(weft_lite::recipe::is_compiled_recipe(&first.module));
    let manifest = PluginManifest::from_json(&first.manifest).unwrap();
    assert_eq!(manifest.warnings, Vec::<String>::new());
    assert_eq!(manifest.manifest.permissions.tools, ["echo__echo"]);
}

#[test]
fn values_keep_their_kind() {
    let params =
        json!({ "t": "{{text}}", "n": "{{number}}", "all": ["{{list}}", 1.5, null, "\\{{x}}"] });
    let recipe = json!({
        "parameters": {
            "text": { "type": "string" }, "number": { "type": "number" },
            "list": { "type": "list" }, "flag": { "type": "boolean" },
        },
        "steps": [echo(params), { "name": "line", "fill": "{{text}} {{number}} {{list}} {{flag}} {{echoed.all.0.1}}" }],
        "result": { "echoed": "{{echoed}}", "line": "{{line}}" },
    });
    let world = World::with(&recipe);
    let given = json!({ "text": "a \"b\"\n", "number": 7, "list": [1, "two"], "flag": true });
    let expected = json!({
        "echoed": { "t": "a \"b\"\n", "n": 7, "all": [[1, "two"], 1.5, null, "{{x}}"] },
        "line": "a \"b\"\n 7 [1,\"two\"] true two",
    });
    assert_eq!(world.run(&given), Ok(expected));
}

#[test]
fn each_goes_through_a_list() {
    let steps = json!([
        { "name": "lines", "each": "{{texts}}", "as": "text", "most": 3, "steps": [
            { "name": "counts", "call": STATS, "with": { "text": "{{text}}" } },
        ], "result": "{{text}}={{counts.words}}" },
    ]);
    let recipe = json!({
        "parameters": { "texts": { "type": "list" } }, "steps": steps, "result": "{{lines}}",
    });
    let world = World::with(&recipe);
    assert_eq!(world.run(&json!({ "texts": ["a", "b c"] })), Ok(json!(["a=1", "b c=2"])));
    assert_eq!(world.run(&json!({ "texts": [] })), Ok(json!([])));
    let error = world.run(&json!({ "texts": ["a", "b", "c", "d"] })).unwrap_err();
    assert!(error.contains("step `lines`: the list has more than 3 items"), "{error}");
}

#[test]
fn comparisons_continue_or_stop() {
    let cases = [
        ("equals", json!(1.0), json!(1), true),
        ("equals", json!("a"), json!("a"), true),
        ("equals", json!("1"), json!(1), false),
        ("differs", json!(null), json!(false), true),
        ("less_than", json!(9), json!(10), true),
        ("less_than", json!(10), json!(10), false),
        ("at_least", json!(10), json!(10), true),
        ("more_than", json!(2e1), json!(3), true),
        ("at_most", json!(-1), json!(-1.5), false),
        ("contains", json!("a needle b"), json!("needle"), true),
        ("contains", json!([1, "x", [2]]), json!("x"), true),
        ("contains", json!([1, "x"]), json!("y"), false),
        ("lacks", json!("abc"), json!("abd"), true),
    ];
    for (operator, left, right, holds) in cases {
        let mut compare = json!({ "name": "it", "compare": left });
        compare[operator] = right.clone();
        let stop = json!({ "stop": "it is {{it}}", "if": "{{it}}" });
        let world = World::with(&recipe(&[], json!([compare, stop]), json!("no")));
        let expected = if holds { json!("it is true") } else { json!("no") };
        assert_eq!(world.run(&json!({})), Ok(expected), "{left} {operator} {right}");
    }
}

#[test]
fn kinds_that_do_not_compare_are_errors() {
    let cases = [
        ("less_than", json!("9"), json!(10), "expected two numbers, got a string"),
        ("equals", json!([1]), json!(1), "expected no list or object, got a list"),
        ("contains", json!(5), json!(5), "expected a string or a list to look into, got a number"),
        ("lacks", json!("5"), json!(5), "expected a string to look for, got a number"),
    ];
    for (operator, left, right, words) in cases {
        let mut compare = json!({ "name": "it", "compare": left });
        compare[operator] = right;
        let error = World::with(&recipe(&[], json!([compare]), json!(1))).run(&json!({}));
        let error = error.unwrap_err();
        assert!(error.contains(&format!("step `it`: {words}")), "{error}");
    }
}

#[test]
fn picks_follow_paths() {
    let steps = json!([
        echo(json!({ "a": { "b": ["x", { "größe.n": 5 }] } })),
        { "name": "first", "pick": "a.b.0", "from": "{{echoed}}" },
        { "name": "other", "pick": "a.b.2", "from": "{{echoed}}", "default": "none" },
        { "name": "whole", "pick": "b.1", "from": "{{echoed.a}}" },
    ]);
    let world = World::with(&recipe(&[], steps, json!(["{{first}}", "{{other}}", "{{whole}}"])));
    assert_eq!(world.run(&json!({})), Ok(json!(["x", "none", { "größe.n": 5 }])));

    let steps = json!([echo(json!({})), { "name": "gone", "pick": "a", "from": "{{echoed}}" }]);
    let error = World::with(&recipe(&[], steps, json!(1))).run(&json!({})).unwrap_err();
    assert!(error.contains("step `gone`: an object has no `a`"), "{error}");
    let error = World::with(&recipe(&[], json!([echo(json!({}))]), json!("{{echoed.a.b}}")));
    let error = error.run(&json!({})).unwrap_err();
    assert!(error.contains("step `result`: in `echoed`, an object has no `a`"), "{error}");
}

#[test]
fn errors_of_tools_stop_the_run() {
    let steps = json!([
        { "name": "found", "call": QUERY, "with": { "json": "{{document}}", "query": ".a" } },
        echo(json!({})),
    ]);
    let world = World::with(&recipe(&["document"], steps, json!("{{found.result}}")));
    let error = world.run(&json!({ "document": "{" })).unwrap_err();
    assert!(error.contains(&format!("step `found`: {QUERY}: `json` is not JSON")), "{error}");
    assert_eq!(world.calls(), 0, "the second step ran");
}

#[test]
fn parameters_are_checked() {
    let steps = json!([echo(json!({ "t": "{{text}}" }))]);
    let world = World::with(&recipe(&["text"], steps, json!("{{echoed.t}}")));
    let cases = [
        (json!({}), "the parameter `text` is missing"),
        (json!({ "text": 5 }), "expected `text` to be a string, got a number"),
        (json!({ "text": "a", "more": 1 }), "unknown parameter \"more\""),
        (json!([]), "expected a JSON object of parameters"),
    ];
    for (params, words) in cases {
        let error = world.run(&params).unwrap_err();
        assert!(error.contains(&format!("made: {words}")), "{error}");
    }
}
