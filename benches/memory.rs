//! The bundled memory with 10,000 notes of one person, on the disk: what its tools take.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod support;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use support::{Report, load};
use weft_lite::package::ReadLimits;
use weft_lite::store::DurableStore;
use weft_lite::{KeyValueStore, PluginPackage, Runtime, StoreSource};

const NOTES: usize = 10_000;
const TIMES: usize = 21;
/// Of a recall, by the issue that asks for the memory.
const RECALL_MS: f64 = 50.0;

/// The store of one name, whoever asks.
struct OneStore(Arc<dyn KeyValueStore>);

impl StoreSource for OneStore {
    fn namespace(&self, _: &str, _: usize) -> Arc<dyn KeyValueStore> {
        Arc::clone(&self.0)
    }
}

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("there is room for a store");
    let store = DurableStore::new(folder.path()).namespace("memory", 16 << 20);
    let runtime =
        Runtime::builder().without_bundled().stores(Arc::new(OneStore(Arc::clone(&store)))).build();
    runtime.block_on(async {
        for (number, note) in notes().enumerate() {
            let key = format!("n/e/{number:010}");
            store.set(&key, note.into_bytes()).await.expect("the quota is large enough");
        }
        let package = PluginPackage::read(Path::new("skills/memory"), ReadLimits::default());
        load(runtime.host(), [package.expect("the plugin is committed")]).await;
    });
    let mut report = Report::begin("the memory with 10,000 notes of one person");
    let (first, list) = timed(&runtime, "list", "{}");
    assert!(list.contains(&format!(r#""total":{NOTES}"#)), "{list}");
    report.figure("the first call, which makes the index from the notes", first, "ms");
    for (what, query) in [
        ("recall by a rare word", "word2900"),
        ("recall by a common word", "word1"),
        ("recall by 16 words, the most common among them", SENTENCE),
    ] {
        let params = format!(r#"{{"query":"{query}"}}"#);
        report.bounded(what, median(|_| call(&runtime, "recall", &params)), "ms", RECALL_MS);
    }
    report.figure("list", median(|_| call(&runtime, "list", "{}")), "ms");
    let forget = median(|time| call(&runtime, "forget", &format!(r#"{{"id":{}}}"#, time * 400)));
    report.figure("forget", forget, "ms");
    // As many as were forgotten: there is room for no more.
    let remember = median(|time| {
        let params = format!(r#"{{"text":"one more note, number {time}","tags":["new"]}}"#);
        call(&runtime, "remember", &params)
    });
    report.figure("remember", remember, "ms");
    report.end()
}

const SENTENCE: &str =
    "what was it that word0 and word1 said of word2 word3 word5 word8 word13 word21 word34";

/// Notes of 8 to 27 words, of which those with low numbers are common, with one of seven tags.
fn notes() -> impl Iterator<Item = String> {
    let mut state = 1_u64;
    // The constants of Knuth's MMIX.
    let mut below = move |limit: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    (0..NOTES).map(move |number| {
        let mut text = format!("note{number}");
        for _ in 0..8 + below(20) {
            let most = 1 + below(3_000);
            text += &format!(" word{}", below(most));
        }
        let tag = number % 7;
        format!(
            r#"{{"until":0,"text":"{text}","tags":["tag{tag}"],"by":null,"at":"2026-11-28T09:12:00Z"}}"#
        )
    })
}

/// Calls a tool and gives the milliseconds that it took.
fn call(runtime: &Runtime, tool: &str, params: &str) -> f64 {
    timed(runtime, tool, params).0
}

/// The same with the result.
fn timed(runtime: &Runtime, tool: &str, params: &str) -> (f64, String) {
    let tool = format!("memory__{tool}");
    let begin = Instant::now();
    let outcome = runtime.block_on(runtime.host().call(&tool, params.to_owned()));
    let took = begin.elapsed();
    (took.as_secs_f64() * 1e3, outcome.result.expect("the tool works"))
}

fn median(mut figure: impl FnMut(usize) -> f64) -> f64 {
    let mut figures: Vec<f64> = (0..TIMES).map(&mut figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[TIMES / 2]
}
