//! Why a package could not be read, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use crate::contract::{ActionableError, ManifestError, limits};
use crate::package::kind::PackageKind;
use crate::skill::{Diagnostic, Severity};

/// Why a package could not be read. Displayed in one sentence, but for a manifest's faults, which
/// have a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageError(Box<PackageFault>);

/// What is wrong, and with what: the fields of a [`PackageError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFault {
    /// The package's folder, or its origin where it has none.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: PackageErrorKind,
}

/// What is wrong with a package.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackageErrorKind {
    /// There is no manifest.
    NoManifest {
        /// The names it could have, in the order of the search.
        looked_for: &'static [&'static str],
    },
    /// It is a package, and of the other kind.
    OtherKind {
        /// The kind that was looked for.
        wanted: PackageKind,
    },
    /// There is no `SKILL.md`.
    NoSkillFile {
        /// A folder inside that has one.
        beneath: Option<String>,
    },
    /// The `SKILL.md` does not say what the skill is.
    Skill {
        /// What is wrong with it, the errors among them.
        diagnostics: Vec<Diagnostic>,
    },
    /// The manifest beside a `SKILL.md` is that of another package.
    OtherId {
        /// The id in the manifest.
        id: String,
        /// The skill's name.
        name: String,
    },
    /// The manifest, the module or the folder itself can't be read.
    Unreadable {
        /// The file inside the folder; empty for the folder.
        file: String,
        /// The system's words.
        problem: String,
    },
    /// The manifest is over the size limit.
    ManifestTooLarge {
        /// The manifest's name.
        file: String,
        /// Bytes allowed.
        limit: usize,
    },
    /// The manifest breaks the rules.
    Manifest(ManifestError),
    /// The manifest names a module that isn't there.
    ModuleMissing {
        /// The path inside the package.
        file: String,
    },
    /// The module was there when it was checked, and is no more.
    ModuleGone {
        /// The path inside the package.
        file: String,
    },
    /// The module is not the one that was checked.
    ModuleChanged {
        /// The path inside the package.
        file: String,
    },
    /// The module is larger than an operator may approve.
    ModuleTooLarge {
        /// Bytes it has, without its custom sections.
        bytes: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// The module is larger after gzip than an operator may approve.
    ModuleTooLargeCompressed {
        /// Bytes it has after gzip.
        bytes: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// The path to a file leads out of the package over a link, or over a link to an absolute
    /// path, wherever that leads.
    Outside {
        /// The path inside the package.
        file: String,
    },
}

impl PackageError {
    /// The error of the package at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, kind: PackageErrorKind) -> Self {
        Self(Box::new(PackageFault { path: path.into(), kind }))
    }
}

impl fmt::Display for PackageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            PackageErrorKind::NoManifest { looked_for } => {
                write!(formatter, "{path} has no manifest ({})", looked_for.join(", "))
            }
            PackageErrorKind::OtherKind { wanted } => {
                let is = wanted.other();
                write!(formatter, "{path} is a {is} and no {wanted}: it has {}", is.mark())
            }
            PackageErrorKind::NoSkillFile { .. } => {
                write!(formatter, "{path} has no `SKILL.md`")
            }
            PackageErrorKind::Skill { diagnostics } => {
                write!(formatter, "{path}: invalid skill:")?;
                errors(diagnostics).try_for_each(|it| write!(formatter, " SKILL.md:{it}"))
            }
            PackageErrorKind::OtherId { id, name } => {
                write!(
                    formatter,
                    "{path}: the manifest is that of `{id}`, not of the skill `{name}`"
                )
            }
            PackageErrorKind::Unreadable { file, problem } if file.is_empty() => {
                write!(formatter, "{path} can't be read: {problem}")
            }
            PackageErrorKind::Unreadable { file, problem } => {
                write!(formatter, "{path}: `{file}` can't be read: {problem}")
            }
            PackageErrorKind::ManifestTooLarge { file, limit } => {
                write!(formatter, "{path}: `{file}` is over {limit} bytes")
            }
            PackageErrorKind::Manifest(error) if error.faults.len() == 1 => {
                write!(formatter, "{path}: invalid manifest: {error}")
            }
            PackageErrorKind::Manifest(error) => {
                write!(formatter, "{path}: invalid manifest:\n{error}")
            }
            PackageErrorKind::ModuleMissing { file } => {
                write!(formatter, "{path}: there is no module `{file}`")
            }
            PackageErrorKind::ModuleGone { file } => {
                write!(formatter, "{path}: the module `{file}` is gone")
            }
            PackageErrorKind::ModuleChanged { file } => {
                write!(
                    formatter,
                    "{path}: the module `{file}` changed after it was checked, and is not run"
                )
            }
            PackageErrorKind::ModuleTooLarge { bytes, limit } => {
                write!(formatter, "{path}: the module has {bytes} bytes, over the limit of {limit}")
            }
            PackageErrorKind::ModuleTooLargeCompressed { bytes, limit } => {
                write!(
                    formatter,
                    "{path}: the module has {bytes} bytes after gzip, over the limit of {limit}"
                )
            }
            PackageErrorKind::Outside { file } => {
                write!(formatter, "{path}: `{file}` leads out of the package")
            }
        }
    }
}

