//! The tools: names, parameters, and the error for an unknown tool.
//!
//! A tool that clients could not call, because of its schema or its header names, is left out with a
//! warning.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::CatalogEntry;
use super::headers::{self, HeaderParameter};
use super::names::{self, WantedName};
use super::retired::Retired;
use super::skills::OfferedSkill;
use crate::actor::{LoadedPlugin, PluginRegistry, ToolEntry};
use crate::contract::{
    ActionableError, CallError, SortedMap, ToolDescription, ToolNames, full_tool_name, sort_by,
};
use crate::mcp::message::RpcError;
use crate::mcp::object::Object;
use crate::mcp::options::McpOptions;
use crate::mcp::revision::Revision;
use crate::schema::{Schema, SchemaPolicy};

/// The owner of the tools that are skills.
const SKILL_OWNER: &str = "skill";

/// One tool that clients can call.
#[derive(Debug)]
pub(in crate::mcp) struct OfferedTool {
    /// The name in the list.
    name: String,
    /// The name with its owner.
    full_name: String,
    /// What a call does.
    pub(in crate::mcp) action: ToolAction,
    /// What its arguments have to be, where that is more than any object.
    pub(in crate::mcp) input: Option<Arc<Schema>>,
    /// The arguments that clients over HTTP repeat in headers.
    #[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "only HTTP has headers"))]
    pub(in crate::mcp) headers: Vec<HeaderParameter>,
    /// What its results have to be, where the guest has promised something.
    pub(in crate::mcp) output: Option<Arc<Schema>>,
    /// The entry of `tools/list` since 2026-07-28.
    modern: String,
    /// The entry for earlier revisions: output schemas only of objects, and no property whose schema is
    /// a boolean.
    legacy: String,
}

/// What a call of a tool does.
#[derive(Debug)]
pub(in crate::mcp) enum ToolAction {
    /// It runs a guest.
    Run {
        /// The name that the plugin host knows the tool by.
        full_name: String,
        /// Units of fuel that it may use.
        max_fuel: u64,
        /// Which load of its plugin it is of, where it may ask for input.
        asks: Option<String>,
    },
    /// It gives the text of a skill.
    Instruct(OfferedSkill),
}

impl CatalogEntry for OfferedTool {
    fn key(&self) -> &str {
        &self.name
    }

    fn json(&self, revision: Revision) -> &str {
        if revision.is_modern() { &self.modern } else { &self.legacy }
    }
}

/// Every tool, sorted by name.
#[derive(Debug, Default)]
pub(in crate::mcp) struct Tools {
    pub(in crate::mcp) listed: Vec<OfferedTool>,
    /// The listed names, and the full ones: where in `listed`.
    by_name: SortedMap<String, usize>,
    /// Names of earlier generations, for a better error.
    retired: Retired,
    /// Why some are not offered, or not checked in full: a sentence each.
    remarks: Vec<String>,
}

