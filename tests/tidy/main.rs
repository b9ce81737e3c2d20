//! The house rules that a program can check: layers, headers, lengths, stubs, where effects are.
//!
//! Only text is read, so a rule may be got around by someone who wants to; it is there for those
//! who forgot.

mod circles;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use source::{File, everything, files};

/// The folders and files of `src`, by layer. Imports go only to lower layers.
const LAYERS: [&[&str]; 8] = [
    &["contract"],
    &["task"],
    &["sandbox", "skill", "package", "store", "schema"],
    &["wasm", "recipe", "autonomous"],
    &["actor"],
    &["mcp", "channel", "command", "pipeline"],
    &["runtime"],
    &["cli", "main"],
];

/// Imports within one layer: the stages of the pipeline run slash commands, skills are packages whose
/// `SKILL.md` is read before they are installed, a package that is removed loses what it has stored, and MCP over a
/// pipe reads lines as the console does.
const NEIGHBOURS: [(&str, &str); 4] =
    [("pipeline", "command"), ("package", "skill"), ("package", "store"), ("mcp", "channel")];

/// The façade, which re-exports every layer.
const FACADE: &str = "lib";

/// The build script, which is no part of the programs.
const BUILD: &str = "build";

/// Paths to the outside world, and the only places that may name them.
const EFFECTS: [(&str, &[&str]); 7] = [
    (
        "std::fs",
        // Grants are opened, packages and skills are found, watches resolved to real folders, the
        // machine's memory is read, a module is inspected, stores last, standard input and output are files; so are
        // a Unix socket and the console's history. The build script compresses modules.
        &[
            "sandbox/filesystem/",
            "sandbox/audit/file.rs",
            "skill/discover/",
            "package/",
            "store/",
            "actor/watcher/",
            "runtime/",
            "channel/",
            "cli/",
            "build.rs",
        ],
    ),
    (
        "std::env",
        // The build script reads what cargo tells it, and programs with faults which they are to have.
        &[
            "sandbox/environment.rs",
            "package/home/secrets.rs",
            "package/home/descriptions.rs",
            "task/fault.rs",
            "cli/",
            "main.rs",
            "build.rs",
        ],
    ),
    ("std::net::TcpStream", &["sandbox/", "mcp/", "channel/socket/"]),
    // It becomes itself again, and starts nothing else.
    ("std::process::Command", &["cli/restart.rs"]),
    ("smol::fs", &[]),
    ("smol::net", &["sandbox/", "mcp/"]),
    ("smol::process", &[]),
];

/// The crates of the interpreter.
const INTERPRETER: [&str; 3] = ["wasmi", "wasmi_core", "wasmparser"];

/// What stands for work that isn't done.
const STUBS: [&str; 6] = ["todo!", "unimplemented!", "TODO", "FIXME", "XXX", "HACK"];

/// What stands in for another file in a build without a feature.
const ALTERNATIVES: [&str; 1] = ["src/sandbox/no_network.rs"];

const LINES: usize = 500;

/// The most words in the name of a test.
const TEST_WORDS: usize = 8;

#[test]
fn imports_go_downwards() {
    let mut faults = String::new();
    for file in files("src") {
        let own = file.top();
        if [FACADE, BUILD].contains(&own) {
            continue;
        }
        let Some(layer) = layer(own) else {
            let _ = writeln!(faults, "{file}: `{own}` has no layer in this test");
            continue;
        };
        for target in file.paths().iter().filter_map(|path| file.target(path)) {
            let downwards = layer_of_target(&target) < Some(layer);
            let neighbour = NEIGHBOURS.contains(&(own, target.as_str()));
            if target != own && !downwards && !neighbour {
                let _ = writeln!(faults, "{file}: `{own}` imports `{target}`");
            }
        }
    }
    assert!(faults.is_empty(), "imports go only to lower layers:\n{faults}");
}

#[test]
fn only_the_engine_names_the_interpreter() {
    fails_nowhere("only `src/wasm` names the interpreter", files("src"), |file| {
        let named = |path: &String| INTERPRETER.iter().any(|name| begins(path, name));
        file.top() != "wasm" && file.paths().iter().any(named)
    });
}

#[test]
fn effects_are_where_they_belong() {
    for (effect, places) in EFFECTS {
        fails_nowhere(&format!("`{effect}` belongs only in {places:?}"), files("src"), |file| {
            let belongs = places.iter().any(|place| file.name.starts_with(&format!("src/{place}")));
            !belongs && file.paths().iter().any(|path| begins(path, effect))
        });
    }
}

/// A library's caller has no command line. What the `wasm` layer names is for the compilers of guests.
#[test]
fn only_the_command_line_names_its_flags() {
    let flag = |line: &str| {
        let after = line.split_once("`--").map(|(_, after)| after);
        after.is_some_and(|it| it.starts_with(|first: char| first.is_ascii_lowercase()))
    };
    let code = |line: &&str| !line.trim_start().starts_with("//");
    fails_nowhere("only `src/cli` names flags in its words", files("src"), |file| {
        !["cli", "wasm"].contains(&file.top()) && file.text.lines().filter(code).any(flag)
    });
}

#[test]
fn every_file_opens_with_what_it_is() {
    fails_nowhere("a file opens with `//!` and a sentence", everything(), |file| {
        let first = file.text.lines().next().unwrap_or_default();
        !first.starts_with("//! ")
    });
}

#[test]
fn nothing_is_left_for_later() {
    fails_nowhere("what isn't implemented is absent", everything(), |file| {
        let is_this = file.name == "tests/tidy/main.rs";
        !is_this && STUBS.iter().any(|stub| has_word(&file.text, stub))
    });
}

