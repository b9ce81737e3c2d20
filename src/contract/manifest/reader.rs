//! Reading a manifest from JSON or YAML: its keys, one after the other.

use std::num::NonZeroU32;

use serde_json::{Map, Value};

use super::channel;
use super::fault::ManifestError;
use super::findings::{ManifestFindings, Table, amount, text_of, wrong_kind};
use super::rules::{self, Flaw, quoted};
use super::similar::closest;
use super::{GeneratedFrom, InstanceMode, ParsedManifest, PluginCapability, PluginManifest};
use crate::contract::limits::{self, TOOL_NAME_CHARS};
use crate::contract::{FileGrant, PluginPermissions, PluginResourceConfig, document};

/// The keys at the top. `$schema` is there for editors and means nothing here.
const KEYS: [&str; 15] = [
    "$schema",
    "id",
    "name",
    "version",
    "description",
    "capabilities",
    "permissions",
    "resources",
    "wasm_module",
    "skills",
    "tools",
    "instance",
    "channel",
    "settings_schema",
    "generated",
];

const PERMISSION_KEYS: [&str; 8] =
    ["network", "filesystem", "env_vars", "shell", "secrets", "tools", "storage", "webhook"];

impl PluginManifest {
    /// Reads a manifest written in JSON.
    ///
    /// ```
    /// # use weft_lite::PluginManifest;
    /// let parsed = PluginManifest::from_json(r#"{
    ///     "id": "com.example.clock", "name": "Clock", "version": "1.0.0",
    ///     "capabilities": ["tool"], "wasm_module": "plugin.wasm"
    /// }"#)?;
    /// assert!(parsed.manifest.permissions.is_empty());
    /// # Ok::<(), weft_lite::errors::ManifestError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ManifestError`] with one fault if the text is not one JSON object or is over
    /// [`limits::MANIFEST_BYTES`], otherwise with a fault for each key that breaks a rule.
    pub fn from_json(text: &str) -> Result<ParsedManifest, ManifestError> {
        let document = document::from_json(text, limits::MANIFEST_BYTES)?;
        manifest(&document)
    }

    /// Reads a manifest written in YAML.
    ///
    /// Aliases are resolved within a budget that a file without them can't exceed by much, so that
    /// a few lines can't grow into gigabytes. Tags are refused.
    ///
    /// # Errors
    ///
    /// As for [`from_json`](Self::from_json).
    pub fn from_yaml(text: &str) -> Result<ParsedManifest, ManifestError> {
        let document = document::from_yaml(text, limits::MANIFEST_BYTES)?;
        manifest(&document)
    }
}

/// Checks a whole document.
fn manifest(document: &Value) -> Result<ParsedManifest, ManifestError> {
    let mut findings = ManifestFindings::default();
    let manifest = Table::top(document, &mut findings).and_then(|top| read(&top, &mut findings));
    let (manifest, warnings) = findings.finish(manifest)?;
    Ok(ParsedManifest { manifest, warnings })
}

fn read(top: &Table<'_>, findings: &mut ManifestFindings) -> Option<PluginManifest> {
    top.warn_unknown(&KEYS, findings);
    let id = top.required(
        "id",
        "expected a name like `com.example.my-plugin`",
        &rules::id,
        &KEYS,
        findings,
    );
    let name = top.required("name", "expected a name for people", &rules::title, &KEYS, findings);
    let version = top.required(
        "version",
        "expected three numbers like `1.2.0`",
        &rules::version,
        &KEYS,
        findings,
    );
    let description = top.text("description", &rules::prose, findings);
    let capabilities = capabilities(top, findings);
    let permissions = permissions(&top.section("permissions", findings), findings);
    let resources = resources(&top.section("resources", findings), findings);
    let module = "expected the module's path inside the package, like `plugin.wasm`";
    let wasm_module = top.required("wasm_module", module, &rules::inner_file, &KEYS, findings);
    let skills = top.list(
        "skills",
        "a list of folders inside the package",
        &text_of(rules::inner_path),
        findings,
    );
    let tools = tools(top, id.as_deref(), findings);
    let instance = top.text("instance", &instance, findings).unwrap_or_default();
    let channel = channel::settings(&top.section("channel", findings), findings);
    if top.get("channel").is_some() && !capabilities.contains(&PluginCapability::Channel) {
        findings.warn("`channel` is ignored, since `capabilities` does not name `channel`".into());
    }
    let settings_schema = settings_schema(top, findings);
    let generated = top.text("generated", &generated, findings);
    if generated.is_some() {
        check_generated(&capabilities, &permissions, findings);
    }
    Some(PluginManifest {
        id: id?,
        name: name?,
        version: version?,
        description,
        capabilities,
        permissions,
        resources,
        wasm_module: wasm_module?,
        skills,
        tools,
        instance,
        channel,
        settings_schema,
        generated,
    })
}

