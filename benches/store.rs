//! What a get and a durable set of the store cost. A set stands beside a record that is written to a plain file and
//! waited for, in turns in the same run: the disk decides both.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use smol::block_on;
use support::Report;
use weft_lite::StoreSource;
use weft_lite::store::DurableStore;

const SETS: u64 = 600;
const GETS: u64 = 100_000;
const ENTRIES: u64 = 1_000;
/// Bytes of a value, and of its record.
const VALUE: usize = 100;
const RECORD: usize = 16 + "key-000".len() + VALUE;
/// A plain file grows by so much at once, as the store's does.
const GROWTH: u64 = 32 * 1024;

fn main() -> ExitCode {
    match measure() {
        Ok(code) => code,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> io::Result<ExitCode> {
    let mut report = Report::begin("the store: entries of 100 bytes");
    let folder = tempfile::tempdir()?;
    let before = resident_kb();
    let store = DurableStore::new(folder.path().join("store")).namespace("bench", 16 << 20);
    let set = |number: u64, value: Vec<u8>| {
        let done = block_on(store.set(&format!("key-{:03}", number % ENTRIES), value));
        done.map_err(|error| io::Error::other(error.to_string()))
    };
    set(0, vec![0; VALUE])?;
    report.figure("resident memory of an open store", resident_kb() - before, "KB");

    let plain = File::create(folder.path().join("plain"))?;
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let (mut end, mut length) = (0, 0);
    for number in 0..SETS {
        let begun = Instant::now();
        set(number, vec![1; VALUE])?;
        own.push(begun.elapsed());
        let begun = Instant::now();
        let mut record = vec![1; RECORD];
        if end + RECORD as u64 > length {
            record.resize(RECORD.next_multiple_of(GROWTH as usize), 0);
            length = end + record.len() as u64;
        }
        plain.write_all_at(&record, end)?;
        plain.sync_data()?;
        end += RECORD as u64;
        others.push(begun.elapsed());
    }
    let (own, others) = (microseconds(median(own)), microseconds(median(others)));
    report.figure("a record written to a plain file and waited for", others, "us");
    report.figure("a set", own, "us");
    report.bounded("a set beside that record", own / others, "times", 1.2);
    let length = fs::metadata(folder.path().join("store/bench.kv"))?.len();
    report.figure("the file after 600 sets", length as f64 / 1024.0, "KB");

    for number in 0..ENTRIES {
        set(number, vec![2; VALUE])?;
    }
    let keys: Vec<String> = (0..ENTRIES).map(|number| format!("key-{number:03}")).collect();
    let best = (0..5).map(|_| {
        let begun = Instant::now();
        for number in 0..GETS {
            let key = &keys[(number * 7_919 % ENTRIES) as usize];
            std::hint::black_box(block_on(store.get(key)).is_ok());
        }
        begun.elapsed()
    });
    let best = best.min().unwrap_or_default();
    report.bounded("a get, of 1,000 entries", microseconds(best) / GETS as f64, "us", 5.0);
    Ok(report.end())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What of this process is in memory.
fn resident_kb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or_default()
}