#[test]
fn no_file_is_too_long() {
    let files = ["src", "benches", "examples"].into_iter().flat_map(files);
    fails_nowhere(&format!("a file has at most {LINES} lines"), files, |file| {
        file.text.lines().count() > LINES
    });
}

/// The table of decisions in the crate's documentation names files; they have to be there.
#[test]
fn files_named_in_the_crate_docs_exist() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let docs = fs::read_to_string(src.join("lib.rs")).expect("the crate has documentation");
    let rows = docs.lines().filter(|line| line.starts_with("//! |") && line.contains("? | `"));
    let named: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert!(named.len() >= 5, "the table of decisions is gone");
    for file in named {
        assert!(src.join(file).is_file(), "src/lib.rs names src/{file}, which is not there");
    }
}

#[test]
fn mod_files_hold_no_logic() {
    let files = files("src").into_iter().filter(|file| file.name.ends_with("/mod.rs"));
    fails_nowhere("a `mod.rs` holds documentation, modules and imports", files, |file| {
        file.text.lines().any(|line| {
            let item = line.split_once("fn ").is_some_and(|(before, _)| !before.contains("//"));
            item || line.starts_with("impl") || line.starts_with("macro_rules!")
        })
    });
}

#[test]
fn names_of_tests_are_short() {
    let rule = format!("a test's name has at most {TEST_WORDS} words");
    fails_nowhere(&rule, everything(), |file| {
        tests_of(&file.text).any(|name| words_of(name) > TEST_WORDS)
    });
}

/// A reader who looks for a type by its name finds one. Files of which a build has one or the other count once.
#[test]
fn a_type_name_has_one_definition() {
    let mut defined = BTreeMap::<String, BTreeSet<String>>::new();
    for file in files("src").iter().filter(|file| !ALTERNATIVES.contains(&&*file.name)) {
        for name in types_of(&file.text) {
            defined.entry(name.to_owned()).or_default().insert(file.name.clone());
        }
    }
    defined.retain(|_, files| files.len() > 1);
    assert!(defined.is_empty(), "these names are defined in several files: {defined:#?}");
}

/// The names of the types that a file defines, but for those within its blocks.
fn types_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let visible = line.strip_prefix("pub").map_or(line, |rest| {
            rest.split_once(") ").filter(|_| rest.starts_with('(')).map_or(rest, |(_, rest)| rest)
        });
        let mut words = visible.split_whitespace();
        let is_type = ["struct", "enum", "trait", "type", "union"].contains(&words.next()?);
        let name = words.next().filter(|_| is_type && !line.starts_with(' '))?;
        name.split(|letter: char| !letter.is_alphanumeric()).next()
    })
}

/// The names of the tests in a file.
fn tests_of(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[test]").skip(1).filter_map(|rest| {
        let (_, name) = rest.split_once("fn ")?;
        name.split('(').next()
    })
}

/// The words of a test's name, without the rule that it is about: `t17_`, `rule_4_`, `line_2_`.
fn words_of(name: &str) -> usize {
    let mut words: Vec<_> = name.split('_').collect();
    let is_number = |word: &str| word.parse::<u8>().is_ok();
    let rules = match words[..] {
        [first, ..] if first.strip_prefix('t').is_some_and(is_number) => 1,
        ["rule" | "line", second, ..] if is_number(second) => 2,
        _ => 0,
    };
    words.drain(..rules);
    words.len()
}

#[track_caller]
fn fails_nowhere(rule: &str, files: impl IntoIterator<Item = File>, fault: impl Fn(&File) -> bool) {
    let faulty: Vec<_> = files.into_iter().filter(fault).map(|file| file.name).collect();
    assert!(faulty.is_empty(), "{rule}:\n  {}", faulty.join("\n  "));
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&name))
}

/// The layer of an import's target; names that are no folder are above everything.
fn layer_of_target(name: &str) -> Option<usize> {
    Some(layer(name).unwrap_or(LAYERS.len()))
}

/// Whether `path` is `start` or something in it.
fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether `word` stands in `text` with no letter before or after it.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let letter = |near: Option<char>| near.is_some_and(char::is_alphanumeric);
        !letter(before) && !letter(after)
    })
}

#[test]
fn the_rules_see_what_they_should() {
    let file = |name: &str, text: &str| File { name: name.into(), text: text.into() };
    let one = file(
        "src/wasm/deep/er.rs",
        "//! x\nuse crate::{actor::Host, contract::{A, B}};\nuse super::super::super::runtime;\n\
         use std::{env, fs::{self, File}};\nfn f() { crate::cli::g(); }\n",
    );
    let targets: Vec<_> = one.paths().iter().filter_map(|path| one.target(path)).collect();
    assert_eq!(targets, ["actor", "contract", "contract", "runtime", "cli"]);
    assert!(one.paths().iter().any(|path| begins(path, "std::fs")));
    assert!(one.paths().iter().any(|path| begins(path, "std::env")));
    assert!(has_word("x // TODO: y", "TODO") && !has_word("TODOS", "TODO"));
    assert_eq!(tests_of("#[test]\nfn a_b() {}\n#[test]\n#[cfg(x)]\nfn c() {}").count(), 2);
    assert_eq!(["t17_a_b", "rule_4_a", "a_t17"].map(words_of), [2, 1, 2]);
    let text = "pub(in crate::a) struct A<T>(T);\ntype B = A;\n    type C = B;\npub enum D {";
    assert_eq!(types_of(text).collect::<Vec<_>>(), ["A", "B", "D"]);
}
