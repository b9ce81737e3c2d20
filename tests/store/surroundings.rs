//! Folders that can't be written, full disks, and what is in the way.

use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use smol::block_on;
use weft_lite::StoreSource;
use weft_lite::errors::{ActionableError, PluginError, StoreError};
use weft_lite::store::DurableStore;

use crate::support::{Place, QUOTA, entries, get, set};

const FOLDER: &str = "WEFT_TEST_STORE_FOLDER";
const NOBODY: u32 = 65_534;

/// Runs a test of this program by a shell, which prepares itself first.
#[track_caller]
fn again(test: &str, prepare: &str, folder: &Path, as_nobody: bool) {
    // The program may be where nobody else can read it.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("test");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{prepare}exec \"$0\" --exact {test} --nocapture")]);
    command.arg(&program).env(FOLDER, folder).current_dir(place.path());
    if as_nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    let ran = command.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn a_folder_for_reading_can_be_read() {
    if let Some(folder) = env::var_os(FOLDER) {
        return read_only(Path::new(&folder));
    }
    let place = Place::new();
    set(&place.open("notes"), "a", "1").unwrap();
    let readable = PermissionsExt::from_mode;
    for path in
        [place.0.path().to_owned(), place.folder().parent().unwrap().to_owned(), place.folder()]
    {
        fs::set_permissions(path, readable(0o555)).unwrap();
    }
    fs::set_permissions(place.file("notes"), readable(0o444)).unwrap();
    let is_root = fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0);
    again("surroundings::a_folder_for_reading_can_be_read", "", &place.folder(), is_root);
    fs::set_permissions(place.folder(), readable(0o700)).unwrap();
    set(&place.open("notes"), "a", "2").unwrap_or_else(|error| assert!(!is_root, "{error}"));
}

fn read_only(folder: &Path) {
    let store = DurableStore::new(folder).namespace("notes", QUOTA);
    assert_eq!(get(&store, "a"), Some(b"1".to_vec()));
    assert_eq!(get(&store, "b"), None);
    let refused = |error: PluginError| {
        let text = error.to_string();
        assert!(
            text.starts_with("the store: Permission denied (os error 13); check the"),
            "{text}"
        );
    };
    refused(set(&store, "a", "2").unwrap_err());
    refused(block_on(store.delete("a")).unwrap_err());
    assert_eq!(block_on(store.delete("b")), Ok(false));
    assert_eq!(get(&store, "a"), Some(b"1".to_vec()));
    refused(set(&DurableStore::new(folder).namespace("new", QUOTA), "a", "2").unwrap_err());
    assert_eq!(DurableStore::new(folder).namespaces().unwrap().len(), 1);
    let error = DurableStore::new(folder).clear("notes").unwrap_err();
    assert!(error.to_string().contains("notes.kv can't be used: Permission denied"), "{error}");
    assert!(error.next_step().contains("permissions"));
}

/// The limit for the length of a file stands for the end of the disk.
#[test]
fn a_full_disk_keeps_what_there_is() {
    if let Some(folder) = env::var_os(FOLDER) {
        return full_disk(Path::new(&folder));
    }
    let place = Place::new();
    set(&place.open("notes"), "a", "1").unwrap();
    // 40 KB, in blocks of 512 bytes.
    let limit = "trap '' XFSZ; ulimit -f 80; ";
    again("surroundings::a_full_disk_keeps_what_there_is", limit, &place.folder(), false);
    assert_eq!(get(&place.open("notes"), "a"), Some(b"3".to_vec()));
    set(&place.open("notes"), "large", vec![1; 100_000]).unwrap();
    assert_eq!(entries(&place.open("notes")).len(), 2);
}

fn full_disk(folder: &Path) {
    let store = DurableStore::new(folder).namespace("notes", QUOTA);
    for _ in 0..3 {
        let error = set(&store, "large", vec![1; 100_000]).unwrap_err();
        assert!(matches!(error, PluginError::Io { .. }), "{error}");
        assert_eq!(entries(&store).len(), 1);
        assert_eq!(entries(&DurableStore::new(folder).namespace("notes", QUOTA)).len(), 1);
        // Something small still fits.
        set(&store, "a", "2").unwrap();
        assert_eq!(get(&store, "a"), Some(b"2".to_vec()));
    }
    set(&store, "a", "3").unwrap();
}

#[test]
fn what_is_in_the_way_is_named() {
    let place = Place::new();
    fs::create_dir_all(place.folder().parent().unwrap()).unwrap();
    fs::write(place.folder(), "").unwrap();
    assert!(block_on(place.open("notes").set("a", vec![])).is_err());
    let error = place.store().namespaces().unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    fs::remove_file(place.folder()).unwrap();
    fs::create_dir_all(place.file("notes")).unwrap();
    let error = block_on(place.open("notes").get("a")).unwrap_err();
    assert!(matches!(error, PluginError::Io { .. }), "{error}");
    assert!(place.store().clear("notes").is_err());
    assert!(place.file("notes").is_dir());
}
