//! Requirements are looked up, never run, and told where they are not met.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use serde_json::json;
use weft_lite::skill::{ParseMode, SkillHost, SkillRequirements, parse_skill};

use crate::world::{Watching, World};

/// A machine with one of each.
struct Machine(&'static str);

impl SkillHost for Machine {
    fn has_program(&self, name: &str) -> bool {
        name == "git"
    }

    fn has_variable(&self, name: &str) -> bool {
        name == "TOKEN"
    }

    fn is_configured(&self, key: &str) -> bool {
        key == "browser.enabled"
    }

    fn system(&self) -> &str {
        self.0
    }
}

fn requirements(openclaw: &str) -> SkillRequirements {
    let text = format!(
        "---\nname: a\ndescription: b\nmetadata: {{\"openclaw\": {openclaw}}}\n---\ntext\n"
    );
    parse_skill(text.as_bytes(), "a", ParseMode::Lenient).document.unwrap().requirements
}

#[test]
fn each_requirement_is_evaluated_and_told() {
    let unmet = |openclaw: &str| requirements(openclaw).unmet(&Machine("linux"));
    let met = r#"{"os": ["darwin", "linux"], "requires": {"bins": ["git"],
        "anyBins": ["hg", "git"], "env": ["TOKEN"], "config": ["browser.enabled"]}}"#;
    assert_eq!(unmet(met), [""; 0]);
    let cases = [
        (r#"{"requires": {"bins": ["git", "hg"]}}"#, "program `hg`"),
        (
            r#"{"requires": {"anyBins": ["hg", "svn"]}}"#,
            "none of these programs is on the PATH: hg, svn",
        ),
        (r#"{"requires": {"env": ["TOKEN", "OTHER"]}}"#, "variable `OTHER`"),
        (r#"{"requires": {"config": ["browser.off"]}}"#, "`browser.off`"),
        (r#"{"os": ["darwin"]}"#, "it is for darwin, and this is linux"),
    ];
    for (openclaw, words) in cases {
        let unmet = unmet(openclaw);
        assert!(unmet.len() == 1 && unmet[0].contains(words), "{openclaw}: {unmet:?}");
    }
    assert_eq!(
        unmet(r#"{"always": true, "os": ["win32"], "requires": {"bins": ["hg"]}}"#).len(),
        0
    );
    let all = unmet(r#"{"os": ["win32"], "requires": {"bins": ["x", "y"], "env": ["Z"]}}"#);
    assert_eq!(all.len(), 4, "everything that is missing is told: {all:?}");
}

#[test]
fn a_skill_is_unavailable_while_requirements_are_missing() {
    let world = World::new();
    let text = "---\nname: needy\ndescription: b\n\
        metadata: {\"openclaw\": {\"requires\": {\"bins\": [\"frob\"], \"env\": [\"KEY\"], \
        \"config\": [\"a.b\", \"c\"]}}}\n---\ntext\n";
    world.write("home/skills/needy/SKILL.md", text);
    let bin = world.path("bin");
    let environment = BTreeMap::from([
        ("PATH".to_owned(), format!("/nowhere:{}", bin.display())),
        ("KEY".to_owned(), "value".to_owned()),
    ]);
    let builder = world
        .builder()
        .environment(Arc::new(environment))
        .skill_config(json!({ "a": { "b": true }, "c": "yes" }));
    World::run(builder, Watching::Not, async |live| {
        let entry = serde_json::to_value(live.skill("needy")).unwrap();
        assert_eq!(entry["reasons"], json!(["the program `frob` is not on the PATH"]));
        let program = world.write("bin/frob", "#!/bin/false\n");
        live.reload().await;
        assert_eq!(live.state("needy"), "unavailable", "it can't be run");
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
        live.reload().await;
        assert_eq!(live.state("needy"), "active");
    });
}
