//! `read-file` and `write-file` through the sandbox: every rule and every refusal's text. What the
//! guest sees is the reply; nothing here looks behind it.

#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::TempDir;
use weft_lite::errors::Denied;
use weft_lite::sandbox::{HostCall, HostReply, PluginIdentity, Sandbox, SandboxOptions, Served};
use weft_lite::{Capability, FileGrant, PluginPermissions, PluginResourceConfig, limits};

const OUTSIDE: &str = "filesystem access denied: path outside sandbox";
const AUTHORITY: &str =
    "filesystem access denied: what weft-lite takes authority from is open to no plugin";
const SYMLINK: &str = "symlink points outside sandbox";
const MB: usize = 1024 * 1024;

/// A workspace with a secret beside it, which no test may reach.
struct Dirs {
    root: TempDir,
}

impl Dirs {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("workspace")).unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        fs::create_dir(root.path().join("plugin")).unwrap();
        fs::create_dir(root.path().join("outside")).unwrap();
        fs::write(root.path().join("outside/secret.txt"), "secret").unwrap();
        Self { root }
    }

    fn at(&self, path: &str) -> String {
        self.root.path().join(path).to_str().unwrap().to_owned()
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::write(self.at(path), content).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn sandbox_with_warnings(&self, grants: &[&str]) -> (Sandbox, Vec<String>) {
        self.installed(grants, "plugin")
    }

    /// The sandbox of a plugin that is in this folder.
    fn installed(&self, grants: &[&str], folder: &str) -> (Sandbox, Vec<String>) {
        let permissions = PluginPermissions {
            filesystem: grants.iter().map(|&grant| grant.into()).collect(),
            ..PluginPermissions::default()
        };
        let options = SandboxOptions {
            home: Some(self.at("home").into()),
            weft_home: Some(self.at("home/.weft").into()),
            ..SandboxOptions::new(self.at("workspace"))
        };
        Sandbox::new(
            PluginIdentity { id: "org.test.files".into(), version: "1.0.0".into() },
            Some(Path::new(&self.at(folder))),
            &permissions,
            &PluginResourceConfig::default(),
            &options,
        )
    }

    #[track_caller]
    fn sandbox(&self, grants: &[&str]) -> Sandbox {
        let (sandbox, warnings) = self.sandbox_with_warnings(grants);
        assert_eq!(warnings, Vec::<String>::new());
        sandbox
    }

    fn workspace_sandbox(&self) -> Sandbox {
        self.sandbox(&["$WORKSPACE"])
    }

    /// Names in a folder, to show that no temporary file stays.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn serve(sandbox: &Sandbox, call: HostCall) -> Served {
    smol::block_on(sandbox.serve(call, 0))
}

fn read(sandbox: &Sandbox, path: &str) -> Result<String, String> {
    match serve(sandbox, HostCall::ReadFile { path: path.into() }).reply {
        HostReply::Text(result) => result,
        other => unreachable!("read-file answered {other:?}"),
    }
}

fn write(sandbox: &Sandbox, path: &str, content: &str) -> Result<(), String> {
    let call = HostCall::WriteFile { path: path.into(), content: content.into() };
    match serve(sandbox, call).reply {
        HostReply::Done(result) => result,
        other => unreachable!("write-file answered {other:?}"),
    }
}

/// Both functions refuse the path by this rule, and say so to guest and host alike.
#[track_caller]
fn assert_denied(sandbox: &Sandbox, path: &str, rule: &str) {
    let denied = Denied {
        capability: Capability::Filesystem,
        target: path.to_owned(),
        rule: rule.to_owned(),
        approve_with: None,
    };
    assert_eq!(
        serve(sandbox, HostCall::ReadFile { path: path.into() }),
        Served { denied: Some(denied.clone()), ..Served::plain(HostReply::Text(Err(rule.into()))) },
    );
    assert_eq!(
        serve(sandbox, HostCall::WriteFile { path: path.into(), content: "x".into() }),
        Served { denied: Some(denied), ..Served::plain(HostReply::Done(Err(rule.into()))) },
    );
}

