//! Approvals take effect while all runs, those that are given and those that are taken back.

use futures_lite::future::zip;
use serde_json::{Value, json};
use weft_lite::PluginPermissions;
use weft_lite::errors::CallError;
use weft_lite::package::{Approvals, PackageKind, skill_approval_id, uninstall};
use weft_lite::skill::SkillLevel;

use crate::world::{Live, World, manifest, module, patiently};

const PLUGIN: &str = "home/plugins/probe";

fn granted(value: &Value) -> PluginPermissions {
    serde_json::from_value(value.clone()).unwrap()
}

async fn in_service(live: &mut Live<'_>, id: &str) {
    live.until("it is in service", |snapshot| snapshot.plugins.plugin(id).is_some()).await;
}

#[test]
fn what_is_newly_approved_starts_to_run() {
    let world = World::new();
    let asks = json!({ "env_vars": ["A"] });
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &asks);
    world.skill("home/skills/helper", "text");
    world.write("home/skills/helper/plugin.wasm", module("probe"));
    world.write("home/skills/helper/weft.plugin.json", manifest("helper", "1.0.0", &asks));
    world.watch(async |mut live| {
        assert!(matches!(live.call("probe__echo", "1").await, Err(CallError::Denied { .. })));
        assert_eq!(live.state("helper"), "pending");
        world.approve("probe", PLUGIN, &granted(&asks));
        in_service(&mut live, "probe").await;
        assert_eq!(live.call("probe__echo", "1").await.unwrap(), "1");
        let skill_id = PackageKind::Skill.approval_id("helper");
        world.approve(&skill_id, "home/skills/helper", &granted(&asks));
        live.until_skill("helper", "active").await;
        assert_eq!(live.call("helper__echo", "1").await.unwrap(), "1");
        assert!(live.refusals().is_empty());
    });
}

#[test]
fn what_is_taken_back_ends_with_its_calls() {
    let world = World::new();
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &json!({}));
    world.watch(async |mut live| {
        let host = live.host.clone();
        let call = host.call("probe__spin", "{}".into());
        let revoked = async {
            Approvals::revoke(&world.path("home"), "probe").unwrap();
            live.until("it is out of service", |it| it.plugins.plugin("probe").is_none()).await;
        };
        let (outcome, ()) = patiently("the call", zip(call, revoked)).await;
        assert_eq!(outcome.result, Err(CallError::Cancelled));
        world.approve("probe", PLUGIN, &granted(&json!({})));
        in_service(&mut live, "probe").await;
    });
}

#[test]
fn what_is_removed_ends_with_its_calls() {
    let skill_id = PackageKind::Skill.approval_id("probe");
    for (kind, folder, id) in [
        (PackageKind::Plugin, PLUGIN, "probe"),
        (PackageKind::Skill, "home/skills/probe", skill_id.as_str()),
    ] {
        let world = World::new();
        world.plugin(folder, "1.0.0", &module("probe"), &json!({}));
        if kind == PackageKind::Skill {
            world.skill(folder, "text");
        }
        world.approve(id, folder, &granted(&json!({})));
        world.load(async |live| {
            live.warm().await;
            let calls = ["1", "2"].map(|_| live.host.call("probe__spin", "{}".into()));
            let removed = async {
                futures_lite::future::yield_now().await;
                assert!(uninstall(&world.path("home"), kind, "probe").unwrap());
                live.reload().await;
            };
            let [one, waiting] = calls;
            let calls = zip(one, waiting);
            let ((one, waiting), ()) = patiently("the calls", zip(calls, removed)).await;
            for outcome in [one, waiting] {
                assert_eq!(outcome.result, Err(CallError::Cancelled));
            }
        });
    }
}

#[test]
fn revoking_reaches_calls_on_replaced_versions() {
    let world = World::new();
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &json!({}));
    world.load(async |live| {
        live.warm().await;
        let call = live.host.call("probe__spin", "{}".into());
        let replaced = async {
            futures_lite::future::yield_now().await;
            world.plugin(PLUGIN, "2.0.0", &module("echo"), &json!({}));
            live.reload().await;
            Approvals::revoke(&world.path("home"), "probe").unwrap();
            live.reload().await;
        };
        let (outcome, ()) = patiently("the call", zip(call, replaced)).await;
        assert_eq!(outcome.result, Err(CallError::Cancelled));
    });
}

#[test]
fn an_update_with_new_permissions_does_not_run() {
    let world = World::new();
    world.plugin(PLUGIN, "1.0.0", &module("probe"), &json!({}));
    world.watch(async |mut live| {
        let asks = json!({ "filesystem": ["$WORKSPACE"] });
        world.plugin(PLUGIN, "2.0.0", &module("probe"), &asks);
        live.until("it waits", |it| it.plugins.plugin("probe").is_none()).await;
        assert_eq!(live.refusals(), ["needs approval for filesystem: $WORKSPACE"]);
        world.approve("probe", PLUGIN, &granted(&asks));
        in_service(&mut live, "probe").await;
    });
}

#[test]
fn installed_approvals_do_not_cover_workspace_skills() {
    let world = World::new();
    let asks = json!({ "env_vars": ["A"] });
    world.skill("work/.weft/skills/helper", "text");
    world.write("work/.weft/skills/helper/plugin.wasm", module("probe"));
    world.write("work/.weft/skills/helper/weft.plugin.json", manifest("helper", "1.0.0", &asks));
    world.approve(
        &PackageKind::Skill.approval_id("helper"),
        "work/.weft/skills/helper",
        &granted(&asks),
    );
    world.load(async |live| {
        assert_eq!(live.state("helper"), "pending");
        let work = std::fs::canonicalize(world.path("work")).unwrap();
        let id = skill_approval_id(SkillLevel::Workspace, "helper", &work).unwrap();
        world.approve(&id, "work/.weft/skills/helper", &granted(&asks));
        live.reload().await;
        assert_eq!(live.state("helper"), "active");
    });
}
