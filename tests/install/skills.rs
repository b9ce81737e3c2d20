//! Skills as packages: what is checked before one is installed, and what it waits for afterwards.

use std::fs;
use std::path::Path;

use serde_json::json;
use weft_lite::errors::{
    ActionableError, InstallError, PackError, PackageErrorKind, RegistryError, SignatureError,
};
use weft_lite::limits;
use weft_lite::package::{
    Existing, InstallRecord, InstallSource, Installed, Installer, NoPrompt, Package, PackageKind,
    RegistryReference, pack_folder, uninstall,
};

use crate::home::{Home, Scripted, check_module, content, module};

const BASH: &str = "allowed-tools: Bash(git:*) Read\n";

fn install(home: &Home, folder: &Path) -> Result<Installed, InstallError> {
    home.install_as(PackageKind::Skill, &InstallSource::Folder(folder.to_owned()))
}

fn install_hub(home: &Home, reference: &str) -> Result<Installed, InstallError> {
    let reference = RegistryReference::parse(reference).unwrap().unwrap();
    home.install_as(PackageKind::Skill, &InstallSource::Registry(reference))
}

/// The state of a skill in a runtime of its own.
fn state(home: &Home, name: &str) -> &'static str {
    let snapshot = home.runtime().host().snapshot();
    snapshot.skills.get(name).map_or("gone", |entry| entry.state.as_str())
}

/// Why a package is refused; nothing is left of it.
#[track_caller]
fn refused(home: &Home, folder: &Path) -> InstallError {
    let error = install(home, folder).expect_err("it was installed");
    assert!(!error.next_step().is_empty() && !error.to_string().contains(".staging"), "{error}");
    let left = fs::read_dir(home.weft().join("skills/.staging")).unwrap().count();
    assert_eq!(left, 0);
    error
}