#[track_caller]
fn assert_not_regular(sandbox: &Sandbox, path: &str) {
    assert_eq!(read(sandbox, path), Err("not a regular file".into()), "reading {path}");
    assert_eq!(write(sandbox, path, "x"), Err("not a regular file".into()), "writing {path}");
}

#[test]
fn without_the_permission_nothing_is_read_or_written() {
    let dirs = Dirs::new();
    let sandbox = dirs.sandbox(&[]);
    assert_denied(&sandbox, &dirs.at("workspace/a.txt"), "filesystem access not permitted");
    // The first rule comes before any other.
    assert_denied(&sandbox, "", "filesystem access not permitted");
}

#[test]
fn a_granted_folder_is_written_and_read() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(write(&sandbox, &dirs.at("workspace/a.txt"), "naïve ☃"), Ok(()));
    assert_eq!(read(&sandbox, &dirs.at("workspace/a.txt")), Ok("naïve ☃".into()));
    assert_eq!(write(&sandbox, &dirs.at("workspace/a.txt"), ""), Ok(()));
    assert_eq!(read(&sandbox, &dirs.at("workspace/a.txt")), Ok(String::new()));
    assert_eq!(dirs.names("workspace"), ["a.txt"]);
}

#[test]
fn relative_paths_belong_to_the_first_granted_folder() {
    let dirs = Dirs::new();
    dirs.write("plugin/data.txt", "plugin");
    dirs.write("workspace/data.txt", "workspace");
    dirs.write("workspace/single.txt", "single");
    let sandbox = dirs.sandbox(&["$WORKSPACE/single.txt", "$PLUGIN_DIR", "$WORKSPACE"]);
    assert_eq!(read(&sandbox, "data.txt"), Ok("plugin".into()));
    assert_eq!(read(&sandbox, "./x/../data.txt"), Ok("plugin".into()));
    // It leaves the first folder and arrives in another that is granted too.
    assert_eq!(read(&sandbox, "../workspace/data.txt"), Ok("workspace".into()));
    let files_only = dirs.sandbox(&["$WORKSPACE/single.txt"]);
    assert_denied(&files_only, "single.txt", OUTSIDE);
}

#[test]
fn paths_outside_every_grant_are_denied() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    let beside = dirs.at("workspace-beside/a.txt");
    let climbing = dirs.at("workspace/../outside/secret.txt");
    for path in ["/etc/passwd", "../../etc/passwd", "../outside/secret.txt", "/", "..", "a/../.."] {
        assert_denied(&sandbox, path, OUTSIDE);
    }
    assert_denied(&sandbox, &beside, OUTSIDE);
    assert_denied(&sandbox, &climbing, OUTSIDE);
    // More `..` than there are folders stay at the root.
    assert_denied(&sandbox, &format!("{}etc/passwd", "../".repeat(60)), OUTSIDE);
}

#[test]
fn empty_paths_and_nul_bytes_are_denied() {
    let sandbox = Dirs::new().workspace_sandbox();
    for path in ["", "a\0b", "\0"] {
        assert_denied(&sandbox, path, "filesystem access denied: invalid path");
    }
}

#[test]
fn names_that_only_look_like_variables_are_names() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(write(&sandbox, "~", "tilde"), Ok(()));
    assert_eq!(write(&sandbox, "$WORKSPACE", "dollar"), Ok(()));
    assert_eq!(dirs.names("workspace"), ["$WORKSPACE", "~"]);
}

#[test]
fn the_longest_grant_decides() {
    let dirs = Dirs::new();
    fs::create_dir(dirs.at("workspace/inner")).unwrap();
    dirs.write("workspace/top.txt", "top");
    // Seen from the inner grant the link leaves the sandbox, seen from the outer one it would not.
    symlink("../top.txt", dirs.at("workspace/inner/up")).unwrap();
    let both = dirs.sandbox(&["$WORKSPACE", "$WORKSPACE/inner"]);
    assert_denied(&both, "inner/up", SYMLINK);
    let outer = dirs.workspace_sandbox();
    assert_eq!(read(&outer, "inner/up"), Ok("top".into()));
}

