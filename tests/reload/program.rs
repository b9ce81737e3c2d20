//! `weft-lite run` while files change, as whoever runs it sees it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use weft_lite::package::{Approvals, SkillSwitch, SkillSwitches};

use crate::world::{World, module};

/// The program while it runs.
struct Program {
    child: Child,
    told: BufReader<ChildStderr>,
}

impl World {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft-lite"));
        command
            .args(["--no-bundled", "--workspace"])
            .arg(self.path("work"))
            .args(arguments)
            .env("WEFT_HOME", self.path("home"))
            .env("HOME", self.path("user"))
            .env_remove("WEFT_LOG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts the program. What changes before it watches is found when it does.
    fn start(&self, arguments: &[&str]) -> Program {
        let mut child = self.command(arguments).spawn().unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        Program { child, told }
    }
}

impl Program {
    /// Reads on until a line has these words.
    #[track_caller]
    fn says(&mut self, words: &str) -> String {
        let mut before = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.told.read_line(&mut line).unwrap();
            assert!(read > 0, "it never said {words:?}: {before:#?}");
            if line.contains(words) {
                return line.trim_end().to_owned();
            }
            before.push(line);
        }
    }

    /// The next line that has any of these words.
    #[track_caller]
    fn says_first(&mut self, any: &[&str]) -> String {
        loop {
            let mut line = String::new();
            let read = self.told.read_line(&mut line).unwrap();
            assert!(read > 0, "it never said any of {any:?}");
            if any.iter().any(|words| line.contains(words)) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Ends its input, and reads what it still says.
    fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let rest = self.told.by_ref().lines().map(Result::unwrap).collect();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
    }
}

#[test]
fn each_change_is_a_line() {
    let world = World::new();
    world.skill("home/skills/first", "1");
    world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({}));
    let mut program = world.start(&["run"]);
    program.says("1 plugin, ");
    assert_eq!(program.says("1 skill"), "1 skill (1 managed)");
    world.skill("home/skills/second", "2");
    assert_eq!(program.says("second"), "+ skill second (managed)");
    world.skill("home/skills/first", "another");
    assert_eq!(program.says("first"), "~ skill first (managed)");
    world.put("home/skills/first/SKILL.md", "---\nname: first\ndescription: a: b\n---\nText.\n");
    assert_eq!(program.says("first"), "~ skill first (managed)");
    let mended = program.says("first");
    assert!(mended.starts_with("! skill first: SKILL.md:3:15: warning: "), "{mended}");
    world.remove("home/skills/first");
    assert_eq!(program.says("- skill"), "- skill first");
    world.plugin("home/plugins/probe", "2.0.0", &module("probe"), &json!({}));
    assert_eq!(program.says("probe"), "~ plugin probe 1.0.0 -> 2.0.0");
    world.put("home/plugins/probe/plugin.wasm", "broken");
    assert!(program.says("! plugin probe").contains("version 2.0.0 stays in service"));
    world.put("home/skills/second/SKILL.md", "---\nname: second\n");
    let line = program.says("! skill second");
    assert!(line.contains("SKILL.md:") && line.ends_with("the version before stays"), "{line}");
    let rest = program.end();
    assert!(!rest.iter().any(|line| line.starts_with("- ")), "the end is no change: {rest:?}");
}

#[test]
fn a_changed_configuration_announces_the_next_start() {
    let world = World::new();
    let path = world.put("home/config.yaml", "limits: {module_kb: 500}\n");
    world.put("work/.weft/config.yaml", "env: {never: [KEY]}\n");
    let mut program = world.start(&["run", "--trust"]);
    program.says("0 plugins");
    let path = path.display();
    world.put("home/config.yaml", "limits: {module_kb: 600}\n");
    let line = program.says("has changed, which");
    let at_once = "(`plugins` counts at once)";
    assert_eq!(
        line,
        format!("warn: {path} has changed, which counts from the next start {at_once}")
    );
    // Settings of plugins count at once, so they are not announced.
    world.put("home/config.yaml", "limits: {module_kb: 600}\nplugins: {other: {}}\n");
    world.skill("home/skills/mark", "1");
    let line = program.says_first(&["+ skill mark", "config.yaml"]);
    assert!(line.contains("+ skill mark"), "{line}");
    world.put("home/config.yaml", "limits: {module_kb: many}\n");
    let line = program.says("has changed, and the next start will refuse it: ");
    assert!(line.contains("module_kb"), "{line}");
    world.put("home/config.yaml", "limits: {module_kb: 500}\n");
    program.says("config.yaml is again as it was at the start");
    world.remove("work/.weft/config.yaml");
    program.says("work/.weft/config.yaml has changed, which counts from the next start");
    program.end();
}

