//! What is wrong with recipes, and how it is reported.

use serde_json::{Value, json};

use crate::world::{STATS, made, made_of, recipe};

/// The faults of a recipe, a line each.
fn faults(recipe: &Value) -> String {
    made(recipe).map_or_else(|error| error.to_string(), |_| String::new())
}

#[track_caller]
fn refused(recipe: &Value, line: &str) {
    let faults = faults(recipe);
    assert_eq!(faults, line);
}

fn call() -> Value {
    json!({ "name": "counts", "call": STATS, "with": { "text": "{{text}}" } })
}

/// A recipe with one more step, which is wrong in one way.
#[track_caller]
fn step_refused(step: Value, line: &str) {
    refused(&recipe(&["text"], json!([call(), step]), json!("{{counts}}")), line);
}

#[test]
fn every_fault_of_a_step_is_named() {
    step_refused(
        json!({ "name": "x", "cal": STATS }),
        "`steps[1].cal`: unknown key; did you mean `call`?",
    );
    step_refused(
        json!({ "name": "x" }),
        "`steps[1]`: it is not clear what the step does; expected exactly one of call, pick, fill, compare, stop, each",
    );
    step_refused(
        json!({ "name": "x", "call": STATS, "fill": 1 }),
        "`steps[1]`: it is not clear what the step does; expected exactly one of call, pick, fill, compare, stop, each",
    );
    step_refused(
        json!({ "name": "x", "call": STATS, "wiht": {} }),
        "`steps[1].wiht`: unknown key; did you mean `with`?",
    );
    step_refused(
        json!({ "name": "x", "fill": 1, "\u{1b}[2Jq": 1 }),
        "`steps[1].\"\\u{1b}[2Jq\"`: unknown key; expected one of name, fill",
    );
    step_refused(
        json!({ "fill": "x" }),
        "`steps[1]`: the step has no name; expected `name`, a name for its result",
    );
    step_refused(
        json!({ "name": "counts", "fill": "x" }),
        "`steps[1].name`: the name `counts` is taken; expected another name",
    );
    step_refused(
        json!({ "name": "1 x", "fill": "x" }),
        "`steps[1].name`: `\"1 x\"` is no name; expected a letter, then letters, digits, `_` and `-`, at most 32 characters",
    );
    step_refused(json!("x"), "`steps[1]`: it is a text; expected a mapping such as `call: ...`");
    step_refused(
        json!({ "name": "x", "call": STATS, "with": [] }),
        "`steps[1].with`: it is a list; expected a mapping of parameters",
    );
    step_refused(
        json!({ "name": "x", "pick": "a", "form": "{{counts}}" }),
        "`steps[1].form`: unknown key; did you mean `from`?\n`steps[1].from`: missing; expected a value",
    );
    step_refused(
        json!({ "name": "x", "pick": "a..b", "from": "{{counts}}" }),
        "`steps[1].pick`: `a..b` is no path; expected 1 to 16 keys like `items.0.name`",
    );
    step_refused(
        json!({ "name": "x", "compare": 1 }),
        "`steps[1]`: it is not clear how to compare; expected exactly one of equals, differs, less_than, at_least, more_than, at_most, contains, lacks",
    );
    step_refused(
        json!({ "compare": 1, "equals": 1 }),
        "`steps[1]`: the step has no name; expected `name`, a name for its result",
    );
    step_refused(json!({ "stop": 5 }), "`steps[1].stop`: it is a number; expected a text");
}

#[test]
fn every_fault_of_a_name_is_named() {
    let fill = |text: &str| json!({ "name": "x", "fill": text });
    step_refused(
        fill("{{count.words}}"),
        "`steps[1].fill`: `count` is the name of no parameter and no earlier step; did you mean `counts`?",
    );
    step_refused(
        fill("a {{x}}"),
        "`steps[1].fill`: `x` is the name of no parameter and no earlier step; `x` comes later, or is inside another step; use it after its step",
    );
    step_refused(
        fill("{{}}"),
        "`steps[1].fill`: `\"\"` is the name of no parameter and no earlier step; expected one of text, counts",
    );
    step_refused(
        fill("a {{b"),
        "`steps[1].fill`: `{{` without `}}`; expected `{{name}}`; write `\\{{` where the text itself has `{{`",
    );
    step_refused(
        fill("{{counts.}}"),
        "`steps[1].fill`: `\"\"` is no path; expected 1 to 16 keys like `items.0.name`",
    );
    step_refused(
        fill(&"x".repeat(5000)),
        "`steps[1].fill`: the text has 5000 bytes; expected at most 4096",
    );
    step_refused(
        json!({ "name": "x", "fill": { "{{text}}": 1 } }),
        "`steps[1].fill.{{text}}`: a key can't be filled in; expected a plain key",
    );
    // What is inside is known inside alone.
    let each = json!({
        "name": "all", "each": [1], "as": "item", "most": 1, "result": 1,
        "steps": [{ "name": "inner", "fill": "{{item}}" }],
    });
    refused(
        &recipe(&["text"], json!([each]), json!("{{inner}}")),
        "`result`: `inner` is the name of no parameter and no earlier step; `inner` comes later, or is inside another step; use it after its step",
    );
}

