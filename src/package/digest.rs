//! The digests of a package's files, and which files they cover.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::contract::{Sha256, SortedMap, limits, to_hex};
use crate::skill::is_ignored_name;

/// The record's name. It is never a part of a package.
pub(super) const RECORD_FILE: &str = "install.json";

/// The signature's name in a package. It covers every file but itself.
#[cfg_attr(not(feature = "package"), allow(unreachable_pub, reason = "the feature exports it"))]
pub const SIGNATURE_FILE: &str = "weft.signature.json";

/// Files and folders that are read at most.
const ENTRIES: usize = 4_096;
/// Bytes of a file that are read at once.
const READ_BYTES: usize = 64 << 10;

/// How many entries and bytes of a package may still be read.
pub(super) struct ReadBudget {
    bytes: u64,
    entries: usize,
    /// Whether a folder was passed by.
    pub(super) passed_by: bool,
    buffer: Box<[u8]>,
}

impl ReadBudget {
    pub(super) fn of_a_package() -> Self {
        let buffer = vec![0; READ_BYTES].into_boxed_slice();
        Self { bytes: limits::PACKAGE_BYTES, entries: ENTRIES, passed_by: false, buffer }
    }
}

/// Takes the digest of every file; of a link that leads to no file, that of where it leads. In a
/// folder that somebody works in, what tools leave there is not looked into.
pub(super) fn collect(
    folder: &Path,
    prefix: &str,
    by_hand: bool,
    files: &mut SortedMap<String, String>,
    left: &mut ReadBudget,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, place) = (entry.file_name(), entry.path());
        let path = format!("{prefix}{}", unambiguous(&name));
        if path == RECORD_FILE || path == SIGNATURE_FILE {
            continue;
        }
        left.entries = left.entries.checked_sub(1).ok_or_else(|| too_much(&path))?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let left_out = by_hand && name.to_str().is_some_and(is_ignored_name);
            if left_out {
                left.passed_by = true;
            } else {
                collect(&place, &format!("{path}/"), by_hand, files, left)?;
            }
        } else if kind.is_file() || (kind.is_symlink() && place.is_file()) {
            let digest = digest_of(&place, &path, left)?;
            files.insert(path, digest);
        } else if kind.is_symlink() {
            let target = fs::read_link(&place)?;
            let digest = sha256_hex(target.as_os_str().as_encoded_bytes());
            files.insert(path, format!("link:{digest}"));
        }
    }
    Ok(())
}

/// A name as it stands in digests: no two are the same, and none looks like several lines.
pub(super) fn unambiguous(name: &OsStr) -> String {
    let is_odd = |letter: char| letter.is_control() || letter == '\\';
    if let Some(plain) = name.to_str().filter(|name| !name.contains(is_odd)) {
        return plain.to_owned();
    }
    let mut escaped = String::new();
    for &byte in name.as_encoded_bytes() {
        match byte {
            b' '..=b'~' if byte != b'\\' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("\\x{byte:02x}")),
        }
    }
    escaped
}

pub(super) fn digest_of(place: &Path, path: &str, left: &mut ReadBudget) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(place)?;
    loop {
        match file.read(&mut left.buffer) {
            Ok(0) => return Ok(to_hex(&hash.finish())),
            Ok(read) => {
                left.bytes = left.bytes.checked_sub(read as u64).ok_or_else(|| too_much(path))?;
                hash.update(&left.buffer[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn too_much(path: &str) -> io::Error {
    io::Error::other(format!("there is too much in it, from `{path}` on"))
}

/// The text of which a package's digest is made: a line for each file, in the order of the paths.
pub(super) fn digest_list(files: &SortedMap<String, String>) -> String {
    files.iter().map(|(path, digest)| format!("sha256:{digest}  {path}\n")).collect()
}

/// The SHA-256 digest as hex.
#[cfg_attr(not(feature = "package"), allow(unreachable_pub, reason = "the feature exports it"))]
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    to_hex(&Sha256::of(bytes))
}
