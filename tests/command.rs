//! Slash commands: one registry, from which dispatch, help, completion and documentation derive.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "support/guest.rs"]
#[allow(dead_code, reason = "shared with the engine's tests")]
mod guest;
#[path = "talk/skills.rs"]
mod skills;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use skills::{registry, skill};
use weft_lite::actor::Member;
use weft_lite::command::{
    Administration, Audience, Caller, Command, CommandCall, CommandHandler, CommandLine,
    CommandOutcome, CommandRegistry, CommandSource, Commands, Conversation, ProgressNotes,
    built_in_commands,
};
use weft_lite::errors::{ActionableError, CommandError, Failure, PluginError};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::skill::{FoundSkill, Readiness};
use weft_lite::{Approval, BoxFuture, PluginPackage, Runtime, Tool, ToolContext};

/// A runtime without plugins, with these skills and with the built-in commands.
struct World {
    runtime: Runtime,
    commands: Arc<Commands>,
    conversation: Arc<Conversation>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Writes down what it is asked for.
struct Administrator(Arc<Mutex<Vec<String>>>);

impl Administrator {
    fn note(&self, what: String) -> BoxFuture<'_, Result<String, CommandError>> {
        self.0.lock().unwrap().push(what.clone());
        Box::pin(async move { Ok(what) })
    }
}

impl Administration for Administrator {
    fn approve<'a>(
        &'a self,
        id: &'a str,
        granted: Approval,
    ) -> BoxFuture<'a, Result<String, CommandError>> {
        self.note(format!("approve {id} env={} shell={}", granted.environment, granted.shell))
    }

    fn reject<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<String, CommandError>> {
        self.note(format!("reject {id}"))
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, CommandError>> {
        self.note("reload".into())
    }
}

/// Answers with what it was given.
struct Echo(&'static str);

impl Tool for Echo {
    fn name(&self) -> &str {
        self.0
    }

    fn description(&self) -> &str {
        "Gives back what it gets. Nothing else."
    }

    fn parameters_schema(&self) -> Value {
        json!({
            "type": "object",
            "properties": { "command": { "type": "string", "description": "anything" } },
            "required": ["command"],
        })
    }

    fn execute<'a>(
        &'a self,
        params: Value,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Value, PluginError>> {
        Box::pin(async move { Ok(json!({ "tool": self.0, "got": params })) })
    }
}

impl World {
    fn new(found: Vec<FoundSkill>) -> Self {
        let runtime = Runtime::builder().without_bundled().build();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let administration: Arc<dyn Administration> = Arc::new(Administrator(Arc::clone(&asked)));
        let commands = built_in_commands(Some(administration));
        let commands = Arc::new(Commands::new(runtime.host().clone(), commands));
        let world = Self { runtime, commands, conversation: Arc::default(), asked };
        world.put(found);
        world.runtime.block_on(async {
            for name in ["echo", "other"] {
                let tool = Member::tool(Arc::new(Echo(name)));
                world.runtime.host().register(tool).await.unwrap();
            }
            world.runtime.host().start_all().await;
        });
        world
    }

    fn put(&self, found: Vec<FoundSkill>) {
        let host = self.runtime.host();
        self.runtime.block_on(host.put_skills(registry(found))).unwrap();
    }

    fn run_as(&self, is_owner: bool, line: &str) -> Result<CommandOutcome, CommandError> {
        let caller = Caller {
            channel: "test".into(),
            chat: "here".into(),
            sender: "someone".into(),
            is_owner,
        };
        let registry = self.commands.now();
        let call = CommandCall {
            arguments: "",
            caller: &caller,
            conversation: &self.conversation,
            registry: &registry,
            host: self.runtime.host(),
            requester: None,
            progress: &ProgressNotes::default(),
        };
        let line = CommandLine::parse(line).expect("it is a command");
        self.runtime.block_on(registry.run(line, call))
    }

    fn run(&self, line: &str) -> Result<CommandOutcome, CommandError> {
        self.run_as(true, line)
    }

    /// The answer's text.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        match self.run(line) {
            Ok(CommandOutcome::Answer(answer) | CommandOutcome::Leave(answer)) => answer.text,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn complete(&self, line: &str) -> Vec<String> {
        self.commands.now().complete(line, self.runtime.host()).candidates
    }
}

const WEATHER: &str = "---\nname: weather\ndescription: Tells the weather. Use it for rain.\n\
    argument-hint: CITY\nvariables:\n  - name: unit\n    default: celsius\n---\n\
    Tell the weather of $ARGUMENTS in {{unit}}.\n";

#[test]
fn every_built_in_command_exists_and_quit_twice() {
    let world = World::new(Vec::new());
    let registry = world.commands.now();
    let names: Vec<_> = registry.commands().map(|command| command.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "help", "tools", "skills", "use", "plugins", "approve", "reject", "reload", "status",
            "audit", "clear", "quit"
        ]
    );
    assert!(Arc::ptr_eq(registry.find("exit").unwrap(), registry.find("QUIT").unwrap()));
    assert!(registry.collisions().is_empty());
}

