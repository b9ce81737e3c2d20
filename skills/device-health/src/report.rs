//! The report, section by section. Numbers stay integers or the kernel's own text.

use crate::host::read_file;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use json_text::{Members, Value, compare_numbers, decimal};

/// Boards slow themselves down from here on.
const HOT_MILLIDEGREES: i64 = 80_000;
const LOW_MEMORY_PERCENT: u64 = 10;
/// The unit of /proc/diskstats, whatever the disk's own is.
const SECTOR_BYTES: u64 = 512;

/// Collects sections, with what is missing and what needs attention.
#[derive(Default)]
struct Report {
    sections: Members,
    unavailable: Members,
    warnings: Vec<Value>,
}

type Section = fn(&mut Report) -> Result<Value, String>;

pub fn health() -> Value {
    let sections: [(&str, Section); 6] = [
        ("cores", cores),
        ("load", load),
        ("memory", memory),
        ("uptime", uptime),
        ("temperature", celsius),
        ("disks", disks),
    ];
    build(&sections)
}

pub fn temperature() -> Value {
    build(&[("temperature", celsius)])
}

fn build(sections: &[(&str, Section)]) -> Value {
    let mut report = Report::default();
    for &(name, section) in sections {
        let value = section(&mut report).unwrap_or_else(|reason| {
            report.unavailable.add(name, Value::String(reason));
            Value::Null
        });
        report.sections.add(name, value);
    }
    let Report { mut sections, unavailable, warnings } = report;
    sections.add("warnings", Value::Array(warnings));
    sections.add("unavailable", unavailable.build());
    sections.build()
}

impl Report {
    fn warn(&mut self, parts: &[&str]) {
        self.warnings.push(Value::String(parts.concat()));
    }
}

fn read(path: &str) -> Result<String, String> {
    read_file(path).map_err(|reason| [path, ": ", &reason].concat())
}

fn unusual(path: &str) -> String {
    [path, ": not in the expected form"].concat()
}

/// A number as the kernel wrote it, if it is one.
fn number(text: &str) -> Option<Value> {
    json_text::read(text).ok().filter(|value| matches!(value, Value::Number(_)))
}

/// Counts `0-3,6` as five.
fn cores(_: &mut Report) -> Result<Value, String> {
    let path = "/sys/devices/system/cpu/online";
    let text = read(path)?;
    let mut count = 0;
    for range in text.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let bounds = first.parse::<u64>().ok().zip(last.parse::<u64>().ok());
        let (first, last) = bounds.filter(|(f, l)| f <= l).ok_or_else(|| unusual(path))?;
        count += last - first + 1;
    }
    Ok(Value::from(count))
}

/// `0.42 0.30 0.25 1/123 4567`
fn load(report: &mut Report) -> Result<Value, String> {
    let path = "/proc/loadavg";
    let text = read(path)?;
    let mut fields = text.split_ascii_whitespace();
    let mut load = Members::default();
    for name in ["one_minute", "five_minutes", "fifteen_minutes"] {
        let average = fields.next().and_then(number).ok_or_else(|| unusual(path))?;
        load.add(name, average);
    }
    let load = load.build();
    if let (Some(Value::Number(load)), Ok(Value::Number(cores))) =
        (load.get("fifteen_minutes"), cores(report))
        && compare_numbers(load, &cores).is_gt()
    {
        report.warn(&["load of ", load, " over fifteen minutes with ", &cores, " cores"]);
    }
    Ok(load)
}

/// `MemTotal:  948304 kB`, a line for each figure.
fn memory(report: &mut Report) -> Result<Value, String> {
    let path = "/proc/meminfo";
    let text = read(path)?;
    let figure = |name: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        rest.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
    };
    let total = figure("MemTotal").filter(|&total| total > 0).ok_or_else(|| unusual(path))?;
    // Kernels before 3.14 have no MemAvailable.
    let available =
        figure("MemAvailable").or_else(|| figure("MemFree")).ok_or_else(|| unusual(path))?;
    let available_percent = available.saturating_mul(100) / total;
    if available_percent < LOW_MEMORY_PERCENT {
        report.warn(&["only ", &decimal(available_percent), "% of memory available"]);
    }
    let mut memory = Members::default();
    memory.add("total_kb", Value::from(total));
    memory.add("available_kb", Value::from(available));
    memory.add("available_percent", Value::from(available_percent));
    memory.add("swap_total_kb", Value::from(figure("SwapTotal").unwrap_or(0)));
    memory.add("swap_free_kb", Value::from(figure("SwapFree").unwrap_or(0)));
    Ok(memory.build())
}

