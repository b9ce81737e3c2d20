//! Finds file systems without reliable notifications. Network file systems, and those that a virtual machine
//! shares with its host, notify only of changes that were made through this kernel.

use std::fs;
use std::path::{Path, PathBuf};

/// The file systems without reliable notifications, by the kernel's names.
const SILENT: [&str; 14] = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "vmhgfs", "fuse", "ceph",
    "afs", "gfs2", "lustre",
];

/// The mounted file systems.
pub(super) struct Mounts(Vec<Mount>);

struct Mount {
    point: PathBuf,
    is_silent: bool,
}

impl Mounts {
    /// Those of this process. There are none where the kernel does not list them.
    pub(super) fn read() -> Self {
        Self::of(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    /// Those in the text of `/proc/self/mountinfo`.
    pub(super) fn of(mountinfo: &str) -> Self {
        Self(mountinfo.lines().filter_map(Mount::of).collect())
    }

    /// Whether the kernel notifies of every change in this folder, as far as that can be known. Its path is a
    /// real one, and the longest mount point decides. Of two on one point it is the later one.
    pub(super) fn notify_in(&self, folder: &Path) -> bool {
        let above = self.0.iter().filter(|mount| folder.starts_with(&mount.point));
        let mount = above.max_by_key(|mount| mount.point.as_os_str().len());
        mount.is_none_or(|mount| !mount.is_silent)
    }
}

impl Mount {
    /// The mount of a line.
    fn of(line: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let point = unescaped(before.split(' ').nth(4)?).into();
        // `fuse.sshfs` and the like.
        let kind = after.split([' ', '.']).next()?;
        Some(Self { point, is_silent: SILENT.contains(&kind) })
    }
}

/// The file writes spaces and similar characters in octal.
fn unescaped(point: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .into_iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(point.to_owned(), |text, (octal, plain)| text.replace(octal, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
40 22 0:35 / /srv/a\\040share rw,relatime shared:1 - nfs4 host:/x rw
41 40 0:36 / /srv/a\\040share/local rw - tmpfs tmpfs rw
42 22 0:37 / /home/me/remote rw - fuse.sshfs me@host: rw
";

    #[test]
    fn the_longest_mount_decides() {
        let mounts = Mounts::of(MOUNTS);
        let notify = |path: &str| mounts.notify_in(Path::new(path));
        assert!(notify("/srv"));
        assert!(!notify("/srv/a share/skills"));
        assert!(notify("/srv/a share/local/skills"));
        assert!(!notify("/home/me/remote/skills"));
    }

    #[test]
    fn the_mount_of_this_test_is_found() {
        if Path::new("/proc/self/mountinfo").exists() {
            assert!(!Mounts::read().0.is_empty());
        }
    }
}
