//! The way from observed calls to a proposal, with real tools.

use serde_json::json;

use crate::world::World;

#[test]
fn work_done_three_times_is_proposed() {
    let world = World::new();
    world.report("a", "one two three");
    world.report("bb", "four five");
    world.report("c", "six seven eight nine");
    let proposal = world.proposal();
    assert_eq!(proposal.draft.name, "json-query-to-json-format");
    assert_eq!(proposal.draft.effects, Vec::<String>::new());
    assert_eq!(proposal.draft.runs.len(), 3);
    let tools = ["json-query__json_format", "json-query__json_query", "text-stats__text_stats"];
    assert_eq!(proposal.draft.tools, tools);
    let recipe = proposal.text("recipe.yaml");
    assert!(recipe.contains("\"words\":\"{{text_stats.words}}\""), "{recipe}");
    // Nobody is offered what waits.
    let name = "json_query_to_json_format";
    assert!(world.runtime.host().registry().find_tool(name).is_err());
    world.runtime.block_on(world.runtime.load());
    assert!(world.runtime.host().registry().find_tool(name).is_err());
}

#[test]
fn twice_is_not_often_enough() {
    let world = World::new();
    world.report("a", "one two three");
    world.report("bb", "four five");
    assert!(world.nothing_is_proposed());
}

#[test]
fn observations_survive_a_restart() {
    let world = World::new();
    world.report("a", "one two three");
    world.report("bb", "four five");
    let world = world.again();
    world.report("c", "six seven eight nine");
    assert_eq!(world.proposal().draft.runs.len(), 3);
}

#[test]
fn forgotten_observations_do_not_count() {
    let world = World::new();
    world.report("a", "one two three");
    world.report("bb", "four five");
    let world = world.again();
    world.proposals().forget().unwrap();
    world.report("c", "six seven eight nine");
    assert!(world.nothing_is_proposed());
}

#[test]
fn without_the_option_no_file_exists() {
    let world = World::with("autonomous_skills: {enabled: false}\n");
    for _ in 0..4 {
        world.report("a", "one two three");
    }
    let home = world.home();
    assert!(world.nothing_is_proposed());
    assert!(!home.join("autonomous").exists());
}

#[test]
fn calls_without_an_origin_are_not_observed() {
    let world = World::new();
    for text in ["one two", "three four", "five six"] {
        let call = |tool, params: serde_json::Value| {
            let outcome = world.runtime.host().call(tool, params.to_string());
            world.runtime.block_on(outcome).result.unwrap()
        };
        let document = json!({ "json": { "a": text }, "query": ".a" });
        assert!(call("json_query", document).contains(text));
        call("text_stats", json!({ "text": text }));
    }
    let home = world.home();
    assert!(world.nothing_is_proposed());
    assert!(!home.join("autonomous").exists());
}