#[track_caller]
fn kind(error: InstallError) -> PackageErrorKind {
    match error {
        InstallError::Package(error) => error.kind.clone(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_skill_is_installed_with_record_and_warning() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.10", "");
    let installed = install(&home, &folder).unwrap();
    let Package { id, version, permissions, module, .. } = &installed.package;
    assert_eq!((id.as_str(), version.as_deref()), ("deploy", Some("1.10")));
    assert!(permissions.is_empty() && module.is_none() && installed.replaced.is_none());
    assert_eq!(installed.warnings, ["the package is not signed"]);
    let place = home.weft().join("skills/deploy");
    assert_eq!(content(&place), content(&folder));
    let record = InstallRecord::read(&home.weft(), PackageKind::Skill, "deploy").unwrap().unwrap();
    assert_eq!(record.version.as_deref(), Some("1.10"), "as it was written");
    assert_eq!(record.source, folder.display().to_string());
    assert_eq!(state(&home, "deploy"), "active");
    assert!(uninstall(&home.weft(), PackageKind::Skill, "deploy").unwrap());
    assert!(!uninstall(&home.weft(), PackageKind::Skill, "deploy").unwrap());
    assert_eq!(state(&home, "deploy"), "gone");
}

#[test]
fn a_skill_is_installed_under_its_loaded_name() {
    let home = Home::new();
    let folder = home.path("Some Folder");
    fs::create_dir(&folder).unwrap();
    let text = "---\nname: Plant Care\ndescription: Waters: plants\n---\nDo it.\n";
    fs::write(folder.join("SKILL.md"), text).unwrap();
    let installed = install(&home, &folder).unwrap();
    assert_eq!(installed.package.id, "plant-care");
    assert_eq!(installed.package.version, None);
    assert!(installed.warnings.iter().any(|it| it.starts_with("SKILL.md:3:")), "{installed:?}");
    assert_eq!(state(&home, "plant-care"), "active");
    // Without a name of its own, its folder's or its archive's is taken.
    fs::write(folder.join("SKILL.md"), "---\ndescription: Waters plants\n---\nDo it.\n").unwrap();
    assert_eq!(install(&home, &folder).unwrap().package.id, "some-folder");
    let archive = home.path("watering.tar.gz");
    fs::write(&archive, pack_folder(&folder).unwrap()).unwrap();
    let source = InstallSource::Archive(archive);
    assert_eq!(home.install_as(PackageKind::Skill, &source).unwrap().package.id, "watering");
    assert_eq!(state(&home, "watering"), "active");
}

#[test]
fn what_says_nothing_is_refused_with_its_diagnostics() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.0.0", "");
    fs::write(folder.join("SKILL.md"), "---\n- a list\n---\n").unwrap();
    let error = refused(&home, &folder);
    assert!(error.to_string().contains("invalid skill: SKILL.md:2:1: error: "), "{error}");
    assert!(
        matches!(kind(error), PackageErrorKind::Skill { diagnostics } if !diagnostics.is_empty())
    );
    fs::write(folder.join("SKILL.md"), vec![b'a'; 257 * 1024]).unwrap();
    assert!(refused(&home, &folder).to_string().contains("262144"));
    assert!(!home.weft().join("skills/deploy").exists());
}

#[test]
fn each_command_refuses_packages_of_the_other_kind() {
    let home = Home::new();
    let plugin = home.probe("1.0.0", &json!({}));
    let error = refused(&home, &plugin);
    assert!(error.next_step().contains("`weft-lite plugin`"), "{}", error.next_step());
    assert_eq!(kind(error), PackageErrorKind::OtherKind { wanted: PackageKind::Skill });
    let error = home.install(&home.skill("deploy", "1.0.0", "")).unwrap_err();
    assert_eq!(kind(error), PackageErrorKind::OtherKind { wanted: PackageKind::Plugin });
    // An archive of the folder in place of what is in it.
    let outer = home.path("source-skills-1.0.0");
    let error = refused(&home, &outer);
    assert!(error.next_step().contains("`deploy`"), "{}", error.next_step());
    fs::remove_file(outer.join("deploy/SKILL.md")).unwrap();
    assert_eq!(kind(refused(&home, &outer)), PackageErrorKind::NoSkillFile { beneath: None });
}

#[test]
fn skill_code_is_checked_like_plugin_code() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.0.0", "");
    fs::write(folder.join("plugin.wasm"), "not wasm").unwrap();
    assert!(matches!(refused(&home, &folder), InstallError::Module { .. }));
    fs::write(folder.join("plugin.wasm"), vec![0; limits::MODULE_APPROVED_BYTES + 1]).unwrap();
    assert!(matches!(kind(refused(&home, &folder)), PackageErrorKind::ModuleTooLarge { .. }));
    fs::remove_file(folder.join("plugin.wasm")).unwrap();
    fs::write(folder.join("module.wasm"), module("probe")).unwrap();
    assert!(install(&home, &folder).is_ok(), "clawft's name for a module");
    let manifest = |id: &str| {
        let manifest = json!({
            "id": id, "name": id, "version": "1.0.0", "capabilities": ["tool"],
            "wasm_module": "module.wasm", "permissions": { "filesystem": ["$WORKSPACE"] },
        });
        fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
    };
    manifest("another");
    let other = PackageErrorKind::OtherId { id: "another".into(), name: "deploy".into() };
    assert_eq!(kind(refused(&home, &folder)), other);
    manifest("com.example.deploy");
    let installed = install(&home, &folder).unwrap();
    assert_eq!(installed.missing.filesystem, ["$WORKSPACE"]);
    assert_eq!(state(&home, "deploy"), "pending");
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    assert_eq!(state(&home, "deploy"), "active");
    let runtime = home.runtime();
    let called = runtime.block_on(runtime.host().call("deploy__echo", "[1]".into()));
    assert_eq!(called.result.unwrap(), "[1]");
}

