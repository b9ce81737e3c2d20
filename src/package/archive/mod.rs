//! A package as one file. `files` decides which files of a folder belong to the package, `paths` which paths a
//! package may hold. `pack` writes and reads `.tar.gz` and reads `.zip` by `zip`.

pub(super) mod files;
pub(super) mod pack;
pub(super) mod paths;
mod zip;

pub(super) use files::PackageFile;
pub use files::{is_own_archive, left_out_of_package};
pub use pack::pack_folder;
pub(super) use paths::PackagePaths;
