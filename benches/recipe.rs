//! What recipes cost: compiling one, and a step of a run beside the tools that it calls.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use support::{Report, guest, load, package};
use weft_lite::package::{ManifestFormat, PackageOrigin, ReadLimits};
use weft_lite::recipe::{CompiledRecipe, RecipeIdentity, compile};
use weft_lite::{PluginPackage, Runtime};

const RUNS: usize = 500;
const ROUNDS: usize = 20;
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

/// Calls and nothing else: what the tool costs where a recipe calls it.
const ONE_CALL: &str = "steps: [ { name: a, call: echo__echo } ]\nresult: done\n";
const FOUR_CALLS: &str = r"
steps:
  - { name: a, call: echo__echo }
  - { name: b, call: echo__echo }
  - { name: c, call: echo__echo }
  - { name: d, call: echo__echo }
result: done
";

fn main() -> ExitCode {
    let mut report = Report::begin("what recipes cost, medians; for calls the best of 20");
    let compilations = (0..COMPILATIONS).map(|_| {
        let start = Instant::now();
        made("made", RECIPE);
        start.elapsed()
    });
    let compilation = median(compilations.collect());
    let recipe = made("made", RECIPE);
    report.bounded("compiling a recipe of ten steps", compilation / 1e3, "ms", 5.0);
    report.bounded("its module", recipe.module.len() as f64 / 1024.0, "KB", 24.0);

    let runtime = Runtime::builder().without_bundled().build();
    let packages = [
        package("echo", guest("echo"), ""),
        plugin(&recipe),
        plugin(&made("one", ONE_CALL)),
        plugin(&made("four", FOUR_CALLS)),
    ];
    runtime.block_on(load(runtime.host(), packages));
    let answer = runtime.block_on(runtime.host().call("made__made", PARAMETERS.to_owned()));
    assert_eq!(answer.result.as_deref(), Ok(RESULT));
    let tool = median_call(&runtime, "echo__echo", PARAMETERS);
    let one = median_call(&runtime, "one__one", "{}");
    let four = median_call(&runtime, "four__four", "{}");
    let run = median_call(&runtime, "made__made", PARAMETERS);
    let call = (four - one) / 3.0;
    report.figure("a call of the tool", tool, "us");
    report.figure("a call of the tool by a recipe, which passes nothing", call, "us");
    report.figure("a run of the ten steps", run, "us");
    report.figure("a step beside three calls of the tool alone", (run - 3.0 * tool) / 10.0, "us");
    report.bounded("a step beside three calls by a recipe", (run - 3.0 * call) / 10.0, "us", 10.0);
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

/// The best of some medians of a call's time, in microseconds, as a task of the runtime sees it.
fn median_call(runtime: &Runtime, tool: &str, params: &str) -> f64 {
    let round = async || {
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let start = Instant::now();
            let outcome = runtime.host().call(tool, params.to_owned()).await;
            times.push(start.elapsed());
            assert!(outcome.result.is_ok());
        }
        median(times)
    };
    (0..ROUNDS).map(|_| runtime.block_on(round())).fold(f64::INFINITY, f64::min)
}

/// The median of times, in microseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}
