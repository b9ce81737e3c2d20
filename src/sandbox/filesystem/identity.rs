//! The identity of a file or folder, as the kernel reports it of an open handle, without `/proc`.
//!
//! Links, hard links, mounts and `..` lead to one folder by many paths. So rules about places compare the device
//! and inode of an open handle.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType};

/// One file or folder of this machine, whatever path leads there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

/// The status of a handle or path at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileStatus {
    pub(super) identity: Identity,
    /// The mount on which it was reached; kernels before 5.8 don't report it.
    mount: Option<u64>,
    /// The number of names that it has.
    pub(super) links: u64,
    pub(super) kind: FileType,
}

impl FileStatus {
    /// The status of `path` from the folder; with an empty path, of the handle itself. A link at the end is
    /// not followed.
    pub(super) fn at(folder: &impl AsFd, path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let flags = match path.as_os_str().is_empty() {
            true => empty_path(),
            false => AtFlags::SYMLINK_NOFOLLOW,
        };
        Self::with(folder, path, flags)
    }

    /// The status of a path of the operator's. Links are followed.
    pub(super) fn of_path(path: &Path) -> io::Result<Self> {
        Self::with(&rustix::fs::CWD, path, AtFlags::empty())
    }

    /// The status by `statx`, which alone reports the mount.
    #[cfg(target_os = "linux")]
    fn with(folder: &impl AsFd, path: &Path, flags: AtFlags) -> io::Result<Self> {
        use rustix::fs::StatxFlags;
        let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
        let Ok(status) = rustix::fs::statx(folder, path, flags, wanted) else {
            return Self::without_mount(folder, path, flags);
        };
        let has_mount = status.stx_mask & StatxFlags::MNT_ID.bits() != 0;
        Ok(Self {
            identity: Identity {
                device: rustix::fs::makedev(status.stx_dev_major, status.stx_dev_minor),
                inode: status.stx_ino,
            },
            mount: has_mount.then_some(status.stx_mnt_id),
            links: status.stx_nlink.into(),
            kind: FileType::from_raw_mode(status.stx_mode.into()),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn with(folder: &impl AsFd, path: &Path, flags: AtFlags) -> io::Result<Self> {
        Self::without_mount(folder, path, flags)
    }

    /// The status without the mount, for systems and kernels that have no `statx`.
    #[allow(clippy::unnecessary_cast, reason = "the fields' widths are the system's")]
    fn without_mount(folder: &impl AsFd, path: &Path, flags: AtFlags) -> io::Result<Self> {
        let status = match path.as_os_str().is_empty() {
            true => rustix::fs::fstat(folder)?,
            false => rustix::fs::statat(folder, path, flags)?,
        };
        Ok(Self {
            identity: Identity { device: status.st_dev as u64, inode: status.st_ino as u64 },
            mount: None,
            links: status.st_nlink as u64,
            kind: FileType::from_raw_mode(status.st_mode),
        })
    }

    /// Whether it is a symbolic link itself.
    pub(super) fn is_link(&self) -> bool {
        self.kind == FileType::Symlink
    }

    /// Whether the two are on different mounts, as far as the kernel reports it.
    pub(super) fn is_off(&self, other: &Self) -> bool {
        match (self.mount, other.mount) {
            (Some(own), Some(other)) => own != other,
            _ => self.identity.device != other.identity.device,
        }
    }

    /// Whether a mount may lie between the two.
    pub(super) fn is_mounted_on(&self, above: &Self) -> bool {
        self.mount.is_none() || self.mount != above.mount
    }
}

/// The flag for the handle itself.
#[cfg(target_os = "linux")]
fn empty_path() -> AtFlags {
    AtFlags::EMPTY_PATH
}

#[cfg(not(target_os = "linux"))]
fn empty_path() -> AtFlags {
    AtFlags::empty()
}

/// Whether the handle is on a file system in which the kernel shows itself.
#[cfg(target_os = "linux")]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers are 32 bits"
)]
pub(super) fn is_kernels(handle: &impl AsFd) -> io::Result<bool> {
    Ok(KERNELS.contains(&(rustix::fs::fstatfs(handle)?.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_kernels(_: &impl AsFd) -> io::Result<bool> {
    Ok(false)
}

/// The numbers of such file systems (statfs(2)).
///
/// Such a system may be mounted anywhere, so its number decides and not its path.
#[cfg(target_os = "linux")]
const KERNELS: [u32; 15] = [
    0x0000_9fa0, // proc
    0x6265_6572, // sysfs
    0x0000_1cd1, // devpts
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0xf97c_ff8c, // selinuxfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0xde5e_81e4, // efivarfs
    0x6165_676c, // pstore
    0x4249_4e4d, // binfmt_misc
    0x6e73_6673, // nsfs
];