#[test]
fn tools_have_full_names() {
    let expected =
        "expected a full name like `text-stats__text_stats`, without `*`, at most 64 characters";
    let long = format!("a__{}", "b".repeat(70));
    for tool in ["text_stats", "text-stats__*", "*", "__x", "x__", "a b__c", long.as_str()] {
        let shown = if tool.contains(' ') { format!("\"{tool}\"") } else { tool.to_owned() };
        step_refused(
            json!({ "name": "x", "call": tool }),
            &format!("`steps[1].call`: `{shown}` is no tool's full name; {expected}"),
        );
    }
    step_refused(
        json!({ "name": "x", "call": "made__made" }),
        "`steps[1].call`: a recipe can't call itself; expected the tool of another plugin",
    );
    step_refused(
        json!({ "name": "x", "call": 1 }),
        "`steps[1].call`: it is a number; expected the full name of a tool",
    );
}

#[test]
fn every_fault_of_a_list_is_named() {
    let each = |more: Value| {
        let mut each = json!({
            "name": "x", "each": [1], "as": "item", "most": 5, "result": "{{item}}",
            "steps": [{ "name": "inner", "fill": "{{item}}" }],
        });
        for (key, value) in more.as_object().unwrap() {
            each[key] = value.clone();
        }
        each.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        each
    };
    let expected = "expected the most items that the list may have, 1 to 100";
    for (most, problem) in [
        (json!(null), "missing"),
        (json!(0), "it is 0"),
        (json!(101), "it is 101"),
        (json!(1.5), "it is 1.5"),
        (json!("5"), "it is a text"),
    ] {
        let line = format!("`steps[1].most`: {problem}; {expected}");
        step_refused(each(json!({ "most": most })), &line);
    }
    step_refused(
        each(json!({ "as": null, "result": 1, "steps": [{ "name": "inner", "fill": 1 }] })),
        "`steps[1].as`: missing; expected a name for the item",
    );
    step_refused(
        each(json!({ "steps": null })),
        "`steps[1].steps`: missing; expected a list of steps",
    );
    step_refused(each(json!({ "result": null })), "`steps[1].result`: missing; expected a value");
    step_refused(
        each(json!({ "steps": [] })),
        "`steps[1].steps`: it is empty; expected at least one step",
    );
    step_refused(
        each(json!({ "steps": {} })),
        "`steps[1].steps`: it is a mapping; expected a list of steps",
    );
}

