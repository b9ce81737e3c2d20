//! Why a package was not installed, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use semver::Version;

use crate::contract::{ActionableError, did_you_mean};
use crate::package::archive::PackError;
use crate::package::home::HomeError;
use crate::package::keys::{KeyError, SignatureError};
use crate::package::kind::PackageKind;
use crate::package::read::PackageError;

/// Why a package was not installed. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstallError {
    /// The source, or a file of it, can't be a package.
    Pack(PackError),
    /// The manifest or the module can't be used.
    Package(PackageError),
    /// The module can't be run.
    Module {
        /// The plugin.
        id: String,
        /// What is wrong.
        problem: String,
    },
    /// It is installed already, and may not be overwritten.
    Exists {
        /// The package's kind.
        kind: PackageKind,
        /// Its id.
        id: String,
        /// The version that is there, if that is known.
        version: Option<String>,
        /// Whether it is not as it was installed.
        edited: bool,
    },
    /// A package of the other kind has its name.
    NameTaken {
        /// The id of both.
        id: String,
        /// The kind of the one that is there.
        by: PackageKind,
    },
    /// It, or a skill that it brings, has the name of a plugin that is part of weft-lite.
    Bundled {
        /// The name.
        name: String,
        /// What would have it: the plugin, or a skill.
        kind: PackageKind,
    },
    /// A skill that it brings has the name of one that another package brings.
    SkillTaken {
        /// The skill.
        name: String,
        /// The kind of the package that is there.
        by: PackageKind,
        /// Its id.
        owner: String,
    },
    /// It has no version that could be compared with others, which a registry needs.
    Unversioned {
        /// The package's id.
        id: String,
        /// What it has.
        version: Option<String>,
    },
    /// The package is not the one that was asked for.
    OtherPackage {
        /// The id and version that were asked for.
        expected: String,
        /// The id and version that it has.
        found: String,
    },
    /// The signature does not count.
    Signature(SignatureError),
    /// The registry doesn't have it.
    Registry(RegistryError),
    /// A key can't be used.
    Key(KeyError),
    /// `$WEFT_HOME` can't be used.
    Home(HomeError),
}

/// Why a registry doesn't give a package.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no registry, or its index is damaged.
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// What was asked for is not `hub:ID` or `hub:ID@VERSION`.
    Reference {
        /// What was asked for.
        text: String,
    },
    /// It has no package of this kind and id.
    UnknownId {
        /// The kind.
        kind: PackageKind,
        /// The id.
        id: String,
        /// Whether it has one of the other kind.
        other_kind: bool,
        /// Ids that come close, best first.
        similar: Vec<String>,
    },
    /// It has no version as it was asked for.
    NoVersion {
        /// The id.
        id: String,
        /// What was asked for.
        wanted: String,
        /// The newest there is.
        newest: Option<Version>,
    },
    /// An archive is not the one in the index.
    OtherArchive {
        /// The archive.
        archive: String,
    },
    /// The version is in the index already.
    Published {
        /// The id.
        id: String,
        /// The version.
        version: Version,
    },
}

impl fmt::Display for InstallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pack(error) => error.fmt(formatter),
            Self::Package(error) => error.fmt(formatter),
            Self::Module { id, problem } => write!(formatter, "{id}: {problem}"),
            Self::Exists { kind, id, version, edited } => {
                let version = version.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
                let edited = if *edited { ", and is not as it was installed" } else { "" };
                write!(formatter, "the {kind} `{id}`{version} is there already{edited}")
            }
            Self::NameTaken { id, by } => {
                write!(formatter, "the {by} `{id}` is there already, and a name has one owner")
            }
            Self::Bundled { name, .. } => {
                write!(
                    formatter,
                    "`{name}` is a plugin that is part of weft-lite, and a name has one owner"
                )
            }
            Self::SkillTaken { name, by: PackageKind::Skill, .. } => {
                write!(formatter, "the skill `{name}`, which it brings, is installed already")
            }
            Self::SkillTaken { name, by, owner } => {
                write!(formatter, "the skill `{name}` belongs to the {by} `{owner}`")
            }
            Self::Unversioned { id, version: Some(version) } => {
                write!(formatter, "`{id}` has the version `{version}`, which can't be compared")
            }
            Self::Unversioned { id, version: None } => write!(formatter, "`{id}` has no version"),
            Self::OtherPackage { expected, found } => {
                write!(formatter, "the registry gave {found} in place of {expected}")
            }
            Self::Signature(error) => error.fmt(formatter),
            Self::Registry(error) => error.fmt(formatter),
            Self::Key(error) => error.fmt(formatter),
            Self::Home(error) => error.fmt(formatter),
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index { path, problem } => {
                write!(formatter, "{} is no registry's index: {problem}", path.display())
            }
            Self::Reference { text } => write!(formatter, "`{text}` names nothing in a registry"),
            Self::UnknownId { kind, id, .. } => {
                write!(formatter, "the registry has no {kind} `{id}`")
            }
            Self::NoVersion { id, wanted, .. } => {
                write!(formatter, "the registry has no version of `{id}` for `{wanted}`")
            }
            Self::OtherArchive { archive } => {
                write!(formatter, "{archive} is not the archive in the registry's index")
            }
            Self::Published { id, version } => {
                write!(formatter, "the registry has `{id}` {version} already")
            }
        }
    }
}

