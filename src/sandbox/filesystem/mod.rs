//! `read-file` and `write-file`: folders and files that were opened when the plugin was loaded,
//! permits beneath them, and the two effects.
//!
//! No file here opens a guest's path by name from the root: after loading, everything goes through
//! a folder's handle, and the kernel keeps it beneath that folder.

mod authority;
mod closed;
mod data;
mod error;
mod grants;
mod identity;
mod leftover;
mod path;
mod permit;
mod read;
mod reserved;
mod roots;
mod walk;
mod write;

pub use authority::Authority;
pub(crate) use authority::PackageRoot;
pub(super) use data::{plugin_data, store_name};
pub(super) use error::FileError;
pub(super) use grants::Grants;
pub(super) use permit::{FilePermit, PATH_BYTES};
pub(super) use read::read;
pub(super) use roots::GrantRoots;
pub(super) use write::write;
