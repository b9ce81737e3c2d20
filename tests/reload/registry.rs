//! Which of several skills is meant, and in what state it is.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use weft_lite::skill::{
    FoundSkill, ParseMode, Readiness, SkillLevel, SkillRegistry, SkillState, parse_skill,
};
use weft_lite::sorted::SortedSet;

/// A skill that can be used, found at `path`.
pub(crate) fn found(name: &str, level: SkillLevel, path: &str) -> FoundSkill {
    let text = format!("---\nname: {name}\ndescription: for a test\n---\nfrom {path}\n");
    let document = parse_skill(text.as_bytes(), name, ParseMode::Lenient).document;
    FoundSkill {
        name: name.into(),
        level,
        path: Some(Path::new(path).into()),
        document: document.map(Arc::new),
        diagnostics: Arc::default(),
        provider: None,
        outdated: false,
        readiness: Readiness::Ready,
    }
}

fn resolve(found: Vec<FoundSkill>) -> SkillRegistry {
    SkillRegistry::resolve(found, &SortedSet::new())
}

/// The file that a name means, the state, and how many it shadows.
fn meant<'a>(registry: &'a SkillRegistry, name: &str) -> (&'a str, &'static str, usize) {
    let entry = registry.get(name).unwrap();
    let path = entry.path.as_deref().and_then(Path::to_str).unwrap();
    (path, entry.state.as_str(), entry.shadows.len())
}

#[test]
fn removing_the_effective_skill_reveals_the_lower_one() {
    use SkillLevel::{Bundled, Managed, Plugin, Workspace};
    let below = [
        found("deploy", Bundled, "b"),
        found("deploy", Plugin, "p"),
        found("deploy", Managed, "m"),
        found("deploy", Workspace, "w"),
    ];
    for (count, path) in [(1, "b"), (2, "p"), (3, "m"), (4, "w")] {
        let registry = resolve(below[..count].to_vec());
        assert_eq!(meant(&registry, "deploy"), (path, "active", count - 1));
        assert_eq!(registry.active().count(), 1);
        assert_eq!(registry.all("deploy").len(), count, "the others are listed as shadowed");
        assert_eq!(registry.effective().count(), 1);
    }
}

#[test]
fn of_one_level_the_first_is_effective() {
    let level = SkillLevel::Managed;
    let registry = resolve(vec![found("a", level, "one"), found("a", level, "two")]);
    assert_eq!(meant(&registry, "a"), ("one", "active", 1));
    let other = &registry.all("a")[1];
    assert!(matches!(&other.state, SkillState::Shadowed { by } if by.path.is_some()));
    assert_eq!(other.diagnostics[0].code, "same-name");
    assert!(other.diagnostics[0].message.contains("one"), "{}", other.diagnostics[0]);
}

#[test]
fn unreadable_skills_shadow_nothing_but_pending_ones_do() {
    let broken = FoundSkill { document: None, ..found("a", SkillLevel::Workspace, "broken") };
    let below = found("a", SkillLevel::Managed, "good");
    let registry = resolve(vec![broken, below.clone()]);
    assert_eq!(meant(&registry, "a"), ("good", "active", 0));
    assert_eq!(registry.all("a")[1].state, SkillState::Invalid);

    let pending = FoundSkill {
        readiness: Readiness::Pending(vec!["shell".into()]),
        ..found("a", SkillLevel::Workspace, "waits")
    };
    let registry = resolve(vec![pending, below]);
    assert_eq!(meant(&registry, "a"), ("waits", "pending", 1));
    assert_eq!(registry.active().count(), 0);
}

#[test]
fn a_disabled_name_is_offered_from_nowhere() {
    let skills = vec![
        found("a", SkillLevel::Workspace, "w"),
        found("a", SkillLevel::Managed, "m"),
        found("b", SkillLevel::Managed, "b"),
    ];
    let disabled = SortedSet::from(["a".to_owned()]);
    let registry = SkillRegistry::resolve(skills, &disabled);
    assert_eq!(meant(&registry, "a"), ("w", "disabled", 1));
    let active: Vec<_> = registry.active().map(|(entry, _)| &*entry.name).collect();
    assert_eq!(active, ["b"]);
    assert!(registry.get("c").is_none() && registry.len() == 3);
}

#[test]
fn an_entry_as_json_has_its_state() {
    let unavailable = FoundSkill {
        readiness: Readiness::Unavailable(vec!["no `git`".into()]),
        ..found("a", SkillLevel::Managed, "/a/SKILL.md")
    };
    let registry = resolve(vec![unavailable]);
    let entry = serde_json::to_value(registry.get("a").unwrap()).unwrap();
    assert_eq!(entry["state"], "unavailable");
    assert_eq!(entry["reasons"], json!(["no `git`"]));
    assert_eq!(entry["level"], "managed");
    assert_eq!(entry["path"], "/a/SKILL.md");
    assert_eq!(entry["document"]["name"], "a");
}
