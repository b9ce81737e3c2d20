//! `weft-lite skill`: the commands as their user types them, from the first draft of a skill to its
//! removal.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]
#![cfg(all(feature = "cli", feature = "package"))]

#[path = "support/padding.rs"]
mod padding;
#[allow(dead_code, reason = "shared with other tests")]
mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Dir, Ran, probe};

/// A folder to work in, whose home is `home` and whose workspace is itself.
struct Place(Dir);

impl Place {
    fn new() -> Self {
        Self(Dir::new())
    }

    /// Runs the program with nothing compiled in.
    #[track_caller]
    fn run(&self, line: &str) -> Ran {
        let arguments: Vec<&str> = line.split(' ').chain(["--no-bundled"]).collect();
        let output = self.0.bare_command(&arguments).output().unwrap();
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// A skill to install, with `more` in its frontmatter.
    fn skill(&self, name: &str, version: &str, more: &str) {
        let text = format!(
            "---\nname: {name}\ndescription: Does {name}\nversion: {version}\n{more}---\n\nDo {version}.\n"
        );
        self.write(&format!("src/{name}/SKILL.md"), text);
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        fs::create_dir_all(self.0.path(path).parent().unwrap()).unwrap();
        self.0.write(path, content);
    }

    /// The rows of `skill list`, by name and level.
    #[track_caller]
    fn rows(&self, options: &str) -> Vec<Value> {
        let ran = self.run(&format!("skill list --json{options}")).exits(0);
        ran.json().as_array().unwrap().clone()
    }

    /// The state of the skill that this name means.
    #[track_caller]
    fn state(&self, name: &str) -> String {
        let rows = self.rows("");
        let row = rows.iter().find(|row| row["name"] == name);
        row.map_or("gone", |row| row["state"].as_str().unwrap()).to_owned()
    }
}

#[test]
fn a_new_skill_is_valid_and_overwrites_nothing() {
    let place = Place::new();
    let ran = place.run("skill new deploy").exits(0).prints("./.weft/skills/deploy/SKILL.md\n");
    ran.says("next: edit it").says("--trust");
    place
        .run("skill new 7 --dir src")
        .exits(0)
        .prints("src/7/SKILL.md\n")
        .says("skill install src/7");
    place.run("skill new own --managed").exits(0);
    assert_eq!(place.state("own"), "active");
    assert!(place.0.path("home/.weft/skills/own/SKILL.md").exists());
    place
        .run("skill validate --strict .weft src home/.weft/skills")
        .exits(0)
        .says("3 valid, 0 of them");

    place.write(".weft/skills/deploy/SKILL.md", "mine");
    place
        .run("skill new deploy")
        .exits(1)
        .says("there is a skill in ./.weft/skills/deploy already");
    assert_eq!(fs::read(place.0.path(".weft/skills/deploy/SKILL.md")).unwrap(), b"mine");
    place.write("src/lower/skill.md", "mine");
    place.run("skill new lower --dir src").exits(1);
    assert!(!place.0.path("src/lower/SKILL.md").exists());
    let path = place.run("skill new other --json").exits(0).json()["path"].clone();
    assert_eq!(path, "./.weft/skills/other/SKILL.md");

    place.run("skill new Deploy").exits(2).says("try: `deploy`");
    place.run("skill new ../deploy").exits(2).says("leads elsewhere");
    place.run("skill new .deploy").exits(2);
    place.run("skill new a --dir src --managed").exits(2);
    assert!(!place.0.path("deploy").exists());
}

#[test]
fn a_skill_is_installed_shown_and_removed() {
    let place = Place::new();
    place.skill("deploy", "1.10", "");
    let ran = place.run("skill install src/deploy").exits(0).prints("");
    ran.says("installed: deploy 1.10\n").says("warning: the package is not signed");
    place.run("skill show deploy").exits(0).prints("deploy: Does deploy\n\nDo 1.10.\n");
    let record = place.run("skill show deploy --json").exits(0).json();
    let known = (&record["state"], &record["level"], &record["document"]["version"]);
    assert_eq!(known, (&json!("active"), &json!("managed"), &json!("1.10")));
    assert_eq!(record["installed"]["source"], "src/deploy");
    assert_eq!(record["document"]["frontmatter"]["name"], "deploy");

    place.run("skill show nothing").exits(1).says("there is no skill `nothing`").says("\n  try: ");
    place.run("skill show").exits(2);
    place.run("skill remove deploy").exits(2).says("say so with `--yes`");
    place.run("skill remove deploy --yes").exits(0).says("removed: deploy");
    assert!(!place.0.path("home/.weft/skills/deploy").exists());
    place.run("skill remove deploy --yes").exits(1).says("there is no skill `deploy`");
    place.run("skill install nowhere").exits(1).says("nowhere can't be used");
    place.run("skill install plugins").exits(1).says("plugins has no `SKILL.md`");
}

#[test]
fn an_unusable_skill_is_explained_at_install() {
    let place = Place::new();
    let more = "metadata:\n  openclaw:\n    requires:\n      bins: [no-such-program-here]\n";
    place.skill("deploy", "1.0.0", more);
    place
        .run("skill install src/deploy")
        .exits(0)
        .says("installed: deploy 1.0.0\n")
        .says("! skill deploy: unavailable: ")
        .says("no-such-program-here");
    place.skill("notes", "1.0.0", "");
    let ran = place.run("skill install src/notes").exits(0);
    assert!(!ran.stderr.contains("! skill") && !ran.stderr.contains("a command"), "{ran:#?}");
    place.skill("reload", "1.0.0", "");
    let ran = place.run("skill install src/reload").exits(0);
    ran.says("`/reload` is a built-in command, so the skill `reload`");
}

#[test]
fn overwriting_needs_a_word() {
    let place = Place::new();
    place.skill("deploy", "1.0.0", "");
    place.run("skill install src/deploy").exits(0);
    place.skill("deploy", "2.0.0", "");
    let ran = place.run("skill install src/deploy").exits(1);
    ran.says("the skill `deploy` 1.0.0 is there already").says("try: add `--force`");
    place.run("skill show deploy").exits(0).prints("deploy: Does deploy\n\nDo 1.0.0.\n");
    let ran = place.run("skill install src/deploy --force --json").exits(0);
    let told = ran.json();
    assert_eq!((&told["version"], &told["replaced"]), (&json!("2.0.0"), &json!("1.0.0")));
    assert_eq!((&told["name"], &told["overwritten"]), (&json!("deploy"), &json!(true)));
    assert_eq!(told["pending"], json!([]));
    place.run("skill show deploy").exits(0).prints("deploy: Does deploy\n\nDo 2.0.0.\n");
}

#[test]
fn shell_tools_wait_for_an_explicit_yes() {
    let place = Place::new();
    place.skill("deploy", "1.0.0", "allowed-tools: Bash(git:*) Read\n");
    let ran = place.run("skill install src/deploy --yes").exits(0);
    ran.says("asks for shell tools: Bash(git:*)\n")
        .says("pending: deploy is not offered")
        .says("weft-lite skill approve deploy");
    assert_eq!(place.state("deploy"), "pending");
    place.run("skill show deploy").exits(0).says("note: it is not offered before");
    place.run("skill approve deploy --yes").exits(1).says("this is approved: shell");
    place.run("skill approve deploy --approve shell").exits(0).says("approved: deploy");
    assert_eq!(place.state("deploy"), "active");
    place.run("skill revoke deploy").exits(0);
    assert_eq!(place.state("deploy"), "pending");
    // A yes on install is as good.
    place.run("skill remove deploy --yes").exits(0);
    place.run("skill install src/deploy --approve shell").exits(0);
    assert_eq!(place.state("deploy"), "active");
    // What asks for nothing has nothing to give back.
    place.skill("plain", "1.0.0", "");
    place.run("skill install src/plain").exits(0);
    place.run("skill revoke plain").exits(1).says("weft-lite skill disable plain");
}

#[test]
fn the_list_has_every_skill_and_its_shadows() {
    let place = Place::new();
    place.skill("deploy", "1.0.0", "");
    place.run("skill install src/deploy").exits(0);
    place.write(".weft/skills/deploy/SKILL.md", "---\nname: deploy\ndescription: Ours\n---\nDo.\n");
    place.write(".weft/skills/broken/SKILL.md", "---\n- a list\n---\n");
    let needs = "---\ndescription: x\nmetadata: {openclaw: {requires: {bins: [no-such-program]}}}\n---\nDo.\n";
    place.write("home/.weft/skills/needy/SKILL.md", needs);
    // A workspace that nobody trusts is not even read, and that is said.
    let ran = place.run("skill list").exits(0).says(".weft/skills in the workspace is left alone");
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:#?}");

    let rows = place.rows(" --trust");
    let seen: Vec<Value> = rows
        .iter()
        .map(|row| json!([row["name"], row["level"], row["state"], row["format"]]))
        .collect();
    let expected = json!([
        ["broken", "workspace", "invalid", null],
        ["deploy", "workspace", "active", "agent-skills"],
        ["deploy", "managed", "shadowed", "agent-skills"],
        ["needy", "managed", "unavailable", "openclaw"],
    ]);
    assert_eq!(json!(seen), expected);
    assert_eq!(rows[0]["diagnostics"][0]["code"], "yaml-syntax");
    assert_eq!(rows[1]["shadows"][0]["level"], "managed");
    assert_eq!(rows[2]["by"]["level"], "workspace");
    assert_eq!((&rows[2]["version"], &rows[1]["version"]), (&json!("1.0.0"), &Value::Null));
    assert_eq!(rows[3]["reasons"], json!(["the program `no-such-program` is not on the PATH"]));

    let ran = place.run("skill list --trust").exits(0);
    let lines: Vec<Vec<&str>> = ran.stdout.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines[0][..5], ["broken", "-", "-", "invalid", "workspace"]);
    assert!(lines[0][6].starts_with("2:1: error: "), "{ran:#?}");
    assert_eq!(lines[1][..6], ["deploy", "-", "agent-skills", "active", "workspace", "managed"]);
    assert!(lines[2][6].contains("by that of the level workspace"), "{ran:#?}");
    assert!(lines[3][7].ends_with("needy/SKILL.md"), "{ran:#?}");
    place.run("skill show broken --trust").exits(1).says("has no text that could be loaded");
}

