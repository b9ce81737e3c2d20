//! Approvals are for content, and a package has one identity: on the built program, with the attacks that
//! took what was approved for others.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use weft_lite::errors::ActionableError;
use weft_lite::package::PackageSignature;

use crate::home::{Home, module};

/// What the program prints, as JSON.
fn json_of(home: &Home, arguments: &[&str]) -> Value {
    let output = home.command(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What calling a tool comes to: its result, or the message of its failure.
fn call(home: &Home, tool: &str) -> Result<Value, String> {
    let mut answer = json_of(home, &["call", "--json", "--no-bundled", tool, "[1]"]);
    match answer["error"]["message"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(answer["result"].take()),
    }
}

#[test]
fn line_8_a_package_cannot_claim_anothers_skill() {
    let home = Home::new();
    let zeta = home.skill("zeta", "1.0.0", "");
    let manifest = |version: &str| {
        json!({
            "id": "zeta", "name": "zeta", "version": version, "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": { "filesystem": ["$WORKSPACE"] },
        })
    };
    fs::write(zeta.join("weft.plugin.json"), manifest("1.0.0").to_string()).unwrap();
    fs::write(zeta.join("plugin.wasm"), module("probe")).unwrap();
    let install = |folder: &Path, more: &[&str]| {
        let output = home.command(&["skill", "install"]).arg(folder).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    install(&zeta, &["--yes"]);
    let alpha = home.skill("alpha", "1.0.0", "");
    let nested = alpha.join("fixtures/zeta");
    fs::create_dir_all(&nested).unwrap();
    fs::copy(zeta.join("SKILL.md"), nested.join("SKILL.md")).unwrap();
    fs::write(nested.join("weft.plugin.json"), manifest("6.6.6").to_string()).unwrap();
    fs::write(nested.join("plugin.wasm"), module("probe")).unwrap();
    install(&alpha, &[]);
    let shown = json_of(&home, &["skill", "show", "zeta", "--json"]);
    let place = home.weft().join("skills/zeta/SKILL.md");
    assert_eq!(shown["path"].as_str(), place.to_str(), "{shown}");
    assert_eq!(shown["state"], "active", "{shown}");
    let plugins = json_of(&home, &["plugin", "list", "--json", "--no-bundled"]);
    assert!(!plugins.to_string().contains("6.6.6"), "{plugins}");
    assert_eq!(call(&home, "zeta__echo"), Ok(json!([1])));
}

/// A plugin that was signed by `author`, installed, and approved in all that it asks for.
fn signed(home: &Home) {
    let asks = json!({ "filesystem": ["$WORKSPACE"], "env_vars": ["CITY"] });
    let folder = home.probe("0.1.0", &asks);
    PackageSignature::create(&folder, &home.key("author")).unwrap();
    home.trust("author");
    install(home, &folder, &["--yes", "--approve", "env"]);
    assert_eq!(call(home, "probe__echo"), Ok(json!([1])));
}

/// Installs a plugin; what is said about it.
#[track_caller]
fn install(home: &Home, folder: &Path, more: &[&str]) -> String {
    let output = home.command(&["plugin", "install"]).arg(folder).args(more).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

/// The probe does not run, for this reason, and runs once that is approved.
#[track_caller]
fn waits_for(home: &Home, reason: &str) {
    let message = call(home, "probe__echo").unwrap_err();
    assert!(message.contains(&format!("needs approval for change: {reason}")), "{message}");
    let rows = json_of(home, &["plugin", "list", "--json", "--no-bundled"]);
    assert_eq!(rows[0]["state"], "pending", "{rows}");
    let next_step = rows[0]["next_step"].as_str().unwrap();
    assert!(next_step.contains("weft-lite plugin approve probe"), "{next_step}");
}

#[track_caller]
fn approve(home: &Home) -> String {
    let output = home.command(&["plugin", "approve", "probe"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(call(home, "probe__echo"), Ok(json!([1])));
    said
}

#[test]
fn line_9_replacing_a_signed_package_inherits_nothing() {
    let asks = json!({ "filesystem": ["$WORKSPACE"] });
    for (key, version, reason) in [
        (None, "0.0.1", "it is unsigned and replaces a signed one"),
        (None, "0.2.0", "it is unsigned and replaces a signed one"),
        (Some("stranger"), "0.2.0", "it is signed by another key than the approved one"),
        (Some("author"), "0.0.1", "it is older than what was approved (0.0.1 < 0.1.0)"),
    ] {
        let home = Home::new();
        signed(&home);
        let folder = home.probe(version, &asks);
        if let Some(key) = key {
            PackageSignature::create(&folder, &home.key(key)).unwrap();
            home.trust(key);
        }
        // A yes to files and hosts is none to this.
        let said = install(&home, &folder, &["--yes", "--approve", "env,network"]);
        let pending =
            format!("pending: probe does not run before this is approved: change: {reason}");
        assert!(said.contains(&pending), "{said}");
        waits_for(&home, reason);
        let said = approve(&home);
        assert!(said.contains(reason) && said.contains(&format!("version {version}")), "{said}");
        // From now on, this is what was approved.
        install(&home, &folder, &[]);
        assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
    }
    let home = Home::new();
    signed(&home);
    install(&home, &home.probe("0.0.1", &asks), &["--approve", "change"]);
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
}

#[test]
fn rule_4_same_signer_and_own_folder_keep_approvals() {
    let asks = json!({ "filesystem": ["$WORKSPACE"] });
    let home = Home::new();
    signed(&home);
    let folder = home.probe("0.2.0", &asks);
    PackageSignature::create(&folder, &home.key("author")).unwrap();
    let said = install(&home, &folder, &[]);
    assert!(said.contains("changed files: docs/version.txt, weft.plugin.json"), "{said}");
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));

    let home = Home::new();
    install(&home, &home.probe("0.1.0", &asks), &["--yes"]);
    install(&home, &home.probe("0.2.0", &asks), &[]);
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
    install(&home, &home.probe("0.1.0", &asks), &[]);
    waits_for(&home, "it is older than what was approved (0.1.0 < 0.2.0)");
    // What asks for more waits for that, as ever.
    let more = json!({ "filesystem": ["$WORKSPACE"], "network": ["*"] });
    let said = install(&home, &home.probe("0.3.0", &more), &["--yes"]);
    assert!(said.contains("before this is approved: network: *"), "{said}");
}

#[test]
fn rule_5_changed_files_are_named_and_not_served() {
    let edit = |home: &Home, file: &str| {
        let path = home.weft().join("plugins/probe").join(file);
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, text.replace("0.1.0", "9.9.9") + " ").unwrap();
    };
    // Signed: the signature tells, and an edited record or a missing signature doesn't help.
    for file in ["weft.plugin.json", "docs/version.txt", "more.txt"] {
        let home = Home::new();
        signed(&home);
        edit(&home, file);
        let what = if file == "more.txt" { "added" } else { "changed" };
        waits_for(&home, &format!("`{file}` was {what} after the package was signed"));
        let place = home.weft().join("plugins/probe");
        let record = fs::read_to_string(place.join("install.json")).unwrap();
        let mut record: Value = serde_json::from_str(&record).unwrap();
        record["digest"] = weft_lite::package::DigestList::of(&place).unwrap().digest().into();
        record["key_id"] = Value::Null;
        fs::write(place.join("install.json"), record.to_string()).unwrap();
        waits_for(&home, &format!("`{file}` was {what} after the package was signed"));
        fs::remove_file(place.join("weft.signature.json")).unwrap();
        waits_for(&home, "it is unsigned and replaces a signed one");
        fs::remove_file(place.join("install.json")).unwrap();
        waits_for(&home, "it is unsigned and replaces a signed one");
    }
    // A broken signature is no matter of a yes.
    let home = Home::new();
    signed(&home);
    edit(&home, "docs/version.txt");
    let output = home.command(&["plugin", "approve", "probe"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    waits_for(&home, "`docs/version.txt` was changed after the package was signed");
    // Unsigned: the approval itself knows.
    let home = Home::new();
    install(&home, &home.probe("0.1.0", &json!({ "env_vars": ["CITY"] })), &["--approve=env"]);
    edit(&home, "weft.plugin.json");
    waits_for(&home, "its content changed since it was approved: weft.plugin.json");
    approve(&home);
    edit(&home, "docs/version.txt");
    edit(&home, "weft.plugin.json");
    waits_for(&home, "its content changed since it was approved: docs/version.txt and 1 more");
}

#[test]
fn a_plugin_of_untrusted_signer_is_not_served() {
    let home = Home::new();
    signed(&home);
    let key_id = home.key("author").public().key_id();
    let removed = home.command(&["key", "remove", "author"]).output().unwrap();
    assert!(removed.status.success());
    waits_for(&home, &format!("it is signed by the key {key_id}, which is not trusted"));
    home.trust("author");
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
}

#[test]
fn an_approval_without_content_covers_the_installed_version() {
    let home = Home::new();
    signed(&home);
    let path = home.weft().join("approvals.json");
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    document["plugins"]["probe"].as_object_mut().unwrap().remove("content").unwrap();
    fs::write(&path, document.to_string()).unwrap();
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
    fs::remove_file(home.weft().join("plugins/probe/install.json")).unwrap();
    waits_for(&home, "its approval does not say of which content");
    approve(&home);
}

#[test]
fn a_skill_changed_after_installation_is_pending() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.0.0", "");
    let output = home.command(&["skill", "install"]).arg(&folder).output().unwrap();
    assert!(output.status.success());
    let state = || json_of(&home, &["skill", "show", "deploy", "--json"]);
    assert_eq!(state()["state"], "active");
    let path = home.weft().join("skills/deploy/docs/version.txt");
    fs::write(path, "another").unwrap();
    let shown = state();
    assert_eq!(shown["state"], "pending", "{shown}");
    let reason = "change: its content changed since it was approved: docs/version.txt";
    assert!(shown.to_string().contains(reason), "{shown}");
    let output = home.command(&["skill", "approve", "deploy"]).output().unwrap();
    assert!(output.status.success());
    assert_eq!(state()["state"], "active");
}

#[test]
fn rule_6_a_name_of_another_owner_is_refused() {
    let home = Home::new();
    let zeta = home.skill("zeta", "1.0.0", "");
    let output = home.command(&["skill", "install"]).arg(&zeta).output().unwrap();
    assert!(output.status.success());
    let before = crate::home::content(&home.weft());
    let same_id = home.package("zeta", "1.0.0", &json!({}), &module("probe"));
    let brings_it = home.package("alpha", "1.0.0", &json!({}), &module("probe"));
    let manifest = brings_it.join("weft.plugin.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(manifest, text.replacen('{', r#"{"skills": ["skills"],"#, 1)).unwrap();
    fs::create_dir_all(brings_it.join("skills/zeta")).unwrap();
    fs::copy(zeta.join("SKILL.md"), brings_it.join("skills/zeta/SKILL.md")).unwrap();
    for (folder, reason) in [(same_id, "a name has one owner"), (brings_it, "is installed already")]
    {
        let mut command = home.command(&["plugin", "install", "--yes"]);
        let output = command.arg(folder).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{said}");
        assert_eq!(crate::home::content(&home.weft()), before);
    }
}

#[test]
fn permissions_nobody_gets_are_not_asked_for() {
    let home = Home::new();
    let asks = json!({ "env_vars": ["HOME", "path"], "filesystem": ["$HOME/notes", "notes"] });
    let said = install(&home, &home.probe("0.1.0", &asks), &[]);
    assert!(said.contains("warning: `HOME` is given to no plugin, and not asked for"), "{said}");
    assert!(!said.contains("asks for") && !said.contains("pending"), "{said}");
    assert_eq!(call(&home, "probe__echo"), Ok(json!([1])));
}

#[test]
fn rule_7_trust_lists_what_it_covers() {
    let home = Home::new();
    for path in [".weft/skills/set/deploy/SKILL.md", ".weft/config.yaml", "SOUL.md"] {
        let path = home.path("work").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let work = home.path("work");
    let told = json_of(&home, &["trust", "--json", "--workspace", work.to_str().unwrap()]);
    assert_eq!(
        told["covers"],
        json!([".weft/skills/set/deploy", ".weft/config.yaml", "SOUL.md"]),
        "{told}"
    );
}

#[test]
fn a_named_folder_is_approved_as_started() {
    let home = Home::new();
    let named = json!({ "filesystem": ["$WORKSPACE"] });
    let folder = home.probe("1.0.0", &named);
    let runtime = weft_lite::Runtime::builder()
        .without_bundled()
        .weft_home(home.weft())
        .workspace(home.path(""))
        .plugins(&folder)
        .approve(weft_lite::Approval::ALL)
        .build();
    let echo = || {
        runtime.block_on(async {
            runtime.load().await.unwrap();
            runtime.host().call("probe__echo", "[1]".into()).await.result
        })
    };
    assert!(echo().is_ok());
    let write = |version: &str, asks: Value| {
        let again = home.package("probe", version, &asks, &module("probe"));
        let text = fs::read(again.join("weft.plugin.json")).unwrap();
        fs::write(folder.join("weft.plugin.json"), text).unwrap();
    };
    // The same or less is what a developer's next build is.
    write("1.0.1", json!({}));
    assert!(echo().is_ok());
    write("1.0.2", named);
    assert!(echo().is_ok());
    write("1.0.3", json!({ "filesystem": ["$WORKSPACE", "/"], "network": ["*"] }));
    let error = echo().unwrap_err().to_string();
    assert!(error.contains("it did not ask for network: *, filesystem: / at the start"), "{error}");
    let refused = runtime.host().registry().refused()[0].error.next_step();
    assert_eq!(refused, "start weft-lite again to approve the folder as it is now");
}
