//! The folders, the configuration and the runtime that the flags describe.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use weft_lite::config::{Config, expand_path, workspace_authority};
use weft_lite::package::{FileSecrets, ReadLimits};
use weft_lite::sandbox::{FileAudit, HostEnvironment, PluginSettings, SandboxOptions};
use weft_lite::sorted::SortedMap;
use weft_lite::{Runtime, RuntimeBuilder, limits};

use super::flags::{Options, Variable};
use super::interrupts::{self, Interrupts};
use super::restart;
use super::threads;
use super::trust::{self, TrustPrompt};
use super::{CommandFailure, report};

/// The audit log's name in weft-lite's own folder.
pub(super) const AUDIT_FILE: &str = "audit.jsonl";

impl Options {
    /// The folder of installed plugins, approvals, keys and secrets.
    ///
    /// # Errors
    ///
    /// There is neither `$WEFT_HOME` nor a home directory.
    pub(super) fn weft_home(&self) -> Result<PathBuf, CommandFailure> {
        weft_home(user_home().as_ref())?.ok_or_else(|| {
            CommandFailure::usage(
                &"there is no folder to keep anything in",
                &"set `WEFT_HOME` to a folder",
            )
        })
    }

    /// The operator's configuration; the defaults if there is no folder for it.
    ///
    /// # Errors
    ///
    /// The configuration is invalid.
    pub(super) fn config(&self) -> Result<Config, CommandFailure> {
        Ok(self.configured()?.1)
    }

    /// The same, with a builder to which it is applied.
    ///
    /// # Errors
    ///
    /// The configuration is invalid.
    pub(super) fn configured(&self) -> Result<(RuntimeBuilder, Config), CommandFailure> {
        let user_home = user_home();
        let home = weft_home(user_home.as_ref())?;
        let mut builder = Runtime::builder();
        let Some(home) = home else { return Ok((builder, Config::default())) };
        if let Some(user_home) = user_home {
            builder = builder.user_home(user_home);
        }
        let configured = builder.configure(&home);
        let (builder, parsed) = configured?;
        Ok((builder, parsed.config))
    }

    /// The operator's size limits of modules.
    ///
    /// # Errors
    ///
    /// The configuration is invalid.
    pub(super) fn read_limits(&self) -> Result<ReadLimits, CommandFailure> {
        let Config { module_bytes, module_gzip_bytes, .. } = self.config()?;
        Ok(ReadLimits { module_bytes, module_gzip_bytes })
    }

    /// The options of a sandbox, to check which grants would open.
    ///
    /// # Errors
    ///
    /// The configuration is invalid.
    pub(super) fn sandbox(&self) -> Result<SandboxOptions, CommandFailure> {
        let home = user_home();
        let workspace = self.real_workspace();
        let mut authority = workspace_authority(&workspace);
        authority.extend(self.plugins.iter().cloned().chain(program()));
        authority.extend(self.config()?.authority());
        Ok(SandboxOptions {
            weft_home: weft_home(home.as_ref()).ok().flatten(),
            home,
            authority: authority.into(),
            settings: PluginSettings::new(self.config()?.plugins),
            ..SandboxOptions::new(workspace)
        })
    }

    /// The workspace's real path.
    pub(super) fn real_workspace(&self) -> PathBuf {
        fs::canonicalize(&self.workspace).unwrap_or_else(|_| self.workspace.clone())
    }

    /// A runtime for these options, with everything loaded.
    ///
    /// # Errors
    ///
    /// The path of `--plugins` or `--workspace` is not a folder.
    pub(super) fn load(&self) -> Result<Runtime, CommandFailure> {
        self.load_and(TrustPrompt::Never)
    }

    /// Loads a runtime and watches for signals. `asking` says how the workspace's trust is found out, and `closed` is
    /// one more file that is closed to plugins.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and a signal during the load.
    pub(super) fn load_watching(
        &self,
        asking: TrustPrompt,
        closed: Option<&Path>,
    ) -> Result<(Runtime, Interrupts), CommandFailure> {
        let runtime = self.runtime_beside(asking, closed)?;
        let mut interrupts = Interrupts::watch()?;
        let loaded = runtime.block_on(async {
            let loaded = interrupts.unless(runtime.load()).await;
            if loaded.is_none() {
                interrupts::with_grace(runtime.stop()).await;
            }
            loaded.is_some()
        });
        if !loaded {
            return Err(CommandFailure::interrupted());
        }
        report::empty_folders(&self.plugins, &runtime.host().registry());
        Ok((runtime, interrupts))
    }