/// A JSON Schema of an object.
fn settings_schema(top: &Table<'_>, findings: &mut ManifestFindings) -> Option<Map<String, Value>> {
    match top.get("settings_schema")? {
        Value::Object(schema) if schema.get("type").is_none_or(|kind| kind == "object") => {
            Some(schema.clone())
        }
        Value::Object(_) => {
            let expected = "expected `\"type\": \"object\"`";
            findings
                .fault("settings_schema".into(), Flaw::new(&"settings are an object", &expected));
            None
        }
        other => {
            findings.fault("settings_schema".into(), wrong_kind(other, "a JSON Schema"));
            None
        }
    }
}

fn capabilities(top: &Table<'_>, findings: &mut ManifestFindings) -> Vec<PluginCapability> {
    let words = PluginCapability::ALL.map(PluginCapability::as_str);
    let allowed = format!("allowed: {}", words.join(", "));
    let one = |text: &str| {
        PluginCapability::ALL.into_iter().find(|capability| capability.as_str() == text).ok_or_else(
            || Flaw::new(&format_args!("unknown capability `{}`", quoted(text)), &allowed),
        )
    };
    match top.get("capabilities") {
        None => {
            top.missing("capabilities", &format!("expected a list; {allowed}"), &KEYS, findings);
        }
        Some(Value::Array(items)) if items.is_empty() => {
            findings.fault(top.path("capabilities"), Flaw::new(&"it is empty", &allowed));
        }
        Some(_) => {}
    }
    top.list("capabilities", "a list of words", &text_of(one), findings)
}

fn permissions(table: &Table<'_>, findings: &mut ManifestFindings) -> PluginPermissions {
    for key in table.unknown(&PERMISSION_KEYS) {
        // A permission that the host does not know can't be refused in the author's sense, either.
        let expected = match closest(key, &PERMISSION_KEYS) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("allowed: {}", PERMISSION_KEYS.join(", ")),
        };
        findings.fault(table.path(&quoted(key)), Flaw::new(&"unknown permission", &expected));
    }
    PluginPermissions {
        network: table.list("network", "a list of hosts", &text_of(rules::network), findings),
        filesystem: table.list("filesystem", "a list of paths", &FileGrant::read, findings),
        env_vars: table.list("env_vars", "a list of names", &text_of(rules::variable), findings),
        shell: table.flag("shell", findings),
        secrets: table.list("secrets", "a list of names", &text_of(rules::secret), findings),
        tools: table.list("tools", "a list of tool names", &text_of(rules::tool_pattern), findings),
        storage_kb: storage(&table.section("storage", findings), findings),
        webhook: table.flag("webhook", findings),
        module_kb: None,
    }
}

fn storage(table: &Table<'_>, findings: &mut ManifestFindings) -> Option<NonZeroU32> {
    table.warn_unknown(&[limits::STORAGE_KB.key], findings);
    u32::try_from(amount(table, limits::STORAGE_KB, findings)).ok().and_then(NonZeroU32::new)
}