#[test]
fn help_groups_and_explains_all_commands() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    let help = world.says("/help");
    let (built_in, skills) = help.split_once("skills:\n").unwrap();
    assert!(built_in.starts_with("commands:\n  /help [COMMAND]"), "{help}");
    assert!(built_in.contains("/quit") && !built_in.contains("/weather"), "{help}");
    assert!(skills.starts_with("  /weather CITY  Tells the weather\n"), "{help}");
    let reload = built_in.lines().find(|line| line.starts_with("  /reload ")).unwrap();
    assert!(reload.ends_with("Reloads all plugins and skills (owner)"), "{help}");
    let quit = built_in.lines().find(|line| line.starts_with("  /quit, /exit ")).unwrap();
    assert!(!quit.contains("(owner)"), "{help}");

    let one = world.says("/help /weather");
    assert!(one.starts_with("/weather CITY\n  Tells the weather\n"), "{one}");
    assert!(one.contains("unit=...") && one.contains("default: celsius"), "{one}");
    assert!(one.contains("from the skill `weather` (/skills/weather/SKILL.md)"), "{one}");
    assert!(world.says("/help exit").contains("also: /exit"));
    assert!(world.says("/help approve").contains("for the owner alone"));
}

#[test]
fn documentation_derives_from_the_registry() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    let table = world.commands.now().markdown();
    assert!(!table.contains("weather"), "{table}");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    assert!(readme.unwrap().contains(&table), "README.md lacks this table:\n{table}");
}

#[test]
fn a_skill_is_a_command_while_loaded() {
    let world = World::new(Vec::new());
    assert_eq!(world.run("/weather").unwrap_err().code(), "unknown_command");
    world.put(vec![skill("weather", WEATHER)]);
    let CommandOutcome::Follow { skill, text } = world.run("/weather  Ulm  now ").unwrap() else {
        panic!("a skill is followed");
    };
    assert_eq!(skill.name, "weather");
    assert_eq!(skill.instructions, "Tell the weather of Ulm  now in celsius.\n");
    assert_eq!(text, "Ulm  now");
    world.put(Vec::new());
    assert_eq!(world.run("/weather").unwrap_err().code(), "unknown_command");
}

#[test]
fn only_active_skills_for_people_are_commands() {
    let hidden = "---\nname: hidden\ndescription: For models\nuser-invocable: false\n---\nHi.\n";
    let mut lacking = skill("weather", WEATHER);
    lacking.readiness = Readiness::Unavailable(vec!["`curl` is not on the PATH".into()]);
    let world = World::new(vec![skill("hidden", hidden), lacking]);
    let said = "the skill `hidden` can't be used: it is for models alone (`user-invocable: false`)";
    assert_eq!(world.run("/hidden").unwrap_err().to_string(), said);
    let error = world.run("/Weather Ulm").unwrap_err();
    assert_eq!(error.code(), "unknown_skill");
    let said = "the skill `weather` can't be used: unavailable: `curl` is not on the PATH";
    assert_eq!(error.to_string(), said);
    assert_eq!(error.next_step(), "`/skills` lists the skills and their states");
    for (line, meant) in
        [("/wether", "`/weather`"), ("/hiden", "`/hidden`"), ("/use wether", "`weather`")]
    {
        let error = world.run(line).unwrap_err();
        assert_eq!(error.next_step(), format!("did you mean {meant}?"), "{line}");
    }
    let skills = world.says("/skills");
    assert!(skills.contains("[unavailable: `curl` is not on the PATH]"), "{skills}");
    let error = world.run("/use weather").unwrap_err();
    assert!(error.to_string().contains("`curl` is not on the PATH"), "{error}");
}