#[test]
fn links_out_of_the_sandbox_are_refused() {
    let dirs = Dirs::new();
    symlink("../outside/secret.txt", dirs.at("workspace/relative")).unwrap();
    symlink(dirs.at("outside/secret.txt"), dirs.at("workspace/absolute")).unwrap();
    symlink("../outside", dirs.at("workspace/folder")).unwrap();
    symlink(dirs.at("outside/new.txt"), dirs.at("workspace/dangling")).unwrap();
    symlink("../outside/new.txt", dirs.at("workspace/dangling-relative")).unwrap();
    dirs.write("workspace/inside.txt", "inside");
    symlink(dirs.at("workspace/inside.txt"), dirs.at("workspace/absolute-inside")).unwrap();
    let sandbox = dirs.workspace_sandbox();
    for path in [
        "relative",
        "absolute",
        "folder/secret.txt",
        "folder/deep/new.txt",
        "dangling",
        "dangling-relative",
        "absolute-inside",
    ] {
        assert_denied(&sandbox, path, SYMLINK);
    }
    assert_eq!(dirs.names("outside"), ["secret.txt"]);
    assert_eq!(dirs.text("outside/secret.txt"), "secret");
    assert_eq!(dirs.text("workspace/inside.txt"), "inside");
}

#[test]
fn links_that_stay_inside_are_followed() {
    let dirs = Dirs::new();
    fs::create_dir_all(dirs.at("workspace/real/deep")).unwrap();
    dirs.write("workspace/real/file.txt", "old");
    symlink("real", dirs.at("workspace/alias")).unwrap();
    symlink("../file.txt", dirs.at("workspace/real/deep/up")).unwrap();
    symlink("alias/deep/up", dirs.at("workspace/chain")).unwrap();
    symlink("real/later.txt", dirs.at("workspace/later")).unwrap();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(read(&sandbox, "alias/file.txt"), Ok("old".into()));
    assert_eq!(read(&sandbox, "chain"), Ok("old".into()));
    assert_eq!(write(&sandbox, "chain", "new"), Ok(()));
    assert_eq!(dirs.text("workspace/real/file.txt"), "new");
    assert!(fs::symlink_metadata(dirs.at("workspace/chain")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(dirs.at("workspace/real/deep/up")).unwrap().is_symlink());
    assert_eq!(write(&sandbox, "later", "made"), Ok(()));
    assert_eq!(dirs.text("workspace/real/later.txt"), "made");
}

#[test]
fn links_in_a_circle_end() {
    let dirs = Dirs::new();
    symlink("b", dirs.at("workspace/a")).unwrap();
    symlink("a", dirs.at("workspace/b")).unwrap();
    let sandbox = dirs.workspace_sandbox();
    assert!(read(&sandbox, "a").unwrap_err().starts_with("file access failed: a: "));
    assert!(write(&sandbox, "a", "x").unwrap_err().starts_with("file access failed: a: "));
}

#[test]
fn missing_folders_are_made_inside_only() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(write(&sandbox, "a/b/c/d.txt", "deep"), Ok(()));
    assert_eq!(dirs.text("workspace/a/b/c/d.txt"), "deep");
    dirs.write("workspace/file", "not a folder");
    let error = write(&sandbox, "file/x.txt", "x").unwrap_err();
    assert!(error.starts_with("file access failed: file/x.txt: "), "{error}");
    assert_eq!(dirs.text("workspace/file"), "not a folder");
}

#[test]
fn what_is_missing_is_not_found() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    let served = serve(&sandbox, HostCall::ReadFile { path: "none/here.txt".into() });
    let reply = HostReply::Text(Err("file not found: none/here.txt".into()));
    assert_eq!(served, Served::plain(reply));
    assert_eq!(dirs.names("workspace"), Vec::<String>::new());
}

