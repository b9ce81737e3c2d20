//! The runtime's own folder, which no grant opens: secrets, approvals and keys are in it.
//!
//! What counts is where an opened handle is, not the path that led there, so that neither a link nor a
//! folder that is moved meanwhile gets around it.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

/// The folder, but for what the plugin itself was installed into.
#[derive(Debug)]
pub(super) struct Closed {
    folder: PathBuf,
    except: Option<PathBuf>,
}

impl Closed {
    pub(super) fn new(folder: &Path, except: Option<&Path>) -> Self {
        Self { folder: real(folder), except: except.map(real) }
    }

    /// Whether this path, which holds no links, is in the folder.
    pub(super) fn holds(&self, real: &Path) -> bool {
        let is_excepted = self.except.as_ref().is_some_and(|except| real.starts_with(except));
        real.starts_with(&self.folder) && !is_excepted
    }

    /// Whether an open file or folder is in the folder. Where the system doesn't tell, it is not.
    pub(super) fn holds_opened(&self, opened: &impl AsFd) -> bool {
        let descriptor = opened.as_fd().as_raw_fd();
        fs::read_link(format!("/proc/self/fd/{descriptor}")).is_ok_and(|path| self.holds(&path))
    }
}

/// The path without links, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in absolute.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(there), absolute.strip_prefix(there)) {
            return real.join(rest);
        }
    }
    absolute
}
