//! Where skills come from, which goes before which, and what the user switches off.

use serde_json::json;
use weft_lite::Runtime;
use weft_lite::errors::ActionableError;
use weft_lite::package::{SkillSwitch, SkillSwitches, WorkspaceTrust};
use weft_lite::skill::{SkillLevel, SkillState};

use crate::world::{Watching, World, manifest, module};

#[test]
fn workspace_goes_before_managed_and_removing_reveals() {
    let world = World::new();
    world.skill("home/skills/deploy", "managed");
    world.skill("work/.weft/skills/deploy", "workspace");
    world.watch(async |mut live| {
        assert_eq!(live.text("deploy"), "workspace");
        assert_eq!(live.skill("deploy").shadows.len(), 1);
        world.remove("work/.weft/skills/deploy");
        live.until_text("deploy", "managed").await;
        assert_eq!(live.skill("deploy").level, SkillLevel::Managed);
        world.skill("work/.weft/skills/deploy", "workspace again");
        live.until_text("deploy", "workspace again").await;
    });
}

#[test]
fn three_workspace_folders_are_read_in_order() {
    let world = World::new();
    world.skill("work/.agents/skills/a", "agents");
    world.skill("work/.agents/skills/only", "agents");
    world.skill("work/.clawft/skills/a", "clawft");
    world.skill("work/.weft/skills/a", "weft");
    world.load(async |live| {
        assert_eq!(live.text("a"), "weft");
        assert_eq!(live.text("only"), "agents");
        assert_eq!(live.host.snapshot().skills.all("a").len(), 3);
    });
}

#[test]
fn an_untrusted_workspace_is_not_read() {
    let world = World::new();
    world.skill("work/.weft/skills/stranger", "no");
    world.skill("home/skills/own", "yes");
    let builder = world.builder().trust_workspace(WorkspaceTrust::Untrusted);
    World::run(builder, Watching::Not, async |live| {
        assert_eq!((live.state("stranger"), live.state("own")), ("gone", "active"));
    });
}

#[test]
fn trust_is_remembered_for_one_workspace() {
    let world = World::new();
    let (home, work) = (world.path("home"), world.path("work"));
    assert_eq!(WorkspaceTrust::remembered(&home, &work).unwrap(), None);
    WorkspaceTrust::Trusted.remember(&home, &work).unwrap();
    let roundabout = work.join("../work");
    let remembered = |path| WorkspaceTrust::remembered(&home, path).unwrap();
    assert_eq!(remembered(&roundabout), Some(WorkspaceTrust::Trusted));
    assert_eq!(remembered(&home), None);
    WorkspaceTrust::Untrusted.remember(&home, &work).unwrap();
    assert_eq!(remembered(&work), Some(WorkspaceTrust::Untrusted));
}

#[test]
fn a_trusted_workspace_tightens_what_the_operator_configures() {
    let world = World::new();
    world.write("home/config.yaml", "limits: {module_kb: 600}\nenv: {never: [A]}\n");
    world.write("work/.weft/config.yaml", "env: {never: [B]}\nwatch: {debounce_ms: 20}\n");
    let configured = |trust| {
        let builder = Runtime::builder().workspace(world.path("work"));
        builder.trust_workspace(trust).configure(&world.path("home")).map(|(_, it)| it.config)
    };
    let config = configured(WorkspaceTrust::Trusted).unwrap();
    assert_eq!(config.module_bytes, 600 << 10);
    assert_eq!(config.never_env, ["B", "A"]);
    assert_eq!(config.watch.debounce.as_millis(), 20);
    let config = configured(WorkspaceTrust::Untrusted).unwrap();
    assert_eq!((config.never_env, config.watch.debounce.as_millis()), (vec!["A".into()], 100));

    world.write("work/.weft/config.yaml", "limits: {module_kb: many}\n");
    let error = configured(WorkspaceTrust::Trusted).unwrap_err();
    assert!(error.path.ends_with("work/.weft/config.yaml"), "{error}");
    assert!(configured(WorkspaceTrust::Untrusted).is_ok());

    // What never ends is not waited for, and not read to its end.
    let config = world.path("work/.weft/config.yaml");
    std::fs::remove_file(&config).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &config).unwrap();
    let error = configured(WorkspaceTrust::Trusted).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
    std::fs::remove_file(&config).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&config).status().unwrap().success());
    let error = configured(WorkspaceTrust::Trusted).unwrap_err().to_string();
    assert!(error.contains("not a regular file"), "{error}");
    std::fs::remove_file(&config).unwrap();
    std::fs::File::create(&config).unwrap().set_len(1 << 40).unwrap();
    let error = configured(WorkspaceTrust::Trusted).unwrap_err().to_string();
    assert!(error.contains("it is over 1048576 bytes"), "{error}");
}

#[test]
fn a_plugins_skills_come_and_go_with_it() {
    let world = World::new();
    let manifest = json!({
        "id": "probe", "name": "Probe", "version": "1.0.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "skills": ["skills", "extra/one"],
    });
    world.write("home/plugins/probe/weft.plugin.json", manifest.to_string());
    world.write("home/plugins/probe/plugin.wasm", module("probe"));
    world.skill("home/plugins/probe/skills/first", "shipped");
    world.skill("home/plugins/probe/extra/one", "shipped too");
    world.skill("home/plugins/probe/extra/two", "not named");
    world.skill("home/plugins/probe", "its own");
    world.skill("home/skills/first", "managed");
    world.load(async |live| {
        assert_eq!(live.text("first"), "managed");
        assert_eq!(live.host.snapshot().skills.all("first").len(), 2);
        assert_eq!(live.state("two"), "gone");
        for name in ["one", "probe"] {
            let entry = live.skill(name);
            assert_eq!((entry.state.as_str(), entry.level), ("active", SkillLevel::Plugin));
            assert_eq!(entry.provider.as_deref(), Some("probe"), "{name}");
        }
        world.remove("home/plugins/probe");
        live.reload().await;
        assert_eq!((live.state("one"), live.state("first")), ("gone", "active"));
        assert!(live.skill("first").shadows.is_empty());
    });
}