#[test]
fn a_state_without_a_reason_is_said_once() {
    let world = World::new();
    world.skill("home/skills/first", "1");
    let mut program = world.start(&["run"]);
    program.says("1 skill");
    assert!(SkillSwitches::set(&world.path("home"), "first", SkillSwitch::Off).unwrap());
    assert_eq!(program.says("first"), "~ skill first: active -> disabled");
    world.skill("home/skills/second", "1");
    assert_eq!(program.says("skill"), "+ skill second (managed)");
    program.end();
}

#[test]
fn withdrawing_an_approval_is_reported_with_the_stop() {
    let world = World::new();
    world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({}));
    let mut program = world.start(&["run"]);
    program.says("1 plugin, ");
    Approvals::revoke(&world.path("home"), "probe").unwrap();
    program.says("probe is out of service: its approval was taken back");
    program.end();
    let mut program = world.start(&["run"]);
    let line = program.says("probe");
    assert!(line.starts_with("not loaded: probe"), "{line}");
    program.end();
}

#[test]
fn each_change_is_a_json_object() {
    let world = World::new();
    let mut program = world.start(&["run", "--json-events"]);
    program.says("0 plugins");
    world.skill("home/skills/first", "1");
    let change: Value = serde_json::from_str(&program.says("first")).unwrap();
    assert_eq!(change["event"], "change");
    assert!(change["generation"].as_u64() >= Some(1), "{change}");
    let added = &change["skills"]["added"][0];
    assert_eq!((&added["name"], &added["state"]), (&json!("first"), &json!("active")));
    assert!(added.get("document").is_none(), "the text is not in it");
    world.plugin("home/plugins/probe", "1.0.0", &module("probe"), &json!({ "shell": true }));
    // The manifest may be seen before its module is.
    let change: Value = serde_json::from_str(&program.says("\"pending\":true")).unwrap();
    assert_eq!(change["refused"][0]["pending"], true);
    assert_eq!(change["tools"]["added"], json!([]));
    program.end();
}

#[test]
fn a_client_keeps_using_an_edited_skill() {
    let world = World::new();
    world.skill("home/skills/helper", "0");
    world.put("home/skills/helper/plugin.wasm", module("probe"));
    let mut program = world.start(&["run"]);
    program.says("1 skill");
    let mut input = program.child.stdin.take().unwrap();
    let mut output = BufReader::new(program.child.stdout.take().unwrap());
    for number in 1..4 {
        world.skill("home/skills/helper", &number.to_string());
        program.says("~ skill helper");
        writeln!(input, "helper__echo {number}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), number.to_string());
    }
    drop(input);
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn a_workspace_is_used_only_if_trusted() {
    let world = World::new();
    world.skill("work/.weft/skills/local", "text");
    let mut program = world.start(&["run"]);
    program.says(".weft/skills in the workspace is left alone");
    assert!(program.says("try:").contains("--trust"));
    program.says("0 plugins");
    program.end();
    let mut program = world.start(&["run", "--trust"]);
    assert_eq!(program.says("skill"), "1 skill (1 workspace)");
    program.end();
    assert!(!world.path("home/trusted-workspaces.json").exists(), "for one run only");
    // As it was answered before.
    let work = fs::canonicalize(world.path("work")).unwrap();
    let answers = json!({ "workspaces": { work.to_str().unwrap(): "trusted" } });
    world.put("home/trusted-workspaces.json", answers.to_string());
    let mut program = world.start(&["run"]);
    assert_eq!(program.says("skill"), "1 skill (1 workspace)");
    program.end();
}

/// How many folders the kernel watches for a process.
#[cfg(all(target_os = "linux", feature = "watch"))]
fn watches(process: u32) -> usize {
    let files = fs::read_dir(format!("/proc/{process}/fdinfo")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    let count = |text: String| text.lines().filter(|line| line.starts_with("inotify wd:")).count();
    texts.map(count).sum()
}

#[cfg(all(target_os = "linux", feature = "watch"))]
#[test]
fn ignored_folders_are_not_watched() {
    let world = World::new();
    world.skill("home/skills/web", "1");
    world.put("home/skills/web/references/deep/a.md", "a");
    for folder in ["node_modules", ".venv/lib", "src/target", "src/__pycache__", "cache"] {
        for number in 0..100 {
            world.put(&format!("home/skills/web/{folder}/{number}/file"), "");
        }
    }
    let tag = "Signature: 8a477f597d28d172789f06886806bc55\n";
    world.put("home/skills/web/cache/CACHEDIR.TAG", tag);
    let mut program = world.start(&["run"]);
    program.says("1 skill");
    // From the first change that it tells of, everything is watched.
    world.skill("home/skills/web", "2");
    program.says("~ skill web");
    world.skill("home/skills/web/nested/new", "no skill of its own");
    world.skill("home/skills/web", "3");
    program.says("~ skill web");
    let watched = watches(program.child.id());
    assert!((5..60).contains(&watched), "{watched} folders are watched");
}
