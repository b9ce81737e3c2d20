//! What was approved, what that covers, and what happens when it is taken back.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use futures_lite::future::zip;
use serde_json::{Value, json};
use weft_lite::errors::CallError;
use weft_lite::package::{
    Approvals, DigestList, NoPrompt, PackageContent, PackageKind, StoredApproval,
    ask_for_permissions, uninstall,
};
use weft_lite::{Approval, PluginPermissions};

use crate::home::{Home, Scripted};

fn permissions(value: Value) -> PluginPermissions {
    serde_json::from_value(value).unwrap()
}

#[track_caller]
fn missing(approved: Value, asked: Value) -> Value {
    let stored = StoredApproval { permissions: permissions(approved), ..StoredApproval::default() };
    serde_json::to_value(stored.missing(&permissions(asked))).unwrap()["network"].clone()
}

#[track_caller]
fn missing_files(approved: Value, asked: Value) -> Vec<String> {
    let stored = StoredApproval { permissions: permissions(approved), ..StoredApproval::default() };
    Approval::NONE.missing(&stored.missing(&permissions(asked)))
}

#[test]
fn a_wider_host_covers_a_narrower_one() {
    let all = json!({ "network": ["*"] });
    assert_eq!(missing(all.clone(), json!({ "network": ["a.example.com"] })), json!([]));
    let below = json!({ "network": ["*.example.com"] });
    let asked = json!({ "network": ["a.example.com", "*.b.example.com", "example.com", "*"] });
    assert_eq!(missing(below, asked), json!(["example.com", "*"]));
    let one = json!({ "network": ["a.example.com"] });
    assert_eq!(missing(one, all), json!(["*"]));
}

#[test]
fn each_wide_permission_is_a_separate_question() {
    let asked = permissions(json!({
        "network": ["a.example.com", "*"], "filesystem": ["~/notes"],
        "env_vars": ["A", "B"], "secrets": ["S"], "shell": true, "webhook": true,
    }));
    let mut yes = Scripted::new(&[true; 7]);
    let granted = ask_for_permissions("probe", &asked, Approval::NONE, &mut yes);
    assert_eq!(granted, asked);
    assert_eq!(yes.questions.len(), 7, "{:?}", yes.questions);
    // `--yes` stands for the first alone, and `--approve` for kinds.
    let given = Approval { named: true, ..Approval::NONE };
    let granted = ask_for_permissions("probe", &asked, given, &mut NoPrompt);
    let limited = json!({ "network": ["a.example.com"], "filesystem": ["~/notes"] });
    assert_eq!(granted, permissions(limited));
    let given = Approval { environment: true, secrets: true, ..Approval::NONE };
    let granted = ask_for_permissions("probe", &asked, given, &mut NoPrompt);
    assert_eq!(granted, permissions(json!({ "env_vars": ["A", "B"], "secrets": ["S"] })));
}

#[test]
fn optional_paths_share_one_approval() {
    let spellings = [json!("/a"), json!({ "path": "/a", "optional": true })];
    for (approved, asked) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let [approved, asked] =
            [approved, asked].map(|it: usize| json!({ "filesystem": [spellings[it]] }));
        assert_eq!(missing_files(approved.clone(), asked), [""; 0]);
        let more = json!({ "filesystem": [spellings[0], { "path": "/b", "optional": true }] });
        assert_eq!(missing_files(approved, more), ["filesystem: /b"]);
    }
    let home = Home::new();
    let asks = json!({ "filesystem": [spellings[1]] });
    let installed = home.install(&home.probe("1.0.0", &asks)).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    // What is stored has the path alone, which earlier versions read too.
    let stored = Approvals::read(&home.weft()).unwrap().of("probe");
    let stored = serde_json::to_value(stored.permissions).unwrap();
    assert_eq!(stored["filesystem"], json!(["/a"]));
}

