//! A package as one file. `files` decides which files of a folder belong to the package, `paths` which paths a
//! package may hold. `pack` writes `.tar.gz`, and `error` says why files can't be a package.

mod error;
pub(super) mod files;
mod pack;
pub(super) mod paths;

pub use error::PackError;
pub(super) use error::{LINK, NOT_FILE_OR_FOLDER};
pub(super) use files::PackageFile;
pub use files::{is_own_archive, left_out_of_package};
pub use pack::pack_folder;
pub(super) use paths::PackagePaths;