impl Tools {
    /// The tools of a registry and of its skills. `earlier` is what was offered before: its names are
    /// retired where they are gone, and its warnings are not repeated.
    pub(super) fn new(
        registry: &PluginRegistry,
        skills: &[OfferedSkill],
        options: &McpOptions,
        earlier: &Self,
    ) -> Self {
        let mut entries = registry.tools();
        entries.retain(ToolEntry::is_for_models);
        let mut owners: SortedMap<&str, usize> = SortedMap::new();
        for entry in &entries {
            *owners.entry(&entry.description().name).or_default() += 1;
        }
        let is_full_name = |name: &str| entries.iter().any(|entry| entry.full_name() == name);
        let preferred = |entry: &ToolEntry| {
            let bare = &entry.description().name;
            // A name without its owner has to mean one tool, or clients would call another one.
            let unique = owners.get(bare.as_str()) == Some(&1) && !is_full_name(bare);
            match options.tool_names {
                ToolNames::Bare if unique => bare.clone(),
                _ => entry.full_name(),
            }
        };
        let for_instructions: Vec<&OfferedSkill> =
            skills.iter().filter(|skill| skill.is_offered_to_models()).collect();
        let plugins = entries
            .iter()
            .map(|entry| WantedName { preferred: preferred(entry), full: entry.full_name() });
        let of_skills = for_instructions.iter().map(|skill| {
            let full = full_tool_name(SKILL_OWNER, &skill.name);
            WantedName { preferred: full.clone(), full }
        });
        let wanted: Vec<WantedName> = plugins.chain(of_skills).collect();
        let mut names = names::offered(&wanted, options.name_length).into_iter();
        let mut remarks = Vec::new();
        let mut listed = Vec::with_capacity(entries.len());
        for (entry, name) in entries.iter().zip(names.by_ref()) {
            match OfferedTool::new(entry, name, options.schema_policy) {
                Ok(tool) => {
                    let unchecked = tool.input.iter().chain(&tool.output);
                    let unchecked = unchecked.flat_map(|schema| schema.unchecked());
                    remarks.extend(unchecked.map(|part| format!("{}: {part}", tool.full_name)));
                    listed.push(tool);
                }
                Err(problem) => {
                    remarks.push(format!("{} is not offered: {problem}", entry.full_name()));
                }
            }
        }
        for (skill, name) in for_instructions.into_iter().zip(names) {
            let tool = OfferedTool::for_instructions(skill, name);
            // A plugin whose id is `skill` comes first; the skill is a prompt still.
            match listed.iter().any(|other: &OfferedTool| other.full_name == tool.full_name) {
                true => {
                    remarks.push(format!("{} is a plugin's tool, and no skill", tool.full_name));
                }
                false => listed.push(tool),
            }
        }
        // Warnings of an earlier generation are not repeated.
        for remark in remarks.iter().filter(|remark| !earlier.remarks.contains(remark)) {
            log::warn!("{remark}");
        }
        sort_by(&mut listed, |one, other| one.name.cmp(&other.name));
        let names = |tool: &OfferedTool| [tool.name.clone(), tool.full_name.clone()];
        let places = listed.iter().enumerate();
        // No tool is offered under the full name of another, so no name means two tools.
        let by_name: SortedMap<String, usize> =
            places.flat_map(|(at, tool)| names(tool).map(|name| (name, at))).collect();
        let gone = earlier.by_name.keys().map(String::as_str);
        let retired = earlier.retired.with(gone.filter(|name| !by_name.contains_key(*name)));
        Self { listed, by_name, retired, remarks }
    }

    /// The tool of this listed or full name.
    pub(in crate::mcp) fn find(&self, name: &str) -> Option<&OfferedTool> {
        self.by_name.get(name).and_then(|&at| self.listed.get(at))
    }

    /// What to say of a name that `find` doesn't know: `-32602`, with the names to use instead.
    pub(in crate::mcp) fn unknown(&self, name: &str, registry: &PluginRegistry) -> RpcError {
        let bare = name.rsplit_once("__").map_or(name, |(_, bare)| bare);
        let same_bare = |tool: &&OfferedTool| {
            tool.full_name.rsplit_once("__").is_some_and(|(_, other)| other == bare)
        };
        let successors: Vec<&str> =
            self.listed.iter().filter(same_bare).map(|tool| tool.name.as_str()).collect();
        let was = if self.retired.contains(name) {
            format!("tool `{name}` is not offered any more")
        } else {
            format!("there is no tool `{name}`")
        };
        let found = registry.find_tool(name);
        // What its own plugin waits for comes before what another one offers.
        let refused = matches!(&found, Err(CallError::NotLoaded(_) | CallError::Denied { .. }));
        if !successors.is_empty() && !refused {
            let message = format!("{was}: call `{}` instead", successors.join("` or `"));
            return RpcError::invalid_params(message)
                .with_data(json!({ "successors": successors }));
        }
        match found {
            Err(CallError::UnknownTool { similar, .. }) => {
                let offered = |full: &String| Some(self.find(full)?.name.as_str());
                let similar: Vec<&str> = similar.iter().filter_map(offered).collect();
                RpcError::invalid_params(match similar.as_slice() {
                    [] => format!("{was}: see `tools/list`"),
                    similar => format!("{was}: did you mean `{}`?", similar.join("` or `")),
                })
            }
            // Its plugin was found and waits for approval, or could not be loaded.
            Err(error) => RpcError::invalid_params(format!("{was}: {error}")),
            Ok(_) => RpcError::invalid_params(format!("{was}: its schema can't be offered")),
        }
    }
}

