//! The entry points of the fuzz targets, with inputs that are the same in every run: seeds that
//! work, and then are cut, spliced and overwritten.

use std::fs;
use std::path::{Path, PathBuf};

use crate::entries;
use crate::guest::Guest;
use crate::skills;

/// Marsaglia's xorshift: enough to choose by, and alike everywhere.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        // Values at which something happens more often than others.
        const EDGES: [u8; 8] = [0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xfe, 0xff];
        match self.below(3) {
            0 => EDGES[self.below(EDGES.len())],
            _ => self.next().to_le_bytes()[0],
        }
    }

    /// A seed with one to eight changes.
    fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            if bytes.is_empty() {
                bytes.push(self.byte());
            }
            let at = self.below(bytes.len());
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                2 => drop(bytes.remove(at)),
                3 => {
                    let end = (at + 1 + self.below(16)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = self.below(bytes.len());
                    bytes.splice(to..to, copy);
                }
                4 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len().max(1)).min(other.len());
                    bytes.truncate(at);
                    bytes.extend_from_slice(&other[from..]);
                }
                _ => bytes[at] = self.byte(),
            }
        }
        bytes
    }
}

/// The committed inputs of a fuzz target: seeds, and what was once found.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Drives `entry` with every seed as it is, then with `times` changed ones.
fn drive(entry: fn(&[u8]), seeds: &[Vec<u8>], times: usize) {
    for seed in seeds {
        entry(seed);
    }
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for _ in 0..times {
        entry(&random.mutated(seeds));
    }
}

#[test]
fn any_bytes_are_a_module_or_are_refused() {
    let mut seeds = corpus("module");
    seeds.push(Guest::default().wasm());
    for guest in ["echo", "wasip1", "wasip2", "wasip2-c", "component", "echo-c", "morse", "mailbox"]
    {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests");
        seeds.push(fs::read(folder.join(guest).join("plugin.wasm")).unwrap());
    }
    drive(entries::module, &seeds, 1_200);
}

#[test]
fn any_memory_keeps_to_the_abi_or_fails() {
    drive(entries::abi, &corpus("abi"), 600);
}

#[test]
fn any_text_is_a_manifest_or_is_refused() {
    drive(entries::manifest, &corpus("manifest"), 5_000);
}

#[test]
fn any_bytes_are_a_skill_or_an_error() {
    let mut seeds = corpus("frontmatter");
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/skills/cases");
    let mut files: Vec<PathBuf> =
        fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "md"));
    files.sort();
    seeds.extend(files.iter().map(|file| fs::read(file).unwrap()));
    drive(skills::frontmatter, &seeds, 5_000);
}

#[test]
fn any_path_stays_inside() {
    drive(entries::paths, &corpus("paths"), 400);
}

#[cfg(feature = "net")]
#[test]
fn any_url_leads_to_listed_public_hosts() {
    drive(crate::urls::url, &corpus("url"), 3_000);
}

#[cfg(feature = "mcp")]
#[test]
fn any_messages_are_answered_with_messages() {
    drive(crate::messages::json_rpc, &corpus("json_rpc"), 2_000);
}

#[cfg(feature = "socket")]
#[test]
fn any_socket_line_is_answered() {
    drive(crate::lines::socket_lines, &corpus("socket"), 1_000);
}
