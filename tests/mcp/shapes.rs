//! What every message has to look like, in a table of our own: who is asked, and what is in the answer.

use serde_json::Value;

/// The kind of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    List,
    Map,
}

use Kind::{List, Map, Number, Text};

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Text => value.is_string(),
            Number => value.is_number(),
            List => value.is_array(),
            Map => value.is_object(),
        }
    }
}

type Shape = (&'static str, &'static [(&'static str, Kind)]);

/// The results of both eras: a method, and JSON pointers with what is there. `*` is each of a list.
const RESULTS: &[Shape] = &[
    ("ping", &[]),
    ("logging/setLevel", &[]),
    ("server/discover", &[("/supportedVersions/*", Text), ("/capabilities", Map)]),
    (
        "initialize",
        &[
            ("/protocolVersion", Text),
            ("/capabilities", Map),
            ("/serverInfo/name", Text),
            ("/serverInfo/version", Text),
        ],
    ),
    (
        "tools/list",
        &[("/tools/*/name", Text), ("/tools/*/inputSchema", Map), ("/tools/*/annotations", Map)],
    ),
    ("tools/call", &[("/content/*/type", Text)]),
    ("input_required", &[("/inputRequests", Map)]),
    ("prompts/list", &[("/prompts/*/name", Text)]),
    ("prompts/get", &[("/messages/*/role", Text), ("/messages/*/content/type", Text)]),
    ("resources/list", &[("/resources/*/uri", Text), ("/resources/*/name", Text)]),
    ("resources/templates/list", &[("/resourceTemplates/*/uriTemplate", Text)]),
    ("resources/read", &[("/contents/*/uri", Text)]),
    ("completion/complete", &[("/completion/values", List)]),
    ("subscriptions/listen", &[]),
    (
        "skills/list",
        &[
            ("/skills/*/uri", Text),
            ("/skills/*/frontmatter/name", Text),
            ("/skills/*/frontmatter/description", Text),
            ("/skills/*/resources/*/digest", Text),
            ("/skills/*/resources/*/size", Number),
        ],
    ),
    ("skills/get", &[("/skill/uri", Text), ("/skill/resources/*/uri", Text)]),
    ("resources/directory/read", &[("/resources/*/uri", Text), ("/resources/*/mimeType", Text)]),
];

const NOTIFICATIONS: &[Shape] = &[
    ("notifications/tools/list_changed", &[]),
    ("notifications/prompts/list_changed", &[]),
    ("notifications/resources/list_changed", &[]),
    ("notifications/resources/updated", &[("/params/uri", Text)]),
    ("notifications/progress", &[("/params/progress", Number), ("/params/total", Number)]),
    ("notifications/message", &[("/params/level", Text)]),
    ("notifications/subscriptions/acknowledged", &[("/params/notifications", Map)]),
];

/// What modern clients may keep for a while.
const FRESH: [&str; 8] = [
    "skills/get",
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "skills/list",
];

/// The codes of errors; -32002 is of the legacy era, -32020 to -32022 of the modern one.
const CODES: [i64; 9] = [-32700, -32600, -32601, -32602, -32603, -32002, -32020, -32021, -32022];

/// Checks a message of the server; `method` is that of the request it answers.
#[track_caller]
pub(crate) fn check(message: &Value, revision: &str, method: Option<&str>) {
    let modern = revision == "2026-07-28";
    assert_eq!(message["jsonrpc"], "2.0", "{message}");
    let kinds = ["result", "error", "method"].iter().filter(|name| message.get(**name).is_some());
    assert_eq!(kinds.count(), 1, "it is one of the three: {message}");
    if let Some(result) = message.get("result") {
        let method = method.unwrap_or_else(|| panic!("it answers nothing: {message}"));
        assert!(message["id"].is_string() || message["id"].is_i64(), "{message}");
        let name = |pointer| result.pointer(pointer).and_then(Value::as_str);
        // Some ask for more before they are complete.
        let asks = modern
            && ["tools/call", "prompts/get"].contains(&method)
            && name("/resultType") == Some("input_required");
        let kind = if asks { "input_required" } else { "complete" };
        assert_eq!(name("/resultType"), modern.then_some(kind), "{message}");
        let server = name("/_meta/io.modelcontextprotocol~1serverInfo/name");
        assert_eq!(server, modern.then_some("weft-lite"), "{message}");
        let fresh = modern && FRESH.contains(&method);
        assert_eq!(result.get("ttlMs").is_some_and(Value::is_u64), fresh, "{message}");
        assert_eq!(name("/cacheScope").is_some(), fresh, "{message}");
        fits(RESULTS, if asks { kind } else { method }, result);
    } else if message.get("error").is_some() {
        let code = message["error"]["code"].as_i64().unwrap();
        assert!(CODES.contains(&code), "{message}");
        assert!(!modern || code != -32002, "{message}");
        let text = message["error"]["message"].as_str().unwrap();
        assert!(!text.is_empty(), "{message}");
    } else {
        assert!(message.get("id").is_none(), "this server asks nothing: {message}");
        fits(NOTIFICATIONS, message["method"].as_str().unwrap(), message);
    }
}

#[track_caller]
fn fits(table: &[Shape], name: &str, value: &Value) {
    let shape = table.iter().find(|(known, _)| *known == name);
    let (_, members) = shape.unwrap_or_else(|| panic!("nobody expects {name}: {value}"));
    for (pointer, kind) in *members {
        let parts: Vec<&str> = pointer.split('/').skip(1).collect();
        each(value, &parts, &|found| {
            assert!(found.is_some_and(|found| kind.fits(found)), "{name} {pointer}: {value:#}");
        });
    }
}

/// Calls `check` with every value that the path leads to.
fn each(value: &Value, path: &[&str], check: &dyn Fn(Option<&Value>)) {
    match path {
        [] => check(Some(value)),
        ["*", rest @ ..] => {
            let Some(list) = value.as_array() else { return check(None) };
            list.iter().for_each(|item| each(item, rest, check));
        }
        [name, rest @ ..] => match value.get(name) {
            Some(value) => each(value, rest, check),
            None => check(None),
        },
    }
}