#[test]
fn shell_tools_need_an_explicit_yes() {
    let home = Home::new();
    let installed = install(&home, &home.skill("deploy", "1.0.0", BASH)).unwrap();
    assert_eq!(installed.package.shell_tools, ["Bash(git:*)"]);
    assert!(installed.missing.shell);
    assert_eq!(home.ask(&installed, &mut NoPrompt), ["shell"]);
    assert_eq!(state(&home, "deploy"), "pending");
    let mut asked = Scripted::new(&[true]);
    assert!(home.ask(&installed, &mut asked).is_empty());
    assert_eq!(asked.questions, ["let the skill `deploy` tell a model to use shell tools?"]);
    assert_eq!(state(&home, "deploy"), "active");
    // A yes to a plugin of the same name is none to the skill, and the reverse.
    let plugin = home.install(&home.probe("1.0.0", &json!({ "shell": true }))).unwrap();
    assert!(home.ask(&plugin, &mut Scripted::new(&[true])).is_empty());
    fs::rename(home.weft().join("plugins/probe"), home.path("aside")).unwrap();
    let probe = install(&home, &home.skill("probe", "1.0.0", BASH)).unwrap();
    assert_eq!(home.ask(&probe, &mut NoPrompt), ["shell"]);
    // With the skill goes what was approved for it.
    assert!(uninstall(&home.weft(), PackageKind::Skill, "deploy").unwrap());
    assert!(install(&home, &home.skill("deploy", "1.0.0", BASH)).unwrap().missing.shell);
}

