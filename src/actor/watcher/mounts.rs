//! Finds file systems without reliable notifications. Network file systems, and those that a virtual machine
//! shares with its host, notify only of changes that were made through this kernel.

use std::fs;
use std::path::Path;

/// The file systems without reliable notifications, by the kernel's names.
const SILENT: [&str; 14] = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "vboxsf", "vmhgfs", "fuse", "ceph",
    "afs", "gfs2", "lustre",
];

/// Whether the kernel notifies of every change in this folder, as far as that can be known.
pub(super) fn has_notifications(folder: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    kind_at(folder, &mounts).is_none_or(|kind| {
        // `fuse.sshfs` and the like.
        let kind = kind.split('.').next().unwrap_or(kind);
        !SILENT.contains(&kind)
    })
}

/// The kind of the file system that a real path is on: the last mount of the longest path.
fn kind_at<'a>(folder: &Path, mountinfo: &'a str) -> Option<&'a str> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        let kind = after.split(' ').next()?;
        folder.starts_with(unescaped(point)).then_some((point.len(), kind))
    });
    mounts.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
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
        let kind = |path: &str| kind_at(Path::new(path), MOUNTS);
        assert_eq!(kind("/srv"), Some("ext4"));
        assert_eq!(kind("/srv/a share/skills"), Some("nfs4"));
        assert_eq!(kind("/srv/a share/local/skills"), Some("tmpfs"));
        assert_eq!(kind("/home/me/remote/skills"), Some("fuse.sshfs"));
    }

    #[test]
    fn the_mount_of_this_test_is_found() {
        if let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") {
            assert!(kind_at(Path::new("/"), &mounts).is_some());
        }
    }
}
