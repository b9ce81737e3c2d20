//! A compiled recipe gives what its steps give by hand, for many values.

use serde_json::{Value, json};

use crate::world::{QUERY, STATS, World, recipe};

/// Numbers from a seed.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = [
            "word", " ", "\n", "é", "\"", "\\", "{{text}}", ". ", "\u{1}", "中文", "😀", "\\u0041",
        ];
        (0..self.below(12)).map(|_| PARTS[self.below(12) as usize]).collect()
    }

    fn value(&mut self, depth: u64) -> Value {
        match self.below(if depth == 0 { 4 } else { 6 }) {
            0 => self.text().into(),
            1 => json!(self.below(1000) as f64 / 8.0),
            2 => json!(self.below(2) == 0),
            3 => Value::Null,
            4 => (0..self.below(4)).map(|_| self.value(depth - 1)).collect(),
            _ => (0..self.below(4)).map(|_| (self.text(), self.value(depth - 1))).collect(),
        }
    }
}

#[test]
fn recipes_give_what_steps_by_hand_give() {
    let steps = json!([
        { "name": "found", "call": QUERY, "with": { "json": "{{document}}", "query": ".here" } },
        { "name": "copied", "call": "echo__echo", "with": { "value": "{{found.result}}", "all": ["{{found}}"] } },
        { "name": "line", "fill": "{{text}}: {{copied.value}}" },
        { "name": "counts", "call": STATS, "with": { "text": "{{line}}" } },
        { "compare": "{{counts.words}}", "at_most": 6, "otherwise": "long: {{line}}" },
    ]);
    let result = json!({ "line": "{{line}}", "counts": "{{counts}}", "copied": "{{copied}}" });
    let mut recipe = recipe(&["text"], steps, result);
    recipe["parameters"]["document"] = json!({ "type": "object" });
    let world = World::with(&recipe);
    let mut seeded = Seeded(20_261_128);
    let mut stopped = 0;
    for _ in 0..300 {
        let (text, value) = (seeded.text(), seeded.value(3));
        let document = json!({ "here": value, "there": seeded.value(2) });
        let found = world.tool(QUERY, &json!({ "json": document, "query": ".here" })).unwrap();
        let params = json!({ "value": found["result"], "all": [found] });
        let copied = world.tool("echo__echo", &params).unwrap();
        let shown = match &copied["value"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let line = format!("{text}: {shown}");
        let counts = world.tool(STATS, &json!({ "text": line })).unwrap();
        let by_hand = if counts["words"].as_u64().unwrap() <= 6 {
            json!({ "line": line, "counts": counts, "copied": copied })
        } else {
            stopped += 1;
            json!(format!("long: {line}"))
        };
        let ran = world.run(&json!({ "text": text, "document": document }));
        assert_eq!(ran, Ok(by_hand), "{text:?} {value}");
    }
    assert!((10..290).contains(&stopped), "{stopped} of 300 stopped");
}