#[test]
fn a_skill_is_switched_off_and_on() {
    let place = Place::new();
    place.skill("deploy", "1.0.0", "");
    place.run("skill install src/deploy").exits(0);
    place.run("skill disable deploy").exits(0).says("disabled: deploy");
    place.run("skill disable deploy").exits(0).says("disabled already: deploy");
    assert_eq!(place.state("deploy"), "disabled");
    place.run("skill show deploy").exits(0).says("note: it is disabled, and not offered");
    place.run("skill install src/deploy --force").exits(0).says("switch them on with");
    let told = place.run("skill enable deploy --json").exits(0).json();
    assert_eq!(told, json!({ "name": "deploy", "enabled": true, "changed": true }));
    assert_eq!(place.state("deploy"), "active");
    place.run("skill disable deplot").exits(1).says("there is no skill `deplot`");
    place.run("skill enable deplot").exits(1);
    // The name stays switched off without its skill, which is said, and may be switched on again.
    place.run("skill disable deploy").exits(0);
    let told = "note: skills of the name deploy are switched off\n  \
        try: switch them on with `weft-lite skill enable deploy`\n";
    place.run("skill remove deploy --yes").exits(0).says(told);
    place.run("skill install src/deploy").exits(0).says(told);
    place.run("skill remove deploy --yes").exits(0);
    place.run("skill enable deploy").exits(0);
    assert!(!place.run("skill install src/deploy").exits(0).stderr.contains("switched off"));
}

