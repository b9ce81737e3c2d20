//! What is found in streams of calls, and what is made of it.

use serde_json::{Value, json};
use weft_lite::autonomous::{Finder, SeenCall, WorkPattern};
use weft_lite::recipe::{RecipeIdentity, compile};
use weft_lite::skill::{ParseMode, Severity, parse_skill};

/// Calls of one chat, each of its own message.
struct Chat {
    finder: Finder,
    calls: u64,
    found: Vec<WorkPattern>,
}

impl Chat {
    fn new() -> Self {
        Self { finder: Finder::new(3), calls: 0, found: Vec::new() }
    }

    fn call(&mut self, tool: &str, params: Value, result: Value) {
        self.calls += 1;
        let at_seconds = 1_000_000 + self.calls;
        let message = self.calls;
        let tool = tool.to_owned();
        let call = SeenCall { chat: 1, message, at_seconds, tool, params, result };
        self.found.extend(self.finder.see(call));
    }

    /// Looks a value up, counts its words and formats a line.
    fn report(&mut self, path: &str, text: &str) {
        let words = text.split(' ').count();
        let document = json!({ "notes": { path: text }, "seed": self.calls });
        self.call(
            "json-query__query",
            json!({ "json": document, "path": path }),
            json!({ "result": text }),
        );
        self.call(
            "text-stats__count",
            json!({ "text": text }),
            json!({ "words": words, "lines": 1 }),
        );
        let line = format!("{path}: {words} words");
        self.call("format__line", json!({ "text": line, "width": 80 }), json!(format!("[{line}]")));
    }
}

#[test]
fn repeated_work_becomes_a_recipe() {
    let mut chat = Chat::new();
    chat.report("a", "one two three");
    chat.report("bb", "four five");
    assert!(chat.found.is_empty(), "twice is not often");
    chat.report("c", "six seven eight nine");
    let [pattern] = chat.found.as_slice() else { panic!("{:?}", chat.found) };
    let (_, params) = &pattern.held_out;
    let recipe = pattern.draft.recipe(params);
    assert!(recipe.contains("with: {\"text\":\"{{query.result}}\"}"), "{recipe}");
    assert!(
        recipe.contains("\"text\":\"{{path}}: {{count.words}} words\",\"width\":80"),
        "{recipe}"
    );
    assert_eq!(pattern.draft.name(&|_| false), "query-to-line");
    let tools = tools_of_the_valid_draft(pattern);
    assert_eq!(tools, ["format__line", "json-query__query", "text-stats__count"]);
}

/// Checks the files of a draft as those of a stranger's skill. Returns the tools of its recipe.
pub(crate) fn tools_of_the_valid_draft(pattern: &WorkPattern) -> Vec<String> {
    let recipe = pattern.draft.recipe(&pattern.held_out.1);
    let name = pattern.draft.name(&|_| false);
    let skill = pattern.draft.skill(&name, "0.1.0", pattern);
    let parsed = parse_skill(skill.as_bytes(), &name, ParseMode::Strict);
    let errors: Vec<_> =
        parsed.diagnostics.iter().filter(|it| it.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:?}\n{skill}");
    let description = parsed.document.expect("it is valid").description;
    let identity = RecipeIdentity { name: &name, version: None, description: Some(&description) };
    let compiled = compile(&recipe, &identity).unwrap_or_else(|error| panic!("{error}\n{recipe}"));
    compiled.tools
}
