//! Recipes in skills' folders, compiled by the library and run by a runtime with the bundled plugins.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::errors::ActionableError;
use weft_lite::recipe::{CompiledRecipe, RecipeError, RecipeIdentity, compile};
use weft_lite::sandbox::{AuditOutcome, MemoryAudit};
use weft_lite::{Approval, Runtime};

/// The tools of the bundled plugins.
pub(crate) const STATS: &str = "text-stats__text_stats";
pub(crate) const QUERY: &str = "json-query__json_query";

/// Compiles a recipe that is named `made`.
pub(crate) fn made(recipe: &Value) -> Result<CompiledRecipe, RecipeError> {
    made_of(&recipe.to_string())
}

pub(crate) fn made_of(text: &str) -> Result<CompiledRecipe, RecipeError> {
    let identity = RecipeIdentity { name: "made", version: None, description: Some("Does it") };
    compile(text, &identity)
}

/// The steps and the result, with text parameters of these names.
pub(crate) fn recipe(parameters: &[&str], steps: Value, result: Value) -> Value {
    let parameters: serde_json::Map<_, _> =
        parameters.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect();
    json!({ "parameters": parameters, "steps": steps, "result": result })
}

/// A runtime with compiled recipes, the bundled plugins and the guest `echo`.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    audit: Arc<MemoryAudit>,
    _folder: TempDir,
}

impl World {
    /// With one recipe, which is named `made`.
    #[track_caller]
    pub(crate) fn with(recipe: &Value) -> Self {
        Self::of(&made(recipe).unwrap())
    }

    pub(crate) fn of(compiled: &CompiledRecipe) -> Self {
        Self::of_parts(&compiled.manifest, &compiled.module)
    }

    pub(crate) fn of_parts(manifest: &str, module: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        let place = folder.path().join("made");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("weft.plugin.json"), manifest).unwrap();
        fs::write(place.join("plugin.wasm"), module).unwrap();
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(400).unwrap()));
        let runtime = Runtime::builder()
            .approve(Approval { named: true, ..Approval::NONE })
            .plugins("tests/guests/echo")
            .plugins("tests/guests/probe")
            .plugins(&place)
            .audit(Arc::clone(&audit) as _)
            .build();
        runtime.block_on(runtime.load()).unwrap();
        Self { runtime, audit, _folder: folder }
    }

    /// Calls a tool by its full name.
    pub(crate) fn tool(&self, tool: &str, params: &Value) -> Result<Value, String> {
        let call = self.runtime.host().call(tool, params.to_string());
        let text = self.runtime.block_on(call).result.map_err(|error| error.to_string())?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    /// Runs the recipe.
    pub(crate) fn run(&self, params: &Value) -> Result<Value, String> {
        self.tool("made__made", params)
    }

    /// Calls of tools by the recipe that were allowed.
    pub(crate) fn calls(&self) -> usize {
        let records = self.audit.records();
        records
            .iter()
            .filter(|it| it.function == "tools.call" && it.outcome == AuditOutcome::Ok)
            .count()
    }

    /// Why the plugin is not in service.
    pub(crate) fn refusal(&self) -> String {
        let registry = self.runtime.host().registry();
        let refused = registry.refused();
        let all = refused.iter().map(|it| format!("{} {}", it.error, it.error.next_step()));
        all.collect::<Vec<_>>().join("\n")
    }
}
