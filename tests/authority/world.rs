//! A workspace, a home and a probe in a `--plugins` folder, as a runtime loads it.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::errors::{ActionableError, CallError};
use weft_lite::package::WorkspaceTrust;
use weft_lite::sandbox::{AuditOutcome, MemoryAudit};
use weft_lite::{Approval, Runtime, RuntimeBuilder};

pub(crate) const AUTHORITY: &str =
    "filesystem access denied: what weft-lite takes authority from is open to no plugin";
const NEVER_OPEN: &str = "open to no plugin";
pub(crate) const OWN: &str = "filesystem access denied: a plugin's own folder is read-only; keep what is written in `$PLUGIN_DATA`";
pub(crate) const KERNEL: &str =
    "filesystem access denied: the kernel's files are open to no plugin";

pub(crate) struct World {
    root: TempDir,
    /// Where the probe is, beneath the root.
    plugin: &'static str,
}

pub(crate) struct Loaded {
    runtime: Runtime,
    audit: Arc<MemoryAudit>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_plugin_in("plugins/probe")
    }

    pub(crate) fn with_plugin_in(plugin: &'static str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["home", "work", plugin] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self { root, plugin }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file with its folders.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Loads the probe with these grants; `--plugins` names the folder around it.
    pub(crate) fn load(&self, grants: &Value) -> Loaded {
        self.load_with(grants, |builder| {
            let folder = self.path(self.plugin);
            builder.weft_home(self.path("home/.weft")).plugins(folder.parent().unwrap())
        })
    }

    pub(crate) fn load_with(
        &self,
        grants: &Value,
        options: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder,
    ) -> Loaded {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/probe/plugin.wasm");
        fs::copy(module, self.path(self.plugin).join("plugin.wasm")).unwrap();
        let manifest = json!({
            "id": "probe", "name": "Probe", "version": "0.1.0", "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": { "filesystem": grants },
        });
        self.write(&format!("{}/weft.plugin.json", self.plugin), &manifest.to_string());
        let audit = Arc::new(MemoryAudit::new(NonZeroUsize::new(1_000).unwrap()));
        let builder = Runtime::builder()
            .without_bundled()
            .workspace(self.path("work"))
            .user_home(self.path("home"))
            .trust_workspace(WorkspaceTrust::Trusted)
            .approve(Approval::ALL)
            .audit(Arc::clone(&audit) as _);
        let runtime = options(builder).build();
        runtime.block_on(runtime.load());
        let loaded = Loaded { runtime, audit };
        assert!(loaded.runtime.host().registry().plugin("probe").is_some(), "it is not loaded");
        loaded
    }
}

impl Loaded {
    /// The warnings with which the probe was loaded.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.runtime.host().registry().plugin("probe").unwrap().warnings.to_vec()
    }

    fn call(&self, tool: &str, params: &Value) -> Result<Value, String> {
        let tool = format!("probe__{tool}");
        let call = self.runtime.host().call(&tool, params.to_string());
        match self.runtime.block_on(call).result {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap()),
            Err(error @ CallError::Denied { .. }) if error.to_string().ends_with(NEVER_OPEN) => {
                // No edit of the manifest opens this, so none is proposed.
                assert!(error.next_step().contains("`$PLUGIN_DATA`"), "{}", error.next_step());
                let CallError::Denied { message, .. } = error else { unreachable!() };
                Err(message)
            }
            Err(CallError::Guest { message } | CallError::Denied { message, .. }) => Err(message),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String, String> {
        let read = self.call("read", &json!({ "path": path.as_ref() }))?;
        Ok(read["content"].as_str().unwrap().to_owned())
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, content: &str) -> Result<(), String> {
        self.call("write", &json!({ "path": path.as_ref(), "content": content })).map(drop)
    }

    /// Neither reads nor writes it, and both are in the audit log with the rule.
    #[track_caller]
    pub(crate) fn denied(&self, path: impl AsRef<Path>, rule: &str) {
        let path = path.as_ref();
        assert_eq!(self.read(path), Err(rule.into()), "reading {}", path.display());
        self.is_recorded(rule);
        self.not_written(path, rule);
    }

    #[track_caller]
    pub(crate) fn not_written(&self, path: impl AsRef<Path>, rule: &str) {
        let path = path.as_ref();
        assert_eq!(self.write(path, "forged"), Err(rule.into()), "writing {}", path.display());
        self.is_recorded(rule);
    }

    #[track_caller]
    fn is_recorded(&self, rule: &str) {
        let records = self.audit.records();
        let last = records.last().unwrap();
        assert_eq!((last.outcome, last.rule.as_deref()), (AuditOutcome::Denied, Some(rule)));
    }
}
