//! A host with one of the example guests in it, or with a guest as text.

use std::env;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::errors::{CallError, LoadError, PluginError};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::sandbox::ManualClock;
use weft_lite::{Approval, PluginHost, PluginPackage, Runtime, RuntimeBuilder};

use crate::guest::Guest;

/// Soon spent, and enough for every honest part of a guest.
pub(crate) const MAX_FUEL: u64 = 20_000_000;

/// A runtime and the folder that its guests call `$WORKSPACE`.
pub(crate) struct World {
    pub(crate) runtime: Runtime,
    workspace: TempDir,
}

impl World {
    pub(crate) fn empty() -> Self {
        let workspace = tempfile::tempdir().unwrap();
        let runtime = runtime(workspace.path());
        Self { runtime, workspace }
    }

    /// The example guest of this name, with its own manifest. Folders that it may reach are there.
    pub(crate) fn with_example(name: &str) -> Self {
        let world = Self::empty();
        fs::create_dir(world.path(name)).unwrap();
        world.load_example(name);
        world
    }

    /// The same with a clock of the test's own.
    pub(crate) fn with_example_and_clock(name: &str, clock: Arc<ManualClock>) -> Self {
        let workspace = tempfile::tempdir().unwrap();
        let runtime = builder(workspace.path()).clock(clock).build();
        let world = Self { runtime, workspace };
        world.load_example(name);
        world
    }

    fn load_example(&self, name: &str) {
        let package = PluginPackage::read(&example(name), ReadLimits::default()).unwrap();
        self.block_on(self.host().load([(package, Approval::ALL)], []));
        let registry = self.host().registry();
        assert!(registry.refused().is_empty(), "{:?}", registry.refused());
        assert!(registry.plugin(name).unwrap().warnings.is_empty());
    }

    /// The same workspace after the program was started again.
    pub(crate) fn started_again(self, name: &str) -> Self {
        let runtime = runtime(self.workspace.path());
        let world = Self { runtime, workspace: self.workspace };
        world.load_example(name);
        world
    }

    /// A host with `guest` as plugin `test`; `capabilities` are its manifest's.
    pub(crate) fn with_guest(guest: &Guest, capabilities: &[&str]) -> Self {
        let world = Self::empty();
        assert_eq!(world.try_load(guest, capabilities), Ok(()));
        world
    }

    /// Loads a guest, or says why not.
    pub(crate) fn try_load(&self, guest: &Guest, capabilities: &[&str]) -> Result<(), LoadError> {
        let manifest = json!({
            "id": "test", "name": "Test", "version": "1.2.3", "capabilities": capabilities,
            "wasm_module": "plugin.wasm", "channel": { "poll_seconds": 0.1 },
            "resources": { "max_fuel": MAX_FUEL },
        });
        let origin = PackageOrigin::Folder("/test".into());
        let package = PluginPackage::read_parts(
            &manifest.to_string(),
            ManifestFormat::Json,
            guest.wasm(),
            origin,
            ReadLimits::default(),
        )
        .unwrap();
        self.block_on(self.host().load([(package, Approval::ALL)], []));
        match self.host().registry().refused().last() {
            Some(refused) => Err(refused.error.clone()),
            None => Ok(()),
        }
    }

    pub(crate) fn host(&self) -> &PluginHost {
        self.runtime.host()
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.workspace.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    #[track_caller]
    pub(crate) fn read_json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }
}

fn runtime(workspace: &Path) -> Runtime {
    builder(workspace).build()
}

fn builder(workspace: &Path) -> RuntimeBuilder {
    Runtime::builder().without_bundled().workspace(workspace)
}

/// The folder of an example guest, committed or rebuilt.
fn example(name: &str) -> PathBuf {
    match env::var_os("WEFT_REBUILT_GUESTS") {
        Some(rebuilt) => Path::new(&rebuilt).join("guests").join(name),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name),
    }
}

/// The words with which a guest failed.
#[track_caller]
pub(crate) fn guest_error<T: std::fmt::Debug>(result: Result<T, PluginError>) -> String {
    match result {
        Err(PluginError::Call(CallError::Guest { message })) => message,
        other => panic!("expected an error of the guest, got {other:?}"),
    }
}
