//! What messages have to be, as JSON Schemas: our own of `schemas.json`, which say of each kind what this
//! server sends, and those of the revisions where they are at hand: `$WEFT_MCP_SCHEMAS`, or `ref/mcp` in
//! a folder `shared` beside the repository. The cases of `schemas.json` try both.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use serde_json::{Value, json};
use weft_lite::mcp::{Schema, SchemaPolicy, Violation};

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

/// Our own definitions and the cases.
static OWN: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap());

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
        let definition = match result["resultType"].as_str() {
            Some("input_required") => "InputRequiredResult",
            _ => find(&RESULTS, method.unwrap()),
        };
        conforms(revision, definition, result);
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
            Some(-32021) => conforms(revision, "MissingRequiredClientCapabilityError", message),
            Some(-32020) => conforms(revision, "HeaderMismatchError", message),
            _ => {}
        }
    } else {
        let name = message["method"].as_str().unwrap();
        let (_, definition) = NOTIFICATIONS.iter().find(|(known, _)| *known == name).unwrap();
        conforms(revision, definition, message);
    }
}

/// Compiled definitions, by document and name.
type Compiled = HashMap<(String, String), &'static Schema>;

#[track_caller]
fn conforms(revision: &str, definition: &str, value: &Value) {
    let faults = faults(revision, definition, value);
    assert!(faults.is_empty(), "{definition}: {faults:#?}\n{value:#}");
}

/// What our own document and the revision's say against a value.
#[track_caller]
fn faults(revision: &str, definition: &str, value: &Value) -> Vec<(String, Vec<Violation>)> {
    let era = if revision == "2026-07-28" { "modern" } else { "legacy" };
    let mut own = OWN[era].as_object().unwrap().clone();
    own.extend(OWN["both"].as_object().unwrap().clone());
    let mut documents = vec![(era, json!({ "$defs": own }))];
    documents.extend(DOCUMENTS.get_key_value(revision).map(|(name, it)| (*name, it.clone())));
    let faults = documents.into_iter().filter_map(|(name, document)| {
        let violations = compiled(name, &document, definition).validate(value).err()?;
        Some((name.to_owned(), violations))
    });
    faults.collect()
}

#[track_caller]
fn compiled(name: &str, document: &Value, definition: &str) -> &'static Schema {
    static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);
    let key = (name.to_owned(), definition.to_owned());
    COMPILED.lock().unwrap().entry(key).or_insert_with(|| {
        let section = if document.get("$defs").is_some() { "$defs" } else { "definitions" };
        assert!(document[section].get(definition).is_some(), "{name} has no {definition}");
        let whole = json!({
            "$ref": format!("#/{section}/{definition}"),
            section: document[section],
        });
        Box::leak(Box::new(Schema::compile(&whole, SchemaPolicy::Lenient).unwrap()))
    })
}

/// How many documents there are for a revision.
fn documents(revision: &str) -> usize {
    1 + usize::from(DOCUMENTS.contains_key(revision))
}

#[test]
fn schemas_accept_valid_and_refuse_invalid_values() {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let cases = OWN["cases"].as_array().unwrap();
    let mut seen = 0;
    for case in cases {
        let (revision, definition) = (text(&case["revision"]), text(&case["definition"]));
        for right in case["right"].as_array().unwrap() {
            let faults = faults(&revision, &definition, right);
            assert!(faults.is_empty(), "{definition}: {faults:#?}\n{right:#}");
        }
        for wrong in case["wrong"].as_array().unwrap() {
            let count = faults(&revision, &definition, wrong).len();
            assert_eq!(count, documents(&revision), "{revision} {definition}: {wrong:#}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen}");
    for revision in REVISIONS {
        assert!(cases.iter().any(|case| case["revision"] == revision), "{revision}");
    }
    if FOLDER.is_none() {
        println!("skipped: the schemas of the revisions, which WEFT_MCP_SCHEMAS can name");
    }
}
