//! Subscribers hear of what was added, changed and removed, however slow they are.

use std::sync::Arc;

use futures_lite::future::{poll_once, zip};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::skill::{SkillLevel, SkillRegistry};
use weft_lite::sorted::SortedSet;
use weft_lite::{Approval, PluginPackage, Runtime};

use crate::registry::found;

fn package(version: &str) -> PluginPackage {
    let manifest = format!(
        r#"{{"id":"echo","name":"Echo","version":"{version}","capabilities":["tool"],
            "wasm_module":"plugin.wasm"}}"#
    );
    let module = include_bytes!("../guests/echo/plugin.wasm").as_slice();
    let origin = PackageOrigin::Folder("/test/echo".into());
    let limits = ReadLimits::default();
    PluginPackage::read_parts(&manifest, ManifestFormat::Json, module, origin, limits).unwrap()
}

fn skills(names: &[(&str, &str)]) -> Arc<SkillRegistry> {
    let found = names.iter().map(|(name, path)| found(name, SkillLevel::Managed, path));
    Arc::new(SkillRegistry::resolve(found.collect(), &SortedSet::new()))
}

#[test]
fn what_is_added_changed_and_removed_is_told() {
    let runtime = Runtime::builder().without_bundled().build();
    let host = runtime.host();
    runtime.block_on(async {
        let mut subscription = host.subscribe();
        host.put_skills(skills(&[("a", "1"), ("b", "1"), ("c", "1")])).await;
        let change = subscription.next().await.unwrap();
        let names: Vec<_> = change.skills.added.iter().map(|entry| &*entry.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(change.generation, host.snapshot().generation);
        assert!(change.offers_other_skills() && change.tools.is_empty());

        host.put_skills(skills(&[("a", "1"), ("b", "2"), ("d", "1")])).await;
        let skills = subscription.next().await.unwrap().skills;
        assert_eq!((&*skills.added[0].name, skills.added.len()), ("d", 1));
        assert_eq!((&*skills.changed[0].after.name, skills.changed.len()), ("b", 1));
        assert_eq!((&*skills.removed[0].name, skills.removed.len()), ("c", 1));

        host.load([(package("0.1.0"), Approval::NONE)], []).await;
        let change = subscription.next().await.unwrap();
        assert_eq!(change.plugins.added[0].version, "0.1.0");
        assert_eq!(change.tools.added[0].name, "echo__echo");
        assert!(change.skills.is_empty() && !change.offers_other_skills());
    });
}

#[test]
fn a_slow_subscriber_hears_everything_as_one_change() {
    let runtime = Runtime::builder().without_bundled().build();
    let host = runtime.host();
    runtime.block_on(async {
        let mut subscription = host.subscribe();
        host.load([(package("0.1.0"), Approval::NONE)], []).await;
        host.put_skills(skills(&[("gone", "1")])).await;
        host.put_skills(skills(&[("here", "1")])).await;
        let change = subscription.next().await.unwrap();
        assert_eq!(change.generation, 3);
        assert_eq!(change.plugins.added.len(), 1);
        assert_eq!(change.skills.added.len(), 1);
        assert!(change.skills.removed.is_empty(), "it came and went unseen");
        assert!(poll_once(subscription.next()).await.is_none(), "there is nothing more");
    });
}

#[test]
fn a_waiting_subscriber_is_woken_at_the_end() {
    let runtime = Runtime::builder().without_bundled().build();
    runtime.block_on(async {
        let host = runtime.host();
        let mut subscription = host.subscribe();
        let (change, _) = zip(subscription.next(), host.put_skills(skills(&[("a", "1")]))).await;
        assert_eq!(change.unwrap().skills.added.len(), 1);
        let (change, ()) = zip(subscription.next(), host.stop()).await;
        assert_eq!(change.unwrap().skills.removed.len(), 1);
    });
    let mut subscription = runtime.host().subscribe();
    let executor = Arc::clone(runtime.executor());
    drop(runtime);
    let end = smol::block_on(executor.run(subscription.next()));
    assert!(end.is_none(), "the host is gone");
}

#[test]
fn a_subscription_keeps_no_plugin_in_service() {
    let runtime = Runtime::builder().without_bundled().build();
    let host = runtime.host();
    runtime.block_on(async {
        host.load([(package("0.1.0"), Approval::NONE)], []).await;
        let _subscription = host.subscribe();
        let plugin = Arc::downgrade(host.registry().plugin("echo").unwrap());
        assert!(host.unload("echo").await);
        assert!(plugin.upgrade().is_none());
    });
}