#[test]
fn the_list_shows_skills_that_differ_from_disk() {
    let mut kept = skill("weather", WEATHER);
    kept.diagnostics = skill("weather", "---\n").diagnostics;
    kept.outdated = true;
    let world = World::new(vec![kept]);
    let skills = world.says("/skills");
    let said = "[as it was before, because the file can't be loaded now: 2:1: error: ";
    assert!(skills.contains(said), "{skills}");
    world.run("/weather Ulm").unwrap();
}

#[test]
fn a_skill_named_like_a_builtin_is_refused() {
    let mine = "---\nname: help\ndescription: Mine\n---\nMine.\n";
    let exit = "---\nname: exit\ndescription: Mine too\n---\nMine.\n";
    let world = World::new(vec![skill("help", mine), skill("exit", exit)]);
    let registry = world.commands.now();
    let [exit, help] = registry.collisions() else { panic!("{:?}", registry.collisions()) };
    assert_eq!(help.kept, CommandSource::BuiltIn);
    assert_eq!(exit.name, "exit");
    assert_eq!(
        help.to_string(),
        "`/help` is a built-in command, so the skill `help` (/skills/help/SKILL.md) is not a command"
    );
    assert_eq!(help.next_step(), "give the skill another `name` in /skills/help/SKILL.md");
    // The built-in one wins, and says what is wrong.
    let text = world.says("/help");
    assert!(text.contains(&format!("error: {help}\n  try: {}", help.next_step())), "{text}");
    assert!(world.says("/status").contains(&format!("error: {help}")));
    assert_eq!(world.says("/exit"), "goodbye");
}

#[test]
fn of_two_equal_names_the_first_stays() {
    let command = |summary: &str| Command {
        name: "deploy".into(),
        aliases: Vec::new(),
        argument_hint: String::new(),
        summary: summary.into(),
        help: String::new(),
        source: CommandSource::Skill { name: summary.into(), path: format!("/{summary}") },
        audience: Audience::Everyone,
        handler: Arc::new(Nothing),
    };
    struct Nothing;
    impl CommandHandler for Nothing {
        fn run<'a>(
            &'a self,
            _call: CommandCall<'a>,
        ) -> BoxFuture<'a, Result<CommandOutcome, CommandError>> {
            Box::pin(async { Ok(CommandOutcome::text("")) })
        }
    }
    let registry = CommandRegistry::new([command("one"), command("two")], &registry(Vec::new()));
    assert_eq!(registry.find("deploy").unwrap().summary, "one");
    assert_eq!(
        registry.collisions()[0].to_string(),
        "`/deploy` is the skill `one` (/one), so the skill `two` (/two) is not a command"
    );
}

/// Loads the guest that tells a skill, under this id.
fn load_commit_notes(world: &World, id: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/commit-notes");
    let manifest = fs::read_to_string(folder.join("weft.plugin.json")).unwrap();
    let manifest = manifest.replace("\"id\": \"commit-notes\"", &format!("\"id\": \"{id}\""));
    let module = fs::read(folder.join("plugin.wasm")).unwrap();
    let (format, origin) = (ManifestFormat::Json, PackageOrigin::Folder(folder));
    let limits = ReadLimits::default();
    let package = PluginPackage::read_parts(&manifest, format, module, origin, limits).unwrap();
    world.runtime.block_on(world.runtime.host().load([(package, Approval::NONE)], []));
}