#[test]
fn revoking_a_plugin_ends_its_calls() {
    let home = Home::new();
    let installed =
        home.install(&home.probe("1.0.0", &json!({ "filesystem": ["$WORKSPACE"] }))).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    let runtime = home.runtime();
    let (outcome, ()) =
        runtime.block_on(zip(runtime.host().call("probe__spin", "{}".into()), async {
            Approvals::revoke(&home.weft(), "probe").unwrap();
            runtime.load().await.unwrap();
        }));
    assert_eq!(outcome.result, Err(CallError::Cancelled));
    let call = || runtime.block_on(runtime.host().call("probe__echo", "1".into())).result;
    assert!(matches!(call(), Err(CallError::Denied { .. })));
    assert!(runtime.host().registry().plugin("probe").is_none());
    // And in every later run, until it is approved again.
    assert_eq!(home.pending(), ["running again (it was revoked)", "filesystem: $WORKSPACE"]);
    let mut again = Scripted::new(&[true, true]);
    assert!(home.ask(&installed, &mut again).is_empty());
    assert_eq!(again.questions.len(), 2);
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn a_plugin_without_requests_can_be_revoked() {
    let home = Home::new();
    let installed = home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    let runtime = home.runtime();
    assert!(runtime.block_on(runtime.host().revoke("probe")));
    assert!(!runtime.block_on(runtime.host().revoke("probe")));
    Approvals::revoke(&home.weft(), "probe").unwrap();
    assert_eq!(home.pending(), ["running again (it was revoked)"]);
    // An update doesn't bring it back.
    let updated = home.install(&home.probe("1.0.1", &json!({}))).unwrap();
    assert!(updated.revoked);
    assert_eq!(home.ask(&updated, &mut NoPrompt), ["running again (it was revoked)"]);
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn an_approval_that_stays_is_no_interruption() {
    let home = Home::new();
    home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    let runtime = home.runtime();
    let content = PackageContent::default();
    Approvals::grant(&home.weft(), "other", &PluginPermissions::default(), &content).unwrap();
    runtime.block_on(runtime.load()).unwrap();
    assert!(runtime.host().registry().plugin("probe").is_some());
}

#[test]
fn approvals_go_with_the_plugin_and_are_private() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({ "shell": true }));
    let installed = home.install(&folder).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    let mode = fs::metadata(Approvals::path(&home.weft())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(uninstall(&home.weft(), PackageKind::Plugin, "probe").unwrap());
    assert!(!uninstall(&home.weft(), PackageKind::Plugin, "probe").unwrap());
    assert!(!uninstall(&home.weft(), PackageKind::Plugin, "../weft").unwrap());
    // One that comes later by the same name gets nothing of it.
    assert!(home.install(&folder).unwrap().missing.shell);
    assert_eq!(home.pending(), ["shell"]);
}

#[test]
fn damaged_approvals_approve_nothing() {
    let home = Home::new();
    let installed = home.install(&home.probe("1.0.0", &json!({ "shell": true }))).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    let path = Approvals::path(&home.weft());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 3]).unwrap();
    assert!(Approvals::read(&home.weft()).is_err());
    assert_eq!(home.pending(), ["shell"]);
    assert!(Approvals::revoke(&home.weft(), "probe").is_err());
}

/// What naming a folder approves, and what it doesn't: each kind needs its own word.
#[test]
fn naming_a_folder_approves_only_narrow_permissions() {
    let kinds = [
        ("network", json!({ "network": ["*", "*.com"] }), "network: *, network: *.com"),
        ("env", json!({ "env_vars": ["CITY"] }), "env: CITY"),
        ("secrets", json!({ "secrets": ["API"] }), "secrets: API"),
        ("shell", json!({ "shell": true }), "shell"),
    ];
    let home = Home::new();
    let call = |folder: &std::path::Path, approve: Option<&str>| {
        let mut command = home.command(&["call", "--json", "probe__echo", "1", "--no-bundled"]);
        command.arg("--plugins").arg(folder);
        command.args(approve.map(|word| format!("--approve={word}")));
        let output = command.output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["error"]["message"].as_str().map(str::to_owned)
    };
    let named = json!({
        "network": ["*.example.com", "localhost", "com"], "filesystem": ["$WORKSPACE"],
    });
    assert_eq!(call(&home.probe("0.0.1", &named), None), None);
    for (index, (word, asked, missing)) in kinds.iter().enumerate() {
        let folder = home.probe(&format!("1.0.{index}"), asked);
        let refused = format!("denied: plugin `probe` needs approval for {missing}");
        assert_eq!(call(&folder, None), Some(refused.clone()));
        for (other, ..) in &kinds {
            let expected = if other == word { None } else { Some(refused.clone()) };
            assert_eq!(call(&folder, Some(other)), expected, "{word} with {other}");
        }
    }
}

#[test]
fn approvals_ignore_the_executable_bit() {
    let home = Home::new();
    let folder = home.probe("1.0.0", &json!({ "network": ["a.example.com"] }));
    fs::write(folder.join("run.sh"), "echo hello").unwrap();
    let installed = home.install(&folder).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    let folder = home.weft().join("plugins/probe");
    let digest = || DigestList::of(&folder).unwrap().digest();
    let before = digest();
    let script = folder.join("run.sh");
    for mode in [0o755, 0o644] {
        fs::set_permissions(&script, Permissions::from_mode(mode)).unwrap();
        assert_eq!((digest(), home.pending()), (before.clone(), vec![]));
    }
    // What it would do is.
    fs::write(script, "echo other").unwrap();
    assert_ne!(digest(), before);
    assert!(home.pending()[0].starts_with("change: "), "{:?}", home.pending());
}