#[test]
fn a_plugins_skill_can_be_shown_and_switched() {
    let place = Place::new();
    let folder = format!("{}/tests/guests/commit-notes", env!("CARGO_MANIFEST_DIR"));
    let told = |line: &str| place.run(&format!("{line} --plugins {folder}"));
    let state = || told("skill list --json").exits(0).json()[0]["state"].take();
    assert_eq!(state(), "active");
    let prints = |line: &str, words: &str| {
        let ran = told(line).exits(0);
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    };
    prints("skill list", "provided by its plugin");
    prints("skill show commit-notes", "# Release notes from commits");
    prints("run --message /commit-notes", "# Release notes from commits");
    told("skill disable commit-notes").exits(0).says("disabled: commit-notes");
    assert_eq!(state(), "disabled");
    let unknown = told("run --message /commit-notes").exits(1);
    let said = "the skill `commit-notes` can't be used: disabled";
    assert!(unknown.stdout.contains(said), "{unknown:?}");
    told("skill remove commit-notes").exits(1).says("came with the plugin `commit-notes`");
    told("skill enable commit-notes").exits(0);
    assert_eq!(state(), "active");
}

#[test]
fn removing_an_uninstalled_skill_names_its_place() {
    let place = Place::new();
    let skill = |name: &str| format!("---\nname: {name}\ndescription: x\n---\nDo.\n");
    place.write(".weft/skills/ours/SKILL.md", skill("ours"));
    place.run("skill remove ours --yes").exits(1).says("there is no skill `ours`");
    let ran = place.run("skill remove ours --yes --trust").exits(1);
    ran.says("belongs to the workspace: ").says("ours/SKILL.md").says("skill disable ours");
    place.write("home/.weft/skills/group/inner/SKILL.md", skill("inner"));
    place.run("skill remove inner --yes").exits(1).says("group/inner/SKILL.md");
    place.write("home/.weft/plugins/probe/SKILL.md", skill("probe"));
    let manifest = json!({ "id": "probe", "name": "P", "version": "1.0.0", "capabilities": ["tool"], "wasm_module": "p.wasm" });
    place.write("home/.weft/plugins/probe/weft.plugin.json", manifest.to_string());
    place.write("home/.weft/plugins/probe/p.wasm", probe());
    place.run("skill remove probe --yes").exits(1).says("weft-lite plugin remove probe");
    place.run("skill approve probe").exits(1).says("weft-lite plugin approve probe");
    let bundled =
        place.0.bare_command(&["skill", "remove", "json-query", "--yes"]).output().unwrap();
    let said = String::from_utf8(bundled.stderr).unwrap();
    if cfg!(feature = "bundled") {
        assert!(said.contains("`json-query` is compiled in"), "{said}");
    }
    assert!(place.0.path(".weft/skills/ours/SKILL.md").exists());
    // One that was written in its place by hand goes too, with a question of its own.
    place.write("home/.weft/skills/own/SKILL.md", skill("own"));
    place.run("skill remove own --yes").exits(0);
    assert_eq!(place.state("own"), "gone");
}

