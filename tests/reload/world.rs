//! A `$WEFT_HOME` and a workspace on the disk, and a runtime that loads and watches them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_lite::future::or;
use serde_json::{Value, json};
use smol::Timer;
use tempfile::TempDir;
use weft_lite::actor::WatchMode;
use weft_lite::config::WatchConfig;
use weft_lite::errors::CallError;
use weft_lite::package::{Approvals, PackageContent, WorkspaceTrust};
use weft_lite::skill::SkillEntry;
use weft_lite::{PluginHost, PluginPermissions, Runtime, RuntimeBuilder, Snapshot, Subscription};

/// Far longer than anything here takes, and short enough that a failing test ends.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct World(TempDir);

impl World {
    pub(crate) fn new() -> Self {
        let world = Self(TempDir::new().unwrap());
        fs::create_dir_all(world.path("work")).unwrap();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file with its folders.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// As `write`, in one step: what watches sees the old content or the new one, never a part.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let new = self.write("new", content);
        fs::rename(new, &path).unwrap();
        path
    }

    /// A skill in `folder`, with the folder's name and this text.
    pub(crate) fn skill(&self, folder: &str, text: &str) -> PathBuf {
        let name = Path::new(folder).file_name().unwrap().to_str().unwrap();
        self.put(&format!("{folder}/SKILL.md"), skill(name, text))
    }

    /// A plugin in `folder`, whose id is the folder's name.
    pub(crate) fn plugin(&self, folder: &str, version: &str, module: &[u8], permissions: &Value) {
        let id = Path::new(folder).file_name().unwrap().to_str().unwrap();
        self.put(&format!("{folder}/plugin.wasm"), module);
        self.put(&format!("{folder}/weft.plugin.json"), manifest(id, version, permissions));
    }

    /// Approves permissions for what lies in a folder, as it is now.
    pub(crate) fn approve(&self, id: &str, folder: &str, permissions: &PluginPermissions) {
        let (home, folder) = (self.path("home"), self.path(folder));
        let content = PackageContent::read(&folder, &home, None);
        Approvals::grant(&home, id, permissions, &content).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        let path = self.path(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }

    /// A runtime with `home` as `$WEFT_HOME` and `work` as a trusted workspace.
    pub(crate) fn builder(&self) -> RuntimeBuilder {
        Runtime::builder()
            .without_bundled()
            .weft_home(self.path("home"))
            .workspace(self.path("work"))
            .trust_workspace(WorkspaceTrust::Trusted)
            .watch(WatchConfig { poll_interval: Duration::from_millis(50), ..Default::default() })
    }

    /// Runs `test` with everything loaded.
    pub(crate) fn load<T>(&self, test: impl AsyncFnOnce(Live) -> T) -> T {
        Self::run(self.builder(), Watching::Not, test)
    }

    /// Runs `test` with everything loaded and watched.
    pub(crate) fn watch<T>(&self, test: impl AsyncFnOnce(Live) -> T) -> T {
        Self::run(self.builder(), Watching::Is, test)
    }

    /// Runs `test` with everything loaded and polled.
    pub(crate) fn poll<T>(&self, test: impl AsyncFnOnce(Live) -> T) -> T {
        Self::run(self.builder().watch_mode(WatchMode::Polling), Watching::Is, test)
    }

    pub(crate) fn run<T>(
        builder: RuntimeBuilder,
        watching: Watching,
        test: impl AsyncFnOnce(Live) -> T,
    ) -> T {
        let runtime = builder.build();
        runtime.block_on(async {
            runtime.load().await.unwrap();
            let watcher = (watching == Watching::Is).then(|| runtime.watch());
            if let Some(watcher) = &watcher {
                patiently("the watcher", watcher.ready()).await;
            }
            let host = runtime.host().clone();
            let subscription = host.subscribe();
            let live = Live { runtime: &runtime, host, subscription };
            test(live).await
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watching {
    Is,
    Not,
}

/// What runs, and what is heard of it.
pub(crate) struct Live<'r> {
    pub(crate) runtime: &'r Runtime,
    pub(crate) host: PluginHost,
    pub(crate) subscription: Subscription,
}

impl Live<'_> {
    pub(crate) async fn reload(&self) {
        self.runtime.load().await.unwrap();
    }

    /// Waits until a snapshot has `what`.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Snapshot) -> bool) {
        patiently(what, async {
            while !is_so(&self.host.snapshot()) {
                self.subscription.next().await.unwrap();
            }
        })
        .await;
    }

    /// Waits until the skill of this name is in this state; `gone` is one of them.
    pub(crate) async fn until_skill(&mut self, name: &str, state: &str) {
        let is_so = |snapshot: &Snapshot| {
            snapshot.skills.get(name).map_or("gone", |entry| entry.state.as_str()) == state
        };
        self.until(&format!("{name} is {state}"), is_so).await;
    }

    /// Waits until this is what the skill says.
    pub(crate) async fn until_text(&mut self, name: &str, text: &str) {
        let is_so = |snapshot: &Snapshot| {
            let document = snapshot.skills.get(name).and_then(|entry| entry.document.clone());
            document.is_some_and(|document| document.instructions.trim() == text)
        };
        self.until(&format!("{name} says {text}"), is_so).await;
    }

    pub(crate) fn skill(&self, name: &str) -> SkillEntry {
        let snapshot = self.host.snapshot();
        let names: Vec<_> = snapshot.skills.effective().map(|entry| &entry.name).collect();
        let entry = snapshot.skills.get(name).unwrap_or_else(|| panic!("{name} of {names:?}"));
        (**entry).clone()
    }

    pub(crate) fn state(&self, name: &str) -> &'static str {
        self.host.snapshot().skills.get(name).map_or("gone", |entry| entry.state.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.skill(name).document.unwrap().instructions.trim().to_owned()
    }

    pub(crate) async fn call(&self, tool: &str, params: &str) -> Result<String, CallError> {
        self.host.call(tool, params.into()).await.result
    }

    /// Calls the probe once: its code is there from now on, whatever becomes of its file.
    pub(crate) async fn warm(&self) {
        assert_eq!(self.call("probe__echo", "1").await.unwrap(), "1");
    }

    /// Why a plugin is not in service, or not as it is on the disk.
    pub(crate) fn refusals(&self) -> Vec<String> {
        let registry = self.host.registry();
        registry.refused().iter().map(|refused| refused.error.to_string()).collect()
    }
}

pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    or(future, async {
        Timer::after(PATIENCE).await;
        panic!("{what}: not within {PATIENCE:?}")
    })
    .await
}

pub(crate) fn skill(name: &str, text: &str) -> String {
    format!("---\nname: {name}\ndescription: for a test\n---\n{text}\n")
}

pub(crate) fn manifest(id: &str, version: &str, permissions: &Value) -> String {
    json!({
        "id": id, "name": id, "version": version, "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": permissions,
    })
    .to_string()
}

/// A module of `tests/guests`.
pub(crate) fn module(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    fs::read(folder.join(name).join("plugin.wasm")).unwrap()
}

/// The same module with a section that says nothing: another content, of the same meaning.
pub(crate) fn varied(module: &[u8], number: u8) -> Vec<u8> {
    [module, &[0, 3, 1, b'n', number]].concat()
}