fn resources(table: &Table<'_>, findings: &mut ManifestFindings) -> PluginResourceConfig {
    let ranges = [
        limits::FUEL,
        limits::MEMORY_MB,
        limits::TABLE_ELEMENTS,
        limits::EXECUTION_SECONDS,
        limits::HTTP_REQUESTS_PER_MINUTE,
        limits::LOG_MESSAGES_PER_MINUTE,
        limits::HOST_CALLS,
    ];
    table.warn_unknown(&ranges.map(|range| range.key), findings);
    let [fuel, memory, elements, seconds, requests, messages, calls] =
        ranges.map(|range| amount(table, range, findings));
    // Every maximum of the table but that of fuel fits 32 bits.
    let narrow = |amount: u64| u32::try_from(amount).unwrap_or(u32::MAX);
    PluginResourceConfig {
        max_fuel: fuel,
        max_memory_mb: narrow(memory),
        max_table_elements: narrow(elements),
        max_execution_seconds: narrow(seconds),
        max_http_requests_per_minute: narrow(requests),
        max_log_messages_per_minute: narrow(messages),
        max_host_calls: narrow(calls),
    }
}

/// The tools' names. Some manifests give an object with more than the name; only that is read.
fn tools(top: &Table<'_>, id: Option<&str>, findings: &mut ManifestFindings) -> Vec<String> {
    let tool = |value: &Value| {
        let name = match value {
            Value::String(name) => rules::tool(name)?,
            Value::Object(tool) => match tool.get("name") {
                Some(Value::String(name)) => rules::tool(name)?,
                _ => {
                    return Err(Flaw::new(&"a tool without a name", &"expected text under `name`"));
                }
            },
            other => return Err(wrong_kind(other, "a name, or a mapping with a `name`")),
        };
        let chars = id.map_or(0, |id| id.len() + "__".len() + name.len());
        if chars > TOOL_NAME_CHARS {
            return Err(Flaw::new(
                &format_args!(
                    "its full name `{}__{name}` has {chars} characters",
                    id.unwrap_or_default()
                ),
                &format_args!(
                    "expected at most {TOOL_NAME_CHARS}; shorten the tool's name or the id"
                ),
            ));
        }
        Ok(name)
    };
    top.list("tools", "a list of names", &tool, findings)
}

fn generated(text: &str) -> Result<GeneratedFrom, Flaw> {
    match text {
        "recipe" => Ok(GeneratedFrom::Recipe),
        _ => Err(Flaw::new(&format_args!("unknown word `{}`", quoted(text)), &"allowed: recipe")),
    }
}

/// What is made from a recipe is a tool, and asks for nothing but tools, each by its full name.
fn check_generated(
    capabilities: &[PluginCapability],
    permissions: &PluginPermissions,
    findings: &mut ManifestFindings,
) {
    let mut refuse = |key: &str, expected: &str| {
        let problem = "it is not for a plugin that is made from a recipe";
        findings.fault(key.to_owned(), Flaw::new(&problem, &expected));
    };
    if capabilities.iter().any(|it| *it != PluginCapability::Tool) {
        refuse("capabilities", "expected `tool` alone");
    }
    // In the order of `PERMISSION_KEYS`. Without `..`, so that a new permission is decided on here.
    let PluginPermissions {
        network,
        filesystem,
        env_vars,
        shell,
        secrets,
        tools,
        storage_kb,
        webhook,
        module_kb: _,
    } = permissions;
    let asked: [bool; PERMISSION_KEYS.len()] = [
        !network.is_empty(),
        !filesystem.is_empty(),
        !env_vars.is_empty(),
        *shell,
        !secrets.is_empty(),
        tools.iter().any(|it| it.ends_with('*')),
        storage_kb.is_some(),
        *webhook,
    ];
    for (key, _) in PERMISSION_KEYS.into_iter().zip(asked).filter(|(_, is_asked)| *is_asked) {
        refuse(&format!("permissions.{key}"), "expected `tools` alone, each by its full name");
    }
}

fn instance(text: &str) -> Result<InstanceMode, Flaw> {
    let words = InstanceMode::ALL.map(InstanceMode::as_str).join(", ");
    InstanceMode::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or_else(|| {
        Flaw::new(
            &format_args!("unknown mode `{}`", quoted(text)),
            &format_args!("allowed: {words}"),
        )
    })
}
