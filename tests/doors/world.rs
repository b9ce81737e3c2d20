//! A runtime with the guest `doors`, copies of it under other ids, and the guest `echo`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::sandbox::{AuditOutcome, MemoryAudit};
use weft_lite::{Approval, Runtime};

pub(crate) struct World {
    pub(crate) runtime: Runtime,
    audit: Arc<MemoryAudit>,
    _folder: TempDir,
}

/// Manifests to put beside the guest's own: an id, and what to change in the manifest.
pub(crate) struct Copies(pub(crate) Vec<(String, Value)>);

impl World {
    /// The guest `doors` as it is, and `echo`.
    pub(crate) fn new() -> Self {
        Self::with(Copies(vec![("doors".into(), json!({}))]), None)
    }

    /// These copies of the guest, and `echo`; with settings for the one that is named `doors`.
    pub(crate) fn with(Copies(copies): Copies, settings: Option<Value>) -> Self {
        let folder = TempDir::new().unwrap();
        let source = Path::new("tests/guests/doors");
        let manifest = fs::read_to_string(source.join("weft.plugin.json")).unwrap();
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(200).unwrap()));
        let approval = Approval { named: true, ..Approval::NONE };
        let mut builder = Runtime::builder()
            .without_bundled()
            .memory_budget_bytes(512 << 20)
            .approve(approval)
            .plugins("tests/guests/echo")
            .plugins("tests/guests/probe")
            .audit(Arc::clone(&audit) as _);
        for (id, changes) in copies {
            let mut manifest: Map<String, Value> = serde_json::from_str(&manifest).unwrap();
            manifest.insert("id".into(), id.as_str().into());
            manifest.extend(changes.as_object().unwrap().clone());
            let place = folder.path().join(&id);
            fs::create_dir(&place).unwrap();
            fs::write(place.join("weft.plugin.json"), Value::Object(manifest).to_string()).unwrap();
            fs::copy(source.join("plugin.wasm"), place.join("plugin.wasm")).unwrap();
            builder = builder.plugins(place);
        }
        if let Some(settings) = settings {
            builder = builder.plugin_settings("doors", settings.as_object().unwrap().clone());
        }
        let runtime = builder.build();
        runtime.block_on(runtime.load()).unwrap();
        Self { runtime, audit, _folder: folder }
    }

    /// Calls a tool by its full name.
    pub(crate) fn call(&self, tool: &str, params: &Value) -> Result<Value, CallError> {
        let call = self.runtime.host().call(tool, params.to_string());
        let text = self.runtime.block_on(call).result?;
        Ok(serde_json::from_str(&text).unwrap())
    }

    /// What came of a call of `tool` that the guest `doors` made: its text, or its error.
    pub(crate) fn through(&self, tool: &str, params: &Value) -> Result<String, String> {
        let outcome = self.call("doors__call", &json!({ "tool": tool, "params": params })).unwrap();
        result(&outcome)
    }

    /// The records of a function: outcome, summary and rule of each.
    pub(crate) fn records(&self, function: &str) -> Vec<(AuditOutcome, String, Option<String>)> {
        let records = self.audit.records().into_iter().filter(|it| it.function == function);
        records.map(|it| (it.outcome, it.summary, it.rule)).collect()
    }

    /// Why a plugin is not in service, and what to do.
    pub(crate) fn refusal(&self, id: &str) -> (String, String) {
        let registry = self.runtime.host().registry();
        let refused = registry.refused().iter().find(|it| it.id.as_deref() == Some(id));
        let error = &refused.unwrap().error;
        (error.to_string(), error.next_step())
    }
}

/// `{ok}` or `{error}`.
pub(crate) fn result(outcome: &Value) -> Result<String, String> {
    match (&outcome["ok"], &outcome["error"]) {
        (Value::String(text), _) => Ok(text.clone()),
        (_, Value::String(text)) => Err(text.clone()),
        _ => panic!("{outcome}"),
    }
}
