//! How much memory this machine, or the control group this process is in, has.

use std::fs;

use crate::contract::limits;

/// What all guests may hold together unless the operator says otherwise: 64 MB, or a quarter of
/// the memory there is where that is less.
pub(super) fn default_memory_budget_bytes() -> usize {
    let physical = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_memory(&text));
    // Version 2 of control groups, then version 1; "max" is not a number and means no limit.
    let control_group =
        ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let available = physical.into_iter().chain(control_group).min();
    budget(available)
}

fn budget(available_bytes: Option<u64>) -> usize {
    let quarter = available_bytes
        .map_or(usize::MAX, |bytes| usize::try_from(bytes / 4).unwrap_or(usize::MAX));
    quarter.min(limits::MEMORY_BUDGET_BYTES)
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
    fn a_large_machine_gives_the_default() {
        assert_eq!(budget(Some(8 << 30)), limits::MEMORY_BUDGET_BYTES);
        assert_eq!(budget(None), limits::MEMORY_BUDGET_BYTES);
    }
}