#[test]
fn a_single_file_grant_opens_that_file_alone() {
    let dirs = Dirs::new();
    dirs.write("workspace/one.txt", "one");
    dirs.write("workspace/two.txt", "two");
    let sandbox = dirs.sandbox(&["$WORKSPACE/one.txt"]);
    let one = dirs.at("workspace/one.txt");
    assert_eq!(read(&sandbox, &one), Ok("one".into()));
    assert_eq!(write(&sandbox, &one, "changed"), Ok(()));
    assert_eq!(dirs.text("workspace/one.txt"), "changed");
    assert_denied(&sandbox, &dirs.at("workspace/two.txt"), OUTSIDE);
    assert_denied(&sandbox, &dirs.at("workspace"), OUTSIDE);
    assert_denied(&sandbox, &dirs.at("workspace/one.txt/x"), OUTSIDE);
    // A link that takes its place afterwards is refused, also one to a neighbour.
    fs::remove_file(&one).unwrap();
    symlink("two.txt", &one).unwrap();
    assert_denied(&sandbox, &one, SYMLINK);
    fs::remove_file(&one).unwrap();
    symlink(dirs.at("outside/secret.txt"), &one).unwrap();
    assert_denied(&sandbox, &one, SYMLINK);
    assert_eq!(dirs.text("workspace/two.txt"), "two");
}

#[test]
fn a_linked_grant_means_its_target_at_load() {
    let dirs = Dirs::new();
    dirs.write("outside/sensor", "21");
    symlink(dirs.at("outside/sensor"), dirs.at("workspace/sensor")).unwrap();
    symlink(dirs.at("outside"), dirs.at("workspace/folder")).unwrap();
    let sandbox = dirs.sandbox(&["$WORKSPACE/sensor", "$WORKSPACE/folder"]);
    fs::remove_file(dirs.at("workspace/sensor")).unwrap();
    symlink("/etc/passwd", dirs.at("workspace/sensor")).unwrap();
    assert_eq!(read(&sandbox, &dirs.at("workspace/sensor")), Ok("21".into()));
    assert_eq!(read(&sandbox, &dirs.at("workspace/folder/sensor")), Ok("21".into()));
    assert_denied(&sandbox, &dirs.at("outside/sensor"), OUTSIDE);
}

#[test]
fn grants_expand_their_variables() {
    let dirs = Dirs::new();
    dirs.write("plugin/a.txt", "plugin");
    let sandbox = dirs.sandbox(&["~", "$WORKSPACE/", "$PLUGIN_DIR/."]);
    for folder in ["home", "workspace"] {
        assert_eq!(write(&sandbox, &dirs.at(&format!("{folder}/a.txt")), folder), Ok(()));
        assert_eq!(dirs.text(&format!("{folder}/a.txt")), folder);
    }
    let own = dirs.at("plugin/a.txt");
    assert_eq!(read(&sandbox, &own), Ok("plugin".into()));
    let refusal = "filesystem access denied: a plugin's own folder is read-only; keep what is written in `$PLUGIN_DATA`";
    assert_eq!(write(&sandbox, &own, "x"), Err(refusal.into()));
}

