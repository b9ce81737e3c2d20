//! What the packages of proposals can't check themselves: that a proposed skill runs what its recipe says.

use crate::contract::PluginManifest;
use crate::package::{Proposal, ReadLimits};
use crate::recipe::{RecipeIdentity, compile};
use crate::wasm::CompiledModule;

/// Checks that the code of a proposed skill is what its recipe compiles to, and can run: what the user reads is
/// what is approved.
///
/// # Errors
///
/// What is different, or keeps the module from running.
pub fn check_proposal(proposal: &Proposal, limits: ReadLimits) -> Result<(), String> {
    let written = proposal.text("weft.plugin.json");
    let manifest = PluginManifest::from_json(written).map_err(|error| error.to_string())?.manifest;
    let version = manifest.version.to_string();
    let identity = RecipeIdentity {
        name: &proposal.draft.name,
        version: Some(&version),
        description: manifest.description.as_deref(),
    };
    let compiled = compile(proposal.text("recipe.yaml"), &identity);
    let compiled = compiled.map_err(|error| format!("recipe.yaml: {error}"))?;
    let module = proposal.file("plugin.wasm").unwrap_or_default();
    if compiled.module != module || compiled.manifest != written {
        return Err("its code is not what its recipe.yaml compiles to".into());
    }
    let module = CompiledModule::with_limit(module, limits.module_bytes);
    module.map(drop).map_err(|error| error.to_string())
}