#[test]
fn a_skill_with_code_needs_approval_for_tools() {
    let place = Place::new();
    place.skill("helper", "1.0.0", "");
    place.write("src/helper/plugin.wasm", probe());
    let manifest = json!({
        "id": "com.example.helper", "name": "H", "version": "1.0.0", "capabilities": ["tool"],
        "wasm_module": "plugin.wasm", "permissions": { "filesystem": ["$WORKSPACE"] },
    });
    place.write("src/helper/weft.plugin.json", manifest.to_string());
    place.run("skill install src/helper").exits(0).says("asks for filesystem: $WORKSPACE");
    place.run("call helper__echo 1").exits(1).says("`weft-lite skill approve helper`");
    place.run("skill approve helper --yes").exits(0);
    place.run("call helper__echo 1").exits(0).prints("1\n");
    place.run("plugin approve helper").exits(1).says("there is a skill of this name");
    // A plugin that brings a skill of the same name would be a second owner of that name.
    place.run("plugin install src/helper").exits(1).says("is installed already");
    place.run("skill revoke helper").exits(0);
    let ran = place.run("call helper__echo 1").exits(1);
    assert!(!ran.stderr.contains("out of service"), "it never was in service here: {ran:#?}");
}

#[test]
fn modules_are_packed_within_the_operators_limit() {
    let place = Place::new();
    place.skill("helper", "1.0.0", "");
    let large = padding::padded(&probe(), &vec![0; 2 << 20]);
    let manifest = json!({ "id": "helper", "name": "H", "version": "1.0.0", "capabilities": ["tool"], "wasm_module": "plugin.wasm" });
    for folder in ["helper", "plugin"] {
        place.write(&format!("src/{folder}/plugin.wasm"), &large);
        place.write(&format!("src/{folder}/weft.plugin.json"), manifest.to_string());
    }
    place.run("skill pack src/helper").exits(1).says("over the limit of 2097152");
    place.run("plugin pack src/plugin").exits(1).says("over the limit of 2097152");
    place.write("home/.weft/config.yaml", "limits: { module_kb: 3000 }");
    place.run("skill pack src/helper").exits(0);
    place.run("plugin pack src/plugin").exits(0);
}