#[test]
fn unopenable_grants_are_warned_about_and_closed() {
    let dirs = Dirs::new();
    for (grant, reason) in [
        ("$WORKSPACE/missing", "it does not exist; create it and say `/reload`, or start again"),
        (
            "data",
            "it is not an absolute path; begin it with `/`, `~/`, `$WORKSPACE`, `$PLUGIN_DIR` or `$PLUGIN_DATA`",
        ),
        (
            "",
            "it is not an absolute path; begin it with `/`, `~/`, `$WORKSPACE`, `$PLUGIN_DIR` or `$PLUGIN_DATA`",
        ),
        ("$HOME/x", "`$HOME` stands for nothing here"),
        ("~root/x", "`~root` stands for nothing here"),
        ("$WORKSPACE/../outside", "it holds `..`; write the folder without it"),
    ] {
        let (sandbox, warnings) = dirs.sandbox_with_warnings(&[grant]);
        assert_eq!(warnings, [format!("the filesystem grant `{grant}` stays closed: {reason}")]);
        assert_denied(&sandbox, &dirs.at("workspace/missing.txt"), OUTSIDE);
        match grant {
            // It is where it would be, if there were anything.
            "$WORKSPACE/missing" => {
                assert_eq!(read(&sandbox, "a.txt"), Err("file not found: a.txt".into()));
                assert_denied(&sandbox, "../a.txt", OUTSIDE);
            }
            _ => assert_denied(&sandbox, "a.txt", OUTSIDE),
        }
    }
    assert_eq!(dirs.names("workspace"), Vec::<String>::new());
    // The others are open all the same.
    let (sandbox, warnings) = dirs.sandbox_with_warnings(&["$WORKSPACE/missing", "~"]);
    assert_eq!(warnings.len(), 1);
    // What was granted and wasn't there is missing rather than forbidden; it stays closed even if it
    // is created later.
    let missing = dirs.at("workspace/missing");
    for path in [missing.clone(), format!("{missing}/a.txt"), format!("{missing}/b/../a.txt")] {
        let error = Err(format!("file not found: {path}"));
        assert_eq!(read(&sandbox, &path), error);
        assert_eq!(write(&sandbox, &path, "x"), error.map(drop));
    }
    fs::create_dir(&missing).unwrap();
    assert_eq!(
        write(&sandbox, &format!("{missing}/a.txt"), "x"),
        Err(format!("file not found: {missing}/a.txt"))
    );
    assert_denied(&sandbox, &dirs.at("workspace/missing-too"), OUTSIDE);
    fs::remove_dir(&missing).unwrap();
    assert_eq!(write(&sandbox, "a.txt", "x"), Ok(()));
    assert_eq!(dirs.names("home"), ["a.txt"]);
}

#[test]
fn a_missing_optional_grant_causes_no_warning() {
    let dirs = Dirs::new();
    let optional = |path: &str| FileGrant { path: path.into(), optional: true };
    let permissions = PluginPermissions {
        filesystem: vec![
            optional("$WORKSPACE/missing"),
            "$WORKSPACE/plain".into(),
            optional("data"),
        ],
        ..PluginPermissions::default()
    };
    let sandbox = || {
        Sandbox::new(
            PluginIdentity { id: "org.test.files".into(), version: "1.0.0".into() },
            None,
            &permissions,
            &PluginResourceConfig::default(),
            &SandboxOptions::new(dirs.at("workspace")),
        )
    };
    let (closed, warnings) = sandbox();
    let named: Vec<bool> = ["plain", "data"].map(|it| warnings.concat().contains(it)).into();
    assert_eq!((warnings.len(), named), (2, vec![true, true]), "{warnings:?}");
    // It is closed as a plain one is, and open as one once there is something.
    assert_eq!(read(&closed, "a.txt"), Err("file not found: a.txt".into()));
    fs::create_dir(dirs.at("workspace/missing")).unwrap();
    dirs.write("workspace/missing/a.txt", "there");
    assert_eq!(read(&sandbox().0, "a.txt"), Ok("there".into()));
}

#[test]
fn roots_that_are_not_given_stand_for_nothing() {
    let dirs = Dirs::new();
    let permissions = PluginPermissions {
        filesystem: vec!["~/a".into(), "$PLUGIN_DIR".into()],
        ..PluginPermissions::default()
    };
    let (_, warnings) = Sandbox::new(
        PluginIdentity { id: "org.test.files".into(), version: "1.0.0".into() },
        None,
        &permissions,
        &PluginResourceConfig::default(),
        &SandboxOptions::new(dirs.at("workspace")),
    );
    assert_eq!(warnings.len(), 2);
    assert!(warnings.iter().all(|warning| warning.ends_with("stands for nothing here")));
}

#[test]
fn a_workspace_with_dots_is_resolved() {
    let dirs = Dirs::new();
    dirs.write("workspace/a.txt", "a");
    let permissions =
        PluginPermissions { filesystem: vec!["$WORKSPACE".into()], ..PluginPermissions::default() };
    let (sandbox, warnings) = Sandbox::new(
        PluginIdentity { id: "org.test.files".into(), version: "1.0.0".into() },
        None,
        &permissions,
        &PluginResourceConfig::default(),
        &SandboxOptions::new(dirs.at("plugin/../workspace")),
    );
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(read(&sandbox, "a.txt"), Ok("a".into()));
}

