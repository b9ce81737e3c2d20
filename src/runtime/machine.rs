//! The memory of this machine, or of this process's control group. The default budget of all guests
//! has to fit a small board, so it comes from the kernel's figures.

use std::fs;
use std::path::{Path, PathBuf};

use crate::contract::limits;

/// The default memory budget of all guests together: 64 MB, or a quarter of the memory if that is less.
pub(super) fn default_memory_budget_bytes() -> usize {
    let physical = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    // "max" is not a number and means no limit.
    let control_group = limit_files(&groups)
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let available = physical.into_iter().chain(control_group).min();
    budget(available)
}

/// A quarter of the memory, and at most 64 MB. `None` means that the memory is unknown, as without
/// `/proc`.
fn budget(available_bytes: Option<u64>) -> usize {
    let quarter = available_bytes
        .map_or(usize::MAX, |bytes| usize::try_from(bytes / 4).unwrap_or(usize::MAX));
    quarter.min(limits::MEMORY_BUDGET_BYTES)
}

/// The files with the memory limits of this process's control group and of the groups around it. The lowest limit
/// counts. `groups` is `/proc/self/cgroup`: lines of `number:controllers:path`, without controllers for version
/// 2 (cgroups(7)).
fn limit_files(groups: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (mount, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => continue,
        };
        let group = Path::new(path.trim_start_matches('/'));
        files.extend(group.ancestors().map(|group| Path::new(mount).join(group).join(file)));
    }
    files
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_board_gives_a_quarter() {
        let text = "MemTotal:         131072 kB\nMemFree:  1 kB\n";
        assert_eq!(total_memory(text), Some(128 * 1024 * 1024));
        assert_eq!(budget(total_memory(text)), 32 * limits::MB);
    }

    #[test]
    fn limits_of_all_enclosing_control_groups_count() {
        let files = |groups| {
            let files = limit_files(groups).into_iter();
            files.map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            files("0::/system.slice/weft.service\n"),
            [
                "/sys/fs/cgroup/system.slice/weft.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
        assert_eq!(
            files("8:pids:/a\n4:memory,hugetlb:/a\nnonsense\n"),
            [
                "/sys/fs/cgroup/memory/a/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ]
        );
        assert_eq!(files("0::/"), ["/sys/fs/cgroup/memory.max"]);
    }

    #[test]
    fn a_large_machine_gives_the_default() {
        assert_eq!(budget(Some(8 << 30)), limits::MEMORY_BUDGET_BYTES);
        assert_eq!(budget(None), limits::MEMORY_BUDGET_BYTES);
    }
}
