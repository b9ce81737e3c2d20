//! Paths as text: no file is touched here.

use std::path::{Component, Path, PathBuf};

/// `path` with every `.` and `..` resolved as text: a link before a `..` is not followed. A `..` at the root
/// stays at the root.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

/// Whether a `..` is part of `path`.
pub(super) fn climbs(path: &Path) -> bool {
    path.components().any(|component| component == Component::ParentDir)
}
