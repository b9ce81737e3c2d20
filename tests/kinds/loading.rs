//! What the manifest declares and what the module exports must be the same.

use std::fs;

use serde_json::json;
use weft_lite::PluginCapability;
use weft_lite::errors::{
    ActionableError, CallError, CapabilityMismatch, LoadError, ModuleFault, PluginError,
};
use weft_lite::wasm::{CompiledModule, ModuleSummary};

use crate::guest::Guest;
use crate::hostile::{answering, kind_guest};
use crate::support::World;

/// A guest without tools.
fn without_tools(guest: Guest) -> Guest {
    let describe =
        "(i64.store (i32.const 24) (i64.const 0x7d7b)) (i32.store (i32.const 16) (i32.const 24))
         (i32.store (i32.const 20) (i32.const 2)) (i32.const 16)";
    Guest { describe: describe.into(), ..guest }
}

#[track_caller]
fn mismatch(guest: &Guest, capabilities: &[&str]) -> CapabilityMismatch {
    match World::empty().try_load(guest, capabilities) {
        Err(LoadError::Capability(mismatch)) => mismatch,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_declared_but_missing_kind_is_refused() {
    let guest = without_tools(kind_guest("memory#delete", "(unreachable)"));
    let found = mismatch(&guest, &["memory_backend", "voice"]);
    assert_eq!(found.missing, [PluginCapability::Voice]);
    assert_eq!(
        found.to_string(),
        "`capabilities` names `voice`, but the module does not export `voice`"
    );
    assert_eq!(
        found.next_step(),
        "export what wit/deps/kinds.wit says, or take `voice` out of `capabilities`"
    );
}

/// An embedder that loads by hand sees the last attempt, not every one before it.
#[test]
fn a_refusal_ends_with_the_next_attempt() {
    let guest = without_tools(kind_guest("memory#delete", "(unreachable)"));
    let world = World::empty();
    for _ in 0..2 {
        assert!(world.try_load(&guest, &["memory_backend", "voice"]).is_err());
        assert_eq!(world.host().registry().refused().len(), 1);
    }
    assert_eq!(world.try_load(&guest, &["memory_backend"]), Ok(()));
    assert!(world.host().registry().refused().is_empty());
}

#[test]
fn an_undeclared_exported_kind_is_refused() {
    let guest = kind_guest("stage#process", "(unreachable)");
    let found = mismatch(&guest, &["tool"]);
    assert_eq!(found.undeclared, [PluginCapability::PipelineStage]);
    assert_eq!(
        found.to_string(),
        "the module exports `stage`, but `capabilities` does not name `pipeline_stage`"
    );
    assert_eq!(
        found.next_step(),
        "add `pipeline_stage` to `capabilities`, or build the module without it"
    );
}

#[test]
fn both_at_once_are_named_at_once() {
    let found = mismatch(&kind_guest("voice#synthesize", "(unreachable)"), &["tool", "channel"]);
    assert_eq!(
        found.to_string(),
        "`capabilities` names `channel`, but the module does not export `channel`; \
         the module exports `voice`, but `capabilities` does not name `voice`"
    );
    assert_eq!(
        found.next_step(),
        "add `voice` to `capabilities`, and export what wit/deps/kinds.wit says, or take `channel` out of `capabilities`"
    );
}

#[test]
fn tools_need_a_tool_provider_or_skill() {
    let guest = kind_guest("voice#synthesize", "(unreachable)");
    let found = mismatch(&guest, &["voice"]);
    assert_eq!(
        found.to_string(),
        "the module describes tools, but `capabilities` names neither `tool` nor `skill`"
    );
    let world = World::with_guest(
        &kind_guest("skill#variables", "(i64.store (i32.const 32) (i64.const 4)) (i32.const 32)"),
        &["skill"],
    );
    assert_eq!(world.host().skill("test").unwrap().allowed_tools(), ["test__run", "test__walk"]);
}

#[test]
fn interfaces_are_exported_whole_with_their_types() {
    let faults = |guest: &Guest| CompiledModule::new(&guest.wasm()).unwrap_err().faults;
    let half = Guest::default().with("(func (export \"memory#store\") (param i32))");
    let found = faults(&half);
    let missing: Vec<_> = found
        .iter()
        .filter_map(|fault| match fault {
            ModuleFault::MissingExport { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(missing, ["memory#retrieve", "memory#search", "memory#delete"]);
    let expected = "(i32, i32, i32, i32, i32, i32, i32, i32, i64, i32, i32) -> (i32)";
    let wrong = ModuleFault::ExportType {
        name: "memory#store".into(),
        expected: expected.into(),
        found: "(i32) -> ()".into(),
    };
    assert!(found.contains(&wrong), "{found:?}");
    assert!(found.iter().all(|fault| fault.next_step().contains("wit/deps/kinds.wit")));
    // Receipts alone are half of a channel.
    for (export, params) in
        [("receipts#acknowledge", "i32 i32"), ("answered#answered", "i32 i32 i32")]
    {
        let one = format!("(func (export \"{export}\") (param {params}) (result i32) unreachable)");
        let found = faults(&Guest::default().with(&one));
        let missing = |name: &str| ModuleFault::MissingExport { name: name.into() };
        assert_eq!(found, [missing("channel#poll"), missing("channel#send")], "{export}");
    }
    let draft = "(func (export \"drafts#draft\") (param i32 i32 i32 i32) (result i32) unreachable)";
    let found = faults(&kind_guest("channel#poll", "(unreachable)").with(draft));
    assert_eq!(found, [ModuleFault::MissingExport { name: "drafts#revise".into() }]);
}

#[test]
fn the_kinds_of_a_module_are_its_exports() {
    let kinds = |guest: &Guest| ModuleSummary::read(&guest.wasm()).kinds();
    assert_eq!(kinds(&Guest::default()), [PluginCapability::Tool]);
    let both = [PluginCapability::Tool, PluginCapability::Channel];
    assert_eq!(kinds(&kind_guest("channel#poll", "(unreachable)")), both);
}

#[test]
fn a_guests_description_is_checked_at_load() {
    let refused = |export: &str, body: &str, kind: &str| {
        let error = World::empty().try_load(&kind_guest(export, body), &["tool", kind]);
        let error = error.unwrap_err();
        assert_eq!(
            error.next_step(),
            format!("correct what `{export}` returns (see wit/deps/kinds.wit)")
        );
        error.to_string()
    };
    let word = "(i64.store (i32.const 48) (i64.const 0x1b657265)) (i32.store (i32.const 40) (i32.const 48))
         (i32.store (i32.const 44) (i32.const 4)) (i32.const 40)";
    assert_eq!(
        refused("stage#stage-type", word, "pipeline_stage"),
        "`stage#stage-type` gave `ere\\u{1b}`, which is none of pre_process, process, post_process and observer"
    );
    let pairs = |count: u32, name_length: u32| {
        let pair = |at: u32| {
            format!(
                "(i32.store (i32.const {at}) (i32.const 700)) (i32.store (i32.const {}) (i32.const {name_length}))",
                at + 4
            )
        };
        format!(
            "{} {} (i32.store (i32.const 40) (i32.const 600)) (i32.store (i32.const 44) (i32.const {count})) (i32.const 40)",
            pair(600),
            pair(616)
        )
    };
    assert_eq!(
        refused("skill#variables", &pairs(2, 4), "skill"),
        "`skill#variables` gave the name `some` twice"
    );
    assert_eq!(
        refused("skill#variables", &pairs(1, 9), "skill"),
        "`skill#variables` gave the name `some text`, which is not 1 to 64 of A-Z a-z 0-9 _ - ."
    );
    let trap = World::empty()
        .try_load(&kind_guest("skill#instructions", "(unreachable)"), &["tool", "skill"]);
    assert!(matches!(trap, Err(LoadError::Start { error: CallError::Trap { .. } })), "{trap:?}");
}

#[test]
fn a_plugin_is_only_what_it_declares() {
    let world = World::with_example("morse");
    let host = world.host();
    let unsupported = |what: &str| PluginError::Unsupported { what: what.into() };
    assert_eq!(host.memory("morse").err(), Some(unsupported("`memory_backend` by plugin `morse`")));
    assert_eq!(host.channel("morse").err(), Some(unsupported("`channel` by plugin `morse`")));
    assert_eq!(host.stage("morse").err(), Some(unsupported("`pipeline_stage` by plugin `morse`")));
    assert_eq!(host.skill("morse").err(), Some(unsupported("`skill` by plugin `morse`")));
    let nobody = host.voice("nobody").err().unwrap();
    assert_eq!(nobody.to_string(), "the plugin is not ready: no plugin `nobody` is in service");
}

#[test]
fn an_adapter_uses_the_version_in_service() {
    let saying = |text: &str| kind_guest("stage#process", &answering(0, text));
    let world = World::with_guest(&saying("1"), &["tool", "pipeline_stage"]);
    let stage = world.host().stage("test").unwrap();
    assert_eq!(world.block_on(stage.process(json!({}))), Ok(json!(1)));
    assert!(world.block_on(world.host().unload("test")));
    let gone = world.block_on(stage.process(json!({}))).unwrap_err();
    assert_eq!(gone.to_string(), "the plugin is not ready: no plugin `test` is in service");
    assert_eq!(world.try_load(&saying("2"), &["tool", "pipeline_stage"]), Ok(()));
    assert_eq!(world.block_on(stage.process(json!({}))), Ok(json!(2)));
    assert!(world.block_on(world.host().unload("test")));
    assert_eq!(world.try_load(&Guest::default(), &["tool"]), Ok(()));
    let other = world.block_on(stage.process(json!({}))).unwrap_err();
    let what = "`pipeline_stage` by plugin `test`".to_owned();
    assert_eq!(other, PluginError::Unsupported { what });
}

#[test]
fn every_example_declares_exactly_its_exports() {
    for name in ["mailbox", "redact", "commit-notes", "notebook", "morse"] {
        let world = World::with_example(name);
        let plugin = world.host().registry().plugin(name).unwrap().clone();
        let kinds = plugin.module.summary().kinds();
        let exported: Vec<_> =
            kinds.into_iter().filter(|kind| *kind != PluginCapability::Tool).collect();
        assert_eq!(plugin.manifest.capabilities, exported, "{name}");
        assert!(plugin.module.summary().memory.unwrap().minimum_pages <= 2, "{name}");
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guests/");
        assert!(fs::metadata(format!("{folder}{name}/plugin.wasm")).unwrap().len() < 60_000);
    }
}