#[test]
fn a_plugins_skill_is_a_command_while_serving() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    assert_eq!(world.run("/commit-notes").unwrap_err().code(), "unknown_command");
    load_commit_notes(&world, "commit-notes");
    let run = world.run("/commit-notes heading=\"What is new\"").unwrap();
    let CommandOutcome::Follow { skill: followed, .. } = run else { panic!("{run:?}") };
    assert!(followed.instructions.starts_with("# Release notes from commits\n"), "{followed:?}");
    assert!(followed.instructions.contains("What is new"), "{followed:?}");
    let help = world.says("/help commit-notes");
    assert!(help.contains("heading=...") && help.contains("(default: Changes)"), "{help}");
    assert!(help.contains("from the skill `commit-notes` of the plugin `commit-notes`"), "{help}");
    assert!(world.says("/skills").contains("commit-notes  Writes release notes"));
    assert_eq!(world.says("/use commit-notes"), "`commit-notes` is in use in this conversation");
    assert_eq!(world.complete("/use comm"), ["commit-notes"]);
    // Other skills come and go beside it.
    world.put(Vec::new());
    assert_eq!(world.run("/weather").unwrap_err().code(), "unknown_command");
    assert!(world.run("/commit-notes").is_ok());
    assert!(world.runtime.block_on(world.runtime.host().unload("commit-notes")));
    assert_eq!(world.run("/commit-notes").unwrap_err().code(), "unknown_command");
    assert!(!world.says("/skills").contains("commit-notes"));
}

#[test]
fn a_plugins_skill_cannot_claim_a_used_name() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    for id in ["help", "weather", "a.notes", "a_notes"] {
        load_commit_notes(&world, id);
    }
    let registry = world.commands.now();
    let said: Vec<_> = registry.collisions().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`/help` is a built-in command, so the skill `help` of the plugin `help` is not a command",
            "`/a-notes` is the skill `a-notes` of the plugin `a.notes`, so the skill `a-notes` of the \
             plugin `a_notes` is not a command",
            "`/weather` is the skill `weather` (/skills/weather/SKILL.md), so the skill `weather` of the \
             plugin `weather` is not a command",
        ]
    );
    let step = registry.collisions()[2].next_step();
    assert_eq!(step, "give the plugin another `id` than `weather`, from which its skill is named");
    let CommandOutcome::Follow { skill: followed, .. } = world.run("/weather Ulm").unwrap() else {
        panic!("a skill is followed");
    };
    assert_eq!(followed.instructions, "Tell the weather of Ulm in celsius.\n");
    let listed = world.says("/skills");
    assert!(listed.contains("[shadowed by /skills/weather/SKILL.md]"), "{listed}");
    assert!(world.says("/help").contains("error: `/weather` is the skill"));
    // The plugin's skill has the name as soon as it is free.
    world.put(Vec::new());
    assert!(world.says("/help weather").contains("of the plugin `weather`"));
}

/// Loads a guest with this id, whose tool `run` is a slash command. It answers with its parameters.
fn load_command(world: &World, id: &str, command: &str, origin: PackageOrigin) {
    let text = json!({ "tools": [{ "name": "run", "command": command }] }).to_string();
    let escaped = text.replace('"', "\\\"");
    let describe = format!(
        "(i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const {}))
         (i32.const 16)",
        text.len()
    );
    let guest = guest::Guest { describe, ..Default::default() };
    let module = guest.with(&format!("(data (i32.const 1024) \"{escaped}\")")).wasm();
    let manifest = json!({
        "id": id, "name": id, "version": "0.1.0", "capabilities": ["tool"], "wasm_module": "p.wasm"
    });
    let (format, limits) = (ManifestFormat::Json, ReadLimits::default());
    let package = PluginPackage::read_parts(&manifest.to_string(), format, module, origin, limits);
    let packages = [(package.unwrap(), Approval::NONE)];
    world.runtime.block_on(world.runtime.host().load(packages, []));
}

