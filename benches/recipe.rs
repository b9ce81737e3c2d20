//! What recipes cost: compiling one, and a step of a run beside the tools that it calls.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::{Report, guest, load, package};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::recipe::{CompiledRecipe, RecipeIdentity, compile};
use weft_lite::{PluginPackage, Runtime};

const RUNS: usize = 5_000;
const COMPILATIONS: usize = 500;

/// Ten steps of every kind but `each`; three of them call.
const RECIPE: &str = r#"
parameters:
  document: { type: object, description: The JSON document, example: { a: one two } }
  path: { type: string, description: What it is called, example: a }
steps:
  - { name: found, call: echo__echo, with: { json: "{{document}}", query: "{{path}}" } }
  - { name: text, pick: json.notes.1.text, from: "{{found}}" }
  - { name: counts, call: echo__echo, with: { words: 5, characters: 23, text: "{{text}}" } }
  - { compare: "{{counts.words}}", at_most: 1000, otherwise: "{{path}} is too long" }
  - { name: line, fill: "{{path}}: {{counts.words}} words, {{counts.characters}} characters" }
  - { name: is_empty, compare: "{{counts.text}}", equals: "" }
  - { stop: "{{path}} is empty", if: "{{is_empty}}" }
  - { name: row, fill: { path: "{{path}}", words: "{{counts.words}}", all: ["{{text}}", 1] } }
  - { name: sent, call: echo__echo, with: { line: "{{line}}", row: "{{row}}" } }
  - { name: kept, pick: row.all.0, from: "{{sent}}" }
result: { line: "{{line}}", kept: "{{kept}}" }
"#;

const PARAMETERS: &str = r#"{"document":{"notes":[{"text":"a first note"},{"text":"a second one, of five"}]},"path":"notes"}"#;
const RESULT: &str = r#"{"line":"notes: 5 words, 23 characters","kept":"a second one, of five"}"#;

/// The same three calls and nothing else, whose results are not used.
const CALLS: &str = r#"
parameters:
  document: { type: object }
  path: { type: string }
steps:
  - { name: first, call: echo__echo, with: { json: "{{document}}", query: "{{path}}" } }
  - { name: second, call: echo__echo, with: { words: 5, characters: 23, text: "a second one, of five" } }
  - { name: third, call: echo__echo, with: { line: "notes: 5 words, 23 characters", row: {
      path: notes, words: 5, all: [ "a second one, of five", 1 ] } } }
result: done
"#;

fn main() -> ExitCode {
    let mut report = Report::begin("what recipes cost, medians");
    let compilation = median(COMPILATIONS, || {
        made("made", RECIPE);
    });
    let recipe = made("made", RECIPE);
    report.bounded("compiling a recipe of ten steps", compilation / 1e3, "ms", 5.0);
    report.bounded("its module", recipe.module.len() as f64 / 1024.0, "KB", 24.0);

    let runtime = Runtime::builder().without_bundled().build();
    let packages =
        [package("echo", guest("echo"), ""), plugin(&recipe), plugin(&made("calls", CALLS))];
    runtime.block_on(load(runtime.host(), packages));
    let call = |tool: &str, params: &str| {
        runtime.block_on(runtime.host().call(tool, params.to_owned())).result
    };
    assert_eq!(call("made__made", PARAMETERS).as_deref(), Ok(RESULT));
    let tool = median(RUNS, || assert!(call("echo__echo", PARAMETERS).is_ok()));
    let run = median(RUNS, || assert!(call("made__made", PARAMETERS).is_ok()));
    let calls = median(RUNS, || assert!(call("calls__calls", PARAMETERS).is_ok()));
    report.figure("a call of the tool", tool, "us");
    report.figure("a run of three calls alone", calls, "us");
    report.figure("a run of the ten steps", run, "us");
    report.bounded("a step beside its tools", (run - 3.0 * tool) / 10.0, "us", 10.0);
    report.figure(
        "a step beside its calls, with their way through the host",
        (run - calls) / 7.0,
        "us",
    );
    report.end()
}

fn made(name: &str, text: &str) -> CompiledRecipe {
    let identity = RecipeIdentity { name, version: None, description: Some("A benchmark") };
    compile(text, &identity).unwrap_or_else(|error| unreachable!("{error}"))
}

fn plugin(recipe: &CompiledRecipe) -> PluginPackage {
    let origin = PackageOrigin::Folder("bench/recipe".into());
    PluginPackage::read_parts(
        &recipe.manifest,
        ManifestFormat::Json,
        recipe.module.clone(),
        origin,
        ReadLimits::default(),
    )
    .expect("the manifest is valid")
}

/// The median time of `work`, in microseconds.
fn median(runs: usize, mut work: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[runs / 2].as_secs_f64() * 1e6
}
