//! Approved skills: what they do, who is offered them, and what becomes of those that fail.

use serde_json::{Value, json};
use weft_lite::check_proposal;
use weft_lite::package::{Decision, ReadLimits, SkillSwitches};

use crate::world::World;

const NAME: &str = "json-query-to-json-format";
const TOOL: &str = "json-query-to-json-format__json_query_to_json_format";

impl World {
    /// Proposes a skill by doing its work, and approves it.
    fn with_approved_skill() -> Self {
        let world = Self::new();
        world.report("a", "one two three");
        world.report("bb", "four five");
        world.report("c", "six seven eight nine");
        let proposal = world.proposal();
        world.approve(&proposal.digest);
        world
    }

    fn approve(&self, digest: &str) {
        let limits = ReadLimits::default();
        let check = |proposal: &_| check_proposal(proposal, limits);
        let decision = self.proposals().approve(NAME, digest, &check, limits, 1_800_000_000);
        assert!(matches!(decision, Ok(Decision::Installed { .. })), "{decision:?}");
        self.runtime.block_on(self.runtime.load());
    }

    fn use_skill(&self, params: &Value) -> Result<Value, String> {
        let called = self.runtime.host().call(TOOL, params.to_string());
        let result = self.runtime.block_on(called).result.map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&result).unwrap())
    }
}

#[test]
fn the_skill_does_what_the_steps_do() {
    let world = World::with_approved_skill();
    // Words of a small generator, with what could go wrong in JSON, templates and paths.
    let pieces = [
        "one",
        "zwei",
        "\"three\"",
        "{{json}}",
        "\\{{x}}",
        "c:\\d",
        "é😀",
        "a\nb",
        "-1.5e3",
        "null",
    ];
    let mut seed = 17_u64;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    for at in 0..60 {
        let words: Vec<&str> = (0..1 + next(6)).map(|_| pieces[next(pieces.len())]).collect();
        let (name, text) = (format!("key{at}"), words.join(" "));
        let document = json!({ "notes": { &*name: text } });
        let by_hand = world.report(&name, &text);
        let by_skill = world.use_skill(&json!({ "json": document, "query": name }));
        assert_eq!(by_skill.as_ref(), Ok(&by_hand), "{text:?}");
    }
}

#[test]
fn an_approved_skill_is_tool_and_command() {
    let world = World::with_approved_skill();
    let snapshot = world.runtime.host().snapshot();
    assert!(snapshot.plugins.find_tool(TOOL).is_ok());
    assert!(snapshot.skills.get(NAME).is_some_and(|skill| skill.is_active()));
    assert!(world.runtime.commands().now().find(NAME).is_ok());
    // It asks for the tools that were called and for nothing else.
    let permissions = &snapshot.plugins.plugin(NAME).unwrap().manifest.permissions;
    let others = weft_lite::PluginPermissions { tools: Vec::new(), ..permissions.clone() };
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(permissions.tools.len(), 3);
}

#[test]
fn the_same_work_is_not_proposed_twice() {
    let world = World::with_approved_skill();
    for (name, text) in
        [("d", "one two"), ("ee", "three"), ("f", "four five six"), ("g", "seven eight")]
    {
        world.report(name, text);
    }
    assert!(world.nothing_is_proposed());
}

#[test]
fn a_further_step_is_a_new_version() {
    let world = World::with_approved_skill();
    for (name, text) in [("d", "one two"), ("ee", "three"), ("f", "four five six")] {
        let line = world.report(name, text);
        world.call("text_stats", &json!({ "text": line["text"] }));
    }
    let proposal = world.proposal();
    assert_eq!((&*proposal.draft.name, &*proposal.draft.version), (NAME, "0.2.0"));
    assert_eq!(proposal.draft.replaces.as_deref(), Some("0.1.0"));
    let diff = proposal.draft.diff.clone().unwrap_or_default();
    assert!(diff.contains("+   - name: text_stats_2"), "{diff}");
    assert!(diff.contains("- result: \"{{json_format}}\""), "{diff}");
    // Until somebody says yes, the version before is what runs.
    let good = json!({ "json": { "notes": { "a": "b c" } }, "query": "a" });
    assert!(world.use_skill(&good).unwrap()["text"].is_string());
    world.approve(&proposal.digest);
    assert_eq!(world.use_skill(&good).unwrap()["lines"], 4);
    let limits = ReadLimits::default();
    let check = |proposal: &_| check_proposal(proposal, limits);
    world.proposals().roll_back(NAME, &check, limits).unwrap();
    world.runtime.block_on(world.runtime.load());
    assert!(world.use_skill(&good).unwrap()["text"].is_string());
}

#[test]
fn three_failures_switch_a_skill_off() {
    let world = World::with_approved_skill();
    let good = json!({ "json": { "notes": { "a": "b c" } }, "query": "a" });
    let bad = json!({ "json": { "notes": {} }, "query": "a" });
    let is_off = || SkillSwitches::read(&world.home()).unwrap().disabled().contains(NAME);
    assert!(world.use_skill(&bad).is_err());
    assert!(world.use_skill(&bad).is_err());
    assert!(world.use_skill(&good).is_ok());
    assert!(world.use_skill(&bad).is_err());
    assert!(world.use_skill(&bad).is_err());
    let failures = || world.proposals().state().unwrap().skills.get(NAME).unwrap().failures;
    assert_eq!(world.until(|| (failures() == 2).then_some(2)), Some(2));
    assert!(!is_off(), "a success in between counts");
    assert!(world.use_skill(&bad).is_err());
    assert!(world.until(|| is_off().then_some(())).is_some());
    world.runtime.block_on(world.runtime.load());
    assert!(world.use_skill(&good).is_err(), "it is switched off");
}