#[test]
fn no_plugin_takes_anothers_command() {
    let folder = |id: &str| PackageOrigin::Folder(id.into());
    let world = World::new(Vec::new());
    load_command(&world, "notes", "history", folder("notes"));
    let call = |line: &str| match world.run(line) {
        Ok(CommandOutcome::Answer(answer)) => answer.value.unwrap(),
        other => panic!("{line}: {other:?}"),
    };
    let given = json!({ "command": "of today", "commandName": "history" });
    assert_eq!(call("/history of today"), given);
    // Another id decides nothing, be it the first one.
    load_command(&world, "a-thief", "history", folder("a-thief"));
    assert_eq!(world.run("/history").unwrap_err().code(), "unknown_command");
    let registry = world.commands.now();
    let [collision] = registry.collisions() else { panic!("{:?}", registry.collisions()) };
    assert_eq!(
        collision.to_string(),
        "`/history` is wanted by the tool `a-thief__run` and the tool `notes__run`, so neither is a command"
    );
    let step = collision.next_step();
    assert!(step.starts_with("remove one of the two plugins"), "{step}");
    assert!(world.says("/help").contains(&format!("error: {collision}\n  try: {step}")));
    world.runtime.block_on(world.runtime.host().unload("a-thief"));
    assert_eq!(call("/history of today"), given);
}

#[test]
fn bundled_plugins_commands_come_first() {
    let world = World::new(Vec::new());
    load_command(&world, "a-thief", "history", PackageOrigin::Folder("a-thief".into()));
    load_command(&world, "b-thief", "history", PackageOrigin::Folder("b-thief".into()));
    load_command(&world, "mind", "history", PackageOrigin::Bundled);
    let registry = world.commands.now();
    let source = CommandSource::PluginTool { tool: "mind__run".into(), plugin: "mind".into() };
    assert_eq!(registry.find("history").unwrap().source, source);
    let said: Vec<_> = registry.collisions().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "`/history` is the tool `mind__run`, so the tool `a-thief__run` is not a command",
            "`/history` is the tool `mind__run`, so the tool `b-thief__run` is not a command",
        ]
    );
}

#[test]
fn waiting_skills_keep_their_command_names() {
    let hidden = "---\nname: hidden\ndescription: For models\nuser-invocable: false\n---\nHi.\n";
    let mut waiting = skill("weather", WEATHER);
    waiting.readiness = Readiness::Pending(vec!["shell".into()]);
    let world = World::new(vec![skill("hidden", hidden), waiting]);
    for name in ["hidden", "weather"] {
        load_command(&world, name, name, PackageOrigin::Folder(name.into()));
        assert_eq!(world.run(&format!("/{name}")).unwrap_err().code(), "unknown_skill");
        let registry = world.commands.now();
        let said = registry.collisions().last().unwrap().to_string();
        let owner = format!("the skill `{name}` (/skills/{name}/SKILL.md)");
        let tool = format!("the tool `{name}__run`");
        assert_eq!(said, format!("`/{name}` belongs to {owner}, so {tool} is not a command"));
    }
}

fn dispatching(more: &str) -> FoundSkill {
    let text = format!(
        "---\nname: run\ndescription: Runs it\ncommand-dispatch: tool\ncommand-tool: echo\n{more}---\nRuns.\n"
    );
    skill("run", &text)
}

#[test]
fn command_dispatch_sends_raw_text_to_the_tool() {
    let world = World::new(vec![dispatching("")]);
    let CommandOutcome::Answer(answer) = world.run("/run  a  \"b\" {c}").unwrap() else {
        panic!("the tool answers");
    };
    let got = json!({ "command": "a  \"b\" {c}", "commandName": "run", "skillName": "run" });
    assert_eq!(answer.value.unwrap(), json!({ "tool": "echo", "got": got }));
}

#[test]
fn command_dispatch_prefers_the_skills_own_tool() {
    let module = include_bytes!("guests/echo/plugin.wasm").as_slice();
    let manifest = r#"{ "id": "mine", "name": "Mine", "version": "0.1.0",
        "capabilities": ["tool"], "wasm_module": "plugin.wasm" }"#;
    let origin = PackageOrigin::Folder("mine".into());
    let package = PluginPackage::read_parts(
        manifest,
        ManifestFormat::Json,
        module,
        origin,
        ReadLimits::default(),
    );
    let mut own = dispatching("");
    own.provider = Some("mine".into());
    // While the code is not loaded there is the tool of that name alone.
    let world = World::new(vec![own]);
    let answer = || match world.run("/run x") {
        Ok(CommandOutcome::Answer(answer)) => answer.value.unwrap(),
        other => panic!("{other:?}"),
    };
    assert_eq!(answer()["tool"], "echo");
    let host = world.runtime.host();
    world.runtime.block_on(host.load([(package.unwrap(), Approval::NONE)], []));
    assert_eq!(answer()["command"], "x");
}

