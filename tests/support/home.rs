//! A `$WEFT_HOME` to install into, packages to install, and somebody who answers questions.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "padding.rs"]
mod padding;

#[allow(unused_imports, reason = "some tests have no use for it")]
pub(crate) use padding::{padded, with_custom_section};
use serde_json::{Value, json};
use tempfile::TempDir;
use weft_lite::errors::{CallError, InstallError, LoadError};
use weft_lite::package::{
    Approvals, InstallSource, Installed, Installer, Package, PackageContent, PackageKind,
    PackageSignature, PrivateKey, Prompt, Registry, RegistryReference, Release, TrustedKeys,
    installed_folder,
};
use weft_lite::wasm::CompiledModule;
use weft_lite::{Approval, Runtime, limits};

/// A temporary folder with a `$WEFT_HOME` in it.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// `$WEFT_HOME`, which nobody has made yet.
    pub(crate) fn weft(&self) -> PathBuf {
        self.path("weft")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A package with the probe in it, in a folder of its own.
    pub(crate) fn probe(&self, version: &str, permissions: &Value) -> PathBuf {
        self.package("probe", version, permissions, &module("probe"))
    }

    pub(crate) fn package(
        &self,
        id: &str,
        version: &str,
        permissions: &Value,
        module: &[u8],
    ) -> PathBuf {
        let folder = self.path(&format!("source-{id}-{version}"));
        fs::create_dir_all(folder.join("docs")).unwrap();
        let manifest = json!({
            "id": id, "name": id, "version": version, "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": permissions,
        });
        fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
        fs::write(folder.join("plugin.wasm"), module).unwrap();
        fs::write(folder.join("docs/version.txt"), version).unwrap();
        folder
    }

    /// A skill in a folder of its own; `more` goes into its frontmatter.
    pub(crate) fn skill(&self, name: &str, version: &str, more: &str) -> PathBuf {
        let folder = self.path(&format!("source-skills-{version}")).join(name);
        fs::create_dir_all(folder.join("docs")).unwrap();
        let text = format!(
            "---\nname: {name}\ndescription: for a test\nversion: {version}\n{more}---\nDo {version}.\n"
        );
        fs::write(folder.join("SKILL.md"), text).unwrap();
        fs::write(folder.join("docs/version.txt"), version).unwrap();
        folder
    }

    /// The probe as the code of a skill.
    pub(crate) fn skill_with_probe(&self, version: &str) -> PathBuf {
        let folder = self.skill("probe", version, "");
        fs::write(folder.join("plugin.wasm"), module("probe")).unwrap();
        folder
    }

    pub(crate) fn install(&self, folder: &Path) -> Result<Installed, InstallError> {
        self.install_from(&InstallSource::Folder(folder.to_owned()))
    }

    pub(crate) fn install_from(&self, source: &InstallSource) -> Result<Installed, InstallError> {
        self.install_as(PackageKind::Plugin, source)
    }

    pub(crate) fn install_as(
        &self,
        kind: PackageKind,
        source: &InstallSource,
    ) -> Result<Installed, InstallError> {
        let check = check_module;
        let installer = Installer::new(self.weft(), &check).kind(kind);
        installer.registry(self.path("registry")).install(source)
    }

    pub(crate) fn install_hub(&self, reference: &str) -> Result<Installed, InstallError> {
        let reference = RegistryReference::parse(reference).unwrap().unwrap();
        self.install_from(&InstallSource::Registry(reference))
    }

    /// A key of this name, made if need be.
    pub(crate) fn key(&self, name: &str) -> PrivateKey {
        let path = self.path(name);
        if !path.exists() {
            PrivateKey::create(&path).unwrap();
        }
        PrivateKey::read(&path).unwrap()
    }

    pub(crate) fn trust(&self, name: &str) {
        let public = PrivateKey::public_path(&self.path(name));
        TrustedKeys::trust(&self.weft(), &public, Some(name)).unwrap();
    }

    /// Signs a package with the key of this name, and puts it into the registry.
    pub(crate) fn publish(&self, folder: &Path, key: &str) {
        self.publish_as(PackageKind::Plugin, folder, key).unwrap();
    }

    pub(crate) fn publish_as(
        &self,
        kind: PackageKind,
        folder: &Path,
        key: &str,
    ) -> Result<Release, InstallError> {
        PackageSignature::create(folder, &self.key(key)).unwrap();
        let limits = weft_lite::package::ReadLimits::default();
        Registry::publish(&self.path("registry"), kind, folder, limits)
    }

    /// Asks what an installed plugin wants to be asked: what it still waits for.
    pub(crate) fn ask(&self, installed: &Installed, prompt: &mut dyn Prompt) -> Vec<String> {
        let Package { kind, id, version, permissions, .. } = &installed.package;
        let folder = installed_folder(&self.weft(), *kind, id).unwrap();
        let content = PackageContent::read(&folder, &self.weft(), version.as_deref());
        let (id, given) = (kind.approval_id(id), Approval::NONE);
        Approvals::ask(&self.weft(), &id, permissions, &content, given, prompt).unwrap()
    }

    /// A runtime with the installed plugins, and nothing else.
    pub(crate) fn runtime(&self) -> Runtime {
        let city = [("CITY".to_owned(), "Ulm".to_owned())];
        let environment: std::collections::BTreeMap<String, String> = city.into_iter().collect();
        let runtime = Runtime::builder()
            .without_bundled()
            .weft_home(self.weft())
            .workspace(self.path(""))
            .environment(std::sync::Arc::new(environment))
            .build();
        runtime.block_on(runtime.load());
        runtime
    }

    /// What a call to the probe's `echo` comes to in a runtime of its own.
    pub(crate) fn echo(&self) -> Result<String, CallError> {
        let runtime = self.runtime();
        runtime.block_on(runtime.host().call("probe__echo", "[1]".into())).result
    }

    /// What the one plugin that is not loaded waits for.
    pub(crate) fn pending(&self) -> Vec<String> {
        let registry = self.runtime().host().registry();
        match registry.refused() {
            [refused] => match &refused.error {
                LoadError::Pending { unapproved, command } => {
                    let id = refused.id.as_deref().unwrap();
                    assert_eq!(*command, Some(format!("weft-lite plugin approve {id}")));
                    unapproved.clone()
                }
                other => panic!("{other}"),
            },
            [] => Vec::new(),
            several => panic!("{several:?}"),
        }
    }

    #[cfg(feature = "cli")]
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        use std::process::{Command, Stdio};

        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-lite"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .env("WEFT_HOME", self.weft())
            .env("HOME", self.0.path())
            .env_remove("WEFT_LOG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

pub(crate) fn check_module(module: &[u8]) -> Result<(), String> {
    CompiledModule::with_limit(module, limits::MODULE_APPROVED_BYTES)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// The module of a test guest.
pub(crate) fn module(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
    fs::read(folder.join(name).join("plugin.wasm")).unwrap()
}

/// Somebody who notes each question and gives the prepared answers, then nothing but no.
pub(crate) struct Scripted {
    answers: Vec<bool>,
    pub(crate) questions: Vec<String>,
}

impl Scripted {
    pub(crate) fn new(answers: &[bool]) -> Self {
        Self { answers: answers.iter().rev().copied().collect(), questions: Vec::new() }
    }
}

impl Prompt for Scripted {
    fn confirm(&mut self, question: &str) -> Option<bool> {
        self.questions.push(question.to_owned());
        Some(self.answers.pop().unwrap_or(false))
    }
}

/// The plain bytes of each file in a folder, by path.
pub(crate) fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().unwrap() != "install.json" {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}