#[test]
fn a_granted_folder_stays_granted_when_moved() {
    let dirs = Dirs::new();
    dirs.write("workspace/a.txt", "granted");
    let sandbox = dirs.workspace_sandbox();
    fs::rename(dirs.at("workspace"), dirs.at("moved")).unwrap();
    symlink(dirs.at("outside"), dirs.at("workspace")).unwrap();
    assert_eq!(read(&sandbox, &dirs.at("workspace/a.txt")), Ok("granted".into()));
    let secret = dirs.at("workspace/secret.txt");
    assert_eq!(read(&sandbox, &secret), Err(format!("file not found: {secret}")));
}

#[test]
fn reads_end_at_eight_megabytes() {
    let dirs = Dirs::new();
    dirs.write("workspace/most", vec![b'a'; 8 * MB]);
    dirs.write("workspace/more", vec![b'a'; 8 * MB + 1]);
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(read(&sandbox, "most").map(|text| text.len()), Ok(8 * MB));
    assert_eq!(read(&sandbox, "more"), Err("file too large".into()));
}

/// Secrets and approvals are there: a wide grant would give both away.
#[test]
fn the_runtimes_own_folder_is_open_to_nobody() {
    let dirs = Dirs::new();
    dirs.write("home/notes.txt", "notes");
    let own = "home/.weft/plugins/own";
    for folder in ["secrets", "plugins/other", "plugins/own"] {
        fs::create_dir_all(dirs.at(&format!("home/.weft/{folder}"))).unwrap();
    }
    dirs.write("home/.weft/secrets/API.json", "hush");
    dirs.write("home/.weft/approvals.json", "{}");
    symlink(".weft/secrets", dirs.at("home/way-in")).unwrap();
    symlink(".weft/secrets/API.json", dirs.at("home/file-in")).unwrap();
    let (sandbox, warnings) = dirs.installed(&["~", "$PLUGIN_DIR"], own);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(read(&sandbox, "notes.txt"), Ok("notes".into()));
    let state = dirs.at("home/.weft/plugins/own/state.txt");
    dirs.write("home/.weft/plugins/own/state.txt", "mine");
    assert_eq!(read(&sandbox, &state), Ok("mine".into()));
    for path in [".weft/secrets/API.json", "way-in/API.json", "file-in", ".weft/approvals.json"] {
        assert_denied(&sandbox, path, AUTHORITY);
    }
    assert_eq!(write(&sandbox, ".weft/plugins/other/plugin.wasm", ""), Err(AUTHORITY.into()));
    for path in ["way-in/new", "way-in/new/file", ".weft/new/folder/file"] {
        assert_eq!(write(&sandbox, path, ""), Err(AUTHORITY.into()), "{path}");
    }
    assert_eq!(dirs.text("home/.weft/secrets/API.json"), "hush");
    assert_eq!(dirs.text("home/.weft/approvals.json"), "{}");
    assert_eq!(dirs.names("home/.weft/secrets"), ["API.json"]);
    assert_eq!(dirs.names("home/.weft"), ["approvals.json", "plugins", "secrets"]);

    let inside = ["~/.weft/secrets", "~/.weft/approvals.json"];
    let (sandbox, warnings) = dirs.installed(&inside, own);
    let reason = "stays closed: weft-lite takes authority from it, so it is open to no plugin; name another folder, or `$PLUGIN_DATA`";
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings.iter().all(|warning| warning.ends_with(reason)), "{warnings:?}");
    assert_denied(&sandbox, &dirs.at("home/.weft/secrets/API.json"), OUTSIDE);
}