#[test]
fn allowed_tools_limit_what_a_skill_command_calls() {
    for allowed in ["echo other", "[Read, \"echo\"]", "echo(git:*)"] {
        let world = World::new(vec![dispatching(&format!("allowed-tools: {allowed}\n"))]);
        assert!(world.run("/run x").is_ok(), "{allowed}");
    }
    let world = World::new(vec![dispatching("allowed-tools: other Bash(echo:*)\n")]);
    let error = world.run("/run x").unwrap_err();
    assert_eq!(error.code(), "tool_not_allowed");
    assert_eq!(error.to_string(), "the skill `run` does not allow itself the tool `echo`");
    assert_eq!(error.next_step(), "add `echo` to `allowed-tools` in the skill's file");
}

#[test]
fn use_adds_a_skill_until_clear() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    assert_eq!(world.run("/use").unwrap_err().code(), "usage");
    assert_eq!(world.run("/use nothing").unwrap_err().code(), "unknown_skill");
    world.says("/use weather unit=kelvin");
    let used = world.conversation.used_skills();
    assert_eq!(used.len(), 1);
    assert!(used[0].instructions.contains("in kelvin"), "{used:?}");
    assert!(world.says("/skills").contains("weather  Tells the weather [in use]"));
    assert_eq!(world.says("/clear"), "forgot one skill");
    assert!(world.conversation.is_empty());
}

const LETTER: &str = "---\nname: letter\ndescription: Writes letters\nvariables:\n  - name: to\n    \
    default: nobody\n  - name: from\n    default: nobody\n---\n<{{to}}|{{from}}>\n";

#[test]
fn values_of_variables_are_quoted_like_shell_words() {
    let world = World::new(vec![skill("letter", LETTER)]);
    for (typed, text) in [
        ("to=Ada from=Bo", "<Ada|Bo>"),
        ("to=\"Ada Lovelace\" from='Bo  D'", "<Ada Lovelace|Bo  D>"),
        ("to=Ada' 'Lovelace from=\"\"", "<Ada Lovelace|>"),
        ("\"to=Ada Lovelace\"", "<Ada Lovelace|nobody>"),
        ("to='a \"b\" \\' from=\"a 'b' \\\" \\\\ \\n\"", "<a \"b\" \\|a 'b' \" \\ \\n>"),
        ("to=Ada\\ L from=C:\\temp", "<Ada L|C:\\temp>"),
        ("to=\\'s-Hertogenbosch", "<'s-Hertogenbosch|nobody>"),
        ("to=a=b to=\"\u{e4} \u{1f600}\"", "<\u{e4} \u{1f600}|nobody>"),
        // Text for people is no shell's, and what is in quotes is a value of nothing else.
        ("it's for to=Ada, isn't it", "<Ada,|nobody>"),
        ("to='from=Bo' other='x", "<from=Bo|nobody>"),
    ] {
        let run = world.run(&format!("/letter {typed}"));
        let Ok(CommandOutcome::Follow { skill, text: said }) = run else { panic!("{run:?}") };
        assert_eq!(skill.instructions.trim(), text, "{typed}");
        assert_eq!(said, typed, "what was typed is the skill's arguments as it is");
        assert_eq!(
            world.says(&format!("/use letter {typed}")),
            "`letter` is in use in this conversation"
        );
    }
}

