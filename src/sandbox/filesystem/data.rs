//! Where a plugin keeps data of its own: below weft-lite's own folder, one folder for each place that
//! plugins are loaded from.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::authority::real;

/// Bytes of one part of such a path; file systems take up to 255.
const PART_BYTES: usize = 200;

/// The folder for the data of the plugin in `folder`. What is installed has its place in it by its
/// kind and id; of others the path is the key, so that no two share a folder and none is in another.
pub(in crate::sandbox) fn plugin_data(home: &Path, folder: &Path) -> PathBuf {
    let (home, folder) = (real(home), real(folder));
    let data = home.join("data");
    match folder.strip_prefix(&home) {
        Ok(installed) if installed.components().count() == 2 => data.join(installed),
        _ => {
            let name = escaped(&folder);
            let mut path = data.join("folders");
            // Each part is ASCII. Only the last ends in `.data`, which no other can: they are full.
            let (parts, last) = name.as_bytes().as_chunks::<PART_BYTES>();
            path.extend(parts.iter().map(|part| String::from_utf8_lossy(part).into_owned()));
            path.join(format!("{}.data", String::from_utf8_lossy(last)))
        }
    }
}

/// The path as one name: letters, digits, `-` and `_` as they are, all else as `%2f`.
fn escaped(path: &Path) -> String {
    let mut name = String::new();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(*byte)),
            // Writing to a `String` can't fail.
            _ => drop(write!(name, "%{byte:02x}")),
        }
    }
    name
}
