//! Kills at any moment: what was acknowledged is there afterwards, and the counters are right.
//!
//! The test program starts itself as the writer. That does the operations of a sequence, which its seed determines,
//! and prints the number of each that was acknowledged.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use smol::block_on;
use weft_lite::StoreSource;
use weft_lite::errors::PluginError;
use weft_lite::store::DurableStore;

use crate::support::{Place, QUOTA, entries, set};

const TEST: &str = "kills::acknowledged_writes_survive_500_kills";
const FOLDER: &str = "WEFT_TEST_STORE_FOLDER";
const NAME: &str = "WEFT_TEST_STORE_NAME";
const FROM: &str = "WEFT_TEST_STORE_FROM";

/// Namespaces that are written, and killed, at the same time.
const CHAINS: u64 = 4;
const KILLS_PER_CHAIN: u64 = 125;
/// Few enough for the file to be rewritten every hundred operations or so.
const KEYS: u64 = 24;

type Model = BTreeMap<String, Vec<u8>>;

/// A number that looks random, the same for the same one.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The operation of this number: a key with a new value, or without one.
fn operation(chain: &str, number: u64) -> (String, Option<Vec<u8>>) {
    let seed = chain.bytes().fold(7, |seed, byte| mixed(seed ^ u64::from(byte)));
    let random = mixed(seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let key = format!("{chain}/{}", random % KEYS);
    let bytes = match random >> 60 {
        0 => return (key, None),
        1 => 20_000,
        2..=4 => 4_000,
        _ => 20 + usize::try_from(random >> 40).unwrap() % 200,
    };
    let value = format!("{number}.").bytes().cycle().take(bytes).collect();
    (key, Some(value))
}

fn apply(model: &mut Model, (key, value): (String, Option<Vec<u8>>)) {
    match value {
        Some(value) => drop(model.insert(key, value)),
        None => drop(model.remove(&key)),
    }
}

/// What the killed process does.
fn write_until_killed(folder: &Path) -> ! {
    let name = env::var(NAME).unwrap();
    let store = DurableStore::new(folder).namespace(&name, QUOTA);
    let shared = DurableStore::new(folder).namespace("shared", QUOTA);
    for number in env::var(FROM).unwrap().parse::<u64>().unwrap().. {
        let (key, value) = operation(&name, number);
        match value {
            Some(value) => set(&store, &key, value).unwrap(),
            None => drop(block_on(store.delete(&key)).unwrap()),
        }
        if number % 8 == 0 {
            // Where the others write, too.
            set(&shared, &name, number.to_string()).unwrap();
        }
        // Past the test harness, whose line is not ended yet.
        stdout().write_all(format!("\n{number}\n").as_bytes()).unwrap();
    }
    unreachable!()
}

/// Kills a writer at a random moment after its first answer. Returns the number of the last operation that was
/// acknowledged.
fn killed_writer(folder: &Path, chain: &str, from: u64, moment: Duration) -> u64 {
    let mut writer = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .envs([(NAME, chain), (FROM, &from.to_string())])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut numbers = lines.map_while(Result::ok).filter_map(|line| line.parse().ok());
    let first = numbers.next().expect("the writer writes");
    thread::sleep(moment);
    writer.kill().unwrap();
    writer.wait().unwrap();
    numbers.last().unwrap_or(first)
}

/// Kills one writer after the other, and compares with the model after each.
fn chain(folder: &Path, chain: &str) -> u64 {
    let (mut model, mut from) = (Model::new(), 0);
    for kill in 0..KILLS_PER_CHAIN {
        let moment = Duration::from_micros(mixed(from ^ kill) % 40_000);
        let last = killed_writer(folder, chain, from, moment);
        (from..=last).for_each(|number| apply(&mut model, operation(chain, number)));
        let store = DurableStore::new(folder).namespace(chain, QUOTA);
        let found: Model = entries(&store).into_iter().collect();
        from = last + 1;
        if found != model {
            // The one without an answer may be there as well.
            apply(&mut model, operation(chain, from));
            from += 1;
        }
        assert!(found == model, "{chain}: acknowledged up to {last}, kill {kill}");
        let summaries = DurableStore::new(folder).namespaces().unwrap();
        let summary = summaries.iter().find(|it| it.name == chain).unwrap();
        let bytes = model.iter().map(|(key, value)| key.len() + value.len()).sum();
        assert_eq!((summary.entries, summary.bytes), (model.len(), bytes));
        drop(store);
        fills_up_to_the_quota(folder, chain, bytes);
    }
    from
}

/// The counter that the quota is compared with is that of what is there.
fn fills_up_to_the_quota(folder: &Path, chain: &str, bytes: usize) {
    let store = DurableStore::new(folder).namespace(chain, bytes + 10);
    let error = set(&store, "x", [0; 10]).unwrap_err();
    assert!(matches!(error, PluginError::LimitReached { .. }), "{error}");
    set(&store, "x", [0; 9]).unwrap();
    assert_eq!(block_on(store.delete("x")), Ok(true));
}

#[test]
fn acknowledged_writes_survive_500_kills() {
    if let Some(folder) = env::var_os(FOLDER) {
        write_until_killed(Path::new(&folder));
    }
    let place = Place::new();
    let chains: Vec<_> = (0..CHAINS)
        .map(|number| {
            let folder = place.folder();
            thread::spawn(move || chain(&folder, &format!("chain-{number}")))
        })
        .collect();
    let ends: Vec<u64> = chains.into_iter().map(|it| it.join().unwrap()).collect();
    let operations: u64 = ends.iter().sum();
    assert!(operations > CHAINS * KILLS_PER_CHAIN, "{operations}");
    // The one that all of them wrote: a kill between its two writes leaves the earlier number there.
    let shared = entries(&place.open("shared"));
    assert_eq!(shared.len(), ends.len());
    for ((name, number), end) in shared.into_iter().zip(ends) {
        let number: u64 = String::from_utf8(number).unwrap().parse().unwrap();
        assert!(number <= end && number + 64 > end, "{name}: {number} of {end}");
    }
    println!("{operations} operations");
}