#[test]
fn every_fault_of_a_parameter_is_named() {
    let with = |name: &str, parameter: Value| {
        json!({
            "parameters": { name: parameter },
            "steps": [{ "name": "x", "fill": 1 }], "result": 1,
        })
    };
    let cases = [
        (
            with("a", json!({ "type": "strin" })),
            "`parameters.a.type`: `strin` is no type; did you mean `string`?",
        ),
        (
            with("a", json!({ "type": "date" })),
            "`parameters.a.type`: `date` is no type; expected one of string, number, boolean, list, object",
        ),
        (
            with("a", json!({})),
            "`parameters.a.type`: missing; expected one of string, number, boolean, list, object",
        ),
        (
            with("a", json!("string")),
            "`parameters.a`: it is a text; expected a mapping with `type`",
        ),
        (
            with("a", json!({ "type": "string", "unit": 1 })),
            "`parameters.a.unit`: unknown key; expected one of type, description, example",
        ),
        (
            with("a", json!({ "type": "number", "example": "1" })),
            "`parameters.a.example`: it is a text; expected an example of type `number`",
        ),
        (
            with("a", json!({ "type": "number", "description": "\u{7}" })),
            "`parameters.a.description`: it is empty, too long or has control characters; expected 1 to 1024 characters of plain text",
        ),
        (
            with("a b", json!({ "type": "number" })),
            "`parameters.\"a b\"`: `\"a b\"` is no name; expected a letter, then letters, digits, `_` and `-`, at most 32 characters",
        ),
        (json!({ "steps": [{ "name": "x", "fill": 1 }] }), "`result`: missing; expected a value"),
        (json!({ "result": 1 }), "`steps`: missing; expected a list of steps"),
        (
            json!({ "steps": [{ "name": "x", "fill": 1 }], "result": 1, "step": [] }),
            "`step`: unknown key; did you mean `steps`?",
        ),
        (
            json!({ "steps": [{ "name": "x", "fill": 1 }], "result": 1, "parameters": [] }),
            "`parameters`: it is a list; expected a mapping of names to parameters",
        ),
        (json!([]), "it is a list; expected a mapping with `steps` and `result`"),
    ];
    for (recipe, line) in cases {
        refused(&recipe, line);
    }
    let many: Vec<String> = (0..17).map(|at| format!("p{at}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(
        &recipe(&many, json!([{ "name": "x", "fill": 1 }]), json!(1)),
        "`parameters`: there are 17 parameters; expected at most 16",
    );
}

#[test]
fn faults_are_reported_together() {
    let steps = json!([{ "name": "x", "call": "bare" }, { "fill": "{{y}}" }]);
    let mut recipe = recipe(&["text"], steps, json!("{{x}}"));
    recipe["extra"] = json!(1);
    let faults = faults(&recipe);
    let places = ["`extra`", "`steps[0].call`", "`steps[1].fill`", "`steps[1]`"];
    let begins: Vec<&str> = faults.lines().map(|it| it.split(':').next().unwrap()).collect();
    assert_eq!(begins, places, "{faults}");
}

#[test]
fn bounds_of_recipes_hold() {
    let step = |at: usize| json!({ "name": format!("s{at}"), "fill": at });
    let steps = |count: usize| Value::Array((0..count).map(step).collect());
    assert_eq!(faults(&recipe(&[], steps(32), json!(1))), "");
    refused(
        &recipe(&[], steps(33), json!(1)),
        "`steps`: there are too many steps; expected at most 32, inner ones included",
    );
    let nested = |levels: usize| {
        let mut inner = json!([step(0)]);
        for level in 1..levels {
            inner = json!([{
                "name": format!("l{level}"), "each": [1], "as": format!("i{level}"), "most": 1,
                "steps": inner, "result": 1,
            }]);
        }
        inner
    };
    assert_eq!(faults(&recipe(&[], nested(4), json!(1))), "");
    let deep = faults(&recipe(&[], nested(5), json!(1)));
    assert!(
        deep.contains("steps are too deep inside each other; expected at most 4 levels"),
        "{deep}"
    );
    let texts: Vec<Value> =
        (0..8).map(|at| json!({ "name": format!("s{at}"), "fill": "x".repeat(4000) })).collect();
    let large = faults(&recipe(&[], texts.into(), json!(1)));
    assert!(large.contains("which is too large; expected a module of at most 24576"), "{large}");
    let long = made_of(&format!("result: 1\n#{}", "x".repeat(40_000))).unwrap_err().to_string();
    assert!(long.contains("expected at most 32768 bytes"), "{long}");
}

/// The largest recipe in steps still has room for words in the module.
#[test]
fn as_many_calls_as_steps_fit() {
    let step = |at: usize| {
        json!({
            "name": format!("value{at}"), "call": STATS,
            "with": { "text": "{{text}}, after which come some words" },
        })
    };
    let steps = Value::Array((0..32).map(step).collect());
    let compiled = made(&recipe(&["text"], steps, json!("{{value31.words}}"))).unwrap();
    assert!(compiled.module.len() <= 24 * 1024, "{}", compiled.module.len());
}

#[test]
fn yaml_faults_have_a_place() {
    let cases = [
        ("result: [", "not valid YAML"),
        ("result: 1\nresult: 2\n", "the key `result` is given twice"),
        ("a: &x [1]\nresult: !tag 1\n", "not valid YAML"),
    ];
    for (text, words) in cases {
        let error = made_of(text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