impl OfferedTool {
    /// The tool as it is offered, or why no client could call it.
    ///
    /// # Errors
    ///
    /// Parameters that are no object, a schema that can't be compiled under `policy`, or an annotation
    /// for headers that clients refuse.
    fn new(entry: &ToolEntry, name: String, policy: SchemaPolicy) -> Result<Self, String> {
        let ToolDescription { description, input_schema, output_schema, .. } = entry.description();
        let input = object_schema(input_schema).ok_or("its parameters are not an object")?;
        let compiled = |schema: &Value| {
            Schema::compile(schema, policy)
                .map_err(|error| format!("{error}; {}", error.next_step()))
        };
        let annotations = annotations(&entry.plugin, entry.description());
        let written = |input: &Value, output: Option<&Value>| {
            let mut tool = Object::new();
            tool.member("name", &name).member("title", &entry.full_name());
            if !description.is_empty() {
                tool.member("description", description);
            }
            tool.member("inputSchema", input).optional("outputSchema", output);
            tool.member("annotations", &annotations);
            tool.end()
        };
        let legacy_output = output_schema.as_ref().filter(|schema| schema["type"] == "object");
        let legacy_output = legacy_output.map(plain_properties);
        Ok(Self {
            modern: written(&input, output_schema.as_ref()),
            legacy: written(&plain_properties(&input), legacy_output.as_ref()),
            input: (!is_any_object(&input)).then(|| compiled(&input)).transpose()?.map(Arc::new),
            headers: headers::parameters(&input)?,
            output: output_schema.as_ref().map(compiled).transpose()?.map(Arc::new),
            full_name: entry.full_name(),
            action: ToolAction::Run {
                full_name: entry.full_name(),
                max_fuel: entry.plugin.manifest.resources.max_fuel,
                asks: entry
                    .description()
                    .asks_for_input
                    .then(|| format!("{} {}", entry.plugin.load, entry.plugin.manifest.version)),
            },
            name,
        })
    }

    /// The tool that gives a skill's text, with its variables as parameters.
    ///
    /// Its hints say that it changes nothing: it only reads the skill's text.
    fn for_instructions(skill: &OfferedSkill, name: String) -> Self {
        let full_name = full_tool_name(SKILL_OWNER, &skill.name);
        let inputs = skill.inputs();
        let properties: Map<String, Value> =
            inputs.iter().map(|input| (input.name.to_owned(), input.schema())).collect();
        let required: Vec<&str> =
            inputs.iter().filter(|input| input.required).map(|input| input.name).collect();
        let schema = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        let hints =
            json!({ "readOnlyHint": true, "destructiveHint": false, "openWorldHint": false });
        let mut json = Object::new();
        json.member("name", &name)
            .member("title", &full_name)
            .member("description", &skill.document.description)
            .member("inputSchema", &schema)
            .member("annotations", &hints);
        let json = json.end();
        Self {
            full_name,
            name,
            action: ToolAction::Instruct(skill.clone()),
            // It is ours, and has nothing that could not be compiled.
            input: Schema::compile(&schema, SchemaPolicy::Lenient).ok().map(Arc::new),
            headers: Vec::new(),
            output: None,
            modern: json.clone(),
            legacy: json,
        }
    }
}

/// Whether an object's schema has no further rules.
fn is_any_object(schema: &Value) -> bool {
    schema.as_object().into_iter().flatten().all(|(keyword, value)| match keyword.as_str() {
        "type" | "title" | "description" | "$schema" | "$comment" => true,
        "properties" => value.as_object().is_some_and(Map::is_empty),
        "required" => value.as_array().is_some_and(Vec::is_empty),
        _ => false,
    })
}

/// What a client may show beside the tool. The sandbox vouches for it: a plugin without files and hosts
/// changes nothing, whatever it declares.
fn annotations(plugin: &LoadedPlugin, tool: &ToolDescription) -> Value {
    let permissions = &plugin.manifest.permissions;
    let confined = permissions.filesystem.is_empty() && permissions.network.is_empty();
    let read_only = tool.read_only || confined;
    json!({
        "readOnlyHint": read_only,
        "destructiveHint": !read_only,
        "openWorldHint": !permissions.network.is_empty(),
    })
}

/// The schema as clients want it: of an object, which it says, and with `properties`. `None` if it is
/// of something else.
fn object_schema(schema: &Value) -> Option<Value> {
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return None;
    }
    let head = [("type".to_owned(), json!("object")), ("properties".to_owned(), json!({}))];
    let rest = match schema {
        Value::Null | Value::Bool(true) => Map::new(),
        schema => schema.as_object()?.clone(),
    };
    Some(Value::Object(head.into_iter().chain(rest).collect()))
}

/// The schema with no property that is `true` or `false`, which legacy revisions have no word for.
fn plain_properties(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for property in properties.values_mut() {
            match property {
                Value::Bool(true) => *property = json!({}),
                Value::Bool(false) => *property = json!({ "not": {} }),
                _ => {}
            }
        }
    }
    schema
}
