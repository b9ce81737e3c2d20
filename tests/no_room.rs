//! Writing where there is no room: the guest is told, and the old content stays.

#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[allow(dead_code, reason = "shared with the tests of the command line")]
mod support;

use std::fs;
use std::process::Command;

use serde_json::json;
use support::Dir;

/// The most that a file may hold here, in blocks of 512 bytes. A full disk fails at the same place,
/// but only root can make one.
const BLOCKS: usize = 100;

#[test]
fn a_write_without_room_keeps_the_old_content() {
    let dir = Dir::new();
    let permissions = json!({ "permissions": { "filesystem": ["$WORKSPACE/data"] } });
    dir.plugin("probe", &support::probe(), &permissions);
    fs::create_dir(dir.path("data")).unwrap();
    dir.write("data/file", "old");
    let write = |size: usize| {
        let params = json!({ "path": "file", "size": size }).to_string();
        let program = dir.command(&["call", "probe__write_big", &params]);
        let mut limited = Command::new("sh");
        limited
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {BLOCKS}; exec \"$@\""), "sh"])
            .arg(program.get_program())
            .args(program.get_args())
            .current_dir(dir.path(""))
            .env("HOME", dir.path("home"));
        let output = limited.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, said) = write(BLOCKS * 512 + 1);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("file access failed: file: File too large"), "{said}");
    assert_eq!(fs::read_to_string(dir.path("data/file")).unwrap(), "old");
    assert_eq!(fs::read_dir(dir.path("data")).unwrap().count(), 1, "nothing else is left there");
    let (status, said) = write(BLOCKS * 512);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(fs::metadata(dir.path("data/file")).unwrap().len(), (BLOCKS * 512) as u64);
}
