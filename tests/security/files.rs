//! T14 to T22: files.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::probe::Probe;

/// The probe with the folder `data` of its workspace, and a secret file beside it.
fn probe() -> Probe {
    let probe = Probe::new(&json!({ "filesystem": ["$WORKSPACE/data"] }));
    fs::write(probe.path("secret.txt"), "not yours").unwrap();
    probe
}

#[test]
fn t14_reading_inside_the_folder_gives_the_content() {
    let probe = probe();
    fs::write(probe.path("data/note.txt"), "Grüße").unwrap();
    let absolute = probe.path("data/note.txt");
    for path in ["note.txt", absolute.to_str().unwrap()] {
        assert_eq!(probe.call("read", &json!({ "path": path })), Ok(json!({ "content": "Grüße" })));
    }
}

#[test]
fn t15_an_absolute_path_outside_is_denied() {
    let refusal = probe().refusal("read", &json!({ "path": "/etc/passwd" }));
    assert_eq!(refusal, "filesystem access denied: path outside sandbox");
}

#[test]
fn t16_a_relative_path_outside_is_denied() {
    let probe = probe();
    for path in ["../../etc/passwd", "../secret.txt", "a/../../secret.txt"] {
        let refusal = probe.refusal("read", &json!({ "path": path }));
        assert_eq!(refusal, "filesystem access denied: path outside sandbox", "{path}");
    }
}

#[test]
fn t17_reading_through_an_outward_link_is_denied() {
    let probe = probe();
    symlink("../secret.txt", probe.path("data/file")).unwrap();
    symlink("..", probe.path("data/folder")).unwrap();
    symlink("/etc/passwd", probe.path("data/absolute")).unwrap();
    for path in ["file", "folder/secret.txt", "absolute"] {
        let refusal = probe.refusal("read", &json!({ "path": path }));
        assert_eq!(refusal, "symlink points outside sandbox", "{path}");
    }
}

#[test]
fn t18_writing_inside_succeeds() {
    let probe = probe();
    let params = json!({ "path": "new/file.txt", "content": "Grüße" });
    assert_eq!(probe.call("write", &params), Ok(json!({})));
    assert_eq!(fs::read_to_string(probe.path("data/new/file.txt")).unwrap(), "Grüße");
}

#[test]
fn t19_writing_outside_is_denied() {
    let probe = probe();
    for path in ["../secret.txt", "/tmp/weft-lite-t19.txt"] {
        let refusal = probe.refusal("write", &json!({ "path": path, "content": "mine" }));
        assert_eq!(refusal, "filesystem access denied: path outside sandbox", "{path}");
    }
    assert_eq!(fs::read_to_string(probe.path("secret.txt")).unwrap(), "not yours");
}

#[test]
fn t20_a_file_over_8_mb_is_refused() {
    let probe = probe();
    let file = fs::File::create(probe.path("data/large")).unwrap();
    file.set_len(8 << 20).unwrap();
    let length = probe.call("read_length", &json!({ "path": "large" }));
    assert_eq!(length, Ok(json!({ "length": 8 << 20 })), "8 MB are within the limit");
    file.set_len((8 << 20) + 1).unwrap();
    assert_eq!(probe.refusal("read_length", &json!({ "path": "large" })), "file too large");
}

#[test]
fn t21_without_permission_no_file_is_touched() {
    let probe = Probe::new(&json!({}));
    let path = probe.path("data/note.txt");
    for (tool, params) in [
        ("read", json!({ "path": path })),
        ("write", json!({ "path": path, "content": "" })),
        ("write", json!({ "path": "", "content": "" })),
    ] {
        assert_eq!(probe.refusal(tool, &params), "filesystem access not permitted");
    }
}

#[test]
fn t22_writing_through_an_outward_link_is_denied() {
    let probe = probe();
    symlink("../secret.txt", probe.path("data/file")).unwrap();
    symlink("..", probe.path("data/folder")).unwrap();
    symlink("../missing.txt", probe.path("data/dangling")).unwrap();
    for path in ["file", "folder/secret.txt", "folder/new.txt", "dangling"] {
        let refusal = probe.refusal("write", &json!({ "path": path, "content": "mine" }));
        assert_eq!(refusal, "symlink points outside sandbox", "{path}");
    }
    assert_eq!(fs::read_to_string(probe.path("secret.txt")).unwrap(), "not yours");
    assert!(!probe.path("new.txt").exists() && !probe.path("missing.txt").exists());
}
