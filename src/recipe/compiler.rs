//! From a recipe's text to a plugin: its manifest and its module.

use serde_json::{Map, Value, json};

use super::bounds::{MODULE_BYTES, PLAN_BYTES};
use super::error::RecipeError;
use super::faults::Faults;
use super::reader::{self, CheckedRecipe, RecipeParameter};
use super::steps::{RecipeStep, StepAction};
use super::{module, plan};
use crate::contract::limits::TOOL_NAME_CHARS;
use crate::contract::{SortedSet, json_line, json_lines, shown};
use crate::skill::slug;

/// The version of a plugin whose skill has none that is a version of a plugin.
const FIRST_VERSION: &str = "0.1.0";

/// What a recipe's folder says of it.
#[derive(Debug, Clone, Copy)]
pub struct RecipeIdentity<'i> {
    /// The skill's name, which becomes the plugin's id. Its tool has the same name, with `_` for `-`.
    pub name: &'i str,
    /// The skill's version; `0.1.0` if there is none, or it is not a semantic version.
    pub version: Option<&'i str>,
    /// What it does, if the recipe itself does not say.
    pub description: Option<&'i str>,
}

/// A compiled recipe. The same recipe always gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledRecipe {
    /// The text of `weft.plugin.json`.
    pub manifest: String,
    /// The bytes of `plugin.wasm`, at most 24 KB.
    pub module: Vec<u8>,
    /// The name of its tool.
    pub tool: String,
    /// The full names of the tools that it calls.
    pub tools: Vec<String>,
}

/// Compiles a recipe.
///
/// # Errors
///
/// [`RecipeError`] with every fault of the text, and of the name.
pub fn compile(text: &str, identity: &RecipeIdentity<'_>) -> Result<CompiledRecipe, RecipeError> {
    let mut faults = Faults::default();
    check_name(identity.name, &mut faults);
    let recipe = reader::read(text, identity.name, &mut faults);
    let compiled = recipe.and_then(|recipe| plugin(&recipe, identity, &mut faults));
    faults.finish(compiled)
}

/// A full tool name has the name twice.
fn check_name(name: &str, faults: &mut Faults) {
    let most = (TOOL_NAME_CHARS - "__".len()) / 2;
    let expected =
        format_args!("expected a folder named with a-z, 0-9 and single hyphens, at most {most}");
    if name == "skill" || slug(name) != name {
        faults.add("", &format_args!("`{}` can't be its name", shown(name)), &expected);
    } else if name.len() > most {
        faults.add("", &format_args!("its name has {} characters", name.len()), &expected);
    }
}

fn plugin(
    recipe: &CheckedRecipe,
    identity: &RecipeIdentity<'_>,
    faults: &mut Faults,
) -> Option<CompiledRecipe> {
    let name = identity.name;
    let Some(what) = recipe.description.as_deref().or(identity.description) else {
        faults.add("description", &"missing", &"expected a text that says what the recipe does");
        return None;
    };
    let version = identity.version.filter(|it| semver::Version::parse(it).is_ok());
    let version = version.unwrap_or(FIRST_VERSION);
    let tool = name.replace('-', "_");
    let names = &recipe.names[..recipe.parameters.len().min(recipe.names.len())];
    let schemas = recipe.parameters.iter().map(RecipeParameter::schema);
    let properties: Map<String, Value> = names.iter().cloned().zip(schemas).collect();
    let description = json!({
        "name": name, "version": version,
        "tools": [{
            "name": tool, "description": what,
            "input_schema": {
                "type": "object", "properties": properties, "required": names,
                "additionalProperties": false,
            },
        }],
    });
    let mut tools = SortedSet::default();
    collect_tools(&recipe.steps, &mut tools);
    let tools: Vec<String> = tools.into_iter().collect();
    let permissions = if tools.is_empty() { json!({}) } else { json!({ "tools": tools }) };
    let manifest = json!({
        "id": name, "name": name, "version": version, "description": what,
        "capabilities": ["tool"], "generated": "recipe", "permissions": permissions,
        "wasm_module": "plugin.wasm", "tools": [tool],
    });
    let manifest = format!("{}\n", json_lines(&manifest));
    let plan = plan::plan(recipe, &tools, &tool, &json_line(&description));
    let module = module::with_plan(&plan).filter(|module| module.len() <= MODULE_BYTES);
    let Some(module) = module else {
        let problem = format_args!("its plan has {} bytes, which is too large", plan.len());
        let expected = format_args!(
            "expected a module of at most {MODULE_BYTES} bytes and a plan of at most {PLAN_BYTES}; \
             shorten texts, or split the recipe"
        );
        faults.add("", &problem, &expected);
        return None;
    };
    Some(CompiledRecipe { manifest, module, tool, tools })
}

fn collect_tools(steps: &[RecipeStep], tools: &mut SortedSet<String>) {
    for step in steps {
        match &step.action {
            StepAction::Call { tool, .. } => {
                tools.insert(tool.clone());
            }
            StepAction::Each { steps, .. } => collect_tools(steps, tools),
            _ => {}
        }
    }
}
