//! What lies in an author's folder and is no part of a skill or package: histories, builds, caches and
//! what editors leave behind. Listing, watching, packing and validating all ask here.

use std::io::Read;
use std::path::Path;

use super::regular::{at_most, open_regular};

/// Folders that tools make under these names.
const FOLDERS: [&str; 8] =
    [".git", ".hg", ".jj", ".svn", ".venv", "__pycache__", "node_modules", "target"];

/// The file by which programs mark a folder of what they can make again, and how it begins
/// (the Cache Directory Tagging Specification).
pub(super) const CACHE_TAG: &str = "CACHEDIR.TAG";
/// The first bytes of that file.
const CACHE_TAG_BEGINS: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether the folder at this path is ignored, by its name or because it is marked as a cache.
#[must_use]
pub fn is_ignored_folder(folder: &Path) -> bool {
    let by_name = folder.file_name().and_then(|name| name.to_str()).is_some_and(is_ignored_name);
    by_name || open_regular(&folder.join(CACHE_TAG)).is_ok_and(is_cache_tag)
}

/// Whether folders of this name are ignored.
pub(crate) fn is_ignored_name(name: &str) -> bool {
    FOLDERS.contains(&name)
}

/// Whether this is the content of a file that marks a cache.
pub(super) fn is_cache_tag(mut file: impl Read) -> bool {
    let mut begin = Vec::new();
    let read = at_most(&mut file, CACHE_TAG_BEGINS.len() as u64).read_to_end(&mut begin);
    read.is_ok() && begin == CACHE_TAG_BEGINS
}

/// Whether an editor leaves files of this name beside the one that it writes.
#[cfg(any(feature = "mcp", feature = "package"))]
pub(crate) fn is_leftover(name: &str) -> bool {
    let swap = |end: &str| name.len() > end.len() && name.ends_with(end);
    swap("~")
        || (name.len() > 2 && name.starts_with('#') && name.ends_with('#'))
        || name.starts_with(".#")
        || [".swp", ".swo", ".swx"].into_iter().any(swap)
}