/// The size at the opening is a hint: a log that grows meanwhile is not read beyond the limit.
#[test]
fn a_growing_file_is_read_within_the_limit() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    let file = fs::File::create(dirs.at("workspace/growing")).unwrap();
    file.set_len(limits::FILE_READ_BYTES as u64).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for more in [1, 0] {
                    file.set_len((limits::FILE_READ_BYTES + more) as u64).unwrap();
                    thread::yield_now();
                }
            }
        });
        for _ in 0..100 {
            let read = read(&sandbox, "growing").map(|text| text.len());
            if read != Ok(limits::FILE_READ_BYTES) && read != Err("file too large".into()) {
                done.store(true, Ordering::Relaxed);
                panic!("{read:?}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn writes_end_at_four_megabytes() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(write(&sandbox, "most", &"a".repeat(4 * MB)), Ok(()));
    dirs.write("workspace/kept", "old");
    let more = "a".repeat(4 * MB + 1);
    for path in ["kept", "new/folder/file"] {
        assert_eq!(write(&sandbox, path, &more), Err("write content too large".into()));
    }
    assert_eq!(dirs.text("workspace/kept"), "old");
    assert_eq!(dirs.names("workspace"), ["kept", "most"]);
}

#[test]
fn bytes_that_are_not_text_are_not_read() {
    let dirs = Dirs::new();
    dirs.write("workspace/image", [0xff, 0xd8, 0xff]);
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(read(&sandbox, "image"), Err("file is not valid UTF-8".into()));
}

#[test]
fn only_regular_files_are_opened() {
    let dirs = Dirs::new();
    fs::create_dir(dirs.at("workspace/folder")).unwrap();
    assert!(Command::new("mkfifo").arg(dirs.at("workspace/pipe")).status().unwrap().success());
    let _listener = UnixListener::bind(dirs.at("workspace/socket")).unwrap();
    symlink("pipe", dirs.at("workspace/to-pipe")).unwrap();
    symlink(".", dirs.at("workspace/to-here")).unwrap();
    symlink("folder/..", dirs.at("workspace/to-parent")).unwrap();
    let sandbox = dirs.workspace_sandbox();
    for path in ["folder", "pipe", "socket", "to-pipe", "to-here", "to-parent", ".", "folder/.."] {
        assert_not_regular(&sandbox, path);
    }
    let devices = dirs.sandbox(&["/dev/zero", "/dev/null"]);
    for path in ["/dev/zero", "/dev/null"] {
        assert_not_regular(&devices, path);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn kernel_files_of_size_zero_are_read() {
    let dirs = Dirs::new();
    let sandbox = dirs.sandbox(&["/proc/meminfo", "/proc/sys/kernel/ostype"]);
    assert!(read(&sandbox, "/proc/meminfo").unwrap().contains("MemTotal"));
    assert!(read(&sandbox, "/proc/sys/kernel/ostype").unwrap().starts_with("Linux"));
    assert_denied(&sandbox, "/proc/version", OUTSIDE);
    // There is no room for a second file in such a folder, and so no writing to one.
    assert!(write(&sandbox, "/proc/meminfo", "x").is_err());
    // A folder of them is not opened.
    let (processes, warnings) = dirs.sandbox_with_warnings(&["/proc"]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_denied(&processes, "/proc/self/root/etc/passwd", OUTSIDE);
}

#[test]
fn permission_bits_and_owner_survive_a_write() {
    let dirs = Dirs::new();
    dirs.write("workspace/script", "old");
    dirs.write("workspace/private", "old");
    let mode = |path: &str| fs::metadata(dirs.at(path)).unwrap().mode() & 0o7777;
    fs::set_permissions(dirs.at("workspace/script"), PermissionsExt::from_mode(0o754)).unwrap();
    fs::set_permissions(dirs.at("workspace/private"), PermissionsExt::from_mode(0o600)).unwrap();
    let owner = fs::metadata(dirs.at("workspace/private")).unwrap().uid();
    // Only root can make a file somebody else's.
    let given = std::os::unix::fs::chown(dirs.at("workspace/private"), Some(65_534), None).is_ok();
    let sandbox = dirs.workspace_sandbox();
    assert_eq!(write(&sandbox, "script", "new"), Ok(()));
    assert_eq!(write(&sandbox, "private", "new"), Ok(()));
    assert_eq!(mode("workspace/script"), 0o754);
    assert_eq!(mode("workspace/private"), 0o600);
    let expected = if given { 65_534 } else { owner };
    assert_eq!(fs::metadata(dirs.at("workspace/private")).unwrap().uid(), expected);
}

/// A user who is nobody in particular.
const NOBODY: u32 = 65_534;

/// Runs a test of this program as another user, if this one is root, whom no permission holds.
#[track_caller]
fn as_another_user(test: &str) -> bool {
    let own = fs::metadata("/proc/self").map(|it| it.uid());
    if own.ok() != Some(0) {
        return false;
    }
    // The program may be where nobody else can read it.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = Command::new(&program);
    command.args(["--exact", test, "--nocapture"]).current_dir(place.path());
    match command.uid(NOBODY).gid(NOBODY).output() {
        Ok(ran) => {
            let said = String::from_utf8_lossy(&ran.stdout).into_owned();
            assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
            assert!(said.contains("1 passed") && !said.contains("skipped"), "{said}");
            true
        }
        // What is left to test as root says so.
        Err(_) => false,
    }
}

#[test]
fn missing_unix_permission_is_its_own_error() {
    if as_another_user("missing_unix_permission_is_its_own_error") {
        return;
    }
    let dirs = Dirs::new();
    dirs.write("workspace/closed", "old");
    dirs.write("workspace/read-only", "old");
    fs::set_permissions(dirs.at("workspace/closed"), PermissionsExt::from_mode(0o000)).unwrap();
    fs::set_permissions(dirs.at("workspace/read-only"), PermissionsExt::from_mode(0o444)).unwrap();
    if fs::File::open(dirs.at("workspace/closed")).is_ok() {
        println!("skipped: root may read and write everything");
        return;
    }
    let sandbox = dirs.workspace_sandbox();
    let served = serve(&sandbox, HostCall::ReadFile { path: "closed".into() });
    let reply = HostReply::Text(Err("permission denied: closed".into()));
    assert_eq!(served, Served::plain(reply));
    let refused = write(&sandbox, "read-only", "new");
    assert_eq!(refused, Err("permission denied: read-only".into()));
    assert_eq!(dirs.text("workspace/read-only"), "old");
    fs::set_permissions(dirs.at("workspace"), PermissionsExt::from_mode(0o555)).unwrap();
    assert_eq!(write(&sandbox, "new", "x"), Err("permission denied: new".into()));
    assert_eq!(write(&sandbox, "a/b", "x"), Err("permission denied: a/b".into()));
    fs::set_permissions(dirs.at("workspace"), PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_reader_keeps_the_old_file_whole() {
    use std::io::Read;

    let dirs = Dirs::new();
    dirs.write("workspace/a.txt", "the old content");
    let mut reader = fs::File::open(dirs.at("workspace/a.txt")).unwrap();
    assert_eq!(write(&dirs.workspace_sandbox(), "a.txt", "new"), Ok(()));
    let mut content = String::new();
    reader.read_to_string(&mut content).unwrap();
    assert_eq!(content, "the old content");
}

#[test]
fn too_long_names_are_short_errors() {
    let sandbox = Dirs::new().workspace_sandbox();
    let long = "é".repeat(100_000);
    for error in [read(&sandbox, &long).unwrap_err(), write(&sandbox, &long, "x").unwrap_err()] {
        assert!(error.starts_with("file access failed: éé"), "{error}");
        assert!(error.len() < 400, "{} bytes", error.len());
    }
    // Four million parts are not gone through, which would take seconds; one over the limit neither.
    for long in ["a/".repeat(4 << 20), "a/".repeat(2048) + "a"] {
        let error = read(&sandbox, &long).unwrap_err();
        assert!(error.starts_with("file access failed: a/a/"), "{error}");
    }
}

#[test]
fn writers_of_one_file_never_mix() {
    let dirs = Dirs::new();
    let sandbox = dirs.workspace_sandbox();
    let contents = ["a".repeat(100_000), "b".repeat(50_000)];
    write(&sandbox, "shared", &contents[0]).unwrap();
    thread::scope(|scope| {
        for content in &contents {
            scope.spawn(|| {
                for _ in 0..20 {
                    write(&sandbox, "shared", content).unwrap();
                    assert!(contents.contains(&read(&sandbox, "shared").unwrap()));
                }
            });
        }
    });
    assert_eq!(dirs.names("workspace"), ["shared"]);
}
