//! Checks whether the requirements of a skill are met, without running anything.

use crate::contract::{listed, shown};
use crate::skill::format::SkillRequirements;

/// What a skill finds around it. The real one looks at the PATH, the environment and the
/// operator's configuration; tests make one up.
pub trait SkillHost: Send + Sync {
    /// Whether a program of this name is on the PATH.
    fn has_program(&self, name: &str) -> bool;

    /// Whether this variable is set, to something that is not empty.
    fn has_variable(&self, name: &str) -> bool;

    /// Whether the configuration says yes to this key, which has dots between its parts.
    fn is_configured(&self, key: &str) -> bool;

    /// The system's name in skills: `linux`, `darwin`, `win32`.
    fn system(&self) -> &str;
}

impl SkillRequirements {
    /// What is missing, one sentence each; nothing where `always` is set.
    #[must_use]
    pub fn unmet(&self, host: &dyn SkillHost) -> Vec<String> {
        if self.always {
            return Vec::new();
        }
        let mut unmet = Vec::new();
        let system = host.system();
        if !self.os.is_empty() && !self.os.iter().any(|name| is_system(name, system)) {
            unmet.push(format!("it is for {}, and this is {system}", listed(&self.os)));
        }
        let is_there = |name: &String| host.has_program(name);
        for name in self.bins.iter().filter(|name| !is_there(name)) {
            unmet.push(format!("the program `{}` is not on the PATH", shown(name)));
        }
        if !self.any_bins.is_empty() && !self.any_bins.iter().any(is_there) {
            let names = listed(&self.any_bins);
            unmet.push(format!("none of these programs is on the PATH: {names}"));
        }
        for name in self.env.iter().filter(|name| !host.has_variable(name)) {
            unmet.push(format!("the variable `{}` is not set", shown(name)));
        }
        for key in self.config.iter().filter(|key| !host.is_configured(key)) {
            unmet.push(format!("`{}` is not set under `skills.config` in config.yaml", shown(key)));
        }
        unmet
    }
}

/// Whether a name that an author wrote is this system's.
fn is_system(name: &str, system: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let known = match name.as_str() {
        "macos" | "mac" | "osx" => "darwin",
        "windows" | "win" => "win32",
        other => other,
    };
    known == system
}