/// The first error that keeps a skill from loading. `skill validate` reports the others.
fn errors(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics.iter().filter(|it| it.severity == Severity::Error)
}

impl std::ops::Deref for PackageError {
    type Target = PackageFault;

    fn deref(&self) -> &PackageFault {
        &self.0
    }
}

impl From<PackageError> for PackageFault {
    fn from(error: PackageError) -> Self {
        *error.0
    }
}

impl ActionableError for PackageError {
    fn next_step(&self) -> String {
        match &self.kind {
            PackageErrorKind::NoManifest { looked_for } => {
                let first = looked_for.first().copied().unwrap_or_default();
                format!("write a `{first}` beside the module")
            }
            PackageErrorKind::OtherKind { wanted } => {
                let is = wanted.other();
                format!("for a {is} there is `weft-lite {is}`, with the same commands")
            }
            PackageErrorKind::NoSkillFile { beneath: Some(folder) } => {
                format!("there is one in `{folder}`: name that folder, unpacked if need be")
            }
            PackageErrorKind::NoSkillFile { beneath: None } => {
                "name the folder that has it; `weft-lite skill new` makes one".into()
            }
            PackageErrorKind::Skill { diagnostics } => {
                match errors(diagnostics).find_map(|it| it.suggestion.as_deref()) {
                    Some(write) => format!("write {write}"),
                    None => "see `weft-lite skill validate`".into(),
                }
            }
            PackageErrorKind::OtherId { name, .. } => {
                format!("give the manifest the id `{name}`, or one that ends with `.{name}`")
            }
            PackageErrorKind::Unreadable { .. } => {
                "check that the path is right and that you may read it".into()
            }
            PackageErrorKind::ManifestTooLarge { limit, .. } => {
                format!(
                    "shorten it to at most {limit} bytes; what is long belongs into other files"
                )
            }
            PackageErrorKind::Manifest(error) if error.faults.len() == 1 => {
                "correct it in the manifest".into()
            }
            PackageErrorKind::Manifest(error) => {
                format!("correct these {} faults in the manifest", error.faults.len())
            }
            PackageErrorKind::ModuleMissing { .. } => {
                "build the module, or correct `wasm_module` in the manifest".into()
            }
            PackageErrorKind::ModuleGone { .. } => {
                "put the module back where it was, or take the plugin out".into()
            }
            PackageErrorKind::ModuleChanged { .. } => {
                "call again when it has been loaded anew: say `/reload`, or start again".into()
            }
            PackageErrorKind::ModuleTooLarge { limit, .. } => {
                limits::module_next_step(*limit, "module_kb")
            }
            PackageErrorKind::ModuleTooLargeCompressed { limit, .. } => {
                limits::module_next_step(*limit, "module_gzip_kb")
            }
            PackageErrorKind::Outside { .. } => {
                "put the file itself into the package in place of the link".into()
            }
        }
    }
}

impl std::error::Error for PackageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            PackageErrorKind::Manifest(error) => Some(error),
            _ => None,
        }
    }
}