#[test]
fn an_update_waits_only_for_its_new_permissions() {
    let home = Home::new();
    let folder = home.skill_with_probe("1.0.0");
    let manifest = |permissions: serde_json::Value| {
        let manifest = json!({
            "id": "probe", "name": "probe", "version": "1.0.0", "capabilities": ["tool"],
            "wasm_module": "plugin.wasm", "permissions": permissions,
        });
        fs::write(folder.join("weft.plugin.json"), manifest.to_string()).unwrap();
    };
    manifest(json!({ "network": ["a.example.com"] }));
    let installed = install(&home, &folder).unwrap();
    assert!(home.ask(&installed, &mut Scripted::new(&[true])).is_empty());
    assert_eq!(home.echo().unwrap(), "[1]");
    manifest(json!({ "network": ["a.example.com"], "env_vars": ["CITY"] }));
    let text = fs::read_to_string(folder.join("SKILL.md")).unwrap();
    fs::write(folder.join("SKILL.md"), text.replace("version:", &format!("{BASH}version:")))
        .unwrap();
    let updated = install(&home, &folder).unwrap();
    assert!(updated.missing.network.is_empty(), "{:?}", updated.missing);
    assert_eq!(state(&home, "probe"), "pending");
    assert!(home.echo().is_err());
    let mut asked = Scripted::new(&[true, true]);
    assert!(home.ask(&updated, &mut asked).is_empty());
    assert_eq!(asked.questions.len(), 2, "{:?}", asked.questions);
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn names_of_shells_are_recognised_in_many_spellings() {
    let home = Home::new();
    let asks = |tools: &str| {
        let folder = home.skill("deploy", "1.0.0", &format!("allowed-tools: [{tools:?}]\n"));
        Package::read(PackageKind::Skill, &folder, Default::default()).unwrap().permissions.shell
    };
    for tools in [
        "Bash",
        "bash",
        "Bash(git:*)",
        "Shell",
        "exec",
        "terminal",
        "PowerShell",
        "run_terminal_cmd",
        "run_shell_command",
        "executeCommand",
        "mcp__box__bash",
        "KillShell",
        "*",
        "sh -c",
    ] {
        assert!(asks(tools), "{tools}");
    }
    for tools in
        ["Read", "WebFetch(domain:sh.example.com)", "Bashful", "shellfish", "execute_query"]
    {
        assert!(!asks(tools), "{tools}");
    }
}

#[test]
fn an_installed_skill_is_kept_without_force() {
    let home = Home::new();
    let old = home.skill("deploy", "1.0.0", "");
    let new = InstallSource::Folder(home.skill("deploy", "2.0.0", ""));
    install(&home, &old).unwrap();
    let keep = || {
        let installer = Installer::new(home.weft(), &check_module).kind(PackageKind::Skill);
        installer.existing(Existing::Keep).install(&new).unwrap_err()
    };
    let error = keep();
    assert_eq!(error.to_string(), "the skill `deploy` 1.0.0 is there already");
    assert_eq!(error.next_step(), "say that it may be overwritten, or remove it first");
    let place = home.weft().join("skills/deploy");
    assert_eq!(content(&place), content(&old));
    fs::write(place.join("SKILL.md"), "---\ndescription: mine\n---\nMine.\n").unwrap();
    assert!(keep().to_string().ends_with("and is not as it was installed"), "{}", keep());
    let replaced = home.install_as(PackageKind::Skill, &new).unwrap().replaced.unwrap();
    assert_eq!(replaced.version.as_deref(), Some("1.0.0"));
    // One that was put there by hand is nobody's to overwrite either.
    fs::remove_file(place.join("install.json")).unwrap();
    assert!(matches!(keep(), InstallError::Exists { version: None, edited: true, .. }));
}

#[test]
fn a_name_has_one_owner() {
    let home = Home::new();
    home.install(&home.probe("1.0.0", &json!({}))).unwrap();
    let error = refused(&home, &home.skill_with_probe("1.0.0"));
    assert_eq!(error, InstallError::NameTaken { id: "probe".into(), by: PackageKind::Plugin });
    assert!(error.next_step().contains("weft-lite plugin remove probe"), "{}", error.next_step());
    let text = refused(&home, &home.skill("probe", "2.0.0", ""));
    assert_eq!(text, error);
    home.install(&home.probe("1.0.1", &json!({}))).unwrap();

    let home = Home::new();
    install(&home, &home.skill_with_probe("1.0.0")).unwrap();
    let error = home.install(&home.probe("1.0.0", &json!({}))).unwrap_err();
    assert_eq!(error, InstallError::NameTaken { id: "probe".into(), by: PackageKind::Skill });
    assert_eq!(home.echo().unwrap(), "[1]");
}

#[test]
fn a_plugins_skill_belongs_to_that_plugin() {
    let home = Home::new();
    let skill = |folder: &Path, name: &str| {
        let place = folder.join("skills").join(name);
        fs::create_dir_all(&place).unwrap();
        let text = format!("---\nname: {name}\ndescription: for a test\n---\nDo it.\n");
        fs::write(place.join("SKILL.md"), text).unwrap();
    };
    let brings = |id: &str| {
        let folder = home.package(id, "1.0.0", &json!({}), &module("probe"));
        let path = folder.join("weft.plugin.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, text.replacen('{', r#"{"skills": ["skills"],"#, 1)).unwrap();
        skill(&folder, "deploy");
        folder
    };
    let one = brings("one");
    install(&home, &home.skill("deploy", "1.0.0", "")).unwrap();
    let error = home.install(&one).unwrap_err();
    assert_eq!(error.to_string(), "the skill `deploy`, which it brings, is installed already");
    assert!(error.next_step().contains("weft-lite skill remove deploy"), "{}", error.next_step());
    assert!(!home.weft().join("plugins/one").exists());
    assert!(uninstall(&home.weft(), PackageKind::Skill, "deploy").unwrap());
    home.install(&one).unwrap();
    home.install(&one).unwrap();
    for error in [
        refused(&home, &home.skill("deploy", "1.0.0", "")),
        home.install(&brings("two")).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "the skill `deploy` belongs to the plugin `one`");
        assert!(error.next_step().contains("weft-lite plugin remove one"), "{error}");
    }
}

#[test]
fn archives_of_skills_keep_the_rules_of_packages() {
    let home = Home::new();
    let folder = home.skill("deploy", "1.0.0", "");
    let archive = home.path("deploy.tar.gz");
    fs::write(&archive, pack_folder(&folder).unwrap()).unwrap();
    home.install_as(PackageKind::Skill, &InstallSource::Archive(archive.clone())).unwrap();
    let place = home.weft().join("skills/deploy");
    assert_eq!(content(&place), content(&folder));
    assert_eq!(pack_folder(&place).unwrap(), pack_folder(&folder).unwrap());

    std::os::unix::fs::symlink("/etc/passwd", folder.join("docs/link")).unwrap();
    assert!(matches!(refused(&home, &folder), InstallError::Pack(PackError::Entry { .. })));
    fs::remove_file(folder.join("docs/link")).unwrap();
    std::os::unix::fs::symlink("docs", folder.join("more")).unwrap();
    assert!(matches!(refused(&home, &folder), InstallError::Pack(PackError::Entry { .. })));
    fs::remove_file(folder.join("more")).unwrap();
    fs::write(folder.join("big"), vec![0; limits::PACKAGE_BYTES as usize]).unwrap();
    let limit_bytes = limits::PACKAGE_BYTES;
    assert_eq!(refused(&home, &folder), InstallError::Pack(PackError::TooLarge { limit_bytes }));
    fs::write(&archive, b"not an archive").unwrap();
    let error = home.install_as(PackageKind::Skill, &InstallSource::Archive(archive)).unwrap_err();
    assert!(matches!(error, InstallError::Pack(PackError::Source { .. })), "{error}");
    assert_eq!(state(&home, "deploy"), "active", "the one before stays");
}

#[test]
fn a_registry_serves_signed_skills_by_version() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    let publish = |folder: &Path| home.publish_as(PackageKind::Skill, folder, "author");
    for version in ["1.2", "1.10", "v0.9.1"] {
        publish(&home.skill("deploy", version, "")).unwrap();
    }
    let taken = |reference: &str| install_hub(&home, reference).unwrap().package.version.unwrap();
    assert_eq!(taken("hub:deploy"), "1.10", "numbers are compared, not letters");
    assert_eq!(taken("hub:deploy@~1.2"), "1.2");
    assert_eq!(taken("hub:deploy@0.9.1"), "v0.9.1");
    let signer = install_hub(&home, "hub:deploy").unwrap().signed_by;
    assert_eq!(signer.as_deref(), Some("author"));
    let again = publish(&home.skill("deploy", "1.10.0", "")).unwrap_err();
    assert!(matches!(again, InstallError::Registry(RegistryError::Published { .. })), "{again}");
    let undated = publish(&home.skill("deploy", "2026-01-31", "")).unwrap_err();
    assert!(matches!(undated, InstallError::Unversioned { version: Some(_), .. }), "{undated}");

    // Plugins and skills have names of their own, and each kind knows the other.
    let error = home.install_hub("hub:deploy").unwrap_err();
    assert_eq!(
        error.next_step(),
        "it has a skill of this name: `weft-lite skill install hub:deploy`"
    );
    home.publish(&home.package("deploy", "1.10.0", &json!({}), &module("probe")), "author");
    let error = home.install_hub("hub:deploy").unwrap_err();
    assert_eq!(error, InstallError::NameTaken { id: "deploy".into(), by: PackageKind::Skill });
    assert!(uninstall(&home.weft(), PackageKind::Skill, "deploy").unwrap());
    assert_eq!(home.install_hub("hub:deploy").unwrap().package.kind, PackageKind::Plugin);
}

#[test]
fn a_skill_changed_after_signing_is_refused() {
    let home = Home::new();
    home.key("author");
    home.trust("author");
    let folder = home.skill("deploy", "1.0.0", "");
    home.publish_as(PackageKind::Skill, &folder, "author").unwrap();
    fs::write(folder.join("docs/version.txt"), "another").unwrap();
    assert!(matches!(
        refused(&home, &folder),
        InstallError::Signature(SignatureError::File { .. })
    ));
    let stranger = home.skill("stranger", "1.0.0", "");
    home.publish_as(PackageKind::Skill, &stranger, "nobody").unwrap();
    assert!(matches!(
        install_hub(&home, "hub:stranger"),
        Err(InstallError::Signature(SignatureError::UnknownKey { .. }))
    ));
}