#[test]
fn skills_of_a_pending_plugin_are_pending() {
    let world = World::new();
    world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({ "shell": true }));
    world.skill("home/plugins/probe", "its own");
    world.load(async |live| assert_eq!(live.state("probe"), "pending"));
}

#[test]
fn shadowed_skill_code_does_not_run() {
    let world = World::new();
    world.skill("home/skills/helper", "with code");
    world.write("home/skills/helper/plugin.wasm", module("probe"));
    world.load(async |live| {
        assert!(live.call("helper__echo", "1").await.is_ok());
        world.skill("work/.weft/skills/helper", "without");
        live.reload().await;
        assert_eq!(live.text("helper"), "without");
        assert!(live.call("helper__echo", "1").await.is_err());
        world.remove("work/.weft/skills/helper");
        live.reload().await;
        assert!(live.call("helper__echo", "1").await.is_ok(), "revealed with its code");
    });
}

#[test]
fn a_plugin_precedes_managed_skill_code() {
    let world = World::new();
    world.plugin("home/plugins/same", "1.0.0", &module("echo"), &json!({}));
    world.skill("home/skills/same", "text");
    world.write("home/skills/same/plugin.wasm", module("probe"));
    world.load(async |live| {
        assert!(live.call("same__echo", "1").await.is_ok());
        assert_eq!(live.state("same"), "unavailable");
        assert_eq!(live.refusals().len(), 1);
        assert!(live.refusals()[0].contains("shadowed by"), "{:?}", live.refusals());
    });
}

#[test]
fn a_skills_manifest_gives_permissions_not_a_name() {
    let world = World::new();
    world.skill("home/skills/helper", "text");
    world.write("home/skills/helper/plugin.wasm", module("probe"));
    world.write(
        "home/skills/helper/weft.plugin.json",
        manifest("another", "2.0.0", &json!({ "filesystem": ["$WORKSPACE"] })),
    );
    world.load(async |live| {
        assert_eq!(live.state("helper"), "pending");
        assert_eq!(live.host.registry().refused()[0].id.as_deref(), Some("helper"));
        let step = live.host.registry().refused()[0].error.next_step();
        assert!(step.contains("weft-lite skill approve helper"), "{step}");
    });
}

#[test]
fn a_skill_is_switched_while_everything_runs() {
    let world = World::new();
    world.skill("home/skills/helper", "text");
    world.write("home/skills/helper/plugin.wasm", module("probe"));
    let home = world.path("home");
    world.watch(async |mut live| {
        assert!(SkillSwitches::set(&home, "helper", SkillSwitch::Off).unwrap());
        live.until_skill("helper", "disabled").await;
        assert!(live.call("helper__echo", "1").await.is_err());
        assert!(!SkillSwitches::set(&home, "helper", SkillSwitch::Off).unwrap(), "it was");
        assert!(SkillSwitches::set(&home, "helper", SkillSwitch::On).unwrap());
        live.until_skill("helper", "active").await;
        assert!(live.call("helper__echo", "1").await.is_ok());
    });
}

#[test]
fn unreadable_switches_switch_no_skill_on() {
    let world = World::new();
    world.skill("home/skills/helper", "text");
    world.write("home/skills/helper/plugin.wasm", module("probe"));
    world.skill("work/.weft/skills/local", "text");
    let switches = r#"{ "disabled": ["helper", "commit-notes", "text-stats"] }"#;
    world.put("home/skills-state.json", &switches[..switches.len() - 3]);
    let builder = Runtime::builder()
        .weft_home(world.path("home"))
        .workspace(world.path("work"))
        .trust_workspace(WorkspaceTrust::Trusted)
        // Its skill has no file.
        .plugins(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/commit-notes"));
    World::run(builder, Watching::Not, async |live| {
        let snapshot = live.host.snapshot();
        assert_eq!(snapshot.skills.active().count(), 0);
        let plugins: Vec<_> = snapshot.plugins.plugins().map(|it| &*it.manifest.id).collect();
        assert_eq!(plugins, ["commit-notes"], "it is no skill, and its tools stay");
        for entry in snapshot.skills.effective() {
            let SkillState::Unavailable { reasons } = &entry.state else { panic!("{entry:?}") };
            assert!(reasons[0].contains("skills-state.json is damaged: "), "{reasons:?}");
        }
        // What is switched off stays so when the file can be read, and when it is damaged again.
        for written in [switches, "{"] {
            world.put("home/skills-state.json", written);
            live.reload().await;
            assert_eq!(live.state("local"), "active", "{written}");
            assert_eq!(live.state("helper"), "disabled", "{written}");
            assert_eq!(live.state("commit-notes"), "disabled", "{written}");
            assert!(live.call("helper__echo", "1").await.is_err(), "{written}");
            if cfg!(feature = "bundled") {
                let plugins = live.host.registry();
                let is_loaded = |id: &str| plugins.plugin(id).is_some();
                assert!(is_loaded("json-query") && !is_loaded("text-stats"), "{written}");
                assert_eq!(live.state("text-stats"), "disabled", "{written}");
                assert_eq!(live.state("json-query"), "active", "{written}");
            }
        }
    });
}