#[test]
fn an_unclosed_quote_is_shown_in_the_error() {
    let world = World::new(vec![skill("letter", LETTER)]);
    for (typed, problem, step) in [
        (
            "from=Bo to=\"Ada Lovelace",
            "the quote at \"Ada Lovelace is not closed",
            "close it with another \"",
        ),
        (
            "to='s-Hertogenbosch and more",
            "the quote at 's-Hertogenbosch and... is not",
            "or write \\'",
        ),
        ("to=\"a\\\"", "the quote at \"a\\\" is not closed", "close it"),
    ] {
        for command in ["/letter", "/use letter"] {
            let error = world.run(&format!("{command} {typed}")).unwrap_err();
            assert_eq!(error.code(), "unclosed_quote");
            assert!(error.to_string().starts_with(problem), "{error}");
            assert!(error.next_step().contains(step), "{}", error.next_step());
        }
    }
}

#[test]
fn a_conversation_uses_sixteen_skills_and_no_more() {
    let names: Vec<String> = (0..17).map(|number| format!("skill-{number}")).collect();
    let text = |name: &str| format!("---\nname: {name}\ndescription: One of many\n---\nDo.\n");
    let world = World::new(names.iter().map(|name| skill(name, &text(name))).collect());
    for name in &names[..16] {
        world.says(&format!("/use {name}"));
    }
    let error = world.run("/use skill-16").unwrap_err();
    assert_eq!(error.code(), "limit_reached");
    world.says("/use skill-3");
    world.says("/clear");
    world.says("/use skill-16");
}

#[test]
fn only_the_owner_may_change_the_program() {
    let world = World::new(Vec::new());
    for line in ["/approve", "/approve clock", "/reject clock", "/reload", "/audit"] {
        let error = world.run_as(false, line).unwrap_err();
        assert_eq!(error.code(), "owner_only", "{line}");
    }
    assert!(world.asked.lock().unwrap().is_empty());
    assert_eq!(world.says("/approve"), "nothing waits for approval");
    assert_eq!(world.says("/approve clock"), "approve clock env=false shell=false");
    assert_eq!(world.says("/approve clock env,shell"), "approve clock env=true shell=true");
    assert_eq!(world.run("/approve clock everything").unwrap_err().code(), "usage");
    assert_eq!(world.says("/reject clock"), "reject clock");
    assert_eq!(world.says("/reload"), "reload");
    let world = World { asked: Arc::default(), ..world };
    assert_eq!(world.says("/audit"), "no plugin has asked the host for anything");
    for count in ["many", "0", "101"] {
        let error = world.run(&format!("/audit {count}")).unwrap_err();
        assert_eq!(error.code(), "usage");
        assert_eq!(error.to_string(), "wrong arguments for `/audit`");
        assert_eq!(error.next_step(), "type `/audit 100`");
    }
}

#[test]
fn a_slash_without_a_name_is_no_message() {
    let world = World::new(Vec::new());
    for line in ["/", "/ help", " /\t"] {
        let error = world.run(line).unwrap_err();
        assert_eq!(error.code(), "unknown_command");
        assert_eq!(error.to_string(), "there is no command `/`");
        assert_eq!(error.next_step(), "`/help` lists the commands");
    }
    assert!(CommandLine::parse("/-x").is_none() && CommandLine::parse("/ü").is_none());
}

#[test]
fn unexpected_text_after_a_command_is_an_error() {
    let world = World::new(Vec::new());
    for command in ["skills", "plugins", "reload", "status", "clear", "quit"] {
        let error = world.run(&format!("/{command} now")).unwrap_err();
        assert_eq!(error.code(), "usage");
        assert_eq!(error.to_string(), format!("wrong arguments for `/{command}`"));
        assert_eq!(error.next_step(), format!("type `/{command}`"));
    }
}

#[test]
fn without_an_administration_nothing_pretends_to_administer() {
    let names: Vec<_> = built_in_commands(None).into_iter().map(|command| command.name).collect();
    assert!(["approve", "reject", "reload"].iter().all(|gone| !names.iter().any(|it| it == gone)));
}

#[test]
fn status_shows_the_state_of_every_member() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    let status = world.says("/status");
    assert!(status.contains("1 skills active"), "{status}");
    assert!(status.contains("\ntool echo (native)  running"), "{status}");
    world.runtime.block_on(world.runtime.host().stop_all());
    let status = world.says("/status");
    assert!(status.contains("\ntool echo (native)  stopped: it was told to"), "{status}");
}

