//! Folders and files that become links while a guest reads and writes through them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::probe::Probe;

const SWAPS: usize = 10_000;
const MOST_ROUNDS: usize = 50_000;

/// Whatever the moment, the outside is neither read nor changed.
#[test]
fn swapping_for_a_link_gains_nothing() {
    let probe = Probe::new(&json!({ "filesystem": ["$WORKSPACE/data"] }));
    let at = |name: &str| probe.path(name);
    fs::create_dir(at("outside")).unwrap();
    fs::write(at("outside/secret.txt"), "secret").unwrap();
    fs::create_dir(at("data/door")).unwrap();
    fs::write(at("data/door/secret.txt"), "inside").unwrap();
    fs::write(at("data/file"), "inside").unwrap();
    let calls = json!({ "calls": [
        { "tool": "read", "params": { "path": "door/secret.txt" } },
        { "tool": "write", "params": { "path": "door/secret.txt", "content": "inside" } },
        { "tool": "read", "params": { "path": "file" } },
        { "tool": "write", "params": { "path": "file", "content": "inside" } },
        { "tool": "write", "params": { "path": "door/new/folder/file.txt", "content": "inside" } },
    ] });
    let (swaps, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                swap(&at("data"), "door", "../outside");
                swap(&at("data"), "file", "../outside/secret.txt");
                swaps.fetch_add(2, Ordering::Relaxed);
            }
        });
        // However this ends, the other thread ends too.
        let _ends = Ends(&stop);
        let (mut done, mut refused) = (0, 0);
        for round in 0.. {
            let enough = swaps.load(Ordering::Relaxed) >= SWAPS;
            if enough && done > 0 && refused > 0 {
                break;
            }
            assert!(round < MOST_ROUNDS, "{done} done, {refused} refused");
            let answers = probe.call("many", &calls).unwrap();
            for answer in answers.as_array().unwrap() {
                let text = answer.to_string();
                assert!(!text.contains("\"secret\""), "the outside was read: {text}");
                done += usize::from(answer["ok"] == json!({}));
                refused += usize::from(answer["error"] == "symlink points outside sandbox");
            }
        }
    });
    let names: Vec<_> =
        fs::read_dir(at("outside")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["secret.txt"]);
    assert_eq!(fs::read_to_string(at("outside/secret.txt")).unwrap(), "secret");
    assert!(!at("new").exists());
}

/// Tells the swapping thread to end, also when an assertion fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Puts a link to `outside` in the place of `name`, and then the real thing back.
fn swap(folder: &Path, name: &str, outside: &str) {
    let [real, link, aside] =
        ["", "-link", "-aside"].map(|end| folder.join(format!("{name}{end}")));
    symlink(outside, &link).unwrap();
    put(&real, &aside);
    put(&link, &real);
    put(&aside, &real);
}

/// Renames, and clears away what is there: the link, or what the guest has made in between.
fn put(from: &Path, to: &Path) {
    while fs::rename(from, to).is_err() {
        let _ = fs::remove_dir_all(to).or_else(|_| fs::remove_file(to));
    }
}
