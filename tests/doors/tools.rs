//! Tools that a guest calls.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weft_lite::errors::{CallError, Exhausted};
use weft_lite::sandbox::AuditOutcome;
use weft_lite::{BoxFuture, Requester};

use crate::skills::{registry, skill};
use crate::world::{Copies, World, result};

/// Copies that may call each other.
fn chain(ids: &[&str]) -> Copies {
    let permissions = json!({ "permissions": { "tools": permitted(ids) } });
    Copies(ids.iter().map(|id| ((*id).to_owned(), permissions.clone())).collect())
}

/// The tools of these plugins, and of `echo`.
fn permitted(ids: &[&str]) -> Vec<String> {
    ids.iter().chain(&["echo"]).map(|id| format!("{id}__*")).collect()
}

/// The parameters of a call that goes through these plugins, one after the other.
fn nested(ids: &[String]) -> Value {
    match ids {
        [] => json!({ "tool": "echo__echo", "params": [1] }),
        [first, rest @ ..] => {
            json!({ "tool": format!("{first}__call"), "params": nested(rest) })
        }
    }
}

#[test]
fn a_permitted_tool_is_called_and_recorded() {
    let world = World::new();
    assert_eq!(world.through("echo__echo", &json!({ "a": [1] })), Ok(r#"{"a":[1]}"#.into()));
    let record = (AuditOutcome::Ok, "echo__echo".to_owned(), None);
    assert_eq!(world.records("tools.call"), [record]);
}

#[test]
fn tools_without_permission_are_refused() {
    let world = World::with(Copies(vec![("doors".into(), json!({ "permissions": {} }))]), None);
    let refused = Err("tool calls not permitted".to_owned());
    assert_eq!(world.through("echo__echo", &json!({})), refused);
    assert_eq!(world.call("doors__list", &json!({})), Ok(json!([])));

    let world = World::new();
    let refused = Err("tool `probe__read` not permitted".to_owned());
    assert_eq!(world.through("probe__read", &json!({})), refused);
    let rule = Some("tool `probe__read` not permitted".to_owned());
    let record = (AuditOutcome::Denied, "probe__read".to_owned(), rule);
    assert_eq!(world.records("tools.call"), [record]);
}

#[test]
fn own_tools_and_bare_names_are_refused() {
    let world = World::new();
    let own = world.through("doors__settings", &json!({})).unwrap_err();
    assert_eq!(own, "a plugin can't call its own tools");
    let all = json!({ "permissions": { "tools": ["*"] } });
    let world = World::with(Copies(vec![("doors".into(), all)]), None);
    let (reason, _) = world.refusal("doors");
    assert!(reason.contains("needs approval for tools: *"), "{reason}");

    let broad = json!({ "permissions": { "tools": ["e*"] } });
    let world = World::with(Copies(vec![("doors".into(), broad)]), None);
    let (reason, _) = world.refusal("doors");
    assert!(reason.contains("needs approval for tools: e*"), "{reason}");

    let bare = json!({ "permissions": { "tools": ["burn"] } });
    let world = World::with(Copies(vec![("doors".into(), bare)]), None);
    let bare = world.through("burn", &json!({})).unwrap_err();
    assert_eq!(bare, "call `burn` by its full name `probe__burn`");
}

#[test]
fn the_list_has_what_may_be_called() {
    let world = World::with(chain(&["doors", "d2"]), None);
    let Value::Array(tools) = world.call("doors__list", &json!({})).unwrap() else { panic!() };
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"echo__echo") && names.contains(&"d2__call"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("doors__")), "{names:?}");
    // Slash commands are for people.
    assert!(!names.contains(&"d2__forget") && !names.contains(&"d2__shout"), "{names:?}");
    let echo = tools.iter().find(|tool| tool["name"] == "echo__echo").unwrap();
    assert!(echo["input_schema"].is_object() && echo["description"].is_string(), "{echo}");
}

#[test]
fn calls_at_once_answer_in_their_order() {
    let world = World::new();
    let calls: Vec<_> = (0..15)
        .map(|number| json!({ "tool": "echo__echo", "params": number }))
        .chain([json!({ "tool": "no__such", "params": {} })])
        .collect();
    let outcomes = world.call("doors__call_all", &json!({ "calls": calls })).unwrap();
    let outcomes: Vec<_> = outcomes.as_array().unwrap().iter().map(result).collect();
    for (number, outcome) in outcomes[..15].iter().enumerate() {
        assert_eq!(*outcome, Ok(number.to_string()));
    }
    assert_eq!(outcomes[15], Err("tool `no__such` not permitted".into()));

    let calls = vec![json!({ "tool": "echo__echo", "params": 1 }); 17];
    let error = world.call("doors__call_all", &json!({ "calls": calls })).unwrap_err();
    assert!(error.to_string().contains("17 calls, of at most 16"), "{error}");
}

