//! Work that an MCP client does, and what it is offered of it.

use serde_json::{Value, json};
use weft_lite::check_proposal;
use weft_lite::mcp::{McpOptions, McpServer, MemoryConnection};
use weft_lite::package::ReadLimits;

use crate::world::World;

const TOOL: &str = "json-query-to-json-format__json_query_to_json_format";

/// A client of the world's runtime.
struct Client<'w> {
    world: &'w World,
    connection: MemoryConnection,
    _server: McpServer,
}

impl<'w> Client<'w> {
    fn new(world: &'w World) -> Self {
        let (host, executor) = (world.runtime.host().clone(), world.runtime.executor());
        let server = McpServer::new(host, executor, McpOptions::default());
        Self { world, connection: server.connect(), _server: server }
    }

    fn ask(&self, method: &str, mut params: Value) -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = self.world.runtime.block_on(async {
            self.connection.send(request.to_string()).await;
            self.connection.receive().await
        });
        serde_json::from_str(&answer.unwrap()).unwrap()
    }

    fn call(&self, tool: &str, arguments: &Value) -> Value {
        let answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        let text = answer["result"]["content"][0]["text"].as_str();
        serde_json::from_str(text.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }

    /// The same steps as those of [`World::report`].
    fn report(&self, name: &str, text: &str) -> Value {
        let query = format!(".notes.{name}");
        let asked = json!({ "json": { "notes": { name: text } }, "query": query });
        let found = self.call("json-query__json_query", &asked);
        let counts = self.call("text-stats__text_stats", &json!({ "text": found["result"] }));
        let line = json!({ "at": query, "words": counts["words"] });
        self.call("json-query__json_format", &json!({ "json": line, "indent": 0 }))
    }
}

#[test]
fn a_clients_repeated_work_is_proposed_and_offered() {
    let world = World::new();
    let client = Client::new(&world);
    client.report("a", "one two three");
    client.report("bb", "four five");
    client.report("c", "six seven eight nine");
    let proposal = world.proposal();

    // What waits can be neither seen nor decided on by a client.
    for (method, params) in [
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
    ] {
        let answer = client.ask(method, params).to_string();
        assert!(answer.contains("result"), "{answer}");
        assert!(!answer.contains(&proposal.draft.name), "{method}: {answer}");
        assert!(!answer.contains(&proposal.digest[..8]), "{method}: {answer}");
    }
    let name = proposal.draft.name.clone();
    for uri in [
        format!("skill://{name}/SKILL.md"),
        format!("skill://{name}/recipe.yaml"),
        format!("skill://../autonomous/pending/{name}/skill/SKILL.md"),
        format!("skill://json-query/../../autonomous/pending/{name}/proposal.json"),
        format!(
            "file://{}/proposal.json",
            world.home().join("autonomous/pending").join(&name).display()
        ),
    ] {
        let answer = client.ask("resources/read", json!({ "uri": uri }));
        assert!(answer["error"].is_object(), "{uri}: {answer}");
    }
    for tool in [TOOL, "approve", "/approve", "skill_approve", &name] {
        let answer =
            client.ask("tools/call", json!({ "name": tool, "arguments": { "name": name } }));
        assert!(answer["error"].is_object(), "{tool}: {answer}");
    }

    let limits = ReadLimits::default();
    let check = |proposal: &_| check_proposal(proposal, limits);
    let approved =
        world.proposals().approve(&name, &proposal.digest, &check, limits, 1_800_000_000);
    approved.unwrap();
    world.runtime.block_on(world.runtime.load());
    let list = client.ask("tools/list", json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    assert!(tools.iter().any(|tool| tool["name"] == TOOL), "{list}");
    let arguments = json!({ "json": { "notes": { "d": "ten eleven" } }, "query": "d" });
    assert_eq!(client.call(TOOL, &arguments), client.report("d", "ten eleven"));
}
