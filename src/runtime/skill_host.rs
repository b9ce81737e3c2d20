//! Checks the requirements of skills on this machine: programs, variables, configuration. Nothing is run for
//! that.
//!
//! A skill whose requirements are not met is listed with the reason, and its code is not loaded.
//! The answers come from the options of the runtime, not from the process, so that an embedder
//! decides what skills find.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::sandbox::Environment;
use crate::skill::SkillHost;

/// This machine, with the operator's environment and configuration.
///
/// Only the programs are looked up on the disk.
pub(super) struct SystemSkillHost {
    /// The variables, of which `PATH` names the folders of programs.
    pub(super) environment: Arc<dyn Environment>,
    /// The mapping under `skills.config` of the configuration.
    pub(super) config: Value,
}

impl SkillHost for SystemSkillHost {
    fn has_program(&self, name: &str) -> bool {
        // A name with a separator would lead away from the PATH.
        if name.is_empty() || name.contains(['/', '\\']) {
            return false;
        }
        let path = self.environment.get("PATH").unwrap_or_default();
        let separator = if cfg!(windows) { ';' } else { ':' };
        path.split(separator).filter(|folder| !folder.is_empty()).any(|folder| {
            let program = Path::new(folder).join(name);
            is_program(&program) || cfg!(windows) && is_program(&program.with_extension("exe"))
        })
    }

    fn has_variable(&self, name: &str) -> bool {
        self.environment.get(name).is_some_and(|value| !value.is_empty())
    }

    fn is_configured(&self, key: &str) -> bool {
        let value = self
            .config
            .get(key)
            .or_else(|| key.split('.').try_fold(&self.config, |config, part| config.get(part)));
        match value {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        }
    }

    fn system(&self) -> &str {
        if cfg!(target_os = "macos") {
            "darwin"
        } else if cfg!(windows) {
            "win32"
        } else {
            "linux"
        }
    }
}

/// Whether the path is a file that somebody may execute. Links are followed.
#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Whether the path is a file. Other systems have no bit for it.
#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}