/// `12345.67 45678.90`
fn uptime(_: &mut Report) -> Result<Value, String> {
    let path = "/proc/uptime";
    let text = read(path)?;
    let whole = text.split(['.', ' ', '\n']).next().unwrap_or("");
    let seconds: u64 = whole.parse().map_err(|_| unusual(path))?;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let text = [&*decimal(days), " d ", &decimal(hours), " h ", &decimal(minutes), " min"].concat();
    let mut uptime = Members::default();
    uptime.add("seconds", Value::from(seconds));
    uptime.add("text", Value::String(text));
    Ok(uptime.build())
}

/// Thousandths of a degree.
fn celsius(report: &mut Report) -> Result<Value, String> {
    let path = "/sys/class/thermal/thermal_zone0/temp";
    let text = read(path)?;
    let milli: i64 = text.trim().parse().map_err(|_| unusual(path))?;
    let sign = if milli < 0 { "-" } else { "" };
    let size = milli.unsigned_abs();
    let degrees = [sign, &decimal(size / 1000), ".", &decimal(size / 100 % 10)].concat();
    if milli >= HOT_MILLIDEGREES {
        report.warn(&["temperature of ", &degrees, " degrees Celsius"]);
    }
    let mut temperature = Members::default();
    temperature.add("celsius", Value::Number(degrees));
    Ok(temperature.build())
}

/// The mounted disks, each device once, with what was read and written since the start.
fn disks(report: &mut Report) -> Result<Value, String> {
    let mounts = read("/proc/mounts")?;
    let activity = read("/proc/diskstats").unwrap_or_else(|reason| {
        report.unavailable.add("disk_activity", Value::String(reason));
        String::new()
    });
    let mut seen: Vec<&str> = Vec::new();
    let mut disks = Vec::new();
    for line in mounts.lines() {
        // Device, mount point, type of the file system, options.
        let mut fields = line.split(' ');
        let mut next = || fields.next().unwrap_or("");
        let (device, mount_point, kind, options) = (next(), next(), next(), next());
        let Some(name) = device.strip_prefix("/dev/").filter(|name| !name.starts_with("loop"))
        else {
            continue;
        };
        if seen.contains(&device) {
            continue;
        }
        seen.push(device);
        let read_only = options.split(',').any(|option| option == "ro");
        if read_only && matches!(kind, "ext2" | "ext3" | "ext4" | "f2fs" | "btrfs" | "xfs") {
            report.warn(&[
                mount_point,
                " is mounted read-only, which may mean a failing card or disk",
            ]);
        }
        let (read, written) = transferred(&activity, name);
        let mut disk = Members::default();
        disk.add("device", Value::from(device));
        disk.add("mount_point", Value::String(mount_point.to_string()));
        disk.add("filesystem", Value::from(kind));
        disk.add("read_only", Value::from(read_only));
        disk.add("read_mb", read);
        disk.add("written_mb", written);
        disks.push(disk.build());
    }
    Ok(Value::Array(disks))
}

/// `179 2 mmcblk0p2 READS MERGED SECTORS MILLISECONDS WRITES MERGED SECTORS …`, in megabytes read and
/// written; null for a device that has no line.
fn transferred(activity: &str, name: &str) -> (Value, Value) {
    let line = activity.lines().find(|line| line.split_ascii_whitespace().nth(2) == Some(name));
    let megabytes = |field| {
        let sectors = line?.split_ascii_whitespace().nth(field)?.parse::<u64>().ok()?;
        Some(Value::from(sectors.saturating_mul(SECTOR_BYTES) / 1_000_000))
    };
    (megabytes(5).unwrap_or(Value::Null), megabytes(9).unwrap_or(Value::Null))
}