impl ActionableError for InstallError {
    fn next_step(&self) -> String {
        match self {
            Self::Pack(error) => error.next_step(),
            Self::Package(error) => error.next_step(),
            Self::Module { .. } => {
                "see `weft-lite plugin inspect` for all that is wrong, and rebuild the module"
                    .into()
            }
            Self::Exists { .. } => "say that it may be overwritten, or remove it first".into(),
            Self::NameTaken { id, by } | Self::SkillTaken { owner: id, by, .. } => {
                format!(
                    "remove that one with `weft-lite {by} remove {id}`, or rename one of the two"
                )
            }
            Self::Bundled { kind: PackageKind::Plugin, .. } => {
                "give the plugin another `id`, or name its folder at the start of weft-lite to try it".into()
            }
            Self::Bundled { kind: PackageKind::Skill, .. } => {
                "give the skill another `name`".into()
            }
            Self::Unversioned { .. } => "give it a `version` such as 1.0.0".into(),
            Self::OtherPackage { .. } => "tell the maintainer of the registry".into(),
            Self::Signature(error) => error.next_step(),
            Self::Registry(error) => error.next_step(),
            Self::Key(error) => error.next_step(),
            Self::Home(error) => error.next_step(),
        }
    }
}

impl std::error::Error for InstallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Pack(error) => Some(error),
            Self::Package(error) => Some(error),
            Self::Signature(error) => Some(error),
            Self::Registry(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Home(error) => Some(error),
            _ => None,
        }
    }
}

impl ActionableError for RegistryError {
    fn next_step(&self) -> String {
        match self {
            Self::Index { .. } => "name the folder of another registry".into(),
            Self::Reference { .. } => {
                "ask for `hub:ID`, `hub:ID@1.2.0` or a range as in `hub:ID@1.2`".into()
            }
            Self::UnknownId { kind, id, other_kind: true, .. } => {
                let other = kind.other();
                format!("it has a {other} of this name: `weft-lite {other} install hub:{id}`")
            }
            Self::UnknownId { similar, .. } => did_you_mean(similar, "hub:")
                .unwrap_or_else(|| "check the id, or name another registry".into()),
            Self::NoVersion { newest: Some(newest), .. } => format!("the newest is {newest}"),
            Self::NoVersion { newest: None, .. } => "it has no version at all".into(),
            Self::OtherArchive { .. } => {
                "get the archive again; tell the maintainer of the registry".into()
            }
            Self::Published { .. } => {
                "raise its `version`; a release that nobody has yet can be taken back with `withdraw`"
                    .into()
            }
        }
    }
}

impl std::error::Error for RegistryError {}

impl From<PackError> for InstallError {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

impl From<PackageError> for InstallError {
    fn from(error: PackageError) -> Self {
        Self::Package(error)
    }
}

impl From<SignatureError> for InstallError {
    fn from(error: SignatureError) -> Self {
        Self::Signature(error)
    }
}

impl From<RegistryError> for InstallError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<KeyError> for InstallError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<HomeError> for InstallError {
    fn from(error: HomeError) -> Self {
        Self::Home(error)
    }
}