    /// Loads a runtime. `asking` says how the workspace's trust is found out.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub(super) fn load_and(&self, asking: TrustPrompt) -> Result<Runtime, CommandFailure> {
        let runtime = self.runtime(asking)?;
        runtime.block_on(runtime.load());
        report::empty_folders(&self.plugins, &runtime.host().registry());
        Ok(runtime)
    }

    /// A runtime for these options, with nothing loaded.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub(super) fn runtime(&self, asking: TrustPrompt) -> Result<Runtime, CommandFailure> {
        self.runtime_beside(asking, None)
    }

    /// A runtime with nothing loaded, with one more file that is closed to plugins.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub(super) fn runtime_beside(
        &self,
        asking: TrustPrompt,
        closed: Option<&Path>,
    ) -> Result<Runtime, CommandFailure> {
        threads::start()?;
        let plugins = self.plugins.iter().map(|folder| ("--plugins", folder));
        let folders = plugins.chain([("--workspace", &self.workspace)]);
        for (option, folder) in folders {
            if !folder.is_dir() {
                return Err(CommandFailure::usage(
                    &format_args!("{} is not a folder", folder.display()),
                    &format_args!("give `{option}` the path of a folder"),
                ));
            }
        }
        let values = self.env.iter().cloned().map(|Variable { name, value }| (name, value));
        let environment = HostEnvironment::new(values.collect::<SortedMap<_, _>>());
        let mut builder = Runtime::builder()
            .workspace(&self.workspace)
            .approve(self.approval())
            .environment(Arc::new(environment));
        for folder in &self.plugins {
            builder = builder.plugins(folder);
        }
        for place in program().into_iter().chain(closed.map(Path::to_owned)) {
            builder = builder.authority(place);
        }
        let user_home = user_home();
        let home = weft_home(user_home.as_ref())?;
        if let Some(user_home) = user_home {
            builder = builder.user_home(user_home);
        }
        builder = builder.trust_workspace(trust::of(self, home.as_deref(), asking));
        if let Some(home) = home {
            let configured = builder.configure(&home);
            let (configured, parsed) = configured?;
            for warning in &parsed.warnings {
                log::warn!("configuration: {warning}");
            }
            let audit = FileAudit::new(home.join(AUDIT_FILE), parsed.config.audit_rotate_bytes);
            builder = configured
                .audit(Arc::new(audit))
                .secrets(Arc::new(FileSecrets::new(&home)))
                .weft_home(home);
        }
        if let Some(budget_mb) = self.memory_budget_mb {
            let bytes = (budget_mb.get() as usize).saturating_mul(limits::MB);
            builder = builder.memory_budget_bytes(bytes);
        }
        if self.no_bundled {
            builder = builder.without_bundled();
        }
        let mut runtime = builder.build();
        runtime.contain_panics().map_err(|error| threads::none(&error))?;
        restart::prepare();
        Ok(runtime)
    }
}

/// This program's own file: a plugin that could write it would have every permission.
fn program() -> Option<PathBuf> {
    let by_name = || {
        let name = PathBuf::from(std::env::args_os().next()?);
        let folders = std::env::var_os("PATH").filter(|_| name.components().count() == 1);
        let folders = folders.unwrap_or_default();
        let mut found = std::env::split_paths(&folders).map(|it| it.join(&name));
        Some(found.find(|path| path.is_file()).unwrap_or(name))
    };
    // `current_exe` reads `/proc`, which may be missing.
    std::env::current_exe().ok().or_else(by_name)
}

fn user_home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// `$WEFT_HOME`, which may begin with `~`, or `.weft` in the user's home.
fn weft_home(user_home: Option<&PathBuf>) -> Result<Option<PathBuf>, CommandFailure> {
    let named = std::env::var_os("WEFT_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let Some(named) = named else { return Ok(user_home.map(|home| home.join(".weft"))) };
    let expanded = expand_path(&named, user_home.map(PathBuf::as_path), None);
    expanded.map(Some).map_err(|problem| {
        CommandFailure::usage(
            &format_args!("`WEFT_HOME` can't be followed: {problem}"),
            &"set `WEFT_HOME` to the path in full",
        )
    })
}
