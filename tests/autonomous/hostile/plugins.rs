//! Plugins of strangers in a world.

use serde_json::{Value, json};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::{Approval, PluginPackage};

use crate::world::World;

/// A guest that returns what it gets.
pub(super) const ECHO: &[u8] = include_bytes!("../../guests/echo/plugin.wasm");
/// A guest that calls other tools.
pub(super) const DOORS: &[u8] = include_bytes!("../../guests/doors/plugin.wasm");

impl World {
    /// Adds a plugin with these permissions, in place of one of the same id.
    pub(super) fn add(
        &self,
        id: &str,
        module: &'static [u8],
        permissions: &Value,
        approval: Approval,
    ) {
        let mut capabilities = vec!["tool"];
        capabilities.extend((module == DOORS).then_some("pipeline_stage"));
        let manifest = json!({
            "id": id, "name": id, "version": "0.1.0", "capabilities": capabilities,
            "permissions": permissions, "wasm_module": "plugin.wasm",
        });
        let (text, origin) = (manifest.to_string(), PackageOrigin::Folder(id.into()));
        let limits = ReadLimits::default();
        let package =
            PluginPackage::read_parts(&text, ManifestFormat::Json, module, origin, limits).unwrap();
        let host = self.runtime.host();
        self.runtime.block_on(async {
            host.unload(id).await;
            host.load([(package, approval)], []).await;
        });
        let tools = host.registry();
        assert!(tools.plugin(id).is_some(), "{id}: {:?}", tools.refused());
    }
}