#[test]
fn tools_are_listed_and_shown() {
    let world = World::new(Vec::new());
    assert_eq!(
        world.says("/tools"),
        "echo  Gives back what it gets\nother  Gives back what it gets"
    );
    assert!(world.says("/tools echo").contains("command (string, required)  anything"));
    let error = world.run("/tools ekho").unwrap_err();
    assert_eq!(Failure::of(&error).code, "unknown_tool");
    world.runtime.block_on(world.runtime.host().stop_all());
    assert_eq!(world.says("/tools"), "there are no tools");
}

#[test]
fn completion_derives_from_the_registry() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    assert_eq!(world.complete("/re"), ["/reject", "/reload"]);
    assert_eq!(world.complete("/e"), ["/exit"]);
    assert_eq!(world.complete("/wea"), ["/weather"]);
    assert_eq!(world.complete("/use w"), ["weather"]);
    assert_eq!(world.complete("/tools "), ["echo", "other"]);
    assert_eq!(world.complete("/help qu"), ["quit"]);
    assert_eq!(world.complete("ec"), ["echo"]);
    assert!(world.complete("/quit x").is_empty());
    assert!(world.complete("say ec").is_empty());
    world.put(Vec::new());
    assert!(world.complete("/wea").is_empty());
}

#[test]
fn a_slip_in_a_name_is_told() {
    let world = World::new(vec![skill("weather", WEATHER)]);
    for (line, meant) in [("/hlep", "/help"), ("/weathr x", "/weather"), ("/stat", "/status")] {
        let error = world.run(line).unwrap_err();
        assert!(error.next_step().contains(meant), "{line}: {}", error.next_step());
    }
    assert_eq!(world.run("/zzzzzz").unwrap_err().next_step(), "`/help` lists the commands");
    let error = world.run("/use wether").unwrap_err();
    assert_eq!(error.next_step(), "did you mean `weather`?");
}

#[test]
fn a_few_matches_are_shown_with_names_first() {
    let text = |name: &str, description: &str| {
        skill(name, &format!("---\nname: {name}\ndescription: {description}\n---\nDo.\n"))
    };
    let mut found: Vec<_> =
        (0..6).map(|number| text(&format!("other-{number}"), "Knows every harbour")).collect();
    found.push(text("zz-harbour", "Sails"));
    let world = World::new(found);
    let matching = world.commands.now().matching("Which harbour?");
    assert_eq!(matching.len(), 5);
    assert_eq!(matching[0], "/zz-harbour  Sails");
    assert_eq!(matching[1], "/other-0  Knows every harbour");
}

#[test]
fn common_and_short_words_match_no_command() {
    let text = |name: &str, description: &str| {
        skill(name, &format!("---\nname: {name}\ndescription: {description}\n---\nDo.\n"))
    };
    let world = World::new(vec![
        text("tax", "Reckons what you owe"),
        text("letters", "Writes what you want for you about the thing with all that they have"),
    ]);
    let commands = world.commands.now();
    assert_eq!(commands.matching("my tax, please"), ["/tax  Reckons what you owe"]);
    assert!(commands.matching("What about that thing you want for all?").is_empty());
}

#[test]
fn a_skill_text_needs_its_folder_and_variables() {
    let text = "---\nname: tidy\ndescription: Tidies\nvariables:\n  - name: room\n    required: true\n---\n\
        Run {baseDir}/tidy.sh in {{room}}.\n";
    let world = World::new(vec![skill("tidy", text)]);
    for line in ["/tidy", "/use tidy"] {
        let error = world.run(line).unwrap_err();
        assert_eq!(error.code(), "missing_variables", "{line}");
        assert!(error.to_string().contains("room"), "{error}");
    }
    assert!(world.conversation.is_empty());
    let Ok(CommandOutcome::Follow { skill, .. }) = world.run("/tidy room=attic") else {
        panic!("a skill is followed");
    };
    assert_eq!(skill.instructions, "Run /skills/tidy/tidy.sh in attic.\n");
}
