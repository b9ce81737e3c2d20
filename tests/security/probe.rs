//! The probe plugin with permissions, limits and surroundings of a test's choice.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::errors::CallError;
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::{AuditRecord, ManualClock, MemoryAudit};
use weft_lite::{Approval, CallOutcome, PluginPackage, Runtime};

/// A runtime with the probe in it, a workspace, a clock that stands still, and an audit log.
pub(crate) struct Probe {
    pub(crate) runtime: Runtime,
    pub(crate) workspace: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    audit: Arc<MemoryAudit>,
}

impl Probe {
    pub(crate) fn new(permissions: &Value) -> Self {
        Self::with_resources(permissions, &json!({}))
    }

    pub(crate) fn with_resources(permissions: &Value, resources: &Value) -> Self {
        Self::hosting(&[package("probe", permissions, resources)])
    }

    pub(crate) fn hosting(packages: &[PluginPackage]) -> Self {
        let workspace = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(1_000).unwrap()));
        let environment = BTreeMap::from(
            [("CITY", "Ulm"), ("OPENAI_API_KEY", "sk-1"), ("OTHER", "x")]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let runtime = Runtime::builder()
            .without_bundled()
            .workspace(workspace.path())
            .environment(Arc::new(environment))
            .clock(Arc::clone(&clock) as _)
            .audit(Arc::clone(&audit) as _)
            .memory_budget_bytes(256 << 20)
            .build();
        let approved: Vec<_> =
            packages.iter().map(|package| (package.clone(), Approval::ALL)).collect();
        // The workspace is opened when the plugin is loaded.
        fs::create_dir(workspace.path().join("data")).unwrap();
        runtime.block_on(runtime.host().load(approved, []));
        let registry = runtime.host().registry();
        assert!(registry.refused().is_empty(), "{:?}", registry.refused());
        Self { runtime, workspace, clock, audit }
    }

    pub(crate) fn outcome(&self, tool: &str, params: &Value) -> CallOutcome {
        self.runtime.block_on(self.runtime.host().call(tool, params.to_string()))
    }

    pub(crate) fn call(&self, tool: &str, params: &Value) -> Result<Value, CallError> {
        self.outcome(tool, params).result.map(|text| serde_json::from_str(&text).unwrap())
    }

    /// The text with which the guest gave up.
    #[track_caller]
    pub(crate) fn refusal(&self, tool: &str, params: &Value) -> String {
        match self.call(tool, params) {
            Err(CallError::Guest { message } | CallError::Denied { message, .. }) => message,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    pub(crate) fn audit(&self) -> Vec<AuditRecord> {
        self.audit.records()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.workspace.path().join(name)
    }
}

pub(crate) fn package(id: &str, permissions: &Value, resources: &Value) -> PluginPackage {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let module = fs::read(root.join("tests/guests/probe/plugin.wasm")).unwrap();
    let manifest = json!({
        "id": id, "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": permissions, "resources": resources,
    })
    .to_string();
    let origin = PackageOrigin::Folder(root.join("tests/guests").join(id));
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
}
