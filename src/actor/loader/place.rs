//! The place of a package: a folder, or the program itself.

use std::fmt;
use std::path::PathBuf;

use crate::contract::SortedMap;
use crate::package::PackageOrigin;
use crate::skill::Readiness;

/// The place of a package with code. It identifies the package from one reload to the next, since
/// an id may move to another place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PackagePlace {
    /// A folder, as the loader has reached it. Links are not resolved.
    Folder(PathBuf),
    /// The program itself, with the plugin's name.
    #[cfg(feature = "bundled")]
    Bundled(&'static str),
}

/// The readiness of the packages with code, by place.
pub(super) type Outcomes = SortedMap<PackagePlace, Readiness>;

impl PackagePlace {
    /// The same for the registry.
    pub(super) fn origin(&self) -> PackageOrigin {
        match self {
            Self::Folder(folder) => PackageOrigin::Folder(folder.clone()),
            #[cfg(feature = "bundled")]
            Self::Bundled(_) => PackageOrigin::Bundled,
        }
    }
}

impl fmt::Display for PackagePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin().fmt(formatter)
    }
}