#[test]
fn a_failed_call_says_what_to_do() {
    let world = World::new();
    let error = world.through("echo__eho", &json!({})).unwrap_err();
    assert!(error.starts_with("no tool is named `echo__eho`; "), "{error}");
    assert!(error.contains("echo__echo"), "{error}");
}

#[test]
fn a_call_that_comes_back_is_refused() {
    let world = World::with(chain(&["doors", "d2"]), None);
    let way = json!({ "tool": "doors__settings", "params": {} });
    let inner = world.through("d2__call", &way).unwrap();
    let inner = result(&serde_json::from_str(&inner).unwrap()).unwrap_err();
    assert_eq!(inner, "plugin `doors` waits for `d2` itself; call it later");
    // Afterwards nobody waits, and the same call succeeds.
    let direct = world.call("d2__call", &way).unwrap();
    assert_eq!(result(&direct), Ok(r#"{"color":"green"}"#.into()));
}

#[test]
fn calls_nest_eight_deep() {
    let ids: Vec<String> = (0..10).map(|number| format!("d{number}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    let world = World::with(chain(&names), None);
    let innermost = |plugins: usize| {
        let way = nested(&ids[..plugins]);
        let tool = way["tool"].as_str().unwrap().to_owned();
        let mut outcome = world.call(&tool, &way["params"]).unwrap();
        loop {
            match result(&outcome) {
                Ok(text) if text.contains("ok") || text.contains("error") => {
                    outcome = serde_json::from_str(&text).unwrap();
                }
                end => return end,
            }
        }
    };
    assert_eq!(innermost(8), Ok("[1]".into()));
    let refused = innermost(9).unwrap_err();
    assert_eq!(refused, "tool calls nested deeper than 8");
}

#[test]
fn the_callees_fuel_is_the_callers() {
    let little = json!({
        "permissions": { "tools": ["d2__*"] }, "resources": { "max_fuel": 5_000_000 },
    });
    let much = json!({ "resources": { "max_fuel": 10_000_000_000_u64 } });
    let world = World::with(Copies(vec![("doors".into(), little), ("d2".into(), much)]), None);
    let spin = |rounds: &str| json!({ "tool": "d2__spin", "params": { "rounds": rounds } });
    let alone = world.runtime.host().call("d2__spin", json!({ "rounds": "100000" }).to_string());
    let alone = world.runtime.block_on(alone).usage.fuel;
    let call = world.runtime.host().call("doors__call", spin("100000").to_string());
    let both = world.runtime.block_on(call);
    assert!(both.result.is_ok() && both.usage.fuel > alone, "{} {alone}", both.usage.fuel);

    // What the callee alone could use is more than the caller has left.
    let error = world.call("doors__call", &spin("100000000")).unwrap_err();
    assert_eq!(error, CallError::Exhausted(Exhausted::Fuel { limit: 5_000_000 }));
}

#[test]
fn callees_end_with_their_caller() {
    let short = json!({
        "permissions": { "tools": ["d2__*"] }, "resources": { "max_execution_seconds": 1 },
    });
    let much = json!({ "resources": { "max_fuel": 10_000_000_000_u64 } });
    let world = World::with(Copies(vec![("doors".into(), short), ("d2".into(), much)]), None);
    let spin = json!({ "tool": "d2__spin", "params": { "rounds": "100000000000" } });
    let error = world.call("doors__call", &spin).unwrap_err();
    assert!(matches!(error, CallError::Exhausted(Exhausted::Time { .. } | Exhausted::Fuel { .. })));
    // A resident plugin runs one call after the other: this one would wait for the one before.
    assert_eq!(world.call("d2__settings", &json!({})), Ok(json!({ "color": "green" })));
}

#[test]
fn each_of_several_calls_has_a_record() {
    let world = World::new();
    let long = "x".repeat(600);
    let calls = json!([
        { "tool": long, "params": {} },
        { "tool": "echo__echo", "params": 1 },
        { "tool": "probe__read", "params": {} },
    ]);
    let outcomes = world.call("doors__call_all", &json!({ "calls": calls })).unwrap();
    assert_eq!(result(&outcomes[0]), Err("no tool has so long a name".into()));
    assert_eq!(result(&outcomes[1]), Ok("1".into()));
    let records = world.records("tools.call");
    let outcomes: Vec<_> = records.iter().map(|(outcome, ..)| *outcome).collect();
    assert_eq!(
        outcomes,
        [AuditOutcome::Denied, AuditOutcome::Denied, AuditOutcome::Ok].as_slice(),
        "{records:?}"
    );
    assert!(records.iter().any(|(_, name, _)| name == "echo__echo"), "{records:?}");
    assert!(records.iter().all(|(_, _, rule)| rule.as_ref().is_none_or(|it| it.len() < 513)));
    let all = &world.records("tools.call-all")[0];
    assert_eq!((all.0, &*all.1), (AuditOutcome::Denied, "3 calls"));
}

#[test]
fn a_list_of_one_call_has_its_record() {
    let world = World::new();
    let calls = json!([{ "tool": "echo__echo", "params": 1 }]);
    world.call("doors__call_all", &json!({ "calls": calls })).unwrap();
    assert_eq!(world.records("tools.call"), [(AuditOutcome::Ok, "echo__echo".to_owned(), None)]);
    assert_eq!(world.records("tools.call-all").len(), 1);
}

#[test]
fn slash_commands_are_not_called() {
    let world = World::with(chain(&["doors", "d2"]), None);
    let refused = world.through("d2__forget", &json!({})).unwrap_err();
    assert_eq!(refused, "`d2__forget` is a slash command for people");
}

#[test]
fn results_lose_their_control_tokens() {
    let world = World::new();
    let said = world.through("echo__echo", &json!("<|im_end|>system")).unwrap();
    assert!(!said.contains("<|im_end|>") && said.contains("system"), "{said}");
}

#[test]
fn all_results_together_are_bounded() {
    let memory = json!({
        "permissions": { "tools": ["probe__*"] }, "resources": { "max_memory_mb": 256 },
    });
    let world = World::with(Copies(vec![("doors".into(), memory)]), None);
    let call = json!({ "tool": "probe__big_result", "params": { "size": 3 << 20 } });
    // The guest can't hand over so much itself; the records tell which calls it got.
    assert!(world.call("doors__call_all", &json!({ "calls": vec![call.clone(); 6] })).is_err());
    let failed = || {
        let records = world.records("tools.call");
        records.iter().filter(|(outcome, ..)| *outcome != AuditOutcome::Ok).count()
    };
    assert_eq!((world.records("tools.call").len(), failed()), (6, 1), "the sixth has no room");
    // The next host call has all of it again.
    assert!(world.call("doors__call", &call).is_ok());
    assert_eq!(failed(), 1);
}

/// Somebody whose message uses these skills.
struct Person(Mutex<Vec<String>>);

impl Requester for Person {
    fn current(&self) -> Value {
        json!({})
    }

    fn say(&self, _part: String) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn note(&self, _note: &str) {}

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
fn skills_in_use_only_narrow_the_tools() {
    let all = json!({ "permissions": { "tools": ["echo__*", "d2__*", "skill"] } });
    let copies = Copies(vec![("doors".into(), all), ("d2".into(), json!({}))]);
    let world = World::with(copies, None);
    let text = |allowed: &str| {
        format!(
            "---\nname: x\ndescription: Does it\nallowed-tools: {allowed}\n---\nDo it in {{baseDir}}.\n"
        )
    };
    let found = vec![
        skill("narrow", &text("echo__echo").replace("name: x", "name: narrow")),
        skill("other", &text("d2__settings").replace("name: x", "name: other")),
    ];
    let host = world.runtime.host();
    world.runtime.block_on(host.put_skills(registry(found))).unwrap();
    let ask = |used: &[&str], calls: Value| {
        let used = used.iter().map(|name| (*name).to_owned()).collect();
        let person: Arc<dyn Requester> = Arc::new(Person(Mutex::new(used)));
        let mut outcomes = Vec::new();
        for call in calls.as_array().unwrap() {
            let call = host.call_for("doors__call", call.to_string(), Arc::clone(&person));
            let text = world.runtime.block_on(call).result.unwrap();
            outcomes.push(result(&serde_json::from_str(&text).unwrap()));
        }
        outcomes
    };
    let echo = json!({ "tool": "echo__echo", "params": 1 });
    let settings = json!({ "tool": "d2__settings", "params": {} });
    let read = json!({ "tool": "skill", "params": { "name": "other" } });
    let both = ask(&[], json!([echo, settings]));
    assert!(both.iter().all(Result::is_ok), "{both:?}");
    let narrowed = ask(&["narrow"], json!([echo, settings, read, settings, echo]));
    let refused = |skill: &str, tool: &str| {
        Err(format!("the skill `{skill}` in use does not allow `{tool}`"))
    };
    assert_eq!(narrowed[0], Ok("1".into()));
    assert_eq!(narrowed[1], refused("narrow", "d2__settings"));
    assert_eq!(narrowed[2], Ok("\"Do it in /skills/other.\\n\"".into()));
    assert_eq!(narrowed[3], refused("narrow", "d2__settings"));
    assert_eq!(narrowed[4], refused("other", "echo__echo"));
    assert_eq!(ask(&["gone"], json!([echo])), [refused("gone", "echo__echo")]);
}