#[test]
fn workspace_code_is_approved_for_its_workspace() {
    let place = Place::new();
    place.skill("helper", "1.0.0", "allowed-tools: Bash\n");
    place.write("src/helper/plugin.wasm", probe());
    fs::create_dir_all(place.0.path(".weft/skills")).unwrap();
    fs::rename(place.0.path("src/helper"), place.0.path(".weft/skills/helper")).unwrap();
    place.run("call helper__echo 1 --trust").exits(1);
    place.run("skill approve helper --trust --approve shell").exits(0);
    place.run("call helper__echo 1 --trust").exits(0).prints("1\n");
    place.run("call helper__echo 1").exits(1);
}

#[test]
fn a_skill_goes_over_a_registry() {
    let place = Place::new();
    place.skill("deploy", "1.2", "");
    place.run("key new --out my.key").exits(0);
    place.run("skill pack src/deploy --registry stick").exits(1).says("is not signed");
    place.run("skill sign src/deploy --key my.key").exits(0);
    place
        .run("skill pack src/deploy --registry stick")
        .exits(0)
        .prints("stick/skills/deploy-1.2.0.tar.gz\n");
    place.run("skill install hub:deploy --registry stick").exits(1).says("not trusted");
    place.run("key trust my.key.pub --name me").exits(0);
    place
        .run("skill install hub:deploy@1 --registry stick")
        .exits(0)
        .says("installed: deploy 1.2, signed by me");
    place
        .run("plugin install hub:deploy --registry stick")
        .exits(1)
        .says("weft-lite skill install hub:deploy");
    place.run("skill pack src/deploy").exits(0).prints("deploy-1.2.tar.gz\n");
    place.run("skill install deploy-1.2.tar.gz --force").exits(0).says("in place of 1.2");
    place.run("plugin pack src/deploy").exits(1).says("is a skill and no plugin");
    // A version that would be a path is none for a file's name.
    place.skill("odd", "../../x", "");
    place.run("skill pack src/odd").exits(0).prints("odd.tar.gz\n");
    place.run("skill pack src/odd --registry stick").exits(1).says("can't be compared");
}

#[test]
fn what_a_stranger_wrote_drives_no_terminal() {
    let place = Place::new();
    let text = "---\nname: deploy\ndescription: \"a \\e[31m b\"\nversion: \"1\\n\\e]0;title\\a\"\n\
                allowed-tools: [\"Bash(\\e[2J)\"]\n---\nDo \u{1b}[1mit.\n";
    place.write("src/deploy/SKILL.md", text);
    let ran = place.run("skill install src/deploy").exits(0);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
    ran.says("installed: deploy 1 \\u{1b}]0;title").says("Bash(\\u{1b}[2J)");
    let ran = place.run("skill list").exits(0);
    assert!(!ran.stdout.contains('\u{1b}') && ran.stdout.lines().count() == 1, "{ran:#?}");
    // A pipe gets what a model would: the text as it is.
    let ran = place.run("skill show deploy").exits(0);
    assert!(ran.stdout.contains("Do \u{1b}[1mit."), "{ran:#?}");
}

#[test]
fn help_has_examples() {
    let place = Place::new();
    for command in [
        "list", "show", "validate", "new", "install", "remove", "enable", "disable", "approve",
        "revoke", "pack", "sign",
    ] {
        let ran = place.run(&format!("skill {command} --help")).exits(0);
        assert!(
            ran.stdout.contains(&format!("\nExamples:\n  weft-lite skill {command}")),
            "{ran:#?}"
        );
    }
}

#[test]
fn trust_can_be_shown_and_changed() {
    let place = Place::new();
    let prints = |line: &str, end: &str| {
        let ran = place.run(line).exits(0);
        assert!(ran.stdout.lines().next().is_some_and(|line| line.ends_with(end)), "{ran:#?}");
    };
    prints("trust", ": not trusted, and nobody has been asked (it has nothing of its own)");
    place.write(".weft/skills/deploy/SKILL.md", "---\nname: deploy\ndescription: Ours\n---\nDo.\n");
    prints("trust yes", ": trusted (it has .weft/skills)");
    assert_eq!(place.state("deploy"), "active");
    prints("trust no", ": not trusted (it has .weft/skills)");
    assert_eq!(place.state("deploy"), "gone");
    // A no is not for ever: what it costs is said, and so is the way back.
    place.run("skill list").exits(0).says("is left alone").says("`weft-lite trust yes`");
    let told = place.run("trust ask --json").exits(0).json();
    assert_eq!((&told["trust"], &told["own"]), (&Value::Null, &json!([".weft/skills"])));
    place.run("trust perhaps").exits(2).says("`perhaps` is no answer");
}
