//! Work that a model does again and again for its owner becomes the proposal of a skill.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::config::AutonomousConfig;
use weft_lite::package::Proposals;
use weft_lite::sandbox::ManualClock;

use crate::server::Reply;
use crate::world::{World, call, end, saying, stream};

fn calling(tool: &str, arguments: &Value) -> Reply {
    stream(&[call(0, "c1", tool, &arguments.to_string()), end("tool_calls")])
}

/// What a model answers who looks a text up, counts its words and writes a line.
fn work(name: &str, text: &str) -> [Reply; 4] {
    let query = format!(".notes.{name}");
    let words = text.split(' ').count();
    let line = json!({ "json": { "at": query, "words": words }, "indent": 0 });
    [
        calling(
            "json-query__json_query",
            &json!({ "json": { "notes": { name: text } }, "query": query }),
        ),
        calling("text-stats__text_stats", &json!({ "text": text })),
        calling("json-query__json_format", &line),
        saying("Here it is."),
    ]
}

fn world(home: &TempDir, clock: &Arc<ManualClock>) -> World {
    let texts = [("a", "one two three"), ("bb", "four five"), ("c", "six seven eight nine")];
    let replies = texts.into_iter().flat_map(|(name, text)| work(name, text));
    World::built(&json!({}), replies, |builder| {
        let mut enabled = AutonomousConfig::default();
        enabled.enabled = true;
        let builder = builder.plugins("skills/json-query").weft_home(home.path());
        builder.autonomous_skills(enabled).clock(Arc::clone(clock) as _)
    })
}

#[test]
fn a_models_repeated_work_is_proposed() {
    let home = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new());
    let world = world(&home, &clock);
    for _ in 0..3 {
        assert_eq!(world.ask("report, please"), "Here it is.");
    }
    world.runtime.block_on(async {
        while world.channel.sent.lock().unwrap().is_empty() {
            // The model could go on for a while after its last call.
            clock.advance(Duration::from_secs(10));
            smol::Timer::after(Duration::from_millis(5)).await;
        }
    });
    let (chat, notice) = world.channel.sent.lock().unwrap()[0].clone();
    let begin = "a new skill is proposed for what was done 3 times: `json-query-to-json-format`.";
    assert!(chat == "chat" && notice.starts_with(begin), "{chat}: {notice}");
    let pending = Proposals::of_home(home.path()).pending().unwrap().proposals;
    let [proposal] = pending.as_slice() else { panic!("{pending:?}") };
    assert!(proposal.text("recipe.yaml").contains("{{text_stats.words}}"));
    // What people say is not kept.
    let observed =
        std::fs::read(home.path().join("autonomous/observations.kv")).unwrap_or_default();
    assert!(!String::from_utf8_lossy(&observed).contains("please"));
}

#[test]
fn a_strangers_work_is_not_proposed() {
    let home = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new());
    let world = world(&home, &clock);
    for _ in 0..3 {
        assert_eq!(world.ask_as_friend("report, please"), "Here it is.");
    }
    world.runtime.block_on(world.runtime.stop());
    assert!(!home.path().join("autonomous").exists());
}
