//! The JSON Schemas of the revisions, where they are at hand: `$WEFT_MCP_SCHEMAS`, or `ref/mcp` in a
//! folder `shared` beside the repository. Without them the table of shapes checks alone.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};
use weft_lite::{Schema, SchemaPolicy};

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let named = std::env::var_os("WEFT_MCP_SCHEMAS").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/ref/mcp");
    named.or_else(|| beside.is_dir().then_some(beside))
});

/// The revisions whose schemas there are.
const REVISIONS: [&str; 3] = ["2026-07-28", "2025-11-25", "2025-06-18"];

static DOCUMENTS: LazyLock<HashMap<&str, Value>> = LazyLock::new(|| {
    let Some(folder) = &*FOLDER else { return HashMap::new() };
    let read = |revision| {
        let path = folder.join(format!("schema-{revision}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        (revision, serde_json::from_str(&text).unwrap())
    };
    REVISIONS.into_iter().map(read).collect()
});

/// What the schemas call the result of a method.
const RESULTS: [(&str, &str); 14] = [
    ("initialize", "InitializeResult"),
    ("server/discover", "DiscoverResult"),
    ("ping", "EmptyResult"),
    ("logging/setLevel", "EmptyResult"),
    ("tools/list", "ListToolsResult"),
    ("tools/call", "CallToolResult"),
    ("prompts/list", "ListPromptsResult"),
    ("prompts/get", "GetPromptResult"),
    ("resources/list", "ListResourcesResult"),
    ("resources/templates/list", "ListResourceTemplatesResult"),
    ("resources/read", "ReadResourceResult"),
    ("completion/complete", "CompleteResult"),
    ("subscriptions/listen", "SubscriptionsListenResult"),
    // The extension's results have no schema; they are results at least.
    ("skills/list", "Result"),
];

const NOTIFICATIONS: [(&str, &str); 7] = [
    ("notifications/tools/list_changed", "ToolListChangedNotification"),
    ("notifications/prompts/list_changed", "PromptListChangedNotification"),
    ("notifications/resources/list_changed", "ResourceListChangedNotification"),
    ("notifications/resources/updated", "ResourceUpdatedNotification"),
    ("notifications/progress", "ProgressNotification"),
    ("notifications/message", "LoggingMessageNotification"),
    ("notifications/subscriptions/acknowledged", "SubscriptionsAcknowledgedNotification"),
];

/// Checks a message against the schema of its revision; `method` is that of the request it answers.
#[track_caller]
pub(crate) fn check(message: &Value, revision: &str, method: Option<&str>) {
    let find = |table: &[(&str, &'static str)], name: &str| {
        table
            .iter()
            .find(|(known, _)| *known == name)
            .map_or("Result", |(_, definition)| definition)
    };
    if let Some(result) = message.get("result") {
        conforms(revision, find(&RESULTS, method.unwrap()), result);
        conforms(revision, "JSONRPCMessage", message);
    } else if message.get("error").is_some() {
        match revision {
            // This one has no error without an id, which a message that can't be read doesn't have.
            "2025-06-18" if message.get("id").is_none() => {}
            "2025-06-18" => conforms(revision, "JSONRPCError", message),
            _ => conforms(revision, "JSONRPCErrorResponse", message),
        }
        match message["error"]["code"].as_i64() {
            Some(-32022) => conforms(revision, "UnsupportedProtocolVersionError", message),
            Some(-32020) => conforms(revision, "HeaderMismatchError", message),
            _ => {}
        }
    } else {
        let name = message["method"].as_str().unwrap();
        let (_, definition) = NOTIFICATIONS.iter().find(|(known, _)| *known == name).unwrap();
        conforms(revision, definition, message);
    }
}

/// Compiled definitions, by revision and name.
type Compiled = HashMap<(String, String), &'static Schema>;

#[track_caller]
fn conforms(revision: &str, definition: &str, value: &Value) {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let Some(document) = DOCUMENTS.get(revision) else { return };
    let key = (revision.to_owned(), definition.to_owned());
    let schema = *COMPILED.lock().unwrap().entry(key).or_insert_with(|| {
        let section = if document.get("$defs").is_some() { "$defs" } else { "definitions" };
        assert!(document[section].get(definition).is_some(), "{revision} has no {definition}");
        let whole = json!({
            "$ref": format!("#/{section}/{definition}"),
            section: document[section],
        });
        Box::leak(Box::new(Schema::compile(&whole, SchemaPolicy::Lenient).unwrap()))
    });
    if let Err(violations) = schema.validate(value) {
        panic!("{revision} {definition}: {violations:#?}\n{value:#}");
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    if FOLDER.is_none() {
        println!("skipped: there are no schemas, which WEFT_MCP_SCHEMAS can name");
        return;
    }
    for revision in REVISIONS {
        let wrong = std::panic::catch_unwind(|| {
            conforms(revision, "ListToolsResult", &json!({ "tools": [{ "name": 1 }] }));
        });
        assert!(wrong.is_err(), "{revision}");
    }
}
